/* SPDX-License-Identifier: ISC */
/* How rows are fed to tiles: floats are taken where they lie. */
#ifndef NM_NN_VECTOR_FEED_FLOAT_H
#define NM_NN_VECTOR_FEED_FLOAT_H

#include "nn/vector/kernels.h"

INLINE size_t fed_size(size_t depth) {
    return depth;
}

INLINE void feed_rows(const nm_sweep *sweep, nm_range rows, nm_range depth) {
    (void)sweep, (void)rows, (void)depth;
}

INLINE const float *fed_row(const nm_sweep *sweep, size_t row, nm_range rows, nm_range depth) {
    (void)rows;
    return row_at(&sweep->a, row) + depth.begin;
}

#endif
