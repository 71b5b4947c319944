/* SPDX-License-Identifier: ISC */
/* The factors of a gradient as halves: a term is of two positions. Each column of dy is scaled by a
 * power of two of its own. */
#include "nn/vector/gradient.h"

/* The scales of all tiles' columns. */
typedef struct column_scales {
    float there[MOST_COLUMNS], back[MOST_COLUMNS];
} column_scales;

static size_t columns_of(const nm_piece *p) {
    return (p->tiles.end - p->tiles.begin) * TILE_ROWS;
}

/* LANES columns of dy from c on, counted from the first tile's; zeros beyond the last column and
 * beyond the last position. */
static vec load_columns(const nm_piece *p, size_t position, size_t c) {
    const nm_gradient *g = p->gradient;
    const size_t column = p->tiles.begin * TILE_ROWS + c, count = lanes_below(column, g->columns);
    if (count == 0 || position >= p->positions.end)
        return (vec){0};
    return load_part(g->dy + position * g->columns + column, count);
}

static void find_scales(const nm_piece *p, column_scales *scale) {
    ivec most[MOST_COLUMNS / LANES] = {{0}};
    for (size_t position = p->positions.begin; position < p->positions.end; position++)
        for (size_t c = 0; c < columns_of(p); c += LANES)
            most[c / LANES] = larger_magnitude(most[c / LANES], load_columns(p, position, c));
    for (size_t c = 0; c < columns_of(p); c += LANES) {
        const scales of = scales_for(most[c / LANES]);
        store(scale->there + c, of.there);
        store(scale->back + c, of.back);
    }
}

/* One turn of all tiles. */
static void pack_turn(const nm_piece *p, float to[MOST_COLUMNS], const column_scales *scale,
                      size_t turn) {
    const size_t position = p->positions.begin + 2 * turn;
    for (size_t c = 0; c < columns_of(p); c += LANES) {
        const vec there = load(scale->there + c);
        const __m256h a = _mm512_cvtxps_ph((__m512)(load_columns(p, position, c) * there)),
                      b = _mm512_cvtxps_ph((__m512)(load_columns(p, position + 1, c) * there));
        const terms low = (terms)_mm512_cvtepu16_epi32((__m256i)a),
                    high = (terms)_mm512_cvtepu16_epi32((__m256i)b);
        store_terms(to + c, low | (high << 16));
    }
}

/* `count` rows of all tiles, from `row` on: row after row, to tile after tile. */
static void scatter(const nm_piece *p, float (*from)[MOST_COLUMNS], nm_range rows) {
    for (size_t tile = 0; tile < p->tiles.end - p->tiles.begin; tile++) {
        float *to = p->tiles_of_dy + tile * TILE_SIZE;
        for (size_t row = rows.begin; row < rows.end; row++)
            memcpy(to + row * TILE_ROWS, from[row - rows.begin] + tile * TILE_ROWS,
                   TILE_ROWS * sizeof *to);
    }
}

/* Some turns at a time, so that a tile's lines stay in the cache. */
void nm_pack_tiles(const nm_piece *p) {
    enum { FEW = 8 };
    column_scales scale;
    float columns[FEW][MOST_COLUMNS];
    const size_t turns = turns_of(p->positions.end - p->positions.begin);
    find_scales(p, &scale);
    scatter(p, &scale.back, (nm_range){0, 1});
    for (size_t turn = 0; turn < turns; turn += FEW) {
        const size_t few = turns - turn < FEW ? turns - turn : FEW;
        const size_t begin = p->positions.begin + TERM * turn, end = begin + TERM * few;
        for (size_t i = 0; i < few; i++)
            pack_turn(p, columns[i], &scale, turn + i);
        nm_sum_columns(p, (nm_range){begin, end < p->positions.end ? end : p->positions.end});
        scatter(p, columns, (nm_range){1 + turn, 1 + turn + few});
    }
}
