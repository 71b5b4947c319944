/* SPDX-License-Identifier: ISC */
/* What networks of any kind learn from: a batch of steps, the kinds of passes over it, and the
 * noise of training passes. */
#ifndef NM_NN_BATCH_H
#define NM_NN_BATCH_H

#include "nn/ops.h"

#include <neume/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NM_MAX_STREAMS = 8 };

/* A stream's part of a batch. */
typedef struct nm_targets {
    const uint32_t *words; /* [T,B] */
    const uint8_t *masks;  /* [rows,V], 1: allowed; NULL: all are */
    const uint32_t *rules; /* [T,B], which row of masks; NULL with masks */
} nm_targets;

/* A batch: T <= max_T steps of B = max_B rows (a run has one B). Inputs, contexts and words are in
 * range at padding too. What a word means is the network's: of "stack" one of a vocabulary, of
 * "biaxial" 32 keys of a set. */
typedef struct nm_batch {
    size_t T;
    const uint32_t *inputs;   /* [T,B,S+F] the S words of the step before, then the features */
    const uint32_t *contexts; /* [T,B,M] of the head's maps; NULL where M = 0 */
    const uint8_t *reset;     /* [T,B], 1: a piece begins here */
    const uint8_t *valid;     /* [T,B], 0: padding; its loss and gradient are 0 */
    nm_targets targets[NM_MAX_STREAMS];
} nm_batch;

typedef enum nm_pass_kind {
    NM_PASS_EVALUATE,  /* no noise, norms by their statistics, the temperature applies */
    NM_PASS_TRAIN,     /* with noise; norms by the batch; keeps what backward needs */
    NM_PASS_STATISTICS /* no noise; norms by the batch: for nm_stack_take_statistics; no losses */
} nm_pass_kind;

/* Regularisation, only in training passes; shares are 0..<1. Activation regularisation (Merity,
 * McCann, Socher 2017) is of the last LSTM layer and its valid positions: ar mean(h'^2), h' what
 * leaves its dropout (and the trunk's norm before it), and tar mean((h_t - h_{t-1})^2), h what
 * enters them, not across resets nor between batches. One-hot inputs know neither feature dropout
 * nor input dropout. */
typedef struct nm_noise {
    real input_dropout;   /* locked, on the embedded input */
    real dropout;         /* locked, after each LSTM, the trunk and the dense layer of each head */
    real feature_dropout; /* each of the S + F rows of a position is left out, without rescaling */
    real weight_drop;     /* of weight_hh of each LSTM, one mask an update */
    real label_smoothing; /* e: the gradient's target is 1 - e on the word, and e shared out evenly
                           * over the allowed words; losses stay -ln p of the word */
    real ar, tar;         /* 0: none */
} nm_noise;

/* Told, as a backward goes on, that the gradients of all parameters from `offset` of the block on
 * are done, except those of what is frozen; and at last, without a word, all. */
typedef struct nm_gradient_watch {
    void (*done_from)(void *data, size_t offset);
    void *data;
} nm_gradient_watch;

/* The state of a run, for each row of a batch: parts one after the other, each [max_B, width]. */
enum { NM_MAX_STATE_PARTS = 2 * (NM_MAX_STREAMS + 8) };
typedef struct nm_state_parts {
    size_t widths[NM_MAX_STATE_PARTS];
    unsigned count;
} nm_state_parts;

/* Memory and noise of a network's run. */
typedef struct nm_run_options {
    size_t max_T, max_B;
    bool for_training;    /* keeps what backward needs */
    nm_products products; /* computes with nm_ops_at, which there must be */
    nm_noise noise;
    uint64_t seed;           /* of all masks */
    size_t all_rows;         /* of this run and its likes, which train together; 0: max_B */
    size_t first_row;        /* of these, that of this run: masks of rows are those of one run */
    nm_gradient_watch watch; /* of backwards; or {NULL} */
    size_t moving_from;      /* no gradient is wanted of what lies before it in a block */
    nm_precision precision;  /* of the weights of layers and matrices, rows of the embedding and the
                              * logits of a key excepted; of a training run NM_FP32 */

    /* Of a run for other than training, at NM_FP32: where its packed weights lie, a training run of
     * the same stack that computes with NM_PRODUCTS_FP32, and has to pack before it computes again.
     * NULL: in memory of its own. */
    const struct nm_stack_run *lender;
} nm_run_options;

/* Fails with NEUME_BAD_USAGE where max_T, max_B or the noise are out of range, or training is to be
 * done at another precision than NM_FP32. */
neume_status nm_run_options_check(const nm_run_options *options, neume_error *error);

#endif
