/* SPDX-License-Identifier: ISC */
/* Analytic gradients of whole networks "biaxial" against central differences, on every parameter,
 * in double:  dL/dw = (L(w + e) - L(w - e)) / 2e + O(e²), L the summed losses times SCALE, the
 * masks of dropout and weight-drop fixed. And the proof that the check sees. */
#include "biaxial_case.h"
#include "ops_double.h"
#include "wrong_ops.h"

#include "nn/biaxial_run.h"

static const double step = 1e-5, tolerance = 1e-8;
static const real gradient_scale = 0.7;
static const uint64_t update = 5;

#define KEYS .first = 30, .key_count = 5, .window = 3, .period = 4, .place_bits = 2
#define ONE_EACH .time_layers = {3}, .time_count = 1, .note_layers = {4}, .note_count = 1
#define TWO_EACH .time_layers = {4, 3}, .time_count = 2, .note_layers = {3, 4}, .note_count = 2

static const biaxial_case cases[] = {
    {"one step of one bit", {KEYS, .bits = 1, ONE_EACH}, .T = 1, .B = 1},
    {"one bit", {KEYS, .bits = 1, ONE_EACH}, .T = 4, .B = 2},
    {"two bits", {KEYS, .bits = 2, ONE_EACH}, .T = 4, .B = 2},
    {"absolute", {KEYS, .bits = 2, .has_absolute = true, ONE_EACH}, .T = 3, .B = 2},
    {"two layers", {KEYS, .bits = 1, TWO_EACH}, .T = 4, .B = 2},
    {"resets and padding",
     {KEYS, .bits = 2, ONE_EACH},
     .T = 6,
     .B = 2,
     .reset_share = 0.3,
     .padding_share = 0.3},
    {"dropout", {KEYS, .bits = 1, TWO_EACH}, .T = 4, .B = 3, .noise = {.dropout = 0.3}},
    {"weight-drop", {KEYS, .bits = 2, TWO_EACH}, .T = 4, .B = 2, .noise = {.weight_drop = 0.3}},
    {"chunks", {KEYS, .bits = 2, ONE_EACH}, .T = 4, .B = 3, .chunk_bytes = 1},
    {"a wide window over few keys",
     {.key_count = 3,
      .bits = 2,
      .window = 9,
      .period = 12,
      .place_bits = 0,
      .has_absolute = true,
      ONE_EACH},
     .T = 3,
     .B = 2},
    {"all at once",
     {KEYS, .bits = 2, .has_absolute = true, TWO_EACH},
     .T = 5,
     .B = 3,
     .noise = {.dropout = 0.3, .weight_drop = 0.3},
     .reset_share = 0.2,
     .padding_share = 0.2},
    {"all at once, in chunks",
     {KEYS, .bits = 2, .has_absolute = true, TWO_EACH},
     .T = 5,
     .B = 3,
     .noise = {.dropout = 0.3, .weight_drop = 0.3},
     .reset_share = 0.2,
     .padding_share = 0.2,
     .chunk_bytes = 1},
};

enum { CASES = sizeof cases / sizeof *cases };

typedef struct check {
    biaxial_data data;
    nm_batch batch;
    nm_biaxial_run *run;
    real *gradient;
} check;

static void check_init(check *c, const biaxial_case *of) {
    const nm_run_options options = {
        .max_T = of->T, .max_B = of->B, .for_training = true, .noise = of->noise, .seed = 20};
    case_init(&c->data, of, 1, NEUME_ISA_C);
    c->batch = case_batch(&c->data, 0, of->T);
    c->run = case_run(&c->data, &options, of->chunk_bytes);
    c->gradient = nm_params_block_new(&c->data.biaxial.params, c->data.context);
    assert_non_null(c->gradient);
}

static void check_clear(check *c) {
    nm_free_aligned(c->data.context, c->gradient);
    nm_biaxial_run_free(c->run);
    case_clear(&c->data);
}

/* A state carried in that does not depend on the weights. */
static void forward(check *c) {
    size_t count;
    real *state = nm_biaxial_run_state(c->run, &count);
    for (size_t i = 0; i < count; i++)
        state[i] = nm_random_uniform(4, NM_PURPOSE_TEST, 0, i) - 0.5;
    nm_biaxial_run_pack_noisy(c->run, c->data.weights, update);
    nm_biaxial_forward(c->run, &c->batch, update, NM_PASS_TRAIN);
}

static real loss_at(check *c) {
    real sum = 0;
    forward(c);
    for (unsigned d = 0; d < c->data.biaxial.shape.bits; d++)
        for (size_t n = 0; n < c->data.T * c->data.B; n++)
            sum += nm_biaxial_losses(c->run, d)[n];
    return sum * gradient_scale;
}

static real numeric_gradient(check *c, size_t index) {
    real *weight = &c->data.weights[index];
    const real kept = *weight;
    *weight = kept + step;
    const real above = loss_at(c);
    *weight = kept - step;
    const real below = loss_at(c);
    *weight = kept;
    return (above - below) / (2 * step);
}

static bool is_close(real numeric, real analytic) {
    const real size = fabs(analytic) > 1 ? fabs(analytic) : 1;
    return fabs(numeric - analytic) <= tolerance * size;
}

/* How many parameters of the network have a wrong gradient. */
static size_t count_wrong(const biaxial_case *of, bool is_told) {
    check c;
    size_t wrong = 0;
    check_init(&c, of);
    forward(&c);
    nm_biaxial_backward(c.run, gradient_scale, c.gradient);
    for (size_t p = 0; p < c.data.biaxial.params.count; p++) {
        const nm_param *param = &c.data.biaxial.params.table[p];
        for (size_t i = 0; i < param->rows * param->columns; i++) {
            const size_t index = param->offset + i;
            const real numeric = numeric_gradient(&c, index);
            const bool is_wrong = !is_close(numeric, c.gradient[index]);
            if (is_wrong && is_told)
                print_error("%s: %s[%zu]: numeric %.10g, analytic %.10g\n", of->name, param->name,
                            i, numeric, c.gradient[index]);
            wrong += is_wrong;
        }
    }
    check_clear(&c);
    return wrong;
}

static void every_gradient_is_that_of_central_differences(void **state) {
    (void)state;
    for (size_t i = 0; i < CASES; i++)
        assert_int_equal(count_wrong(&cases[i], true), 0);
}

static void gradients_are_added_to_what_is_there(void **state) {
    (void)state;
    check c;
    check_init(&c, &cases[2]);
    forward(&c);
    nm_biaxial_backward(c.run, 1, c.gradient);
    const real once = c.gradient[0];
    nm_biaxial_backward(c.run, 2, c.gradient);
    assert_true(once != 0 && fabs(c.gradient[0] - 3 * once) < 1e-12);
    check_clear(&c);
}

static void expect_wrong(const nm_ops *ops) {
    test_ops = ops;
    const size_t wrong = count_wrong(&cases[CASES - 1], false);
    test_ops = &nm_ops_c;
    assert_true(wrong > 0);
}

static void the_check_fails_where_a_term_is_missing(void **state) {
    (void)state;
    for (size_t i = 0; i < WRONG_LSTMS; i++) {
        nm_ops ops = nm_ops_c;
        ops.lstm_backward = wrong_lstms[i];
        expect_wrong(&ops);
    }
    nm_ops ops = nm_ops_c;
    ops.matmul_grad = wrong_dense;
    expect_wrong(&ops);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_gradient_is_that_of_central_differences),
        cmocka_unit_test(gradients_are_added_to_what_is_there),
        cmocka_unit_test(the_check_fails_where_a_term_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
