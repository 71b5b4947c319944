/* SPDX-License-Identifier: ISC */
/* A term is what a lane multiplies in one turn of the depth: here a float. */
#ifndef NM_NN_VECTOR_TERM_FLOAT_H
#define NM_NN_VECTOR_TERM_FLOAT_H

#include "nn/vector/simd.h"

/* Numbers of the depth; rows that a tile takes at once. */
enum { TERM = 1, ROW_STEP = 1 };

/* Floats of a gradient's tile beside its terms: a line behind each column's, lest lines of all
 * columns meet in the same few places of the cache. */
enum { TILE_MORE = TILE_ROWS * 16 };

INLINE size_t turns_of(size_t depth) {
    return depth;
}

/* In which k stands. */
INLINE size_t turn_of(size_t k) {
    return k;
}

/* The column whose term lies there in a panel's turn. */
INLINE size_t column_at(size_t slot) {
    return slot;
}

/* LANES terms of a row from k on; zeros beyond its end. */
INLINE uvec terms_at(const float *row, size_t k, size_t size) {
    return (uvec)load_part(row + k, lanes_below(k, size));
}

/* Row k of a panel, its columns from q LANES on. */
INLINE vec load_packed(const float *panel, size_t k, size_t q) {
    return load(panel + k * PANEL + q * LANES);
}

#endif
