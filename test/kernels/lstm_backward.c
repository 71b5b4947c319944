/* SPDX-License-Identifier: ISC */
/* lstm_backward, after forward, against the reference in double; for several threads; and dx for
 * rows without those beside them. */
#include "layer.h"

#include <math.h>
#include <string.h>

/* Forward and backward; y, the input of backward, is frozen between. */
static nm_lstm_grad differentiate(check *c, nm_pool *pool, const layer_inputs *in,
                                  const float *packed, bool wants_dx) {
    const size_t T = in->T, B = in->B, I = in->I, H = in->H;
    const nm_lstm layer = layer_forward(c, pool, in, packed, check_chance(c, 0.5));
    check_freeze(c, layer.y);
    const nm_lstm_grad grad = {
        .dy = in->dy,
        .dx = wants_dx ? check_floats(c, "dx", layer_x_rows(in) * I, ANYWHERE) : NULL,
        .dweight_ih = check_copy(c, "dweight_ih", in->dweight_ih_before, 4 * H * I),
        .dweight_hh = check_copy(c, "dweight_hh", in->dweight_hh_before, 4 * H * H),
        .dbias = check_copy(c, "dbias", in->dbias_before, 4 * H),
        .scratch = check_floats(c, "scratch", c->ops->lstm_scratch_size(T, B, I, H), ALIGNED)};
    c->ops->lstm_backward(pool, &layer, &grad);
    return grad;
}

static void check_gradient(check *c, const char *name, const float *got, check_wanted wanted) {
    wanted.tolerance *= fmax(1, check_magnitude(wanted.values, wanted.count));
    check_near(c, name, got, wanted);
}

static void check_values(check *c, const layer_inputs *in, const nm_lstm_grad *got) {
    const layer_in_double wanted = layer_wanted(c, in);
    const size_t G = 4 * in->H;
    const double near = layer_tolerance(c, in->T * in->B);
    if (got->dx)
        check_gradient(c, "dx", got->dx, (check_wanted){wanted.dx, layer_x_rows(in) * in->I, near});
    check_gradient(c, "dweight_ih", got->dweight_ih,
                   (check_wanted){wanted.dweight_ih, G * in->I, near});
    check_gradient(c, "dweight_hh", got->dweight_hh,
                   (check_wanted){wanted.dweight_hh, G * in->H, near});
    check_gradient(c, "dbias", got->dbias, (check_wanted){wanted.dbias, G, near});
}

static void check_threads(check *c, const layer_inputs *in, const float *packed,
                          const nm_lstm_grad *first) {
    const size_t G = 4 * in->H, of_dx = first->dx ? layer_x_rows(in) * in->I : 0;
    for (size_t i = 1; i < c->pool_count; i++) {
        const nm_lstm_grad got = differentiate(c, c->pools[i], in, packed, first->dx != NULL);
        check_same(c, "dx", got.dx, first->dx, of_dx * sizeof(float));
        check_same(c, "dweight_ih", got.dweight_ih, first->dweight_ih, G * in->I * sizeof(float));
        check_same(c, "dweight_hh", got.dweight_hh, first->dweight_hh, G * in->H * sizeof(float));
        check_same(c, "dbias", got.dbias, first->dbias, G * sizeof(float));
    }
}

static void check_rows(check *c, const layer_inputs *in, const float *packed,
                       const nm_lstm_grad *all) {
    const size_t one = check_draw(c, in->B), begin = check_draw(c, in->B);
    const nm_range ranges[] = {{one, one + 1}, {begin, begin + 1 + check_draw(c, in->B - begin)}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const layer_inputs some = layer_rows(c, in, ranges[i]);
        const nm_lstm_grad got = differentiate(c, c->pools[0], &some, packed, true);
        layer_same_rows(c, in, ranges[i], (layer_block){"dx of some rows", all->dx, in->I}, got.dx);
    }
}

static layer_inputs draw(check *c, const size_t sizes[4]) {
    layer_inputs in = layer_draw(c, sizes);
    in.dy = check_inputs(c, "dy", in.T * in.B * in.H, 1);
    in.dweight_ih_before = check_inputs(c, "dweight_ih before", 4 * in.H * in.I, 1);
    in.dweight_hh_before = check_inputs(c, "dweight_hh before", 4 * in.H * in.H, 1);
    in.dbias_before = check_inputs(c, "dbias before", 4 * in.H, 1);
    return in;
}

static void check_case(check *c, const size_t sizes[4]) {
    const layer_inputs in = draw(c, sizes);
    const bool wants_dx = in.x && check_chance(c, 0.7);
    const float *packed = layer_pack(c, c->pools[0], &in, true);
    const nm_lstm_grad first = differentiate(c, c->pools[0], &in, packed, wants_dx);
    check_values(c, &in, &first);
    check_threads(c, &in, packed, &first);
    if (wants_dx && !in.words)
        check_rows(c, &in, packed, &first);
    check_end(c);
}

/* A NaN that reaches the loss stays visible in all gradients of weights that it should, at a reset
 * too. */
static void check_nan(check *c) {
    layer_inputs in = draw(c, (const size_t[]){3, 5, 10, 21});
    float *dy = check_copy(c, "dy", in.dy, 3 * 5 * 21);
    dy[(1 * 5 + 2) * 21 + 3] = NAN;
    in.dy = dy;
    const float *packed = layer_pack(c, c->pools[0], &in, true);
    const nm_lstm_grad got = differentiate(c, c->pools[0], &in, packed, in.x != NULL);
    check_values(c, &in, &got);
    check_end(c);
}

static void check_lstm_backward(check *c) {
    for (size_t i = 0; i < 8; i++)
        check_nan(c);
    check_case(c, (const size_t[]){2, 3, 0, 5});
    layer_each(c, check_case);
}

typedef struct backward_call {
    nm_lstm layer;
    nm_lstm_grad grad;
} backward_call;

static void prepare(timing *t) {
    const size_t T = t->size[0], B = t->size[1], H = t->size[2];
    backward_call *call = t->call = timing_zeros(t, 1, sizeof *call);
    call->layer = layer_timing(t);
    call->grad =
        (nm_lstm_grad){.dy = timing_floats(t, T * B * H, 1),
                       .dx = timing_floats(t, T * B * H, 0),
                       .dweight_ih = timing_floats(t, 4 * H * H, 0),
                       .dweight_hh = timing_floats(t, 4 * H * H, 0),
                       .dbias = timing_floats(t, 4 * H, 0),
                       .scratch = timing_floats(t, t->ops->lstm_scratch_size(T, B, H, H), 0)};
    t->flop = 32 * (double)(T * B) * (double)(H * H);
}

/* On the tape that is there: the values do not matter to the time, if they are not denormal. */
static void run(void *data) {
    timing *t = data;
    const backward_call *call = t->call;
    const nm_lstm *layer = &call->layer;
    memset(layer->tape, 0,
           t->ops->lstm_tape_size(layer->T, layer->B, layer->I, layer->H) * sizeof(float));
    t->ops->lstm_backward(t->context->pool, layer, &call->grad);
}

static const size_t shapes[][TIMING_SIZES] = {{64, 16, 256}, {64, 16, 512}, {88, 640, 64}};

const operation lstm_backward_operation = {.name = "lstm_backward",
                                           .check = check_lstm_backward,
                                           .letters = {"T", "B", "H"},
                                           .shapes = shapes,
                                           .shape_count = sizeof shapes / sizeof *shapes,
                                           .prepare = prepare,
                                           .run = run};
