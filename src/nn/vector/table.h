/* SPDX-License-Identifier: ISC */
/* The entries that the tables have in common, whatever their terms are. */
#ifndef NM_NN_VECTOR_TABLE_H
#define NM_NN_VECTOR_TABLE_H

#include "nn/vector/kernels.h"

#define NM_TEXT_OF(name) #name
#define NM_TEXT(name) NM_TEXT_OF(name)

#define NM_COMMON_ENTRIES                                                                          \
    .name = NM_TEXT(NM_ISA), .packed_size = nm_packed_size, .pack = nm_pack,                       \
    .pack_transposed = nm_pack_transposed, .matmul = nm_matmul_run,                                \
    .matmul_grad = nm_matmul_grad_run, .lstm_packed_size = nm_lstm_packed_size,                    \
    .lstm_table_size = nm_lstm_table_size, .lstm_tape_size = nm_lstm_tape_size,                    \
    .lstm_scratch_size = nm_lstm_scratch_size, .lstm_pack = nm_lstm_pack,                          \
    .lstm_forward = nm_lstm_forward, .lstm_backward = nm_lstm_backward,                            \
    .softmax_loss = nm_softmax_run, .random_draws = nm_random_draws

/* Those of weights of a precision, but for the products. */
#define NM_NARROW_ENTRIES                                                                          \
    .narrow_size = nm_narrow_size, .narrow_pack = nm_narrow_pack,                                  \
    .narrow_lstm_size = nm_narrow_lstm_size, .narrow_lstm_pack = nm_narrow_lstm_pack

#endif
