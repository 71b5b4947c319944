/* SPDX-License-Identifier: ISC */
/* A term is what a lane multiplies in one turn of the depth: here a float. */
#ifndef NM_NN_VECTOR_TERM_FLOAT_H
#define NM_NN_VECTOR_TERM_FLOAT_H

#include "nn/vector/simd.h"

/* Numbers of the depth; rows that a tile takes at once. */
enum { TERM = 1, ROW_STEP = 1 };

/* Floats that are copied for a position of a gradient's tile, more than it has because that is one
 * load and one store; those too many are overwritten by the next position, the last's lie behind
 * the tile. */
enum { COPIED = TILE_ROWS > 4 ? 8 : 4, TILE_MORE = COPIED - TILE_ROWS };

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
