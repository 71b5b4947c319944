/* SPDX-License-Identifier: ISC */
/* Layers one by one, in float: what they say of padding, of NaNs and of empty batches, the same
 * bits for any number of threads, and sums that do not lose a small deviation at a large mean. */
#include "layer_check.h"

#include "nn/layers.h"

#include <math.h>
#include <string.h>

/* More columns than are summed at once, and not a multiple; more rows than threads. */
enum { N = 50, D = 77, SIZE = N * D };

typedef struct norm_case {
    nm_norm_pass pass;
    float *x, *dy, *gain, *bias, *kept;
    float mean[D], variance[D];
    uint8_t *valid;
} norm_case;

static void norm_case_init(norm_case *c) {
    *c = (norm_case){.x = random_floats(1, SIZE, 3),
                     .dy = random_floats(2, SIZE, 1),
                     .gain = random_floats(3, D, 1),
                     .bias = random_floats(4, D, 1),
                     .kept = guarded_new(nm_norm_kept_size(N, D)),
                     .valid = random_flags(5, N, 0.7)};
    c->pass = (nm_norm_pass){.N = N,
                             .D = D,
                             .valid = c->valid,
                             .gain = c->gain,
                             .bias = c->bias,
                             .mean = c->mean,
                             .variance = c->variance,
                             .kept = c->kept};
}

static void norm_case_clear(norm_case *c) {
    free(c->x);
    free(c->dy);
    free(c->gain);
    free(c->bias);
    free(c->valid);
    guarded_free(c->kept, nm_norm_kept_size(N, D));
}

typedef void (*norm_forward)(nm_pool *, const nm_norm_pass *, real *, const real *);
typedef void (*norm_backward)(nm_pool *, const nm_norm_pass *, const nm_norm_grad *);
typedef struct norm_kind {
    norm_forward forward;
    norm_backward backward;
} norm_kind;

static const norm_kind kinds[] = {{nm_layer_norm_forward, nm_layer_norm_backward},
                                  {nm_batch_norm_forward, nm_batch_norm_backward}};

/* y, dx, dgain, dbias, mean and variance one after the other. */
static float *norm_numbers(const nm_ops *ops, nm_pool *pool, const void *data, size_t *count) {
    (void)ops;
    const norm_kind *kind = data;
    norm_case c;
    norm_case_init(&c);
    *count = 2 * SIZE + 4 * D;
    float *all = calloc(*count, sizeof *all), *after = all + 2 * SIZE;
    kind->forward(pool, &c.pass, all, c.x);
    kind->backward(
        pool, &c.pass,
        &(nm_norm_grad){.dy = c.dy, .dx = all + SIZE, .dgain = after, .dbias = after + D});
    memcpy(after + 2 * D, c.mean, sizeof c.mean);
    memcpy(after + 3 * D, c.variance, sizeof c.variance);
    norm_case_clear(&c);
    return all;
}

static float *other_numbers(const nm_ops *ops, nm_pool *pool, const void *data, size_t *count) {
    (void)ops;
    (void)data;
    enum { T = 31, B = 7, H = 19, UNITS = T * B * H };
    float *h = random_floats(6, UNITS, 1), *dh = random_floats(7, UNITS, 1);
    uint8_t *reset = random_flags(8, T * B, 0.1), *valid = random_flags(9, T * B, 0.9);
    const nm_activity activity = {.T = T, .B = B, .H = H, .reset = reset, .valid = valid};
    nm_activity_add_ar(pool, &activity, 2, dh, h);
    nm_activity_add_tar(pool, &activity, 1, dh, h);
    nm_relu_forward(pool, h, UNITS);
    nm_relu_backward(pool, dh, h, UNITS);
    *count = UNITS;
    free(h);
    free(reset);
    free(valid);
    return dh;
}

static void any_number_of_threads_gives_the_same_bits(void **state) {
    (void)state;
    for (size_t k = 0; k < 2; k++)
        assert_same_for_any_threads(&nm_ops_c, norm_numbers, &kinds[k]);
    assert_same_for_any_threads(&nm_ops_c, other_numbers, NULL);
}

static void norms_may_work_in_place(void **state) {
    nm_pool *pool = ((neume_context *)*state)->pool;
    for (size_t k = 0; k < 2; k++) {
        size_t count;
        float *wanted = norm_numbers(&nm_ops_c, pool, &kinds[k], &count);
        float dgain[D] = {0}, dbias[D] = {0};
        norm_case c;
        norm_case_init(&c);
        kinds[k].forward(pool, &c.pass, c.x, c.x);
        kinds[k].backward(pool, &c.pass,
                          &(nm_norm_grad){.dy = c.dy, .dx = c.dy, .dgain = dgain, .dbias = dbias});
        assert_same_bits("y", c.x, wanted, SIZE);
        assert_same_bits("dx", c.dy, wanted + SIZE, SIZE);
        assert_same_bits("dgain", dgain, wanted + 2 * SIZE, D);
        norm_case_clear(&c);
        free(wanted);
    }
}

/* What stands at a position that is not valid shows in its own y alone. */
static void padding_counts_for_nothing(void **state) {
    nm_pool *pool = ((neume_context *)*state)->pool;
    for (size_t k = 0; k < 2; k++) {
        norm_case c;
        norm_case_init(&c);
        size_t count;
        float *wanted = norm_numbers(&nm_ops_c, pool, &kinds[k], &count);
        float *got = calloc(count, sizeof *got), *dgain = got + 2 * SIZE;
        for (size_t i = 0; i < SIZE; i++)
            if (!c.valid[i / D]) {
                c.x[i] = 1e6f * c.x[i];
                c.dy[i] = NAN;
            }
        kinds[k].forward(pool, &c.pass, got, c.x);
        kinds[k].backward(
            pool, &c.pass,
            &(nm_norm_grad){.dy = c.dy, .dx = got + SIZE, .dgain = dgain, .dbias = dgain + D});
        for (size_t n = 0; n < N; n++)
            if (c.valid[n])
                assert_same_bits("y", got + n * D, wanted + n * D, D);
        assert_same_bits("dx, dgain, dbias", got + SIZE, wanted + SIZE, SIZE + 2 * D);
        free(wanted);
        free(got);
        norm_case_clear(&c);
    }
}

/* Batch norm in training and by the statistics it gave are one function. */
static void evaluation_goes_by_the_statistics_given(void **state) {
    nm_pool *pool = ((neume_context *)*state)->pool;
    float *y = guarded_new(SIZE), *again = guarded_new(SIZE);
    norm_case c;
    norm_case_init(&c);
    nm_batch_norm_forward(pool, &c.pass, y, c.x);
    c.pass.kept = NULL;
    c.pass.valid = NULL;
    nm_batch_norm_evaluate(pool, &c.pass, again, c.x);
    assert_same_bits("y", again, y, SIZE);
    c.variance[1] = 4 - 1e-5f;
    c.mean[1] = 3;
    nm_batch_norm_evaluate(pool, &c.pass, again, c.x);
    assert_float_equal(again[1], c.gain[1] * (c.x[1] - 3) / 2 + c.bias[1], 1e-6);
    guarded_free(y, SIZE);
    guarded_free(again, SIZE);
    norm_case_clear(&c);
}

static void a_batch_without_valid_positions_has_mean_0_and_variance_1(void **state) {
    nm_pool *pool = ((neume_context *)*state)->pool;
    float *dx = guarded_new(SIZE), dgain[D] = {0}, dbias[D] = {0};
    norm_case c;
    norm_case_init(&c);
    memset(c.valid, 0, N);
    nm_batch_norm_forward(pool, &c.pass, c.x, c.x);
    nm_batch_norm_backward(pool, &c.pass,
                           &(nm_norm_grad){.dy = c.dy, .dx = dx, .dgain = dgain, .dbias = dbias});
    for (size_t d = 0; d < D; d++)
        assert_true(c.mean[d] == 0 && c.variance[d] == 1 && dgain[d] == 0 && dbias[d] == 0);
    assert_true(largest_magnitude(dx, SIZE) == 0);
    guarded_free(dx, SIZE);
    norm_case_clear(&c);
}

/* 20000 rows at 1000.375 ± 1/64, exact in float: sums in float would be off by more than that. */
static void statistics_keep_a_small_deviation_at_a_large_mean(void **state) {
    nm_pool *pool = ((neume_context *)*state)->pool;
    enum { ROWS = 20000, COLUMNS = 3 };
    float *x = malloc(ROWS * COLUMNS * sizeof *x), mean[COLUMNS], variance[COLUMNS];
    assert_non_null(x);
    for (size_t i = 0; i < ROWS * COLUMNS; i++)
        x[i] = 1000.375f + (i / COLUMNS % 2 ? 0x1p-6f : -0x1p-6f);
    const float gain[COLUMNS] = {1, 1, 1}, bias[COLUMNS] = {0};
    nm_batch_norm_forward(pool,
                          &(nm_norm_pass){.N = ROWS,
                                          .D = COLUMNS,
                                          .gain = gain,
                                          .bias = bias,
                                          .mean = mean,
                                          .variance = variance},
                          x, x);
    const float normal = 0x1p-6f / sqrtf(0x1p-12f + 1e-5f);
    for (size_t d = 0; d < COLUMNS; d++) {
        assert_true(mean[d] == 1000.375f);
        assert_true(variance[d] == 0x1p-12f);
        assert_float_equal(x[d], -normal, 1e-6);
    }
    free(x);
}

static void a_long_row_keeps_a_small_deviation_at_a_large_mean(void **state) {
    nm_pool *pool = ((neume_context *)*state)->pool;
    enum { COLUMNS = 20001 };
    float *x = malloc(COLUMNS * sizeof *x), *gain = random_floats(1, COLUMNS, 1);
    float *bias = calloc(COLUMNS, sizeof *bias);
    assert_true(x && bias);
    for (size_t i = 0; i < COLUMNS; i++) {
        x[i] = 1000.375f + (i == 0 ? 0 : i % 2 ? 0x1p-6f : -0x1p-6f);
        gain[i] = 1;
    }
    nm_layer_norm_forward(pool, &(nm_norm_pass){.N = 1, .D = COLUMNS, .gain = gain, .bias = bias},
                          x, x);
    const float normal = 0x1p-6f / sqrtf(0x1p-12f * (COLUMNS - 1) / COLUMNS + 1e-5f);
    assert_float_equal(x[0], 0, 1e-6);
    assert_float_equal(x[1], normal, 1e-6);
    assert_float_equal(x[2], -normal, 1e-6);
    free(x);
    free(gain);
    free(bias);
}

static void relu_shows_a_nan(void **state) {
    nm_pool *pool = ((neume_context *)*state)->pool;
    float y[] = {NAN, -1, 2, -INFINITY, INFINITY}, dy[] = {1, 2, 3, 4, 5};
    nm_relu_forward(pool, y, 5);
    assert_true(isnan(y[0]) && y[1] == 0 && y[2] == 2 && y[3] == 0 && isinf(y[4]));
    nm_relu_backward(pool, dy, y, 5);
    assert_true(dy[1] == 0 && dy[2] == 3 && dy[3] == 0 && dy[4] == 5);
}

static void activity_of_padding_alone_adds_nothing(void **state) {
    nm_pool *pool = ((neume_context *)*state)->pool;
    const uint8_t none[2] = {0, 0};
    const float h[2] = {3, 4};
    float dh[2] = {1, 2};
    const nm_activity activity = {.T = 2, .B = 1, .H = 1, .reset = none, .valid = none};
    nm_activity_add_ar(pool, &activity, 1, dh, h);
    nm_activity_add_tar(pool, &activity, 1, dh, h);
    assert_true(dh[0] == 1 && dh[1] == 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(norms_may_work_in_place),
        cmocka_unit_test(padding_counts_for_nothing),
        cmocka_unit_test(evaluation_goes_by_the_statistics_given),
        cmocka_unit_test(a_batch_without_valid_positions_has_mean_0_and_variance_1),
        cmocka_unit_test(statistics_keep_a_small_deviation_at_a_large_mean),
        cmocka_unit_test(a_long_row_keeps_a_small_deviation_at_a_large_mean),
        cmocka_unit_test(relu_shows_a_nan),
        cmocka_unit_test(activity_of_padding_alone_adds_nothing),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
