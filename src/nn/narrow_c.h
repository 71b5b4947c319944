/* SPDX-License-Identifier: ISC */
/* The reference for weights of a precision, and what it shares with the rest of the reference. */
#ifndef NM_NN_NARROW_C_H
#define NM_NN_NARROW_C_H

#include "nn/ops.h"

/* What a row's gates depend on in a step. */
typedef struct nm_lstm_row {
    const real *x; /* [I]; NULL: one-hot, `word` */
    uint32_t word;
    const real *h; /* [H] of the step before; NULL: zeros */
} nm_lstm_row;

/* gates [4H] = W_ih x + W_hh h + b; `scratch` is the thread's of the pool. */
typedef void (*nm_lstm_gates)(const nm_lstm *layer, const nm_lstm_row *row, real *gates,
                              void *scratch);
void nm_c_lstm_forward(nm_pool *pool, const nm_lstm *layer, nm_lstm_gates compute);

/* The entries of the table. */
size_t nm_c_narrow_size(nm_precision precision, size_t n, size_t k);
void nm_c_narrow_pack(nm_pool *pool, nm_precision precision, real *packed, const real *w, size_t n,
                      size_t k);
void nm_c_narrow_matmul(nm_pool *pool, nm_precision precision, const nm_matmul *product);
size_t nm_c_narrow_lstm_size(nm_precision precision, size_t I, size_t H);
void nm_c_narrow_lstm_pack(nm_pool *pool, nm_precision precision, real *packed,
                           const nm_lstm_weights *w);
void nm_c_narrow_lstm_forward(nm_pool *pool, nm_precision precision, const nm_lstm *layers,
                              size_t count);

#endif
