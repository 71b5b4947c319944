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

/* One tile of some positions: [position][TILE_ROWS], zeros beyond the last column. */
static void pack_tile(const nm_gradient *g, float *to, nm_range positions, size_t tile) {
    const size_t column = tile * TILE_ROWS, left = g->columns - column;
    for (size_t i = positions.begin; i < positions.end; i++, to += TILE_ROWS) {
        const float *dy = g->dy + i * g->columns + column;
        if (left >= TILE_ROWS)
            memcpy(to, dy, TILE_ROWS * sizeof *to);
        else
            for (size_t r = 0; r < TILE_ROWS; r++)
                to[r] = r < left ? dy[r] : 0;
    }
}

/* A few positions at a time, so that their lines stay in the cache from tile to tile. */
static void pack_tiles(const piece *p) {
    enum { FEW = 16 };
    const size_t size = p->positions.end - p->positions.begin;
    for (size_t i = 0; i < size; i += FEW) {
        const nm_range few = {p->positions.begin + i,
                              p->positions.begin + (i + FEW < size ? i + FEW : size)};
        for (size_t tile = p->tiles.begin; tile < p->tiles.end; tile++)
            pack_tile(p->gradient,
                      p->tiles_of_dy + ((tile - p->tiles.begin) * size + i) * TILE_ROWS, few, tile);
    }
}

/* One panel of x; the rows are far apart, so those some positions later are fetched meanwhile. */
static void pack_panel(const piece *p, size_t panel) {
    enum { LATER = 12 };
    const nm_gradient *g = p->gradient;
    float *to = p->panel_of_x;
    for (size_t position = p->positions.begin; position < p->positions.end; position++) {
        const float *x = row_at(&g->x, position);
        if (position + LATER < p->positions.end)
            fetch_panel_row(row_at(&g->x, position + LATER) + panel * PANEL);
        for (size_t q = 0; q < VECTORS; q++, to += LANES) {
            const size_t column = panel * PANEL + q * LANES;
            const size_t count = lanes_below(column, g->inputs);
            store(to, count ? load_part(x + column, count) : (vec){0});
        }
    }
}

/* The rows of dw that a tile adds to, from the panel's first column on; NULL where there is none.
 */
static void find_rows(const nm_gradient *g, float *dw[TILE_ROWS], size_t tile, size_t panel) {
    for (size_t r = 0; r < TILE_ROWS; r++) {
        const size_t column = tile * TILE_ROWS + r, row = row_of_column(g->order, column);
        dw[r] = column >= g->columns || row == NM_NO_ROW ? NULL
                                                         : g->dw + row * g->inputs + panel * PANEL;
    }
}

/* They are far apart, and no hardware foresees them. */
static void fetch_rows(float *const dw[TILE_ROWS]) {
    for (size_t r = 0; r < TILE_ROWS; r++)
        if (dw[r])
            fetch_panel_row(dw[r]);
}

static void add_sums(float *const dw[TILE_ROWS], const float *sums, size_t columns) {
    for (size_t r = 0; r < TILE_ROWS; r++)
        for (size_t q = 0; dw[r] && q < PANEL; q += LANES) {
            const size_t count = lanes_below(q, columns);
            if (count)
                store_part(dw[r] + q, load_part(dw[r] + q, count) + load(sums + r * PANEL + q),
                           count);
        }
}

static void multiply_panel(const piece *p, size_t panel) {
    _Alignas(64) float sums[TILE_ROWS * PANEL];
    float *dw[TILE_ROWS];
    const unsigned vectors = vectors_of(panel, p->gradient->inputs);
    const size_t size = p->positions.end - p->positions.begin;
    pack_panel(p, panel);
    for (size_t tile = p->tiles.begin; tile < p->tiles.end; tile++) {
        const float *dy = p->tiles_of_dy + (tile - p->tiles.begin) * size * TILE_ROWS;
        find_rows(p->gradient, dw, tile, panel);
        fetch_rows(dw);
        nm_tile_of_columns(sums, vectors, dy, p->panel_of_x, size);
        add_sums(dw, sums, p->gradient->inputs - panel * PANEL);
    }
}

/* sums[c] = the sum over the positions of dy's columns from `column` on, `count` of them. */
static void sum_columns(const piece *p, float sums[PANEL], size_t column, size_t count) {
    vec sum[VECTORS] = {{0}};
    for (size_t i = p->positions.begin; i < p->positions.end; i++) {
        const float *dy = p->gradient->dy + i * p->gradient->columns + column;
        for (size_t q = 0; q < VECTORS; q++)
            sum[q] += load_part(dy + q * LANES, lanes_below(q * LANES, count));
    }
    memcpy(sums, sum, sizeof sum);
}

/* dbias += the sums of dy over the piece. */
static void add_bias(const piece *p) {
    const nm_gradient *g = p->gradient;
    const size_t tiles_end = p->tiles.end * TILE_ROWS;
    const size_t end = tiles_end < g->columns ? tiles_end : g->columns;
    for (size_t column = p->tiles.begin * TILE_ROWS; column < end; column += PANEL) {
        const size_t count = end - column < PANEL ? end - column : PANEL;
        float sums[PANEL];
        sum_columns(p, sums, column, count);
        for (size_t c = 0; c < count; c++) {
            const size_t row = row_of_column(g->order, column + c);
            if (row != NM_NO_ROW)
                g->dbias[row] += sums[c];
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
