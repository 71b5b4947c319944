/* SPDX-License-Identifier: ISC */
/* The factors of a gradient as floats. */
#include "nn/vector/gradient.h"

/* One tile of some positions: [position][TILE_ROWS], zeros beyond the last column. */
static void pack_tile(const nm_gradient *g, float *to, nm_range positions, size_t tile) {
    const size_t column = tile * TILE_ROWS, left = g->columns - column;
    const float *dy = g->dy + positions.begin * g->columns + column;
    const size_t count = positions.end - positions.begin;
    if (left >= COPIED) {
        for (size_t i = 0; i < count; i++)
            memcpy(to + i * TILE_ROWS, dy + i * g->columns, COPIED * sizeof *to);
        return;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t r = 0; r < TILE_ROWS; r++)
            to[i * TILE_ROWS + r] = r < left ? dy[i * g->columns + r] : 0;
}

/* A few positions at a time, so that their lines stay in the cache from tile to tile. */
void nm_pack_tiles(const nm_piece *p) {
    enum { FEW = 16 };
    const size_t size = p->positions.end - p->positions.begin;
    for (size_t i = 0; i < size; i += FEW) {
        const nm_range few = {p->positions.begin + i,
                              p->positions.begin + (i + FEW < size ? i + FEW : size)};
        for (size_t tile = p->tiles.begin; tile < p->tiles.end; tile++)
            pack_tile(p->gradient,
                      p->tiles_of_dy + (tile - p->tiles.begin) * TILE_SIZE + i * TILE_ROWS, few,
                      tile);
    }
}

/* One panel of x; the rows are far apart, so those some positions later are fetched meanwhile. */
void nm_pack_panel(const nm_piece *p, const nm_gradient_input *of, size_t panel, float *to) {
    enum { LATER = 12 };
    for (size_t position = p->positions.begin; position < p->positions.end; position++) {
        const float *x = row_at(&of->x, position);
        if (position + LATER < p->positions.end)
            fetch_panel_row(row_at(&of->x, position + LATER) + panel * PANEL);
        for (size_t q = 0; q < VECTORS; q++, to += LANES) {
            const size_t column = panel * PANEL + q * LANES;
            const size_t count = lanes_below(column, of->inputs);
            store(to, count ? load_part(x + column, count) : (vec){0});
        }
    }
}
