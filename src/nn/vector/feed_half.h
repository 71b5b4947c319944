/* SPDX-License-Identifier: ISC */
/* How rows are fed to tiles: a block of them becomes terms in the thread's scratch, each row scaled
 * by a power of two of its own; before its terms stands what takes that back. So gradients of any
 * size keep their bits, and no sum overflows. */
#ifndef NM_NN_VECTOR_FEED_HALF_H
#define NM_NN_VECTOR_FEED_HALF_H

#include "nn/vector/kernels.h"

#if defined(NM_ISA_AVX512FP16)

INLINE size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

INLINE scales scales_of_row(const float *row, size_t size) {
    ivec most = {0};
    for (size_t k = 0; k < size; k += LANES)
        most = larger_magnitude(most, load_part(row + k, least(size - k, LANES)));
    int32_t all[LANES], highest = 0;
    memcpy(all, &most, sizeof all);
    for (size_t i = 0; i < LANES; i++)
        highest = all[i] > highest ? all[i] : highest;
    return scales_for((ivec){0} + highest);
}

INLINE void feed_row(float *to, const float *row, size_t size) {
    const scales scale = scales_of_row(row, size);
    to[-1] = scale.back[0];
    for (size_t k = 0; k < size; k += 2 * LANES) {
        const size_t count = least(size - k, 2 * LANES);
        store_part(to + k / 2, (vec)load_as_terms(row + k, count, scale.there), turns_of(count));
    }
}

INLINE float *fed_place(const nm_sweep *sweep, size_t row, nm_range rows, nm_range depth) {
    return sweep->scratch + (row - rows.begin) * (1 + turns_of(depth.end - depth.begin)) + 1;
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
