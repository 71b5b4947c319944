/* SPDX-License-Identifier: ISC */
/* How rows are fed to tiles: a block of them becomes terms in the thread's scratch. */
#ifndef NM_NN_VECTOR_FEED_PAIR_H
#define NM_NN_VECTOR_FEED_PAIR_H

#include "nn/vector/kernels.h"

#if defined(NM_TERMS_ARE_PAIRS)

/* Of the scratch, at most half is filled: tiles may read beyond the last row. */
INLINE size_t fed_size(size_t depth) {
    return 2 * turns_of(depth);
}

INLINE float *fed_place(const nm_sweep *sweep, size_t row, nm_range rows, nm_range depth) {
    return sweep->scratch + (row - rows.begin) * (BEFORE_ROW + turns_of(depth.end - depth.begin)) +
           BEFORE_ROW;
}

INLINE void feed_rows(const nm_sweep *sweep, nm_range rows, nm_range depth) {
    for (size_t row = rows.begin; row < rows.end; row++)
        feed_row(fed_place(sweep, row, rows, depth), row_at(&sweep->a, row) + depth.begin,
                 depth.end - depth.begin);
}

INLINE const float *fed_row(const nm_sweep *sweep, size_t row, nm_range rows, nm_range depth) {
    return fed_place(sweep, row, rows, depth);
}

#endif

#endif
