/* SPDX-License-Identifier: ISC */
/* lstm_forward against the reference in double; for several threads; for rows without those beside
 * them; and two windows against one. */
#include "layer.h"

#include <math.h>
#include <string.h>

static void check_state(check *c, const layer_inputs *in, const nm_lstm *got,
                        const nm_lstm *first) {
    check_same(c, "y", got->y, first->y, in->T * in->B * in->H * sizeof(float));
    check_same(c, "h1", got->h1, first->h1, in->B * in->H * sizeof(float));
    check_same(c, "c1", got->c1, first->c1, in->B * in->H * sizeof(float));
}

/* A song alone is that song in a batch. */
static void check_rows(check *c, const layer_inputs *in, const float *packed, const nm_lstm *all) {
    const size_t one = check_draw(c, in->B), begin = check_draw(c, in->B), H = in->H;
    const nm_range ranges[] = {{one, one + 1}, {begin, begin + 1 + check_draw(c, in->B - begin)}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const nm_range rows = ranges[i];
        const layer_inputs some = layer_rows(c, in, rows);
        const nm_lstm got = layer_forward(c, c->pools[0], &some, packed, true);
        const size_t size = some.B * H * sizeof(float);
        layer_same_rows(c, in, rows, (layer_block){"y of some rows", all->y, H}, got.y);
        check_same(c, "h1 of some rows", got.h1, all->h1 + rows.begin * H, size);
        check_same(c, "c1 of some rows", got.c1, all->c1 + rows.begin * H, size);
    }
}

/* The steps from `begin` to `end`, from the state that was carried there. */
static layer_inputs window_of(const layer_inputs *in, size_t begin, size_t end) {
    layer_inputs window = *in;
    window.T = end - begin;
    window.reset += begin * in->B;
    if (in->words)
        window.words += begin * in->B;
    else
        window.x += begin * in->B * in->I;
    return window;
}

/* Sums have the same order in two windows, with the state carried over, as in one. */
static void check_windows(check *c, const layer_inputs *in, const float *packed,
                          const nm_lstm *all) {
    const size_t T = 1 + check_draw(c, in->T - 1), step = in->B * in->H;
    const layer_inputs before = window_of(in, 0, T);
    layer_inputs after = window_of(in, T, in->T);
    const nm_lstm first = layer_forward(c, c->pools[0], &before, packed, true);
    after.h0 = first.h1;
    after.c0 = first.c1;
    const nm_lstm second = layer_forward(c, c->pools[0], &after, packed, true);
    nm_lstm rest = *all;
    rest.y += T * step;
    check_same(c, "y of a first window", first.y, all->y, T * step * sizeof(float));
    check_state(c, &after, &second, &rest);
}

static void check_values(check *c, const layer_inputs *in, const nm_lstm *got) {
    const layer_in_double wanted = layer_wanted(c, in);
    const size_t state = in->B * in->H;
    const double tolerance = layer_tolerance(c, 1);
    check_near(c, "y", got->y, (check_wanted){wanted.y, in->T * state, tolerance});
    check_near(c, "h1", got->h1, (check_wanted){wanted.h1, state, tolerance});
    check_near(c, "c1", got->c1, (check_wanted){wanted.c1, state, tolerance});
}

static void check_case(check *c, const size_t sizes[4]) {
    const layer_inputs in = layer_draw(c, sizes);
    const float *packed = layer_pack(c, c->pools[0], &in, check_chance(c, 0.5));
    const nm_lstm first = layer_forward(c, c->pools[0], &in, packed, false);
    check_values(c, &in, &first);
    for (size_t i = 1; i < c->pool_count; i++) {
        const nm_lstm again = layer_forward(c, c->pools[i], &in, packed, i % 2);
        check_state(c, &in, &again, &first);
    }
    check_rows(c, &in, packed, &first);
    if (in.T > 1)
        check_windows(c, &in, packed, &first);
    check_end(c);
}

/* A NaN reaches all that it should and nothing else; infinite and huge inputs saturate the gates.
 */
static void check_extremes(check *c) {
    layer_inputs in = {0};
    do {
        check_end(c);
        in = layer_draw(c, (const size_t[]){3, 5, 10, 21});
    } while (in.words);
    float *x = check_copy(c, "x", in.x, 3 * 5 * 10);
    x[(1 * 5 + 2) * 10 + 3] = NAN;
    x[(1 * 5 + 4) * 10 + 3] = 1e30f;
    x[(2 * 5 + 0) * 10 + 3] = INFINITY;
    in.x = x;
    const float *packed = layer_pack(c, c->pools[0], &in, false);
    const nm_lstm got = layer_forward(c, c->pools[0], &in, packed, false);
    check_values(c, &in, &got);
    check_end(c);
}

static void check_lstm_forward(check *c) {
    check_extremes(c);
    check_case(c, (const size_t[]){2, 3, 0, 5});
    layer_each(c, check_case);
}

static void prepare(timing *t) {
    const double T = (double)t->size[0], B = (double)t->size[1], H = (double)t->size[2];
    nm_lstm *call = t->call = timing_zeros(t, 1, sizeof *call);
    *call = layer_timing(t);
    t->flop = 16 * T * B * H * H;
}

static void run(void *data) {
    timing *t = data;
    t->ops->lstm_forward(t->context->pool, t->call);
}

static const size_t shapes[][TIMING_SIZES] = {
    {64, 16, 256}, {64, 16, 512}, {1, 1, 512}, {88, 640, 64}};

const operation lstm_forward_operation = {.name = "lstm_forward",
                                          .check = check_lstm_forward,
                                          .letters = {"T", "B", "H"},
                                          .shapes = shapes,
                                          .shape_count = sizeof shapes / sizeof *shapes,
                                          .prepare = prepare,
                                          .run = run};
