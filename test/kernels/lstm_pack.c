/* SPDX-License-Identifier: ISC */
/* lstm_pack: the same bits for any number of threads; and forward gives the same whether or not the
 * weights were packed for backward too. What is packed, the checks of forward and backward show.
 * Weights that change on the way are packed as they then are, each patch once. */
#include "layer.h"

#include <string.h>

/* Gives the patches of `ih`, which lie in scratch, and of `hh`, which lie where they are; notes how
 * often each weight was asked for. */
typedef struct changing {
    const layer_inputs *in;
    uint8_t *asked_ih, *asked_hh;
} changing;

static nm_patch_rows change(const void *data, nm_lstm_matrix matrix, nm_patch patch,
                            float *scratch) {
    const changing *to = data;
    const bool is_ih = matrix == NM_WEIGHT_IH;
    const size_t width = is_ih ? to->in->I : to->in->H;
    uint8_t *asked = is_ih ? to->asked_ih : to->asked_hh;
    const float *w = is_ih ? to->in->weight_ih : to->in->weight_hh;
    float *copy = scratch;
    for (size_t r = patch.rows.begin; r < patch.rows.end; r++)
        for (size_t i = patch.columns.begin; i < patch.columns.end; i++) {
            asked[r * width + i]++;
            if (is_ih)
                *copy++ = w[r * width + i];
        }
    return is_ih ? (nm_patch_rows){scratch, patch.columns.end - patch.columns.begin}
                 : (nm_patch_rows){w + patch.rows.begin * width + patch.columns.begin, width};
}

static void check_asked(check *c, const uint8_t *asked, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (asked[i] != 1)
            check_fail(c, "weight %zu was asked for %u times", i, asked[i]);
}

/* What lies where the weights were is not looked at. */
static void check_changing(check *c, nm_pool *pool, const layer_inputs *in, const float *wanted) {
    const size_t I = in->I, H = in->H, size = c->ops->lstm_packed_size(I, H, true);
    float *packed = check_floats(c, "packed", size, ALIGNED);
    const changing to = {in, check_bytes(c, "asked", 4 * H * I, 1, ANYWHERE),
                         check_bytes(c, "asked", 4 * H * H, 1, ANYWHERE)};
    memset(to.asked_ih, 0, 4 * H * I);
    memset(to.asked_hh, 0, 4 * H * H);
    const nm_lstm_weights weights = {
        .I = I, .H = H, .bias = in->bias, .renew = change, .renewal = &to};
    c->ops->lstm_pack(pool, packed, &weights, true);
    check_same(c, "packed while it changed", packed, wanted, size * sizeof *packed);
    check_asked(c, to.asked_ih, 4 * H * I);
    check_asked(c, to.asked_hh, 4 * H * H);
}

static void check_case(check *c, const size_t sizes[4]) {
    const layer_inputs in = layer_draw(c, sizes);
    for (int for_backward = 0; for_backward < 2; for_backward++) {
        const size_t size = c->ops->lstm_packed_size(in.I, in.H, for_backward);
        const float *first = layer_pack(c, c->pools[0], &in, for_backward);
        for (size_t i = 1; i < c->pool_count; i++)
            check_same(c, "packed by several threads",
                       layer_pack(c, c->pools[i], &in, for_backward), first, size * sizeof *first);
        for (size_t i = 0; for_backward && i < c->pool_count; i++)
            check_changing(c, c->pools[i], &in, first);
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
    const nm_lstm_weights weights = {.I = t->size[0],
                                     .H = t->size[1],
                                     .weight_ih = call->weight_ih,
                                     .weight_hh = call->weight_hh,
                                     .bias = call->bias};
    t->ops->lstm_pack(t->context->pool, call->packed, &weights, true);
}

static const size_t shapes[][TIMING_SIZES] = {{256, 256, 1}, {512, 512, 1}};

const operation lstm_pack_operation = {.name = "lstm_pack",
                                       .check = check_lstm_pack,
                                       .letters = {"I", "H"},
                                       .shapes = shapes,
                                       .shape_count = sizeof shapes / sizeof *shapes,
                                       .prepare = prepare,
                                       .run = run};
