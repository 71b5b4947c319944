/* SPDX-License-Identifier: ISC */
/* lstm_pack: the same bits for any number of threads; and forward gives the same whether or not the
 * weights were packed for backward too. What is packed, the checks of forward and backward show. */
#include "layer.h"

static void check_case(check *c, const size_t sizes[4]) {
    const layer_inputs in = layer_draw(c, sizes);
    for (int for_backward = 0; for_backward < 2; for_backward++) {
        const size_t size = c->ops->lstm_packed_size(in.I, in.H, for_backward);
        const float *first = layer_pack(c, c->pools[0], &in, for_backward);
        for (size_t i = 1; i < c->pool_count; i++)
            check_same(c, "packed by several threads",
                       layer_pack(c, c->pools[i], &in, for_backward), first, size * sizeof *first);
    }
    const float *both = layer_pack(c, c->pools[0], &in, true),
                *forward = layer_pack(c, c->pools[0], &in, false);
    check_same(c, "y of weights packed for forward alone",
               layer_forward(c, c->pools[0], &in, forward, false).y,
               layer_forward(c, c->pools[0], &in, both, false).y,
               in.T * in.B * in.H * sizeof(float));
    check_end(c);
}

static void check_lstm_pack(check *c) {
    check_case(c, (const size_t[]){2, 3, 0, 5});
    size_t sizes[4] = {1, 2};
    for (size_t i = 0; check_sizes(c, i, sizes + 2, 2, 100000); i++)
        if (sizes[2] <= LAYER_WIDEST && sizes[3] <= LAYER_WIDEST)
            check_case(c, sizes);
}

typedef struct pack_call {
    float *packed, *weight_ih, *weight_hh, *bias;
} pack_call;

static void prepare(timing *t) {
    const size_t I = t->size[0], H = t->size[1];
    pack_call *call = t->call = timing_zeros(t, 1, sizeof *call);
    call->weight_ih = timing_floats(t, 4 * H * I, 0.05f);
    call->weight_hh = timing_floats(t, 4 * H * H, 0.05f);
    call->bias = timing_floats(t, 4 * H, 0.1f);
    call->packed = timing_floats(t, t->ops->lstm_packed_size(I, H, true), 0.05f);
}

static void run(void *data) {
    timing *t = data;
    const pack_call *call = t->call;
    t->ops->lstm_pack(t->context->pool, call->packed, t->size[0], t->size[1], call->weight_ih,
                      call->weight_hh, call->bias, true);
}

static const size_t shapes[][TIMING_SIZES] = {{256, 256, 1}, {512, 512, 1}};

const operation lstm_pack_operation = {.name = "lstm_pack",
                                       .check = check_lstm_pack,
                                       .letters = {"I", "H"},
                                       .shapes = shapes,
                                       .shape_count = sizeof shapes / sizeof *shapes,
                                       .prepare = prepare,
                                       .run = run};
