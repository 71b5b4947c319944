/* SPDX-License-Identifier: ISC */
/* The first factor of a gradient as bfloat16, turned: rows are columns of dy. */
#include "nn/vector/gradient.h"

typedef struct square {
    __m512i row[SIDE];
} square;

/* LANES columns of dy; zeros beyond the last, and beyond the last position. */
static vec load_columns(const nm_piece *p, size_t position, size_t column) {
    const nm_gradient *g = p->gradient;
    const size_t count = lanes_below(column, g->columns);
    return count && position < p->positions.end
               ? load_part(g->dy + position * g->columns + column, count)
               : (vec){0};
}

/* Pairs of terms, then fours, then all; each step leaves quarters of 128 bits where they are but
 * the last. */
INLINE square transpose(square s) {
    square t;
    UNROLL for (unsigned i = 0; i < SIDE; i += 2) {
        t.row[i] = _mm512_unpacklo_epi32(s.row[i], s.row[i + 1]);
        t.row[i + 1] = _mm512_unpackhi_epi32(s.row[i], s.row[i + 1]);
    }
    UNROLL for (unsigned i = 0; i < SIDE; i += 4) {
        s.row[i] = _mm512_unpacklo_epi64(t.row[i], t.row[i + 2]);
        s.row[i + 1] = _mm512_unpackhi_epi64(t.row[i], t.row[i + 2]);
        s.row[i + 2] = _mm512_unpacklo_epi64(t.row[i + 1], t.row[i + 3]);
        s.row[i + 3] = _mm512_unpackhi_epi64(t.row[i + 1], t.row[i + 3]);
    }
    enum { EVEN = 0x88, ODD = 0xDD }; /* quarters of both */
    UNROLL for (unsigned i = 0; i < 4; i++) {
        const __m512i even = _mm512_shuffle_i32x4(s.row[i], s.row[i + 4], EVEN),
                      odd = _mm512_shuffle_i32x4(s.row[i], s.row[i + 4], ODD),
                      next_even = _mm512_shuffle_i32x4(s.row[i + 8], s.row[i + 12], EVEN),
                      next_odd = _mm512_shuffle_i32x4(s.row[i + 8], s.row[i + 12], ODD);
        t.row[i] = _mm512_shuffle_i32x4(even, next_even, EVEN);
        t.row[i + 4] = _mm512_shuffle_i32x4(odd, next_odd, EVEN);
        t.row[i + 8] = _mm512_shuffle_i32x4(even, next_even, ODD);
        t.row[i + 12] = _mm512_shuffle_i32x4(odd, next_odd, ODD);
    }
    return t;
}

/* SIDE columns and turns. */
static void pack_square(const nm_piece *p, float *to, size_t column, size_t turn, size_t turns) {
    square s;
    for (size_t i = 0; i < SIDE; i++) {
        const size_t position = p->positions.begin + TERM * (turn + i);
        s.row[i] = (__m512i)merge(load_columns(p, position, column),
                                  load_columns(p, position + 1, column));
    }
    s = transpose(s);
    for (size_t i = 0; i < SIDE; i++)
        store_terms(to + i * turns + turn, (terms)s.row[i]);
}

/* [column of the tile][turn]. */
void nm_pack_tiles(const nm_piece *p) {
    const size_t turns = turns_of(p->positions.end - p->positions.begin);
    for (size_t turn = 0; turn < turns; turn += SIDE)
        for (size_t tile = p->tiles.begin; tile < p->tiles.end; tile++)
            for (size_t row = 0; row < TILE_ROWS; row += SIDE)
                pack_square(p, p->tiles_of_dy + (tile - p->tiles.begin) * TILE_SIZE + row * turns,
                            tile * TILE_ROWS + row, turn, turns);
}
