/* SPDX-License-Identifier: ISC */
#include "layer.h"

#include <math.h>
#include <string.h>

/* Longer sequences take long and end at nothing that these do not. */
enum { LONGEST = 70, MOST_CELLS = 600000 };

static bool layer_sizes(check *c, size_t index, size_t sizes[4]) {
    if (!check_sizes(c, index, sizes, 4, MOST_CELLS))
        return false;
    static const size_t most[] = {LONGEST, SIZE_MAX, LAYER_WIDEST, LAYER_WIDEST};
    for (size_t i = 0; i < 4; i++)
        sizes[i] = sizes[i] < most[i] ? sizes[i] : most[i];
    const size_t a_row = sizes[3] * (sizes[2] + sizes[3]);
    while (sizes[0] * sizes[1] > 1 && sizes[0] * sizes[1] * a_row > MOST_CELLS)
        sizes[sizes[0] < sizes[1]] -= sizes[sizes[0] < sizes[1]] / 2;
    return true;
}

/* Many rows: with one or two threads the vector kernels take few of them at a time; with more, all.
 * And weights too many for a core's cache: threads divide the units, not the rows. */
static void check_courses(check *c, void (*check_case)(check *c, const size_t sizes[4])) {
    for (size_t I = 20; I < 26; I++)
        check_case(c, (const size_t[]){3, 110, I, 17});
    for (size_t I = 30; I < 33; I++)
        check_case(c, (const size_t[]){2, 20, I, 363});
}

/* Rows as wide as a panel of some table, which gradients then take as they lie where no reset cuts
 * them, at positions of several pieces. */
static void check_panels(check *c, void (*check_case)(check *c, const size_t sizes[4])) {
    for (size_t width = 16; width <= 64; width *= 2)
        for (size_t i = 0; i < 6; i++)
            check_case(c, (const size_t[]){9, 70, width, width});
}

void layer_each(check *c, void (*check_case)(check *c, const size_t sizes[4])) {
    size_t sizes[4];
    for (size_t i = 0; layer_sizes(c, i, sizes); i++)
        check_case(c, sizes);
    check_courses(c, check_case);
    check_panels(c, check_case);
}

double layer_tolerance(const check *c, size_t terms) {
    const double of_one = c->rounding > 0x1p-24 ? 10.24 * c->rounding : 1e-5;
    return of_one * (1 + sqrt((double)terms) / 64);
}

size_t layer_x_rows(const layer_inputs *in) {
    return in->D ? in->D : in->T * in->B;
}

/* Of the layers with an x a part have it row by row, a part by words. */
static void draw_input(check *c, layer_inputs *in, bool is_one_hot) {
    if (is_one_hot || in->D)
        in->words = check_words(c, "words", in->T * in->B, is_one_hot ? in->I : in->D);
    if (!is_one_hot)
        in->x = check_inputs(c, "x", layer_x_rows(in) * in->I, 1);
}

layer_inputs layer_draw(check *c, const size_t sizes[4]) {
    static const double reset_shares[] = {0, 0.2, 0.2, 1};
    layer_inputs in = {.T = sizes[0], .B = sizes[1], .I = sizes[2], .H = sizes[3]};
    const size_t I = in.I, H = in.H;
    const bool is_one_hot = I > 0 && check_chance(c, 0.3);
    const double reset_share = reset_shares[check_draw(c, 4)];
    in.D = !is_one_hot && check_chance(c, 0.3) ? 1 + check_draw(c, 20) : 0;
    check_begin(c, "T %zu B %zu I %zu H %zu D %zu%s, %.0f %% reset", in.T, in.B, I, H, in.D,
                is_one_hot ? ", one-hot" : "", 100 * reset_share);
    const float scale = 1 / sqrtf((float)(I + H));
    draw_input(c, &in, is_one_hot);
    in.reset = check_flags(c, "reset", in.T * in.B, reset_share);
    in.weight_ih = check_inputs(c, "weight_ih", 4 * H * I, is_one_hot ? 1 : scale);
    in.weight_hh = check_inputs(c, "weight_hh", 4 * H * H, scale);
    in.bias = check_inputs(c, "bias", 4 * H, 1);
    in.h0 = check_inputs(c, "h0", in.B * H, 1);
    in.c0 = check_inputs(c, "c0", in.B * H, 1);
    return in;
}

/* Those rows of each step of [T,B,width bytes]. */
static const void *rows_of(check *c, const void *all, const layer_inputs *in, nm_range rows,
                           size_t width) {
    const size_t count = rows.end - rows.begin;
    char *some =
        check_bytes(c, "rows", in->T * count * width / sizeof(float) + 1, sizeof(float), ALIGNED);
    for (size_t t = 0; t < in->T; t++)
        memcpy(some + t * count * width, (const char *)all + (t * in->B + rows.begin) * width,
               count * width);
    check_freeze(c, some);
    return some;
}

layer_inputs layer_rows(check *c, const layer_inputs *in, nm_range rows) {
    layer_inputs some = *in;
    some.B = rows.end - rows.begin;
    some.reset = rows_of(c, in->reset, in, rows, 1);
    if (in->words)
        some.words = rows_of(c, in->words, in, rows, sizeof(uint32_t));
    else
        some.x = rows_of(c, in->x, in, rows, in->I * sizeof(float));
    if (in->dy)
        some.dy = rows_of(c, in->dy, in, rows, in->H * sizeof(float));
    some.h0 += rows.begin * in->H;
    some.c0 += rows.begin * in->H;
    return some;
}

nm_lstm_weights layer_weights(const layer_inputs *in) {
    return (nm_lstm_weights){.I = in->I,
                             .H = in->H,
                             .weight_ih = in->weight_ih,
                             .weight_hh = in->weight_hh,
                             .bias = in->bias};
}

const float *layer_pack(check *c, nm_pool *pool, const layer_inputs *in, bool for_backward) {
    float *packed =
        check_floats(c, "packed", c->ops->lstm_packed_size(in->I, in->H, for_backward), ALIGNED);
    const nm_lstm_weights weights = layer_weights(in);
    c->ops->lstm_pack(pool, packed, &weights, for_backward);
    check_freeze(c, packed);
    return packed;
}

nm_lstm layer_forward(check *c, nm_pool *pool, const layer_inputs *in, const float *packed,
                      bool is_in_place) {
    const size_t T = in->T, B = in->B, I = in->I, H = in->H;
    nm_lstm layer = {.T = T,
                     .B = B,
                     .I = I,
                     .H = H,
                     .x = in->x,
                     .words = in->words,
                     .D = in->D,
                     .reset = in->reset,
                     .packed = packed,
                     .h0 = in->h0,
                     .c0 = in->c0,
                     .y = check_floats(c, "y", T * B * H, ANYWHERE)};
    layer.h1 =
        is_in_place ? check_copy(c, "h1", in->h0, B * H) : check_floats(c, "h1", B * H, ANYWHERE);
    layer.c1 =
        is_in_place ? check_copy(c, "c1", in->c0, B * H) : check_floats(c, "c1", B * H, ANYWHERE);
    if (is_in_place) {
        layer.h0 = layer.h1;
        layer.c0 = layer.c1;
    }
    layer.table = check_floats(c, "table", c->ops->lstm_table_size(in->D, H), ANYWHERE);
    layer.tape = check_floats(c, "tape", c->ops->lstm_tape_size(T, B, I, H), ALIGNED);
    c->ops->lstm_forward(pool, &layer);
    return layer;
}

layer_in_double layer_wanted(check *c, const layer_inputs *in) {
    const size_t T = in->T, B = in->B, I = in->I, H = in->H;
    layer_in_double out = {.y = check_doubles(c, "wanted y", T * B * H),
                           .h1 = check_doubles(c, "wanted h1", B * H),
                           .c1 = check_doubles(c, "wanted c1", B * H)};
    if (in->dy) {
        out.dx = in->x ? check_doubles(c, "wanted dx", layer_x_rows(in) * I) : NULL;
        out.dweight_ih = check_doubles(c, "wanted dweight_ih", 4 * H * I);
        out.dweight_hh = check_doubles(c, "wanted dweight_hh", 4 * H * H);
        out.dbias = check_doubles(c, "wanted dbias", 4 * H);
    }
    lstm_in_double(c->pools[0], &out, in);
    return out;
}

void layer_same_rows(const check *c, const layer_inputs *in, nm_range rows, layer_block block,
                     const float *some) {
    const size_t size = (rows.end - rows.begin) * block.width;
    for (size_t t = 0; t < in->T; t++)
        check_same(c, block.name, some + t * size,
                   block.all + (t * in->B + rows.begin) * block.width, size * sizeof *some);
}

nm_lstm layer_timing(timing *t) {
    const size_t T = t->size[0], B = t->size[1], H = t->size[2];
    nm_lstm layer = {.T = T,
                     .B = B,
                     .I = H,
                     .H = H,
                     .x = timing_floats(t, T * B * H, 1),
                     .reset = timing_zeros(t, T * B, 1),
                     .packed = timing_floats(t, t->ops->lstm_packed_size(H, H, true), 0.05f),
                     .h1 = timing_floats(t, B * H, 0),
                     .c1 = timing_floats(t, B * H, 0),
                     .y = timing_floats(t, T * B * H, 1),
                     .tape = timing_floats(t, t->ops->lstm_tape_size(T, B, H, H), 0)};
    layer.h0 = layer.h1;
    layer.c0 = layer.c1;
    return layer;
}
