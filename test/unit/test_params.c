/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "base/mem.h"
#include "nn/params.h"

static void each_parameter_starts_on_a_cache_line(void **state) {
    (void)state;
    nm_params params = {.count = 0};
    assert_int_equal(nm_params_add(&params, "a.weight", 3, 7, true), 0);
    assert_int_equal(nm_params_add(&params, "a.bias", 1, 3, false), 32);
    assert_int_equal(nm_params_add(&params, "b.weight", 4, 4, true), 48);
    assert_int_equal(params.size, 64);
    assert_int_equal(params.count, 3);
    assert_int_equal(nm_params_count_reals(&params), 21 + 3 + 16);
}

static void parameters_are_found_by_name(void **state) {
    (void)state;
    nm_params params = {.count = 0};
    nm_params_add(&params, "a.weight", 3, 7, true);
    nm_params_add(&params, "a.bias", 1, 3, false);
    const nm_param *bias = nm_params_find(&params, "a.bias");
    assert_non_null(bias);
    assert_int_equal(bias->columns, 3);
    assert_false(bias->has_decay);
    assert_null(nm_params_find(&params, "a.bia"));
}

static void a_block_is_aligned_and_zero(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    nm_params params = {.count = 0};
    nm_params_add(&params, "a.weight", 30, 7, true);
    real *block = nm_params_block_new(&params, context);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % NM_ALIGNMENT, 0);
    for (size_t i = 0; i < params.size; i++)
        assert_true(block[i] == 0);
    nm_free_aligned(context, block);
    neume_context_free(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_parameter_starts_on_a_cache_line),
        cmocka_unit_test(parameters_are_found_by_name),
        cmocka_unit_test(a_block_is_aligned_and_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
