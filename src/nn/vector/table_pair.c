/* SPDX-License-Identifier: ISC */
/* The table for training with products of fewer bits. Weights of a precision are for other runs:
 * here they are the same numbers, and layers have none. */
#include "nn/vector/table.h"
#include "nn/vector/tables.h"

static size_t size_of_dense(nm_precision precision, size_t n, size_t k) {
    (void)precision;
    return nm_packed_size(n, k);
}

static void pack_dense(nm_pool *pool, nm_precision precision, float *packed, const float *w,
                       size_t n, size_t k) {
    (void)precision;
    nm_pack(pool, packed, w, n, k);
}

static void multiply_dense(nm_pool *pool, nm_precision precision, const nm_matmul *product) {
    (void)precision;
    nm_matmul_run(pool, product);
}

const nm_ops NM_FOR_ISA(nm_ops) = {
    NM_COMMON_ENTRIES,
    .narrow_size = size_of_dense,
    .narrow_pack = pack_dense,
    .narrow_matmul = multiply_dense,
};
