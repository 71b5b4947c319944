/* SPDX-License-Identifier: ISC */
/* Weights of a precision: floats and bf16 against the products that they must equal to the bit,
 * whole numbers against the reference, and what both lose. */
#include "layer_check.h"

#include "base/rng.h"
#include "nn/vector/narrow.h"
#include "nn/vector/tables.h"

#include <math.h>
#include <string.h>

typedef struct narrow_case {
    nm_precision precision;
    size_t T, B, I, H;          /* of a product: B rows, I deep, H columns */
    bool is_one_hot, has_words; /* words name rows of x */
    double reset_share;
} narrow_case;

enum { MOST_B = 64 };

static uint32_t *random_words(uint64_t seed, size_t count, uint32_t below) {
    uint32_t *block = malloc((count + 1) * sizeof *block);
    for (size_t i = 0; i < count; i++)
        block[i] = nm_random_at(seed, NM_PURPOSE_TEST, 1, i).word[0] % below;
    return block;
}

static float *guarded_copy(const float *from, size_t count) {
    float *block = guarded_new(count);
    memcpy(block, from, count * sizeof *block);
    return block;
}

static void assert_near(const char *what, const float *got, const float *wanted, size_t count,
                        double tolerance) {
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - wanted[i]) <= tolerance))
            fail_msg("%s[%zu of %zu] is %.9g, expected %.9g within %.2g", what, i, count, got[i],
                     wanted[i], tolerance);
}

/* Row b of step t is the same for any B. */
static float *rows_of(uint64_t seed, size_t T, size_t B, size_t width) {
    float *all = malloc((T * B * width + 1) * sizeof *all);
    for (size_t at = 0; at < T * B; at++) {
        float *row = random_floats(seed + at / B * MOST_B + at % B, width, 1);
        memcpy(all + at * width, row, width * sizeof *row);
        free(row);
    }
    return all;
}

static float *weights_of(uint64_t seed, size_t n, size_t k) {
    return random_floats(seed, n * k, 1 / sqrtf((float)k));
}

/* y [B,H] of x [B,I], with a bias, by weights w [H,I] of the precision. */
static float *multiply(const nm_ops *ops, nm_pool *pool, const narrow_case *c, const float *x,
                       const float *w) {
    const size_t size = ops->narrow_size(c->precision, c->H, c->I);
    float *packed = guarded_new(size), *y = guarded_new(c->B * c->H);
    float *bias = random_floats(3, c->H, 1);
    ops->narrow_pack(pool, c->precision, packed, w, c->H, c->I);
    ops->narrow_matmul(
        pool, c->precision,
        &(nm_matmul){
            .m = c->B, .n = c->H, .k = c->I, .x = x, .packed = packed, .bias = bias, .y = y});
    guarded_free(packed, size);
    free(bias);
    return y;
}

static float *multiply_any(const nm_ops *ops, nm_pool *pool, const narrow_case *c) {
    float *x = rows_of(100, 1, c->B, c->I), *w = weights_of(2, c->H, c->I);
    float *y = multiply(ops, pool, c, x, w);
    free(x);
    free(w);
    return y;
}

/* y, h and c, one after the other. */
typedef struct outputs {
    float *y, *h, *c;
} outputs;

typedef struct layer_inputs {
    float *weight_ih, *weight_hh, *bias, *x, *h, *c;
    uint32_t *words;
    uint8_t *reset;
} layer_inputs;

static layer_inputs inputs_new(const narrow_case *c) {
    layer_inputs in = {.weight_ih = weights_of(11, 4 * c->H, c->I),
                       .weight_hh = weights_of(12, 4 * c->H, c->H),
                       .bias = random_floats(13, 4 * c->H, 1),
                       .x = rows_of(1000, c->T, c->B, c->I),
                       .h = rows_of(5000, 1, c->B, c->H),
                       .c = rows_of(6000, 1, c->B, c->H),
                       .words = malloc((c->T * c->B + 1) * sizeof(uint32_t)),
                       .reset = malloc(c->T * c->B + 1)};
    for (size_t at = 0; at < c->T * c->B; at++) {
        const uint64_t seed = 9000 + at / c->B * MOST_B + at % c->B;
        uint32_t *word = random_words(seed, 1, (uint32_t)c->I);
        uint8_t *flag = random_flags(seed, 1, c->reset_share);
        in.words[at] = c->has_words ? *word % (uint32_t)(c->T * c->B) : *word;
        in.reset[at] = *flag;
        free(word);
        free(flag);
    }
    return in;
}

static void inputs_free(const layer_inputs *in) {
    free(in->weight_ih);
    free(in->weight_hh);
    free(in->bias);
    free(in->x);
    free(in->h);
    free(in->c);
    free(in->words);
    free(in->reset);
}

static outputs outputs_new(const narrow_case *c, const layer_inputs *in) {
    return (outputs){guarded_new(c->T * c->B * c->H), guarded_copy(in->h, c->B * c->H),
                     guarded_copy(in->c, c->B * c->H)};
}

static void outputs_free(const outputs *out, const narrow_case *c) {
    guarded_free(out->y, c->T * c->B * c->H);
    guarded_free(out->h, c->B * c->H);
    guarded_free(out->c, c->B * c->H);
}

static nm_lstm layer_of(const narrow_case *c, const layer_inputs *in, const outputs *out) {
    return (nm_lstm){.T = c->T,
                     .B = c->B,
                     .I = c->I,
                     .H = c->H,
                     .x = c->is_one_hot ? NULL : in->x,
                     .words = c->is_one_hot || c->has_words ? in->words : NULL,
                     .D = c->T * c->B,
                     .reset = in->reset,
                     .h0 = out->h,
                     .c0 = out->c,
                     .y = out->y,
                     .h1 = out->h,
                     .c1 = out->c};
}

static nm_lstm_weights layer_weights_of(const narrow_case *c, const layer_inputs *in) {
    return (nm_lstm_weights){.I = c->I,
                             .H = c->H,
                             .weight_ih = in->weight_ih,
                             .weight_hh = in->weight_hh,
                             .bias = in->bias};
}

static outputs run_layer(const nm_ops *ops, nm_pool *pool, const narrow_case *c,
                         const layer_inputs *in) {
    const outputs out = outputs_new(c, in);
    const size_t packed_size = ops->narrow_lstm_size(c->precision, c->I, c->H);
    const size_t tape_size = ops->lstm_tape_size(c->T, c->B, c->I, c->H);
    float *packed = guarded_new(packed_size), *tape = guarded_new(tape_size);
    const size_t table_size = ops->lstm_table_size(c->T * c->B, c->H);
    nm_lstm layer = layer_of(c, in, &out);
    layer.packed = packed;
    layer.tape = tape;
    layer.table = guarded_new(table_size);
    const nm_lstm_weights weights = layer_weights_of(c, in);
    ops->narrow_lstm_pack(pool, c->precision, packed, &weights);
    ops->narrow_lstm_forward(pool, c->precision, &layer, 1);
    guarded_free(layer.table, table_size);
    guarded_free(packed, packed_size);
    guarded_free(tape, tape_size);
    return out;
}

/* The same by lstm_forward, which knows floats alone. */
static outputs run_wide_layer(const nm_ops *ops, nm_pool *pool, const narrow_case *c,
                              const layer_inputs *in) {
    const outputs out = outputs_new(c, in);
    float *packed = guarded_new(ops->lstm_packed_size(c->I, c->H, false));
    float *tape = guarded_new(ops->lstm_tape_size(c->T, c->B, c->I, c->H));
    const size_t table_size = ops->lstm_table_size(c->T * c->B, c->H);
    nm_lstm layer = layer_of(c, in, &out);
    layer.packed = packed;
    layer.tape = tape;
    layer.table = guarded_new(table_size);
    const nm_lstm_weights weights = layer_weights_of(c, in);
    ops->lstm_pack(pool, packed, &weights, false);
    ops->lstm_forward(pool, &layer);
    guarded_free(layer.table, table_size);
    guarded_free(packed, ops->lstm_packed_size(c->I, c->H, false));
    guarded_free(tape, ops->lstm_tape_size(c->T, c->B, c->I, c->H));
    return out;
}

static void assert_same_outputs(const narrow_case *c, const outputs *got, const outputs *wanted) {
    assert_same_bits("y", got->y, wanted->y, c->T * c->B * c->H);
    assert_same_bits("h", got->h, wanted->h, c->B * c->H);
    assert_same_bits("c", got->c, wanted->c, c->B * c->H);
}

static void round_to_bf16(float *w, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const uint32_t bits = (uint32_t)nm_bf16_of(w[i]) << 16;
        memcpy(&w[i], &bits, sizeof bits);
    }
}

/* Depths of several blocks, numbers of columns and rows that fill no panel or tile. */
static const narrow_case layer_cases[] = {
    {.T = 1, .B = 1, .I = 5, .H = 3},
    {.T = 1, .B = 1, .I = 512, .H = 100, .reset_share = 0.5},
    {.T = 3, .B = 7, .I = 89, .H = 33, .reset_share = 0.3},
    {.T = 5, .B = 20, .I = 17, .H = 64, .is_one_hot = true, .reset_share = 0.3},
    {.T = 2, .B = 3, .I = 700, .H = 520, .reset_share = 0.3},
    {.T = 4, .B = 6, .I = 21, .H = 19, .has_words = true, .reset_share = 0.2},
    {.T = 1, .B = 4, .I = 21, .H = 19, .has_words = true},
    {.T = 1, .B = 40, .I = 30, .H = 17, .reset_share = 1},
    {.T = 1, .B = 5, .I = 13, .H = 1, .is_one_hot = true}};
enum { LAYER_CASES = sizeof layer_cases / sizeof *layer_cases };

/* A step has another way to the same sums. */
static void check_floats(const nm_ops *ops, nm_pool *pool) {
    for (size_t i = 0; i < LAYER_CASES; i++) {
        const narrow_case *c = &layer_cases[i];
        const layer_inputs in = inputs_new(c);
        const outputs got = run_layer(ops, pool, c, &in);
        const outputs wanted = run_wide_layer(ops, pool, c, &in);
        assert_same_outputs(c, &got, &wanted);
        outputs_free(&got, c);
        outputs_free(&wanted, c);
        inputs_free(&in);
    }
}

static void floats_give_the_bits_of_the_layer_that_can_go_backward(void **state) {
    (void)state;
    for_each_table(check_floats);
}

static void check_bf16(const nm_ops *ops, nm_pool *pool) {
    for (size_t i = 0; i < LAYER_CASES; i++) {
        narrow_case c = layer_cases[i];
        const layer_inputs in = inputs_new(&c);
        c.precision = NM_BF16;
        const outputs got = run_layer(ops, pool, &c, &in);
        round_to_bf16(in.weight_ih, 4 * c.H * c.I);
        round_to_bf16(in.weight_hh, 4 * c.H * c.H);
        const outputs wanted = run_wide_layer(ops, pool, &c, &in);
        assert_same_outputs(&c, &got, &wanted);
        outputs_free(&got, &c);
        outputs_free(&wanted, &c);
        inputs_free(&in);
    }
}

static void bf16_is_the_layer_with_rounded_weights(void **state) {
    (void)state;
    for_each_table(check_bf16);
}

/* One step, so that no rounding of one table meets that of another: 1e-6 of gates below 4. */
static void check_whole_layers(const nm_ops *ops, nm_pool *pool) {
    for (size_t i = 0; i < LAYER_CASES; i++) {
        narrow_case c = layer_cases[i];
        c.T = 1;
        c.precision = NM_INT8;
        const layer_inputs in = inputs_new(&c);
        const outputs got = run_layer(ops, pool, &c, &in),
                      wanted = run_layer(&nm_ops_c, pool, &c, &in);
        assert_near(ops->name, got.y, wanted.y, c.B * c.H, 4e-6);
        assert_near(ops->name, got.c, wanted.c, c.B * c.H, 4e-6);
        outputs_free(&got, &c);
        outputs_free(&wanted, &c);
        inputs_free(&in);
    }
}

static void layers_of_whole_numbers_agree_with_the_reference(void **state) {
    (void)state;
    for_each_table(check_whole_layers);
}

static void check_products(const nm_ops *ops, nm_pool *pool) {
    static const size_t ms[] = {1, 2, 3, 5, 7, 40}, ns[] = {1, 5, 17, 64, 129, 400},
                        ks[] = {1, 2, 3, 4, 17, 100, 513};
    for (size_t i = 0; i < 2 * 6 * 6 * 7; i++) {
        const narrow_case c = {.precision = i % 2 ? NM_BF16 : NM_INT8,
                               .B = ms[i / 2 % 6],
                               .H = ns[i / 12 % 6],
                               .I = ks[i / 72]};
        float *got = multiply_any(ops, pool, &c), *wanted = multiply_any(&nm_ops_c, pool, &c);
        assert_near(ops->name, got, wanted, c.B * c.H, 4e-6);
        guarded_free(got, c.B * c.H);
        guarded_free(wanted, c.B * c.H);
    }
}

static void products_agree_with_the_reference(void **state) {
    (void)state;
    for_each_table(check_products);
}

/* Numbers that are whole already, up to 127 in every row: scales are 1, and nothing is lost. */
static void check_exact(const nm_ops *ops, nm_pool *pool) {
    const narrow_case c = {.precision = NM_INT8, .B = 7, .I = 301, .H = 89};
    float *x = malloc(c.B * c.I * sizeof *x), *w = malloc(c.H * c.I * sizeof *w);
    for (size_t i = 0; i < c.B * c.I; i++)
        x[i] = i % c.I == 0 ? 127 : (float)(int)(i * 7919 % 255) - 127;
    for (size_t i = 0; i < c.H * c.I; i++)
        w[i] = i % c.I == 5 ? -127 : (float)(int)(i * 104729 % 255) - 127;
    float *got = multiply(ops, pool, &c, x, w), *bias = random_floats(3, c.H, 1);
    for (size_t i = 0; i < c.B; i++)
        for (size_t j = 0; j < c.H; j++) {
            long sum = 0;
            for (size_t p = 0; p < c.I; p++)
                sum += (long)x[i * c.I + p] * (long)w[j * c.I + p];
            const float wanted = (float)sum + bias[j];
            assert_same_bits(ops->name, &got[i * c.H + j], &wanted, 1);
        }
    guarded_free(got, c.B * c.H);
    free(bias);
    free(x);
    free(w);
}

static void sums_of_whole_numbers_are_exact(void **state) {
    (void)state;
    for_each_table(check_exact);
}

/* With e_w = s_w / 2 for w and e_x = s_x / 2 for x at most, a sum of k products is off by
 * sum(|w| e_x + |x| e_w + e_w e_x); of weights rounded to 8 bits by sum |w x| 2^-8. */
static double bound_of(const narrow_case *c, const float *x, const float *w) {
    const double e_x = c->precision == NM_INT8 ? (double)nm_largest(x, c->I) / 254 : 0;
    const double e_w = c->precision == NM_INT8 ? (double)nm_largest(w, c->I) / 254 : 0;
    double bound = 1e-5;
    for (size_t p = 0; p < c->I; p++) {
        const double a = fabs((double)x[p]), b = fabs((double)w[p]);
        bound += b * e_x + a * e_w + e_x * e_w + (c->precision == NM_BF16 ? a * b * 0x1p-8 : 0);
    }
    return bound;
}

static void check_loss(const nm_ops *ops, nm_pool *pool) {
    for (int precision = NM_BF16; precision <= NM_INT8; precision++) {
        narrow_case c = {.precision = (nm_precision)precision, .B = 9, .I = 512, .H = 89};
        float *x = rows_of(100, 1, c.B, c.I), *w = weights_of(2, c.H, c.I);
        float *got = multiply(ops, pool, &c, x, w);
        c.precision = NM_FP32;
        float *wanted = multiply(ops, pool, &c, x, w);
        c.precision = (nm_precision)precision;
        double loss = 0;
        for (size_t i = 0; i < c.B * c.H; i++) {
            const double error = fabs((double)got[i] - wanted[i]);
            if (error > bound_of(&c, x + i / c.H * c.I, w + i % c.H * c.I))
                fail_msg("%s, precision %d: off by %g", ops->name, precision, error);
            loss += error;
        }
        assert_true(loss > 0);
        guarded_free(got, c.B * c.H);
        guarded_free(wanted, c.B * c.H);
        free(x);
        free(w);
    }
}

static void what_is_lost_stays_within_half_a_unit_of_each_number(void **state) {
    (void)state;
    for_each_table(check_loss);
}

static float *all_outputs(const nm_ops *ops, nm_pool *pool, const void *data, size_t *count) {
    const narrow_case *c = data;
    const layer_inputs in = inputs_new(c);
    const outputs out = run_layer(ops, pool, c, &in);
    float *y = multiply_any(ops, pool, c);
    const size_t N = c->T * c->B * c->H, of_state = c->B * c->H;
    *count = N + 3 * of_state;
    float *all = malloc(*count * sizeof *all);
    memcpy(all, out.y, N * sizeof *all);
    memcpy(all + N, out.h, of_state * sizeof *all);
    memcpy(all + N + of_state, out.c, of_state * sizeof *all);
    memcpy(all + N + 2 * of_state, y, of_state * sizeof *all);
    outputs_free(&out, c);
    inputs_free(&in);
    guarded_free(y, of_state);
    return all;
}

static void check_threads(const nm_ops *ops, nm_pool *pool) {
    (void)pool;
    for (int precision = NM_FP32; precision <= NM_INT8; precision++)
        for (size_t i = 0; i < LAYER_CASES; i++) {
            narrow_case c = layer_cases[i];
            c.precision = (nm_precision)precision;
            assert_same_for_any_threads(ops, all_outputs, &c);
        }
}

static void any_number_of_threads_gives_the_same_bits(void **state) {
    (void)state;
    for_each_table(check_threads);
}

/* The first rows of a batch are those of a smaller one. */
static void check_batch(const nm_ops *ops, nm_pool *pool, nm_precision precision) {
    const narrow_case all = {
        .precision = precision, .T = 3, .B = 20, .I = 30, .H = 70, .reset_share = 0.2};
    const layer_inputs all_in = inputs_new(&all);
    const outputs wanted = run_layer(ops, pool, &all, &all_in);
    for (size_t B = 1; B < all.B; B += 2) {
        narrow_case some = all;
        some.B = B;
        const layer_inputs in = inputs_new(&some);
        const outputs got = run_layer(ops, pool, &some, &in);
        for (size_t t = 0; t < all.T; t++)
            assert_same_bits("y", got.y + t * B * all.H, wanted.y + t * all.B * all.H, B * all.H);
        assert_same_bits("c", got.c, wanted.c, B * all.H);
        outputs_free(&got, &some);
        inputs_free(&in);
    }
    outputs_free(&wanted, &all);
    inputs_free(&all_in);
}

static void check_batches(const nm_ops *ops, nm_pool *pool) {
    for (int precision = NM_FP32; precision <= NM_INT8; precision++)
        check_batch(ops, pool, (nm_precision)precision);
}

static void a_row_does_not_depend_on_the_batch(void **state) {
    (void)state;
    for_each_table(check_batches);
    check_batches(&nm_ops_c, ((neume_context *)*state)->pool);
}

/* T steps at once are T calls of one step. */
static void check_steps(const nm_ops *ops, nm_pool *pool) {
    for (int precision = NM_FP32; precision <= NM_INT8; precision++) {
        const narrow_case all = {.precision = (nm_precision)precision,
                                 .T = 4,
                                 .B = 3,
                                 .I = 20,
                                 .H = 40,
                                 .reset_share = 0.2};
        const layer_inputs in = inputs_new(&all);
        const outputs wanted = run_layer(ops, pool, &all, &in);
        narrow_case one = all;
        layer_inputs part = in;
        one.T = 1;
        for (size_t t = 0; t < all.T; t++) {
            const outputs got = run_layer(ops, pool, &one, &part);
            assert_same_bits("y", got.y, wanted.y + t * all.B * all.H, all.B * all.H);
            memcpy(part.h, got.h, all.B * all.H * sizeof *got.h);
            memcpy(part.c, got.c, all.B * all.H * sizeof *got.c);
            part.x += all.B * all.I;
            part.reset += all.B;
            outputs_free(&got, &one);
        }
        outputs_free(&wanted, &all);
        inputs_free(&in);
    }
}

static void steps_at_once_are_step_after_step(void **state) {
    (void)state;
    for_each_table(check_steps);
}

/* Row 1 alone is ill. */
static void check_nan(const nm_ops *ops, nm_pool *pool) {
    for (int precision = NM_FP32; precision <= NM_INT8; precision++) {
        const narrow_case c = {
            .precision = (nm_precision)precision, .T = 1, .B = 3, .I = 21, .H = 20};
        const layer_inputs in = inputs_new(&c);
        in.x[1 * c.I + 20] = NAN;
        const outputs out = run_layer(ops, pool, &c, &in);
        for (size_t i = 0; i < c.B * c.H; i++)
            assert_int_equal(isnan(out.y[i]) != 0, i / c.H == 1);
        outputs_free(&out, &c);
        inputs_free(&in);
    }
}

static void a_nan_stays_visible(void **state) {
    for_each_table(check_nan);
    check_nan(&nm_ops_c, ((neume_context *)*state)->pool);
}

#if defined(__x86_64__)
nm_int8_tile nm_tile_of_int8_avx512;

/* Of processors with the one, no table has the other. */
static void both_ways_to_sum_bytes_in_512_bits_are_one(void **state) {
    enum { ROWS = 5, DEPTH = 33, WIDTH = 64 };
    (void)state;
    if (!nm_cpu_has_byte_sums()) {
        print_message("SKIPPED: this processor has no AVX512-VNNI\n");
        return;
    }
    uint32_t *x = random_words(1, ROWS * DEPTH, UINT32_MAX);
    uint32_t *w = random_words(2, DEPTH * WIDTH, UINT32_MAX);
    int32_t got[ROWS * WIDTH], wanted[ROWS * WIDTH];
    const nm_byte_rows rows = {(const uint8_t *)x, DEPTH * sizeof *x, ROWS};
    nm_tile_of_int8_avx512(wanted, rows, w, DEPTH, 4);
    nm_tile_of_int8_avx512vnni(got, rows, w, DEPTH, 4);
    assert_memory_equal(got, wanted, sizeof got);
    free(x);
    free(w);
}
#else
static void both_ways_to_sum_bytes_in_512_bits_are_one(void **state) {
    (void)state;
    print_message("SKIPPED: another processor\n");
}
#endif

/* Rows that fill tall tiles, one or two high, or not quite; depths of whole lanes and others. */
static void tile_registers_give_the_same_bits(void **state) {
    static const size_t Bs[] = {6, 7, 8, 15, 16, 17, 31, 32, 33, 39, 64};
    neume_context *context = *state;
    const nm_ops *ops = nm_ops_for(NEUME_ISA_AVX512);
    if (!nm_cpu_has_byte_tiles() || !nm_product_tables[NM_PRODUCTS_FP32]) {
        print_message("SKIPPED: no AMX-INT8\n");
        return;
    }
    for (size_t i = 0; i < sizeof Bs / sizeof *Bs; i++)
        for (size_t k = 0; k < LAYER_CASES; k++) {
            narrow_case c = layer_cases[k];
            c.precision = NM_INT8;
            c.B = Bs[i];
            size_t count;
            float *wanted = all_outputs(ops, context->pool, &c, &count);
            float *got =
                all_outputs(nm_product_tables[NM_PRODUCTS_FP32], context->pool, &c, &count);
            assert_same_bits("tall", got, wanted, count);
            free(wanted);
            free(got);
        }
}

static void a_row_of_zeros_is_zeros(void **state) {
    const nm_quantum none = nm_quantum_of(0);
    (void)state;
    assert_int_equal(nm_quantise(0, none), 0);
    assert_true(none.scale == 0);
    assert_int_equal(nm_quantise(-3, nm_quantum_of(3)), -127);
    assert_int_equal(nm_bf16_of(1.00390625f), 0x3f80); /* 1 + 2^-8, half way: to even */
    assert_int_equal(nm_bf16_of(1.01171875f), 0x3f82); /* 1 + 3 2^-8 */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_give_the_bits_of_the_layer_that_can_go_backward),
        cmocka_unit_test(bf16_is_the_layer_with_rounded_weights),
        cmocka_unit_test(layers_of_whole_numbers_agree_with_the_reference),
        cmocka_unit_test(products_agree_with_the_reference),
        cmocka_unit_test(sums_of_whole_numbers_are_exact),
        cmocka_unit_test(what_is_lost_stays_within_half_a_unit_of_each_number),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(a_row_does_not_depend_on_the_batch),
        cmocka_unit_test(steps_at_once_are_step_after_step),
        cmocka_unit_test(a_nan_stays_visible),
        cmocka_unit_test(both_ways_to_sum_bytes_in_512_bits_are_one),
        cmocka_unit_test(tile_registers_give_the_same_bits),
        cmocka_unit_test(a_row_of_zeros_is_zeros),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
