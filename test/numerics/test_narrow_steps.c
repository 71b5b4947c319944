/* SPDX-License-Identifier: ISC */
/* Steps of several layers at once, each of which hears the one before, give the bits of one layer
 * after the other, with any number of threads. */
#include "layer_check.h"

#include <math.h>
#include <string.h>

enum { LAYERS = 3, STEPS = 4, WORDS = 19 };

typedef struct steps_case {
    nm_precision precision;
    size_t B, H[LAYERS], I;    /* I 0: WORDS */
    bool is_one_hot, is_apart; /* one layer after the other */
} steps_case;

/* A layer with weights and state of its own; outputs lie in two buffers in turn. */
typedef struct layer_blocks {
    float *packed, *x, *h, *c;
    size_t packed_size;
} layer_blocks;

static size_t inputs_of(const steps_case *c, size_t l) {
    return l ? c->H[l - 1] : c->I ? c->I : WORDS;
}

static layer_blocks blocks_new(const nm_ops *ops, nm_pool *pool, const steps_case *c, size_t l) {
    const size_t I = inputs_of(c, l), H = c->H[l];
    layer_blocks of = {.packed_size = ops->narrow_lstm_size(c->precision, I, H),
                       .x = random_floats(50, WORDS * inputs_of(c, 0), 1),
                       .h = random_floats(60 + l, c->B * H, 1),
                       .c = random_floats(70 + l, c->B * H, 1)};
    const float size = 2 / sqrtf((float)(I + H));
    float *ih = random_floats(10 + l, 4 * H * I, size),
          *hh = random_floats(20 + l, 4 * H * H, size), *bias = random_floats(30 + l, 4 * H, 1);
    of.packed = guarded_new(of.packed_size);
    ops->narrow_lstm_pack(
        pool, c->precision, of.packed,
        &(nm_lstm_weights){.I = I, .H = H, .weight_ih = ih, .weight_hh = hh, .bias = bias});
    free(ih);
    free(hh);
    free(bias);
    return of;
}

static void blocks_free(const layer_blocks *of) {
    guarded_free(of->packed, of->packed_size);
    free(of->x);
    free(of->h);
    free(of->c);
}

typedef struct steps {
    const nm_ops *ops;
    nm_pool *pool;
    const steps_case *of;
    layer_blocks blocks[LAYERS];
    float *buffers[2], *tape, *table;
} steps;

static void step(const steps *s, size_t t) {
    const steps_case *c = s->of;
    uint32_t words[64];
    uint8_t reset[64];
    nm_lstm layers[LAYERS];
    for (size_t b = 0; b < c->B; b++) {
        words[b] = (uint32_t)((3 * t + 5 * b) % WORDS);
        reset[b] = (t + b) % 3 == 2;
    }
    for (size_t l = 0; l < LAYERS; l++)
        layers[l] = (nm_lstm){.T = 1,
                              .B = c->B,
                              .I = inputs_of(c, l),
                              .H = c->H[l],
                              .x = l               ? s->buffers[(l - 1) % 2]
                                   : c->is_one_hot ? NULL
                                                   : s->blocks[0].x,
                              .words = l ? NULL : words,
                              .D = WORDS,
                              .table = s->table,
                              .reset = reset,
                              .packed = s->blocks[l].packed,
                              .h0 = s->blocks[l].h,
                              .c0 = s->blocks[l].c,
                              .y = s->buffers[l % 2],
                              .h1 = s->blocks[l].h,
                              .c1 = s->blocks[l].c,
                              .tape = s->tape};
    for (size_t l = 0; c->is_apart && l < LAYERS; l++)
        s->ops->narrow_lstm_forward(s->pool, c->precision, &layers[l], 1);
    if (!c->is_apart)
        s->ops->narrow_lstm_forward(s->pool, c->precision, layers, LAYERS);
}

/* The last layer's output at each step, and all states at the end. */
static float *compute(const nm_ops *ops, nm_pool *pool, const void *data, size_t *count) {
    const steps_case *c = data;
    steps s = {.ops = ops, .pool = pool, .of = c};
    size_t widest = 0, tape = 0, table = 0, units = 0;
    for (size_t l = 0; l < LAYERS; l++) {
        const size_t of_tape = ops->lstm_tape_size(1, c->B, inputs_of(c, l), c->H[l]);
        const size_t of_table = ops->lstm_table_size(WORDS, c->H[l]);
        s.blocks[l] = blocks_new(ops, pool, c, l);
        widest = c->H[l] > widest ? c->H[l] : widest;
        tape = of_tape > tape ? of_tape : tape;
        table = of_table > table ? of_table : table;
        units += c->H[l];
    }
    for (size_t i = 0; i < 2; i++)
        s.buffers[i] = guarded_new(c->B * widest);
    s.tape = guarded_new(tape);
    s.table = guarded_new(table);
    const size_t last = c->B * c->H[LAYERS - 1];
    *count = STEPS * last + 2 * c->B * units;
    float *all = malloc(*count * sizeof *all), *to = all;
    for (size_t t = 0; t < STEPS; t++, to += last) {
        step(&s, t);
        memcpy(to, s.buffers[(LAYERS - 1) % 2], last * sizeof *to);
    }
    for (size_t l = 0; l < LAYERS; l++) {
        const size_t size = c->B * c->H[l];
        memcpy(to, s.blocks[l].h, size * sizeof *to);
        memcpy(to + size, s.blocks[l].c, size * sizeof *to);
        to += 2 * size;
        blocks_free(&s.blocks[l]);
    }
    for (size_t i = 0; i < 2; i++)
        guarded_free(s.buffers[i], c->B * widest);
    guarded_free(s.tape, tape);
    guarded_free(s.table, table);
    return all;
}

static void expect_same(const nm_ops *ops, nm_pool *pool, steps_case c) {
    size_t count;
    float *together = compute(ops, pool, &c, &count);
    c.is_apart = true;
    float *apart = compute(ops, pool, &c, &count);
    assert_same_bits(ops->name, together, apart, count);
    free(together);
    free(apart);
    c.is_apart = false;
    assert_same_for_any_threads(ops, compute, &c);
}

/* Rows that are alone, that fill several tiles, and so many that threads divide them; units of one
 * panel, of many, and of several blocks of the depth. */
static const steps_case cases[] = {
    {.B = 1, .H = {33, 64, 17}},   {.B = 1, .H = {200, 200, 200}, .is_one_hot = true},
    {.B = 5, .H = {48, 7, 130}},   {.B = 40, .H = {20, 36, 20}},
    {.B = 1, .H = {40, 1040, 24}}, {.B = 60, .H = {40, 300, 24}, .is_one_hot = true}};

static void check_cases(const nm_ops *ops, nm_pool *pool) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int precision = NM_FP32; precision <= NM_INT8; precision++) {
            steps_case c = cases[i];
            c.precision = (nm_precision)precision;
            expect_same(ops, pool, c);
        }
}

static void layers_together_give_the_bits_of_layers_apart(void **state) {
    (void)state;
    for_each_table(check_cases);
}

/* Whole numbers of all rows at once would need 4.8 MB of a thread's scratch. */
static void check_wide(const nm_ops *ops, nm_pool *pool) {
    expect_same(ops, pool, (steps_case){.precision = NM_INT8, .B = 60, .H = {8, 8, 8}, .I = 80000});
}

static void rows_of_wide_inputs_are_taken_some_at_a_time(void **state) {
    (void)state;
    for_each_table(check_wide);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_together_give_the_bits_of_layers_apart),
        cmocka_unit_test(rows_of_wide_inputs_are_taken_some_at_a_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
