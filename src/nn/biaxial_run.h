/* SPDX-License-Identifier: ISC */
/* The inside of nm_biaxial_run: where everything that a run changes lies, in one block; and the
 * parts of a pass. The rows of a batch know nothing of each other, so a pass takes some of them at
 * a time (a chunk, as many as memory allows) from the sets to the losses and, in training, back to
 * the gradients; what backward needs of a row is needed no longer when the next chunk begins.
 *
 * Letters beside those of ops.h: K keys, D bits, n <= B the rows of a chunk, I numbers that a key
 * is told, E the width of the last layer along time. Along time, a row of an LSTM is a key of a row
 * of the batch: [T,n,K,..]. Along the keys, it is a step of a row of the batch: [K,n,T,..]. */
#ifndef NM_NN_BIAXIAL_RUN_H
#define NM_NN_BIAXIAL_RUN_H

#include "nn/biaxial.h"
#include "nn/layer_weights.h"

enum { NM_MAX_BITS = 2, NM_MAX_WINDOW = 2 * NM_SET_KEYS - 1, NM_MAX_PERIOD = 32 };

/* I. */
size_t nm_biaxial_input_width(const nm_biaxial_shape *shape);

/* An LSTM layer of one axis, and dropout. Without backward y and out are one. */
typedef struct nm_axis_lstm {
    nm_layer_weights w; /* places: those along time first */
    real *tape;
    real *h, *c;   /* [all rows of the axis,H] */
    real *y, *out; /* [steps,rows,H] */
    real *mask;    /* [all rows of the axis,H]; NULL: no dropout in this run */
    const real *x; /* of the last forward, [steps,rows,I] */
} nm_axis_lstm;

/* The LSTM layers along time or along the keys. */
typedef struct nm_axis {
    unsigned count;
    nm_axis_lstm lstm[NM_MAX_AXIS_LAYERS];
    real *x;        /* [steps,rows,I] what enters the first */
    uint8_t *reset; /* [steps,rows] */
} nm_axis;

struct nm_biaxial_run {
    neume_context *context;
    const nm_ops *ops;
    const nm_biaxial *biaxial;
    nm_run_options options;
    size_t chunk; /* rows of the batch in a chunk, at most */
    real temperature;
    uint32_t low, high;  /* keys that count */
    const real *weights; /* as last packed */
    bool is_noisy;       /* packed with weight-drop, where there is one */
    real *block;         /* in which all that follows lies */
    real *state;         /* [layer][h, c][B,K,H] of the layers along time */
    size_t state_count;

    nm_axis time, note;
    size_t out_weight, out_bias; /* offsets */
    nm_dense out;
    real *logits;            /* [K,n,T,D], or their gradient */
    real *loss[NM_MAX_BITS]; /* [T,B] */
    uint8_t *correct[NM_MAX_BITS];

    real *gradient;   /* a block of the table: of the unscaled losses of the last training pass */
    real *buffers[2]; /* [T,n,K, widest]: gradients in training; outputs in turn otherwise */
    real *scratch;    /* for lstm_backward */
};

/* A run but for its memory: shapes, offsets and the size of a chunk, which is a row at least. */
nm_biaxial_run nm_biaxial_run_plan(const neume_context *context, const nm_biaxial *biaxial,
                                   const nm_run_options *options, size_t chunk_bytes);

/* Places everything in the block; returns the reals that it takes. NULL: only counts. */
size_t nm_biaxial_run_place(nm_biaxial_run *run, real *block);

/* Reals of what a chunk of run->chunk rows takes. */
size_t nm_biaxial_chunk_size(const nm_biaxial_run *plan);

/* The run that was planned. */
neume_status nm_biaxial_run_new_as(nm_biaxial_run **out, neume_context *context,
                                   const nm_biaxial_run *plan, neume_error *error);

/* A pass over T steps, and the rows of the batch that are its chunk. */
typedef struct nm_biaxial_pass {
    nm_biaxial_run *run;
    nm_pool *pool;
    const nm_batch *batch;
    size_t T;
    uint64_t update;
    nm_pass_kind kind;
    size_t first, count; /* rows first..first + count - 1 */
} nm_biaxial_pass;

/* Is key k of the 128 in the set? */
static inline unsigned nm_set_has(const uint32_t *words, uint32_t k) {
    return words[k / 32] >> k % 32 & 1;
}

/* The word of position t B + b of the batch that tells whether key k of the 128 has this bit. */
static inline unsigned nm_target_has(const nm_batch *batch, unsigned bit, size_t position,
                                     uint32_t k) {
    return batch->targets[bit * NM_SET_WORDS + k / 32].words[position] >> k % 32 & 1;
}

/* The inputs [C] of position t B + b: the sets of the step before and the place. */
static inline const uint32_t *nm_inputs_at(const nm_biaxial_pass *p, size_t position) {
    return p->batch->inputs + position * (p->run->biaxial->shape.bits * NM_SET_WORDS + 1);
}

/* run->time.x and .reset of the chunk. */
void nm_biaxial_hear(const nm_biaxial_pass *p);

/* What of an axis a pass computes: rows first..first + rows - 1 of all. */
typedef struct nm_axis_part {
    size_t steps, first, rows;
} nm_axis_part;

/* The masks of all rows for the update. */
void nm_axis_draw_masks(const nm_biaxial_pass *p, const nm_axis *axis, size_t rows);
/* Returns what leaves the last layer, [steps,rows,H]. */
const real *nm_axis_forward(const nm_biaxial_pass *p, nm_axis *axis, const real *x,
                            const nm_axis_part *part);
/* From the gradient `d` of that, one of run->buffers, to run->gradient. Returns the gradient of x;
 * NULL along time, where nobody wants it. */
real *nm_axis_backward(const nm_biaxial_pass *p, const nm_axis *axis, const nm_axis_part *part,
                       real *d);
real *nm_biaxial_other_buffer(const nm_biaxial_run *run, const real *buffer);

/* Packs the layers of an axis. */
void nm_axis_pack(const nm_biaxial_run *run, const nm_axis *axis, const nm_packing *packing);
/* At the end of a training pass: run->gradient of the weights as they were before weight-drop. */
void nm_axis_drop_backward(const nm_biaxial_run *run, const nm_axis *axis);

/* What leaves the axis along time, [T,n,K,E], turned to what enters that along the keys, x
 * [K, stride >= n T, E + D], but for the bits; and back. */
void nm_biaxial_turn(const nm_biaxial_pass *p, real *x, size_t stride, const real *heard);
void nm_biaxial_turn_back(const nm_biaxial_pass *p, real *dheard, const real *dx);

/* The bits of x: those of the key below in the batch. */
void nm_biaxial_tell_truth(const nm_biaxial_pass *p, real *x);

/* Losses and right guesses of the chunk from run->logits; in training these become the gradient. */
void nm_biaxial_judge(const nm_biaxial_pass *p);

#endif
