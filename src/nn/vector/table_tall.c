/* SPDX-License-Identifier: ISC */
/* The table of AVX-512 for processors that multiply whole numbers in tile registers (AMX). */
#include "nn/vector/narrow.h"
#include "nn/vector/table.h"
#include "nn/vector/tables.h"

static nm_int8_kernel kernel_here(void) {
    return (nm_int8_kernel){.tile = nm_int8_tile_here(),
                            .tall = nm_tall_tile_of_int8,
                            .begin = nm_tiles_begin_avx512amx,
                            .end = nm_tiles_end_avx512amx};
}

static void multiply(nm_pool *pool, nm_precision precision, const nm_matmul *product) {
    const nm_int8_kernel kernel = kernel_here();
    nm_narrow_matmul_by(pool, precision, product, &kernel);
}

static void forward(nm_pool *pool, nm_precision precision, const nm_lstm *layers, size_t count) {
    const nm_int8_kernel kernel = kernel_here();
    nm_narrow_lstm_forward_by(pool, precision, layers, count, &kernel);
}

const nm_ops nm_ops_avx512tall = {
    NM_COMMON_ENTRIES,
    NM_NARROW_ENTRIES,
    .narrow_matmul = multiply,
    .narrow_lstm_forward = forward,
};
