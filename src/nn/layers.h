/* SPDX-License-Identifier: ISC */
/* The layers around the LSTM, each a pair of forward and backward. They own no memory. Letters as
 * in ops.h; the gradient of x is dx. Each divides its work among the pool's threads so that every
 * sum has one order. */
#ifndef NM_NN_LAYERS_H
#define NM_NN_LAYERS_H

#include "base/rng.h"
#include "nn/batch.h"

#define NM_NO_ROW UINT32_MAX

/* y_n = the sum over c < columns of the rows r_nc of weight [rows,E]; y [N,E]. */
typedef struct nm_embed {
    size_t N, E, columns;
    const uint32_t *rows; /* [N,columns] r_nc, or NM_NO_ROW */
    size_t stride;        /* from r_nc to that of the next position */
    bool accumulate;      /* add to y instead */
} nm_embed;

void nm_embed_forward(nm_pool *pool, const nm_embed *embed, real *y, const real *weight);

/* dweight is added to. */
void nm_embed_backward(nm_pool *pool, const nm_embed *embed, real *dweight, const real *dy);

/* Locked dropout (Gal, Ghahramani 2016): one mask [B,H] for all T steps of a batch; what it keeps
 * is scaled by 1/(1-p). */
typedef struct nm_dropout {
    const nm_ops *ops;
    real probability; /* p, 0 < p < 1 */
    uint64_t seed, update;
    nm_purpose purpose;
    unsigned place; /* 0..15: which of a network's masks of this purpose */
    uint64_t first; /* elements of the mask before these, which other ranks have */
} nm_dropout;

/* The elements `share` of a mask; share.begin is a multiple of NM_MASK_UNIT. To be called inside a
 * job. */
enum { NM_MASK_UNIT = 4 };
void nm_dropout_elements(const nm_dropout *dropout, real *mask, nm_range share);

void nm_dropout_draw(nm_pool *pool, const nm_dropout *dropout, real *mask, size_t count);

/* y_t = x_t * mask, elementwise; `count` = B*H. Forward on x; backward on dy, whose dx it is. y may
 * be x. */
void nm_dropout_apply(nm_pool *pool, real *y, const real *x, const real *mask, size_t T,
                      size_t count);

/* Weight-drop (Merity, Keskar, Socher 2017): y = w * mask, the mask as that of dropout, from its
 * first element on; kept[i] = mask_i != 0. To be called inside a job. */
void nm_weight_drop_forward(const nm_dropout *drop, uint8_t *kept, real *y, const real *w,
                            size_t count);
/* dw, which was that of y, becomes that of w. */
void nm_weight_drop_backward(nm_pool *pool, real probability, const uint8_t *kept, real *dw,
                             size_t count);

/* y [m,n] = x [m,k] Wᵀ + b, W [n,k]. */
typedef struct nm_dense {
    size_t n, k;
    const real *bias;
    real *packed;
    real *packed_transposed; /* NULL where there is no backward */
    nm_precision precision;  /* of packed */
} nm_dense;

/* Reals that dense->packed takes. */
size_t nm_dense_packed_size(const nm_ops *ops, const nm_dense *dense);

void nm_dense_pack(nm_pool *pool, const nm_ops *ops, nm_dense *dense, const real *weight,
                   const real *bias);
void nm_dense_forward(nm_pool *pool, const nm_ops *ops, const nm_dense *dense, real *y,
                      const real *x, size_t m);

typedef struct nm_dense_grad {
    size_t m;
    const real *x, *dy;
    real *dx;              /* overwritten */
    bool accumulate;       /* add to dx instead */
    real *dweight, *dbias; /* added to */
} nm_dense_grad;

void nm_dense_backward(nm_pool *pool, const nm_ops *ops, const nm_dense *dense,
                       const nm_dense_grad *grad);

/* Of the weights of a layer of a run that never goes backward. */
nm_precision nm_layer_precision(const nm_run_options *options, size_t I, size_t H);

/* Layers one after the other, each of which hears the y of the one before. */
void nm_layers_forward(nm_pool *pool, const nm_ops *ops, const nm_run_options *options,
                       const nm_lstm *layers, size_t count);

/* About how long one thread takes for one step of so many rows by a layer, for nm_pool_for. */
double nm_step_nanoseconds(const nm_run_options *options, size_t rows, size_t I, size_t H);

/* Layer norm (Ba, Kiros, Hinton 2016) and batch norm (Ioffe, Szegedy 2015):
 *   y = gain x^ + bias,  x^ = (x - mean) / sqrt(variance + 1e-5)
 * with mean and (biased) variance of a row, or of a column over the valid positions. Positions that
 * are not valid are normalised too, but count for nothing in statistics and gradients. y may be x.
 */
typedef struct nm_norm_pass {
    size_t N, D;
    const uint8_t *valid;    /* [N]; NULL: all are */
    const real *gain, *bias; /* [D] */
    real *mean, *variance;   /* [D], batch norm only; 0 and 1 where no position is valid */
    real *kept;              /* [nm_norm_kept_size] what backward needs; NULL: no backward */
} nm_norm_pass;

/* In reals: N*D + N + D. */
size_t nm_norm_kept_size(size_t N, size_t D);

void nm_layer_norm_forward(nm_pool *pool, const nm_norm_pass *norm, real *y, const real *x);
/* Writes mean and variance of the batch. */
void nm_batch_norm_forward(nm_pool *pool, const nm_norm_pass *norm, real *y, const real *x);
/* By the mean and variance that are given; valid and kept are not looked at. */
void nm_batch_norm_evaluate(nm_pool *pool, const nm_norm_pass *norm, real *y, const real *x);

typedef struct nm_norm_grad {
    const real *dy;      /* [N,D] */
    real *dx;            /* [N,D], overwritten, 0 where not valid; may be dy */
    real *dgain, *dbias; /* [D], added to */
} nm_norm_grad;

void nm_layer_norm_backward(nm_pool *pool, const nm_norm_pass *norm, const nm_norm_grad *grad);
void nm_batch_norm_backward(nm_pool *pool, const nm_norm_pass *norm, const nm_norm_grad *grad);

/* y = max(y, 0), in place. A NaN stays. */
void nm_relu_forward(nm_pool *pool, real *y, size_t count);
/* dy becomes dx, in place; y is what forward gave. */
void nm_relu_backward(nm_pool *pool, real *dy, const real *y, size_t count);

/* Activation regularisation (Merity, McCann, Socher 2017) of h [T,B,H]. */
typedef struct nm_activity {
    size_t T, B, H;
    const uint8_t *reset; /* [T,B] */
    const uint8_t *valid; /* [T,B]; NULL: all are */
} nm_activity;

/* AR: dh += the gradient of  ar mean(h^2)  over the units of valid positions; h after dropout. */
void nm_activity_add_ar(nm_pool *pool, const nm_activity *activity, real ar, real *dh,
                        const real *h);
/* TAR: dh += the gradient of  tar mean((h_t - h_{t-1})^2) where t > 0, both positions are valid
 * and t is no reset; h before dropout. */
void nm_activity_add_tar(nm_pool *pool, const nm_activity *activity, real tar, real *dh,
                         const real *h);

/* y[i] = a x[i], or y[i] += a x[i]. */
void nm_scaled_copy(nm_pool *pool, real *y, real a, const real *x, size_t count);
void nm_scaled_add(nm_pool *pool, real *y, real a, const real *x, size_t count);

/* y[i] = a[i] + b[i]; y may be a. */
void nm_sum(nm_pool *pool, real *y, const real *a, const real *b, size_t count);

/* Copies `width` columns of N rows; strides are from row to row. */
typedef struct nm_columns {
    size_t N, width, to_stride, from_stride;
} nm_columns;

void nm_columns_copy(nm_pool *pool, const nm_columns *columns, real *to, const real *from);

#endif
