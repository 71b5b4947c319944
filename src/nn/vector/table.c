/* SPDX-License-Identifier: ISC */
/* The table of one instruction set. */
#include "nn/vector/kernels.h"
#include "nn/vector/tables.h"

#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)

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
    .narrow_size = nm_narrow_size,
    .narrow_pack = nm_narrow_pack,
    .narrow_matmul = nm_narrow_matmul,
    .narrow_lstm_size = nm_narrow_lstm_size,
    .narrow_lstm_pack = nm_narrow_lstm_pack,
    .narrow_lstm_forward = nm_narrow_lstm_forward,
    .softmax_loss = nm_softmax_run,
    .random_draws = nm_random_draws,
};
