/* SPDX-License-Identifier: ISC */
/* The table for training with products of halves. Weights of a precision are for other runs: here
 * they are the same halves, and layers have none. */
#include "nn/vector/kernels.h"
#include "nn/vector/tables.h"

#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)

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
    .name = TEXT(NM_ISA),
    .packed_size = nm_packed_size,
    .pack = nm_pack,
    .pack_transposed = nm_pack_transposed,
    .matmul = nm_matmul_run,
    .matmul_grad = nm_matmul_grad_run,
    .lstm_packed_size = nm_lstm_packed_size,
    .lstm_table_size = nm_lstm_table_size,
    .lstm_tape_size = nm_lstm_tape_size,
    .lstm_scratch_size = nm_lstm_scratch_size,
    .lstm_pack = nm_lstm_pack,
    .lstm_forward = nm_lstm_forward,
    .lstm_backward = nm_lstm_backward,
    .narrow_size = size_of_dense,
    .narrow_pack = pack_dense,
    .narrow_matmul = multiply_dense,
    .softmax_loss = nm_softmax_run,
    .random_draws = nm_random_draws,
};
