/* SPDX-License-Identifier: ISC */
#include "nn/layers.h"

size_t nm_dense_packed_size(const nm_ops *ops, const nm_dense *dense) {
    return ops->narrow_size(dense->precision, dense->n, dense->k);
}

void nm_dense_pack(nm_pool *pool, const nm_ops *ops, nm_dense *dense, const real *weight,
                   const real *bias) {
    dense->bias = bias;
    ops->narrow_pack(pool, dense->precision, dense->packed, weight, dense->n, dense->k);
    if (dense->packed_transposed)
        ops->pack_transposed(pool, dense->packed_transposed, weight, dense->k, dense->n);
}

void nm_dense_forward(nm_pool *pool, const nm_ops *ops, const nm_dense *dense, real *y,
                      const real *x, size_t m) {
    ops->narrow_matmul(pool, dense->precision,
                       &(nm_matmul){.m = m,
                                    .n = dense->n,
                                    .k = dense->k,
                                    .x = x,
                                    .packed = dense->packed,
                                    .bias = dense->bias,
                                    .y = y});
}

/* forward was y = x Wᵀ + b, hence dx = dy W;  dW = dyᵀ x;  db = the column sums of dy. */
void nm_dense_backward(nm_pool *pool, const nm_ops *ops, const nm_dense *dense,
                       const nm_dense_grad *grad) {
    ops->matmul_grad(pool, &(nm_matmul_grad){.m = grad->m,
                                             .n = dense->n,
                                             .k = dense->k,
                                             .dy = grad->dy,
                                             .x = grad->x,
                                             .dw = grad->dweight,
                                             .dbias = grad->dbias});
    ops->matmul(pool, &(nm_matmul){.m = grad->m,
                                   .n = dense->k,
                                   .k = dense->n,
                                   .x = grad->dy,
                                   .packed = dense->packed_transposed,
                                   .y = grad->dx,
                                   .accumulate = grad->accumulate});
}
