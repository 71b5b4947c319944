/* SPDX-License-Identifier: ISC */
/* exp, sigmoid and tanh of each instruction set against libm in double: the errors that
 * nn/vector/functions.h states. */
#include "test.h"

#include "functions_probe.h"

#include <math.h>
#include <string.h>

typedef void (*functions_probe)(function_values *values);

static const functions_probe probes[NEUME_ISA_AVX512 + 1] = {
    [NEUME_ISA_BASELINE] = functions_probe_baseline,
#if defined(__x86_64__)
    [NEUME_ISA_AVX2] = functions_probe_avx2,
    [NEUME_ISA_AVX512] = functions_probe_avx512,
#endif
};

static void for_each_probe(void (*check)(functions_probe probe)) {
    for (neume_isa isa = NEUME_ISA_BASELINE; isa <= NEUME_ISA_AVX512; isa++)
        if (probes[isa] && nm_isa_is_available(isa))
            check(probes[isa]);
}

typedef struct errors {
    double exp, sigmoid, tanh, tanh_relative; /* exp: relative */
} errors;

static void add_errors(errors *worst, const function_values *values) {
    for (size_t i = 0; i < FUNCTION_VALUES; i++) {
        const double x = values->x[i], tanh_x = tanh(x);
        worst->exp = fmax(worst->exp, fabs(values->exp[i] / exp(x) - 1));
        worst->sigmoid = fmax(worst->sigmoid, fabs(values->sigmoid[i] - 1 / (1 + exp(-x))));
        worst->tanh = fmax(worst->tanh, fabs(values->tanh[i] - tanh_x));
        if (x != 0)
            worst->tanh_relative = fmax(worst->tanh_relative, fabs(values->tanh[i] / tanh_x - 1));
    }
}

/* Four million numbers in -80..80 and as many in -2..2. */
static void check_errors(functions_probe probe) {
    errors worst = {0};
    function_values *values = malloc(sizeof *values);
    for (int i = 0; i < 1000; i++) {
        for (int j = 0; j < FUNCTION_VALUES; j++) {
            const double u = (i * (double)FUNCTION_VALUES + j) / (500.0 * FUNCTION_VALUES) - 1;
            values->x[j] = (float)(i % 2 ? 80 * u : 2 * u);
        }
        probe(values);
        add_errors(&worst, values);
    }
    free(values);
    print_message("errors: exp %.3g of itself, sigmoid %.3g, tanh %.3g, of itself %.3g\n",
                  worst.exp, worst.sigmoid, worst.tanh, worst.tanh_relative);
    assert_true(worst.exp < 2e-7);
    assert_true(worst.sigmoid < 1.2e-7);
    assert_true(worst.tanh < 1.8e-7);
    assert_true(worst.tanh_relative < 3e-7);
}

static void errors_are_as_small_as_stated(void **state) {
    (void)state;
    for_each_probe(check_errors);
}

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Every 4099th float there is, NaNs with all kinds of payloads among them. */
static void check_all_kinds(functions_probe probe) {
    function_values *values = malloc(sizeof *values);
    for (uint64_t bits = 0; bits < 0x100000000u; bits += (uint64_t)FUNCTION_VALUES * 4099) {
        for (uint32_t j = 0; j < FUNCTION_VALUES; j++)
            values->x[j] = float_of((uint32_t)bits + j * 4099);
        probe(values);
        for (size_t j = 0; j < FUNCTION_VALUES; j++) {
            if (isnan(values->x[j])) {
                assert_true(isnan(values->exp[j]) && isnan(values->sigmoid[j]) &&
                            isnan(values->tanh[j]));
                continue;
            }
            assert_true(isfinite(values->exp[j]) && values->exp[j] >= 0);
            assert_true(values->sigmoid[j] >= 0 && values->sigmoid[j] <= 1);
            assert_true(values->tanh[j] >= -1 && values->tanh[j] <= 1);
        }
    }
    free(values);
}

static void every_number_stays_in_range_and_every_nan_a_nan(void **state) {
    (void)state;
    for_each_probe(check_all_kinds);
}

static void check_limits(functions_probe probe) {
    function_values *values = malloc(sizeof *values);
    for (size_t j = 0; j < FUNCTION_VALUES; j++)
        values->x[j] = j % 2 ? INFINITY : -INFINITY;
    values->x[2] = 0;
    probe(values);
    assert_true(values->sigmoid[0] < 1e-30 && values->sigmoid[1] == 1);
    assert_true(values->tanh[0] == -1 && values->tanh[1] == 1);
    assert_true(values->exp[0] < 1e-30 && values->exp[1] > 1e30f);
    assert_true(values->exp[2] == 1 && values->tanh[2] == 0 && values->sigmoid[2] == 0.5f);
    free(values);
}

static void infinities_give_the_limits(void **state) {
    (void)state;
    for_each_probe(check_limits);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_as_small_as_stated),
        cmocka_unit_test(every_number_stays_in_range_and_every_nan_a_nan),
        cmocka_unit_test(infinities_give_the_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
