/* SPDX-License-Identifier: ISC */
/* The reference with real = double, fed with floats: what a table in float comes near to. */
#ifndef NM_TEST_IN_DOUBLE_H
#define NM_TEST_IN_DOUBLE_H

#include "base/pool.h"

/* y [m,n] = x wᵀ + bias + before; bias and before may be NULL. */
typedef struct product_inputs {
    size_t m, n, k;
    bool is_transposed; /* w is [k,n] */
    const float *x, *w, *bias, *before;
} product_inputs;

void matmul_in_double(nm_pool *pool, double *y, const product_inputs *in);

/* dw [n,k] = dw_before + dyᵀ x; dbias [n] = dbias_before + sums of dy, where that is not NULL. */
typedef struct gradient_inputs {
    size_t m, n, k;
    const float *dy, *x, *dw_before, *dbias_before;
} gradient_inputs;

void matmul_grad_in_double(nm_pool *pool, double *dw, double *dbias, const gradient_inputs *in);

/* As nm_lstm and nm_lstm_grad; gradients of weights start from `before`. */
typedef struct layer_inputs {
    size_t T, B, I, H;
    size_t D;       /* rows of x that words name; 0 without */
    const float *x; /* NULL: one-hot */
    const uint32_t *words;
    const uint8_t *reset;
    const float *weight_ih, *weight_hh, *bias, *h0, *c0;
    const float *dy; /* NULL: forward only */
    const float *dweight_ih_before, *dweight_hh_before, *dbias_before;
} layer_inputs;

typedef struct layer_in_double {
    double *y, *h1, *c1, *dx, *dweight_ih, *dweight_hh, *dbias; /* dx may be NULL */
} layer_in_double;

void lstm_in_double(nm_pool *pool, const layer_in_double *out, const layer_inputs *in);

/* As nm_softmax_loss; `logits` are the inputs. */
typedef struct softmax_inputs {
    size_t N, V;
    const float *logits;
    const uint32_t *targets, *rules;
    const uint8_t *masks, *valid;
    float scale, smoothing;
} softmax_inputs;

void softmax_in_double(nm_pool *pool, double *logits, double *loss, uint8_t *correct,
                       const softmax_inputs *in);

#endif
