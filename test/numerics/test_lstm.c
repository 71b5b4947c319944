/* SPDX-License-Identifier: ISC */
/* The LSTM layer of each operation table against the reference.
 *
 * Tolerance: a gate's sum of K = I + H products errs by about sqrt(K) u sum|x w| in each table;
 * with weights of ±1/sqrt(K) that is K u / 2 or less, 2e-5 for K = 620, and the functions err by
 * 2e-7. From step to step an error shrinks, since gates are below 1. Gradients of weights sum T B
 * such terms, and are held relative to the largest. */
#include "ops_check.h"

#include <math.h>
#include <string.h>

typedef struct lstm_case {
    size_t T, B, I, H;
    size_t D; /* rows of x that words name; 0: each position has its own */
    bool is_one_hot, without_dx;
    double reset_share;
} lstm_case;

enum { Y, H1, C1, DX, DWEIGHT_IH, DWEIGHT_HH, DBIAS, OUTPUTS };
static const char *const output_names[] = {"y",          "h1",         "c1",   "dx",
                                           "dweight_ih", "dweight_hh", "dbias"};

typedef struct lstm_outputs {
    float *block[OUTPUTS];
    size_t count[OUTPUTS];
} lstm_outputs;

static lstm_outputs outputs_new(const lstm_case *c) {
    const size_t N = c->T * c->B, G = 4 * c->H;
    lstm_outputs out = {.count = {N * c->H, c->B * c->H, c->B * c->H, (c->D ? c->D : N) * c->I,
                                  G * c->I, G * c->H, G}};
    for (int i = 0; i < OUTPUTS; i++) {
        float *before = random_floats((uint64_t)i, out.count[i], 1);
        out.block[i] =
            i == Y || i == DX ? guarded_new(out.count[i]) : guarded_copy(before, out.count[i]);
        free(before);
    }
    return out;
}

static void outputs_free(const lstm_outputs *out) {
    for (int i = 0; i < OUTPUTS; i++)
        guarded_free(out->block[i], out->count[i]);
}

typedef struct lstm_inputs {
    float *x, *weight_ih, *weight_hh, *bias, *dy;
    uint32_t *words;
    uint8_t *reset;
} lstm_inputs;

/* Row b of step t is the same whatever B is, so that batches can be compared row by row. */
static lstm_inputs inputs_new(const lstm_case *c) {
    const size_t G = 4 * c->H;
    const float scale = 1 / sqrtf((float)(c->I + c->H));
    const size_t N = c->T * c->B, rows = c->D > N ? c->D : N;
    lstm_inputs in = {.weight_ih = random_floats(11, G * c->I, c->is_one_hot ? 1 : scale),
                      .weight_hh = random_floats(12, G * c->H, scale),
                      .bias = random_floats(13, G, 1),
                      .x = malloc((rows * c->I + 1) * sizeof(float)),
                      .dy = malloc((rows * c->H + 1) * sizeof(float)),
                      .words = malloc((rows + 1) * sizeof(uint32_t)),
                      .reset = malloc(rows + 1)};
    for (size_t at = 0; at < rows; at++) {
        const uint64_t seed = 1000 + at / c->B * 64 + at % c->B;
        float *x = random_floats(seed, c->I, 1), *dy = random_floats(seed + 50000, c->H, 1);
        uint32_t *word = random_words(seed, 1, (uint32_t)(c->D ? c->D : c->I));
        uint8_t *flag = random_flags(seed, 1, c->reset_share);
        memcpy(in.x + at * c->I, x, c->I * sizeof *x);
        memcpy(in.dy + at * c->H, dy, c->H * sizeof *dy);
        in.words[at] = *word;
        in.reset[at] = *flag;
        free(x);
        free(dy);
        free(word);
        free(flag);
    }
    return in;
}

static void inputs_free(const lstm_inputs *in) {
    free(in->x);
    free(in->weight_ih);
    free(in->weight_hh);
    free(in->bias);
    free(in->dy);
    free(in->words);
    free(in->reset);
}

/* Forward, with the state carried out where it came in, and backward. */
static void run_layer(const nm_ops *ops, nm_pool *pool, const lstm_case *c, const lstm_inputs *in,
                      const lstm_outputs *out) {
    const size_t packed_size = ops->lstm_packed_size(c->I, c->H, true);
    const size_t tape_size = ops->lstm_tape_size(c->T, c->B, c->I, c->H);
    const size_t scratch_size = ops->lstm_scratch_size(c->T, c->B, c->I, c->H);
    const size_t table_size = ops->lstm_table_size(c->D, c->H);
    float *packed = guarded_new(packed_size), *tape = guarded_new(tape_size),
          *scratch = guarded_new(scratch_size), *table = guarded_new(table_size);
    ops->lstm_pack(pool, packed, c->I, c->H, in->weight_ih, in->weight_hh, in->bias, true);
    const nm_lstm layer = {.T = c->T,
                           .B = c->B,
                           .I = c->I,
                           .H = c->H,
                           .x = c->is_one_hot ? NULL : in->x,
                           .words = c->is_one_hot || c->D ? in->words : NULL,
                           .D = c->D,
                           .table = table,
                           .reset = in->reset,
                           .packed = packed,
                           .h0 = out->block[H1],
                           .c0 = out->block[C1],
                           .y = out->block[Y],
                           .h1 = out->block[H1],
                           .c1 = out->block[C1],
                           .tape = tape};
    ops->lstm_forward(pool, &layer);
    const nm_lstm_grad grad = {.dy = in->dy,
                               .dx = c->is_one_hot || c->without_dx ? NULL : out->block[DX],
                               .dweight_ih = out->block[DWEIGHT_IH],
                               .dweight_hh = out->block[DWEIGHT_HH],
                               .dbias = out->block[DBIAS],
                               .scratch = scratch};
    ops->lstm_backward(pool, &layer, &grad);
    if (!grad.dx)
        memset(out->block[DX], 0, out->count[DX] * sizeof(float));
    guarded_free(packed, packed_size);
    guarded_free(tape, tape_size);
    guarded_free(scratch, scratch_size);
    guarded_free(table, table_size);
}

static lstm_outputs compute_layer(const nm_ops *ops, nm_pool *pool, const lstm_case *c) {
    const lstm_inputs in = inputs_new(c);
    const lstm_outputs out = outputs_new(c);
    run_layer(ops, pool, c, &in, &out);
    inputs_free(&in);
    return out;
}

static void check_case(const nm_ops *ops, nm_pool *pool, const lstm_case *c) {
    const lstm_outputs wanted = compute_layer(&nm_ops_c, pool, c),
                       got = compute_layer(ops, pool, c);
    for (int i = 0; i < OUTPUTS; i++) {
        char what[128];
        snprintf(what, sizeof what, "%s, T %zu B %zu I %zu H %zu: %s", ops->name, c->T, c->B, c->I,
                 c->H, output_names[i]);
        const double size =
            i < DX ? 1 : fmax(1, largest_magnitude(wanted.block[i], wanted.count[i]));
        assert_near(what, got.block[i], wanted.block[i], wanted.count[i], 2e-5 * size);
    }
    outputs_free(&wanted);
    outputs_free(&got);
}

static void check_odd_shapes(const nm_ops *ops, nm_pool *pool) {
    static const size_t hs[] = {1, 3, 17, 64, 100}, bs[] = {1, 7, 20}, ts[] = {1, 2, 9},
                        is[] = {1, 5, 89, 400};
    for (size_t i = 0; i < 5 * 3 * 3 * 4; i++) {
        const lstm_case c = {.H = hs[i % 5],
                             .B = bs[i / 5 % 3],
                             .T = ts[i / 15 % 3],
                             .I = is[i / 45],
                             .D = i % 7 == 1 ? 1 + i % 4 : 0,
                             .is_one_hot = (i + i / 15) % 2 && i % 7 != 1,
                             .without_dx = i % 3 == 0,
                             .reset_share = 0.3};
        check_case(ops, pool, &c);
    }
}

static void layers_of_odd_shapes_agree_with_the_reference(void **state) {
    (void)state;
    for_each_table(check_odd_shapes);
}

/* The depth of the products in several blocks, and more positions than one piece of a gradient. */
static void check_large_shapes(const nm_ops *ops, nm_pool *pool) {
    static const lstm_case cases[] = {
        {.T = 2, .B = 3, .I = 600, .H = 520, .reset_share = 0.2},
        {.T = 50, .B = 13, .I = 3000, .H = 33, .is_one_hot = true, .reset_share = 0.05},
        {.T = 40, .B = 20, .I = 30, .H = 40},
        {.T = 40, .B = 20, .I = 30, .H = 40, .D = 300, .reset_share = 0.1},
        {.T = 3, .B = 9, .I = 7, .H = 20, .reset_share = 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_case(ops, pool, &cases[i]);
}

static void large_layers_agree_with_the_reference(void **state) {
    (void)state;
    for_each_table(check_large_shapes);
}

static float *all_outputs(const nm_ops *ops, nm_pool *pool, const void *data, size_t *count) {
    const lstm_outputs out = compute_layer(ops, pool, data);
    *count = 0;
    for (int i = 0; i < OUTPUTS; i++)
        *count += out.count[i];
    float *all = malloc(*count * sizeof *all), *to = all;
    for (int i = 0; i < OUTPUTS; to += out.count[i], i++)
        memcpy(to, out.block[i], out.count[i] * sizeof *to);
    outputs_free(&out);
    return all;
}

static void check_threads(const nm_ops *ops, nm_pool *pool) {
    (void)pool;
    static const lstm_case cases[] = {
        {.T = 5, .B = 7, .I = 30, .H = 100, .reset_share = 0.2},
        {.T = 3, .B = 1, .I = 9, .H = 17, .reset_share = 0.2},
        {.T = 30, .B = 32, .I = 89, .H = 64, .is_one_hot = true, .reset_share = 0.1},
        {.T = 20, .B = 16, .I = 30, .H = 100, .D = 7, .reset_share = 0.1},
        {.T = 2, .B = 16, .I = 3, .H = 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_same_for_any_threads(ops, all_outputs, &cases[i]);
}

static void any_number_of_threads_gives_the_same_bits(void **state) {
    (void)state;
    for_each_table(check_threads);
}

/* Song i alone is song i in a batch of 20: the first rows of y, of the state and of dx are the same
 * for any B. */
static void check_batches(const nm_ops *ops, nm_pool *pool) {
    const lstm_case all = {.T = 4, .B = 20, .I = 30, .H = 100, .reset_share = 0.2};
    const lstm_outputs wanted = compute_layer(ops, pool, &all);
    for (size_t B = 1; B < all.B; B++) {
        lstm_case some = all;
        some.B = B;
        const lstm_outputs got = compute_layer(ops, pool, &some);
        assert_same_bits("h1", got.block[H1], wanted.block[H1], got.count[H1]);
        assert_same_bits("c1", got.block[C1], wanted.block[C1], got.count[C1]);
        for (size_t t = 0; t < all.T; t++) {
            assert_same_bits("y", got.block[Y] + t * B * all.H, wanted.block[Y] + t * all.B * all.H,
                             B * all.H);
            assert_same_bits("dx", got.block[DX] + t * B * all.I,
                             wanted.block[DX] + t * all.B * all.I, B * all.I);
        }
        outputs_free(&got);
    }
    outputs_free(&wanted);
}

static void a_row_does_not_depend_on_the_batch(void **state) {
    (void)state;
    for_each_table(check_batches);
}

/* Two windows with the state carried over are one window: sums have the same order. */
static void check_windows(const nm_ops *ops, nm_pool *pool) {
    const lstm_case all = {.T = 6, .B = 5, .I = 10, .H = 33, .reset_share = 0.3};
    const lstm_outputs wanted = compute_layer(ops, pool, &all), got = outputs_new(&all);
    lstm_case half = all;
    half.T = 3;
    lstm_inputs in = inputs_new(&all);
    for (size_t i = 0; i < 2; i++) {
        lstm_inputs part = in;
        part.x += i * half.T * half.B * half.I;
        part.reset += i * half.T * half.B;
        lstm_outputs out = got;
        out.block[Y] += i * half.T * half.B * half.H;
        run_layer(ops, pool, &half, &part, &out);
    }
    assert_same_bits("y", got.block[Y], wanted.block[Y], wanted.count[Y]);
    assert_same_bits("h1", got.block[H1], wanted.block[H1], wanted.count[H1]);
    assert_same_bits("c1", got.block[C1], wanted.block[C1], wanted.count[C1]);
    inputs_free(&in);
    outputs_free(&wanted);
    outputs_free(&got);
}

static void two_windows_are_one_long_window(void **state) {
    (void)state;
    for_each_table(check_windows);
}

/* A NaN reaches all that it should and nothing else: row 2 from step 1 on, and the gradients of the
 * weights. Infinite or huge inputs saturate the gates instead. */
static void check_nan(const nm_ops *ops, nm_pool *pool) {
    const lstm_case c = {.T = 3, .B = 5, .I = 10, .H = 20};
    const lstm_inputs in = inputs_new(&c);
    const lstm_outputs out = outputs_new(&c);
    in.x[(1 * c.B + 2) * c.I + 3] = NAN;
    in.x[(1 * c.B + 4) * c.I + 3] = 1e30f;
    in.x[(2 * c.B + 0) * c.I + 3] = INFINITY;
    run_layer(ops, pool, &c, &in, &out);
    for (size_t at = 0; at < c.T * c.B; at++) {
        const bool is_nan = at % c.B == 2 && at / c.B >= 1;
        for (size_t u = 0; u < c.H; u++)
            assert_int_equal(isnan(out.block[Y][at * c.H + u]) != 0, is_nan);
    }
    assert_true(isnan(out.block[DWEIGHT_HH][0]) && isnan(out.block[DBIAS][0]));
    inputs_free(&in);
    outputs_free(&out);
}

static void a_nan_stays_visible_and_an_infinity_saturates(void **state) {
    (void)state;
    for_each_table(check_nan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_of_odd_shapes_agree_with_the_reference),
        cmocka_unit_test(large_layers_agree_with_the_reference),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(a_row_does_not_depend_on_the_batch),
        cmocka_unit_test(two_windows_are_one_long_window),
        cmocka_unit_test(a_nan_stays_visible_and_an_infinity_saturates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
