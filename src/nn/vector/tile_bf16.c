/* SPDX-License-Identifier: ISC */
/* The micro-kernel of weights in bf16: those of two turns of the depth lie side by side, and become
 * floats by a shift and a mask. The sums are those of tile.c with the same weights in floats. */
#include "nn/vector/narrow.h"
#include "nn/vector/tile_sizes.h"

enum { AHEAD = 12 }; /* turns, of four lines or fewer: measured, 24 and 48 were slower */

/* `size` is constant where it is used. */
INLINE void multiply(float *sums, const nm_tile_size size, const float *const *a, const uint32_t *w,
                     size_t depth) {
    vec sum[TILE_ROWS][VECTORS] = {{{0}}};
    const float *row[TILE_ROWS];
    UNROLL for (unsigned r = 0; r < size.rows; r++) row[r] = a[r];
    for (size_t k = 0; k + 1 < depth; k += 2, w += PANEL) {
        UNROLL for (unsigned q = 0; q < size.vectors; q++) {
            uvec pair = (uvec)load((const float *)(w + q * LANES));
            PIN(pair);
            const vec low = (vec)(pair << 16), high = (vec)(pair & 0xffff0000u);
            UNROLL for (unsigned r = 0; r < size.rows; r++) {
                sum[r][q] = add_product(sum[r][q], broadcast(row[r][k]), low);
                sum[r][q] = add_product(sum[r][q], broadcast(row[r][k + 1]), high);
            }
            __builtin_prefetch(w + AHEAD * PANEL + q * LANES, 0, 3);
        }
    }
    if (depth % 2)
        UNROLL for (unsigned q = 0; q < size.vectors; q++) {
            const vec low = (vec)((uvec)load((const float *)(w + q * LANES)) << 16);
            UNROLL for (unsigned r = 0; r < size.rows; r++) sum[r][q] =
                add_product(sum[r][q], broadcast(row[r][depth - 1]), low);
        }
    UNROLL for (unsigned r = 0; r < size.rows; r++) {
        UNROLL for (unsigned q = 0; q < size.vectors; q++)
            store(sums + r * PANEL + q * LANES, sum[r][q]);
    }
}

INLINE void multiply_rows(float *sums, const unsigned rows, unsigned vectors, const float *const *a,
                          const uint32_t *w, size_t depth) {
    AT_VECTORS(multiply, sums, rows, vectors, a, w, depth)
}

void nm_tile_of_bf16(float *sums, nm_tile_size size, const float *const *a, const uint32_t *w,
                     size_t depth) {
    AT_ROWS(multiply_rows, sums, size.rows, size.vectors, a, w, depth)
}
