/* SPDX-License-Identifier: ISC */
/* The first factor of a gradient as bfloat16, turned: rows are columns of dy. */
#include "nn/vector/gradient.h"
#include "nn/vector/square.h"

/* LANES columns of dy; zeros beyond the last, and beyond the last position. */
static vec load_columns(const nm_piece *p, size_t position, size_t column) {
    const nm_gradient *g = p->gradient;
    const size_t count = lanes_below(column, g->columns);
    return count && position < p->positions.end
               ? load_part(g->dy + position * g->columns + column, count)
               : (vec){0};
}

/* SIDE columns and turns. */
static void pack_square(const nm_piece *p, float *to, size_t column, size_t turn, size_t turns) {
    square s;
    for (size_t i = 0; i < SIDE; i++) {
        const size_t position = p->positions.begin + TERM * (turn + i);
        s.row[i] = merge(load_columns(p, position, column), load_columns(p, position + 1, column));
    }
    s = transpose(s);
    for (size_t i = 0; i < SIDE; i++)
        store_terms(to + i * turns + turn, s.row[i]);
}

/* [column of the tile][turn]. */
void nm_pack_tiles(const nm_piece *p) {
    const nm_range all = p->positions;
    const size_t turns = turns_of(all.end - all.begin);
    for (size_t turn = 0; turn < turns; turn += SIDE) {
        const size_t begin = all.begin + TERM * turn, end = begin + TERM * SIDE;
        for (size_t tile = p->tiles.begin; tile < p->tiles.end; tile++)
            for (size_t row = 0; row < TILE_ROWS; row += SIDE)
                pack_square(p, p->tiles_of_dy + (tile - p->tiles.begin) * TILE_SIZE + row * turns,
                            tile * TILE_ROWS + row, turn, turns);
        nm_sum_columns(p, (nm_range){begin, end < all.end ? end : all.end});
    }
}
