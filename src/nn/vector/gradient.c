/* SPDX-License-Identifier: ISC */
/* dw = dyᵀ x: both factors are packed piece by piece into the thread's scratch, dy as tiles
 * [position][TILE_ROWS], x as panels [position][PANEL]. */
#include "nn/vector/kernels.h"

/* Positions of a piece, which is also the block of the sum; and tiles of dy at a time. */
enum { POSITIONS = 256, TILES = 372 / TILE_ROWS };

_Static_assert((TILES * TILE_ROWS + PANEL) * POSITIONS * sizeof(float) <= NM_POOL_SCRATCH,
               "the packed pieces fit the scratch");

/* Some tiles of some positions. */
typedef struct piece {
    const nm_gradient *gradient;
    nm_range positions, tiles;
    float *tiles_of_dy, *panel_of_x;
} piece;

static void pack_tiles(const piece *p) {
    const nm_gradient *g = p->gradient;
    const size_t size = p->positions.end - p->positions.begin;
    for (size_t position = 0; position < size; position++) {
        const float *dy = g->dy + (p->positions.begin + position) * g->columns;
        for (size_t tile = p->tiles.begin; tile < p->tiles.end; tile++) {
            const size_t column = tile * TILE_ROWS, left = g->columns - column;
            float *to = p->tiles_of_dy + ((tile - p->tiles.begin) * size + position) * TILE_ROWS;
            if (left >= TILE_ROWS)
                memcpy(to, dy + column, TILE_ROWS * sizeof *to);
            else
                for (size_t r = 0; r < TILE_ROWS; r++)
                    to[r] = r < left ? dy[column + r] : 0;
        }
    }
}

static void pack_panel(const piece *p, size_t panel) {
    const nm_gradient *g = p->gradient;
    float *to = p->panel_of_x;
    for (size_t position = p->positions.begin; position < p->positions.end; position++) {
        const float *x = row_at(&g->x, position);
        for (size_t q = 0; q < VECTORS; q++, to += LANES) {
            const size_t column = panel * PANEL + q * LANES;
            const size_t count = lanes_below(column, g->inputs);
            store(to, count ? load_part(x + column, count) : (vec){0});
        }
    }
}

/* dw += the sums of one tile. */
static void add_tile(const nm_gradient *g, const float *sums, size_t tile, size_t panel) {
    for (size_t r = 0; r < TILE_ROWS; r++) {
        const size_t column_of_dy = tile * TILE_ROWS + r;
        const size_t row = row_of_column(g->order, column_of_dy);
        if (column_of_dy >= g->columns || row == NM_NO_ROW)
            continue;
        for (size_t q = 0; q < VECTORS; q++) {
            const size_t column = panel * PANEL + q * LANES;
            const size_t count = lanes_below(column, g->inputs);
            float *dw = g->dw + row * g->inputs + column;
            if (count)
                store_part(dw, load_part(dw, count) + load(sums + r * PANEL + q * LANES), count);
        }
    }
}

static void multiply_panel(const piece *p, size_t panel) {
    _Alignas(64) float sums[TILE_ROWS * PANEL];
    const size_t size = p->positions.end - p->positions.begin;
    pack_panel(p, panel);
    for (size_t tile = p->tiles.begin; tile < p->tiles.end; tile++) {
        const float *dy = p->tiles_of_dy + (tile - p->tiles.begin) * size * TILE_ROWS;
        nm_tile_of_columns(sums, dy, p->panel_of_x, size);
        add_tile(p->gradient, sums, tile, panel);
    }
}

/* dbias += the sums of dy over the positions, one tile's columns at a time. */
static void add_bias(const piece *p) {
    const nm_gradient *g = p->gradient;
    const size_t size = p->positions.end - p->positions.begin;
    for (size_t tile = p->tiles.begin; tile < p->tiles.end; tile++) {
        const float *dy = p->tiles_of_dy + (tile - p->tiles.begin) * size * TILE_ROWS;
        float sum[TILE_ROWS] = {0};
        for (size_t position = 0; position < size; position++)
            for (size_t r = 0; r < TILE_ROWS; r++)
                sum[r] += dy[position * TILE_ROWS + r];
        for (size_t r = 0; r < TILE_ROWS; r++) {
            const size_t row = row_of_column(g->order, tile * TILE_ROWS + r);
            if (tile * TILE_ROWS + r < g->columns && row != NM_NO_ROW)
                g->dbias[row] += sum[r];
        }
    }
}

static nm_range piece_from(size_t begin, size_t end, size_t size) {
    return (nm_range){begin, begin + size < end ? begin + size : end};
}

void nm_gradient_part(const nm_gradient *gradient, const nm_part *part, float *scratch) {
    piece p = {.gradient = gradient,
               .tiles_of_dy = scratch,
               .panel_of_x = scratch + TILES * TILE_ROWS * POSITIONS};
    for (size_t i = 0; i < gradient->positions; i = p.positions.end) {
        p.positions = piece_from(i, gradient->positions, POSITIONS);
        for (size_t tile = part->rows.begin; tile < part->rows.end; tile = p.tiles.end) {
            p.tiles = piece_from(tile, part->rows.end, TILES);
            pack_tiles(&p);
            if (gradient->dbias && part->panels.begin == 0 && part->panels.end > 0)
                add_bias(&p);
            for (size_t panel = part->panels.begin; panel < part->panels.end; panel++)
                multiply_panel(&p, panel);
        }
    }
}
