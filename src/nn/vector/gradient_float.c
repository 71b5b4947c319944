/* SPDX-License-Identifier: ISC */
/* The factors of a gradient as floats. */
#include "nn/vector/gradient.h"
#include "nn/vector/turn.h"

/* The columns of a piece's tiles: those of dy from `first` on, of which there are `count`. */
typedef struct piece_columns {
    size_t first, count, of_tiles;
} piece_columns;

static piece_columns columns_of(const nm_piece *p) {
    const size_t first = p->tiles.begin * TILE_ROWS, end = p->tiles.end * TILE_ROWS;
    const size_t last = end < p->gradient->columns ? end : p->gradient->columns;
    return (piece_columns){first, last - first, end - first};
}

/* What is no whole square; `to` and `from` as of turn_square. */
static void turn_rest(float *to, const float *from, size_t from_stride, nm_range rows,
                      nm_range columns) {
    for (size_t r = rows.begin; r < rows.end; r++)
        for (size_t c = columns.begin; c < columns.end; c++)
            to[c * COLUMN_SIZE + r] = from[r * from_stride + c];
}

/* Some columns at some positions, at most SIDE. */
static void turn_columns(float *to, const float *from, size_t from_stride, nm_range rows,
                         nm_range columns) {
    for (; rows.begin + SIDE <= rows.end && columns.begin + SIDE == columns.end; rows.begin += SIDE)
        turn_square(to + columns.begin * COLUMN_SIZE + rows.begin, COLUMN_SIZE,
                    from + rows.begin * from_stride + columns.begin, from_stride);
    turn_rest(to, from, from_stride, rows, columns);
}

/* A few positions at a time, a line of each column. */
void nm_pack_tiles(const nm_piece *p) {
    enum { FEW = 16 };
    const nm_gradient *g = p->gradient;
    const piece_columns columns = columns_of(p);
    const size_t positions = p->positions.end - p->positions.begin;
    const float *dy = g->dy + p->positions.begin * g->columns + columns.first;
    for (size_t i = 0; i < positions; i += FEW) {
        const nm_range few = {i, i + FEW < positions ? i + FEW : positions};
        for (size_t c = 0; c < columns.count; c += SIDE) {
            const size_t end = c + SIDE < columns.count ? c + SIDE : columns.count;
            turn_columns(p->tiles_of_dy, dy, g->columns, few, (nm_range){c, end});
        }
        nm_sum_columns(p, (nm_range){p->positions.begin + few.begin, p->positions.begin + few.end});
    }
    for (size_t c = columns.count; c < columns.of_tiles; c++)
        memset(p->tiles_of_dy + c * COLUMN_SIZE, 0, positions * sizeof *dy);
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
