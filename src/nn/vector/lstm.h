/* SPDX-License-Identifier: ISC */
/* Where an LSTM layer's packed weights and tape lie. Beside T, B, I, H of nm_lstm: N = T B;
 * K blocks of LANES units; units K LANES, padded; G = K PANEL gates, padded, in the order
 * [block][i f g o][unit in block]. Padded units are always 0 in c and their gates' gradients too.
 */
#ifndef NM_NN_VECTOR_LSTM_H
#define NM_NN_VECTOR_LSTM_H

#include "nn/vector/kernels.h"

/* Offsets in floats. */
typedef struct nm_lstm_layout {
    size_t blocks, units, gates;        /* K, K LANES, G */
    size_t ih, hh, bias;                /* of forward: panels of weight_ihᵀ, weight_hhᵀ; [G] */
    size_t hh_backward, ih_backward;    /* panels of the weights as they are */
    size_t forward_size, backward_size; /* of both together */
} nm_lstm_layout;

INLINE nm_lstm_layout lstm_layout_of(size_t I, size_t H) {
    nm_lstm_layout at = {.blocks = blocks_of(H)};
    at.units = at.blocks * LANES;
    at.gates = at.blocks * PANEL;
    at.hh = at.ih + at.gates * turns_of(I);
    at.bias = at.hh + at.gates * turns_of(H);
    at.forward_size = at.bias + at.gates;
    at.hh_backward = at.forward_size;
    at.ih_backward = at.hh_backward + panels_of(H) * PANEL * turns_of(at.gates);
    at.backward_size = at.ih_backward + panels_of(I) * PANEL * turns_of(at.gates);
    return at;
}

/* What forward leaves for backward. Backward turns the gates into their gradients. */
typedef struct nm_lstm_tape {
    float *gates; /* [N,G] */
    float *c;     /* [N,units] */
    float *c0;    /* [B,units] */
    float *h0;    /* [B,H] */
    float *zeros; /* [G], what stands for a row before a reset */
} nm_lstm_tape;

INLINE size_t lstm_tape_count(size_t T, size_t B, size_t H) {
    const nm_lstm_layout layout = lstm_layout_of(0, H);
    return T * B * (layout.gates + layout.units) + B * layout.units + layout.gates + B * H;
}

INLINE nm_lstm_tape lstm_tape_at(float *tape, size_t T, size_t B, size_t H) {
    const nm_lstm_layout layout = lstm_layout_of(0, H);
    nm_lstm_tape at = {.gates = tape};
    at.c = at.gates + T * B * layout.gates;
    at.c0 = at.c + T * B * layout.units;
    at.zeros = at.c0 + B * layout.units;
    at.h0 = at.zeros + layout.gates;
    return at;
}

/* The rows of step t-1 before each row of step t, all steps in one: row t B + b. */
INLINE nm_rows rows_before(const nm_lstm *layer, const nm_lstm_tape *tape, const float *first,
                           const float *sequence, size_t stride) {
    return (nm_rows){.first = first,
                     .rest = sequence,
                     .count = layer->B,
                     .stride = stride,
                     .cut = layer->reset,
                     .zeros = tape->zeros};
}

/* How a thread goes through the steps. Where rows are many, each thread has some with all panels,
 * needs no other thread, and takes `height` rows at a time through all steps; at each step it does
 * with them what is else done for all steps at once: the products with W_ih. What a step leaves is
 * then still in its cache. */
typedef struct nm_course {
    nm_part part;
    size_t height; /* 0: all rows, step by step */
} nm_course;

#define nm_course_of NM_FOR_ISA(nm_course_of)
/* `panels` of what the recurrence computes. */
nm_course nm_course_of(const nm_pool *pool, unsigned thread, const nm_lstm *layer, size_t panels);

/* Rows b of a step t among those of all steps. */
INLINE nm_range rows_at_step(const nm_lstm *layer, nm_range rows, size_t t) {
    return (nm_range){t * layer->B + rows.begin, t * layer->B + rows.end};
}

#endif
