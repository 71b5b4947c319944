/* SPDX-License-Identifier: ISC */
/* The table of one instruction set. */
#include "nn/vector/table.h"
#include "nn/vector/tables.h"

const nm_ops NM_FOR_ISA(nm_ops) = {
    NM_COMMON_ENTRIES,
    NM_NARROW_ENTRIES,
    .narrow_matmul = nm_narrow_matmul,
    .narrow_lstm_forward = nm_narrow_lstm_forward,
};
