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
    size_t offset;    /* in reals, a multiple of NM_ALIGNMENT / sizeof(real) */
    bool has_decay;   /* weight decay applies: matrices and embeddings, not biases and norms */
    bool is_of_layer; /* a matrix of an LSTM layer */
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

/* The same of the matrix or the vector "part.name"; of a dense layer's weight [rows,columns] and
 * bias; of an LSTM's weight_ih [4H,I], weight_hh [4H,H] and bias [4H]. */
void nm_params_add_matrix(nm_params *params, const char *part, const char *name, size_t rows,
                          size_t columns);
void nm_params_add_vector(nm_params *params, const char *part, const char *name, size_t count);
void nm_params_add_dense(nm_params *params, const char *part, size_t rows, size_t columns);
void nm_params_add_lstm(nm_params *params, const char *part, size_t I, size_t H);

/* First weights of one row of the table: of a matrix, uniform ±1/sqrt(fan-in); of the bias of an
 * LSTM, 1 for the forget gates (gates stand in the order i f g o) and 0 for the others. */
void nm_params_first_matrix(const nm_params *params, size_t index, real *weights, uint64_t seed);
void nm_params_first_gates(const nm_params *params, size_t index, real *weights);

/* NULL where there is none of this name. */
const nm_param *nm_params_find(const nm_params *params, const char *name);
/* The offset of "part.name", which there is. */
size_t nm_params_offset(const nm_params *params, const char *part, const char *name);

/* Reals in all, without the padding. */
size_t nm_params_count_reals(const nm_params *params);

/* A zeroed block; freed by nm_free_aligned. */
real *nm_params_block_new(const nm_params *params, neume_context *context);

#endif
