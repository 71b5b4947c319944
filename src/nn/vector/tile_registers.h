/* SPDX-License-Identifier: ISC */
/* Products in tile registers (AMX; Intel SDM 1, chapter 18): one instruction adds the products of
 * LANES rows with LANES columns, LANES terms of four bytes each, to sums. Registers are named by
 * constants: 0 to 3 hold sums, the others factors. A term is two numbers of bfloat16, or with the
 * kernels of floats four whole numbers. */
#ifndef NM_NN_VECTOR_TILE_REGISTERS_H
#define NM_NN_VECTOR_TILE_REGISTERS_H

#include "nn/vector/kernels.h"

#if defined(NM_ISA_AVX512)

/* ADD_PRODUCTS(sums, rows, columns). Fetching the next terms of a panel meanwhile gains nothing for
 * whole numbers. */
#if defined(NM_ISA_AVX512AMX)
#define ADD_PRODUCTS _tile_dpbf16ps
enum { FETCHES = true };
#else
#define ADD_PRODUCTS _tile_dpbusd
enum { FETCHES = false };
#endif

enum { TERM_BYTES = 4, ROW_BYTES = PANEL * TERM_BYTES, VECTOR_BYTES = LANES * TERM_BYTES };

/* Rows of terms, `stride` bytes apart. */
typedef struct tile_rows {
    const char *at;
    size_t stride;
} tile_rows;

/* The next LANES terms of some of a panel's columns. */
INLINE void fetch(const char *w, size_t vectors) {
    UNROLL for (size_t term = LANES; FETCHES && term < 2 * LANES; term++)
        UNROLL for (size_t i = 0; i < vectors; i++)
            __builtin_prefetch(w + term * ROW_BYTES + i * VECTOR_BYTES, 0, 3);
}

INLINE void zero_sums(void) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
}

/* LANES rows, four vectors of columns of a panel. */
INLINE void sum_wide(char *sums, tile_rows a, const char *w, size_t depth) {
    zero_sums();
    for (size_t k = 0; k < depth; k += LANES, w += LANES * ROW_BYTES) {
        fetch(w, VECTORS);
        _tile_loadd(4, a.at + k * TERM_BYTES, a.stride);
        _tile_loadd(5, w, ROW_BYTES);
        _tile_loadd(6, w + VECTOR_BYTES, ROW_BYTES);
        ADD_PRODUCTS(0, 4, 5);
        _tile_loadd(7, w + 2 * VECTOR_BYTES, ROW_BYTES);
        ADD_PRODUCTS(1, 4, 6);
        _tile_loadd(5, w + 3 * VECTOR_BYTES, ROW_BYTES);
        ADD_PRODUCTS(2, 4, 7);
        ADD_PRODUCTS(3, 4, 5);
    }
    _tile_stored(0, sums, ROW_BYTES);
    _tile_stored(1, sums + VECTOR_BYTES, ROW_BYTES);
    _tile_stored(2, sums + 2 * VECTOR_BYTES, ROW_BYTES);
    _tile_stored(3, sums + 3 * VECTOR_BYTES, ROW_BYTES);
}

/* The next terms of 2 LANES rows and two vectors of columns. */
INLINE void multiply_high(tile_rows a, const char *w, size_t depth) {
    const char *below = a.at + LANES * a.stride;
    for (size_t k = 0; k < depth; k += LANES, w += LANES * ROW_BYTES) {
        fetch(w, 2);
        _tile_loadd(4, a.at + k * TERM_BYTES, a.stride);
        _tile_loadd(6, w, ROW_BYTES);
        _tile_loadd(5, below + k * TERM_BYTES, a.stride);
        ADD_PRODUCTS(0, 4, 6);
        _tile_loadd(7, w + VECTOR_BYTES, ROW_BYTES);
        ADD_PRODUCTS(2, 5, 6);
        ADD_PRODUCTS(1, 4, 7);
        ADD_PRODUCTS(3, 5, 7);
    }
}

INLINE void store_high(char *upper, char *lower, size_t stride) {
    _tile_stored(0, upper, stride);
    _tile_stored(1, upper + VECTOR_BYTES, stride);
    _tile_stored(2, lower, stride);
    _tile_stored(3, lower + VECTOR_BYTES, stride);
}

INLINE void sum_high(char *sums, tile_rows a, const char *w, size_t depth) {
    zero_sums();
    multiply_high(a, w, depth);
    store_high(sums, sums + LANES * ROW_BYTES, ROW_BYTES);
}

/* Of LANES rows all are summed, or of 2 LANES; of the columns the first vectors, or more. */
INLINE void sum_tile(void *sums, nm_tile_size size, tile_rows a, const void *w, size_t depth) {
    char *to = sums;
    const char *panel = w;
    if (size.rows <= LANES) {
        sum_wide(to, a, panel, depth);
        return;
    }
    sum_high(to, a, panel, depth);
    if (size.vectors > 2)
        sum_high(to + 2 * VECTOR_BYTES, a, panel + 2 * VECTOR_BYTES, depth);
}

#endif

#endif
