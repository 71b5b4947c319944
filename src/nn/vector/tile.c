/* SPDX-License-Identifier: ISC */
/* The micro-kernel: the loop in which nearly all the time is spent. Its TILE_ROWS x 4 sums, one
 * factor a row and one vector of w just fill the registers. */
#include "nn/vector/gradient.h"
#include "nn/vector/tile_sizes.h"

/* Of the panel itself, the line of a few turns later into the first-level cache: the panel is
 * longer than that, and small tiles use it up fast. Measured: 4 to 6 rows gain 4 % of peak, and one
 * row, whose weights come from behind the caches, a sixth; two and three gain nothing. */
INLINE void fetch_panel(const nm_tile_size size, const float *w) {
    enum { TURNS = 8 };
    if (!HAS_PREFETCH || size.rows == 2 || size.rows == 3)
        return;
    UNROLL for (size_t q = 0; q < size.vectors; q++)
        __builtin_prefetch(w + TURNS * PANEL + q * LANES, 0, 3);
}

/* What is needed later, into the second-level cache. */
INLINE void fetch_ahead(nm_ahead *ahead) {
    if (!HAS_PREFETCH)
        return;
    __builtin_prefetch(ahead->at, 0, 2);
    __builtin_prefetch(ahead->at + 64, 0, 2);
    ahead->at += ahead->step;
}

/* sums[r][c] = sum over k of a[r][k] w[k][c]. `size` is a constant where it is used. */
INLINE void multiply(float *sums, const nm_tile_size size, const float *const *a, const float *w,
                     size_t depth, nm_ahead ahead) {
    vec sum[TILE_ROWS][VECTORS] = {{{0}}};
    const float *row[TILE_ROWS];
    UNROLL for (unsigned r = 0; r < size.rows; r++) row[r] = a[r];
    for (size_t k = 0; k < depth; k++) {
        vec factor[TILE_ROWS];
        UNROLL for (unsigned r = 0; r < size.rows; r++) factor[r] = broadcast(row[r][k]);
        UNROLL for (unsigned q = 0; q < size.vectors; q++) {
            const float *at = w + k * PANEL + q * LANES;
            if (q > 0)
                LOAD_AFTER(at, sum[size.rows - 1][q - 1]);
            vec column = load(at);
            PIN(column);
            UNROLL for (unsigned r = 0; r < size.rows; r++) sum[r][q] =
                add_product(sum[r][q], factor[r], column);
        }
        fetch_panel(size, w + k * PANEL);
        fetch_ahead(&ahead);
    }
    UNROLL for (unsigned r = 0; r < size.rows; r++) {
        UNROLL for (unsigned q = 0; q < size.vectors; q++)
            store(sums + r * PANEL + q * LANES, sum[r][q]);
    }
}

INLINE void multiply_rows(float *sums, const unsigned rows, unsigned vectors, const float *const *a,
                          const float *w, size_t depth, nm_ahead ahead) {
    AT_VECTORS(multiply, sums, rows, vectors, a, w, depth, ahead)
}

void nm_tile_of_rows(float *sums, nm_tile_size size, const float *const *a, const float *w,
                     size_t depth, nm_ahead ahead) {
    AT_ROWS(multiply_rows, sums, size.rows, size.vectors, a, w, depth, ahead)
}

/* There is nothing to fetch ahead: both factors were just packed. */
void nm_tile_of_columns(float *sums, unsigned vectors, const float *a, const float *w,
                        size_t depth) {
    const float *columns[TILE_ROWS];
    for (unsigned r = 0; r < TILE_ROWS; r++)
        columns[r] = a + r * COLUMN_SIZE;
    multiply_rows(sums, TILE_ROWS, vectors, columns, w, depth, (nm_ahead){(const char *)w, 0});
}
