/* SPDX-License-Identifier: ISC */
/* All parameters of a network: one table of names and shapes, and aligned blocks laid out by it.
 * Weights, gradients, moments and averages are blocks of the same layout. The order is written
 * once, by the network that makes the table. */
#ifndef NM_NN_PARAMS_H
#define NM_NN_PARAMS_H

#include "base/context.h"
#include "nn/real.h"

typedef struct nm_param {
    char name[48]; /* "lstm.0.weight_ih", as in the model file */
    size_t rows;   /* 1 for vectors */
    size_t columns;
    size_t offset;  /* in reals, a multiple of NM_ALIGNMENT / sizeof(real) */
    bool has_decay; /* weight decay applies: matrices and embeddings, not biases and norms */
} nm_param;

enum { NM_MAX_PARAMS = 160 };

typedef struct nm_params {
    nm_param table[NM_MAX_PARAMS];
    size_t count;
    size_t size; /* of a block, in reals, padding included */
} nm_params;

/* Adds one of at most NM_MAX_PARAMS rows and returns its offset. The padding between parameters is
 * always zero. */
size_t nm_params_add(nm_params *params, const char *name, size_t rows, size_t columns,
                     bool has_decay);

/* NULL where there is none of this name. */
const nm_param *nm_params_find(const nm_params *params, const char *name);

/* Reals in all, without the padding. */
size_t nm_params_count_reals(const nm_params *params);

/* A zeroed block; freed by nm_free_aligned. */
real *nm_params_block_new(const nm_params *params, neume_context *context);

#endif
