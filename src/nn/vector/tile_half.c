/* SPDX-License-Identifier: ISC */
/* The micro-kernel for halves. Sums of halves are short: after RUN turns they are widened and added
 * to sums of floats in memory. In a turn a lane multiplies one half of its terms with one of the
 * factor's, so two lanes sum up a column. */
#include "nn/vector/tile_sizes.h"

/* Turns: 64 of the depth. Half as many would cost a seventh of the speed, twice as many gain 8 %
 * and err a third more. */
enum { RUN = 32, PREFETCHED_TURNS = 8 };

typedef struct half_sums {
    hvec of[TILE_ROWS][VECTORS];
} half_sums;

/* Adds, in each lane, what the neighbour has. */
INLINE hvec add_neighbours(hvec x) {
    const terms pair = (terms)x;
    return x + (hvec)((pair << 16) | (pair >> 16));
}

/* Sums of one run to the sums of all, each row times `back`. */
INLINE void widen_sums(float *sums, const nm_tile_size size, const half_sums *run,
                       const float *const *back, bool is_first) {
    UNROLL for (unsigned r = 0; r < size.rows; r++) {
        const vec scale = broadcast(*back[r]);
        UNROLL for (unsigned q = 0; q < size.vectors; q += 2) {
            float *to = sums + r * PANEL + q * LANES;
            const terms even = (terms)add_neighbours(run->of[r][q]),
                        odd = (terms)add_neighbours(run->of[r][q + 1]);
            const terms both = (even & 0xffffu) | (odd & 0xffff0000u);
            const vec low = widen(both, 0), high = widen(both, 1);
            store(to, add_product(is_first ? (vec){0} : load(to), low, scale));
            store(to + LANES, add_product(is_first ? (vec){0} : load(to + LANES), high, scale));
        }
    }
}

INLINE void fetch(const nm_tile_size size, const float *w, nm_ahead *ahead) {
    UNROLL for (size_t q = 0; q < size.vectors; q++)
        __builtin_prefetch(w + PREFETCHED_TURNS * PANEL + q * LANES, 0, 3);
    __builtin_prefetch(ahead->at, 0, 2);
    __builtin_prefetch(ahead->at + 64, 0, 2);
    ahead->at += ahead->step;
}

/* sums[r][c] = a[r][-step] times the sum over k of a[r][k step] w[k][c]. `size` and `step` are
 * constants where it is used. */
INLINE void multiply(float *sums, const nm_tile_size size, const float *const *a, const size_t step,
                     const float *w, size_t turns, nm_ahead ahead) {
    const float *back[TILE_ROWS];
    UNROLL for (unsigned r = 0; r < size.rows; r++) back[r] = a[r] - step;
    size_t k = 0;
    do {
        const size_t begin = k, end = k + RUN < turns ? k + RUN : turns;
        half_sums run = {{{{0}}}};
        for (; k < end; k++) {
            hvec factor[TILE_ROWS];
            UNROLL for (unsigned r = 0; r < size.rows; r++) factor[r] =
                broadcast_term(a[r] + k * step);
            UNROLL for (unsigned q = 0; q < size.vectors; q++) {
                hvec column = (hvec)load_terms(w + k * PANEL + q * LANES);
                PIN(column);
                UNROLL for (unsigned r = 0; r < size.rows; r++) run.of[r][q] =
                    add_half_product(run.of[r][q], factor[r], column);
            }
            fetch(size, w + k * PANEL, &ahead);
        }
        widen_sums(sums, size, &run, back, begin == 0);
    } while (k < turns);
}

/* Even and odd columns go together, so that the last panel takes two or four vectors. */
INLINE void multiply_rows(float *sums, const unsigned rows, unsigned vectors, const float *const *a,
                          const size_t step, const float *w, size_t turns, nm_ahead ahead) {
    if (vectors <= 2)
        multiply(sums, (nm_tile_size){rows, 2}, a, step, w, turns, ahead);
    else
        multiply(sums, (nm_tile_size){rows, VECTORS}, a, step, w, turns, ahead);
}

void nm_tile_of_rows(float *sums, nm_tile_size size, const float *const *a, const float *w,
                     size_t turns, nm_ahead ahead) {
    AT_ROWS(multiply_rows, sums, size.rows, size.vectors, a, 1, w, turns, ahead)
}

/* There is nothing to fetch ahead: both factors were just packed. */
void nm_tile_of_columns(float *sums, unsigned vectors, const float *a, const float *w,
                        size_t turns) {
    const float *columns[TILE_ROWS];
    for (unsigned r = 0; r < TILE_ROWS; r++)
        columns[r] = a + TILE_ROWS + r;
    multiply_rows(sums, TILE_ROWS, vectors, columns, TILE_ROWS, w, turns,
                  (nm_ahead){(const char *)w, 0});
}
