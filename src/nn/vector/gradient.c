/* SPDX-License-Identifier: ISC */
/* dw = dyᵀ x, for one or two x of one dy: both factors are packed piece by piece into the thread's
 * scratch, x as panels [position][PANEL], dy as tiles of TILE_ROWS columns. */
#include "nn/vector/gradient.h"

/* The rows of dw that a tile adds to, from the panel's first column on; NULL where there is none.
 */
static void find_rows(const nm_piece *p, float *dw[TILE_ROWS], size_t tile, float *of_panel,
                      size_t inputs) {
    const nm_gradient *g = p->gradient;
    for (size_t r = 0; r < TILE_ROWS; r++) {
        const size_t column = tile * TILE_ROWS + r, row = row_of_column(g->order, column);
        dw[r] = column >= g->columns || row == NM_NO_ROW ? NULL : of_panel + row * inputs;
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

/* Rows of floats as wide as a panel are one as they lie, where they follow one another. NULL: they
 * do not. */
static const float *lying_panel(const nm_piece *p, const nm_gradient_input *of) {
    const nm_rows *x = &of->x;
    const nm_range all = p->positions;
    bool follow = TERM == 1 && of->inputs == PANEL && x->stride == PANEL &&
                  (all.begin >= x->count || all.end <= x->count);
    for (size_t i = all.begin; x->cut && follow && i < all.end; i++)
        follow = !x->cut[i];
    return follow ? row_at(x, all.begin) : NULL;
}

/* A panel of x, packed. */
typedef struct x_panel {
    const nm_gradient_input *of;
    size_t panel; /* of that input */
    const float *packed;
} x_panel;

static float *room_for_panel(const nm_piece *p, size_t number) {
    return p->panels_of_x + (number - p->panels.begin) * PANEL_SIZE;
}

/* Panels are those of the first input and then of the second. */
static x_panel x_panel_at(const nm_piece *p, size_t number) {
    const size_t first = panels_of(p->gradient->of[0].inputs);
    const nm_gradient_input *of = &p->gradient->of[number >= first];
    const float *lying = lying_panel(p, of);
    return (x_panel){of, number < first ? number : number - first,
                     lying ? lying : room_for_panel(p, number)};
}

static void pack_panels(const nm_piece *p) {
    for (size_t number = p->panels.begin; number < p->panels.end; number++) {
        const x_panel x = x_panel_at(p, number);
        float *room = room_for_panel(p, number);
        if (x.packed == room)
            nm_pack_panel(p, x.of, x.panel, room);
    }
}

static void multiply_tile(const nm_piece *p, const x_panel *x, size_t tile) {
    _Alignas(64) float sums[TILE_ROWS * PANEL];
    float *dw[TILE_ROWS];
    const float *dy = p->tiles_of_dy + (tile - p->tiles.begin) * TILE_SIZE;
    const size_t turns = turns_of(p->positions.end - p->positions.begin);
    const size_t inputs = x->of->inputs, columns = inputs - x->panel * PANEL;
    find_rows(p, dw, tile, x->of->dw + x->panel * PANEL, inputs);
    fetch_rows(dw);
    if (columns >= PANEL && nm_tile_onto_rows(dw, inputs, dy, x->packed, turns))
        return;
    nm_tile_of_columns(sums, vectors_of(x->panel, inputs), dy, x->packed, turns);
    add_sums(dw, sums, columns);
}

static void multiply(const nm_piece *p) {
    for (size_t number = p->panels.begin; number < p->panels.end; number++) {
        const x_panel x = x_panel_at(p, number);
        for (size_t tile = p->tiles.begin; tile < p->tiles.end; tile++)
            multiply_tile(p, &x, tile);
    }
}

void nm_sum_columns(const nm_piece *p, nm_range positions) {
    const nm_gradient *g = p->gradient;
    const size_t first = p->tiles.begin * TILE_ROWS, end = p->tiles.end * TILE_ROWS;
    for (size_t column = first; p->sums && column < end; column += LANES) {
        const size_t count = lanes_below(column, end < g->columns ? end : g->columns);
        vec sum = load(p->sums + column - first);
        for (size_t i = positions.begin; count && i < positions.end; i++)
            sum += load_part(g->dy + i * g->columns + column, count);
        store(p->sums + column - first, sum);
    }
}

/* dbias += the sums of dy over the piece. */
static void add_bias(const nm_piece *p) {
    const nm_gradient *g = p->gradient;
    const size_t first = p->tiles.begin * TILE_ROWS, end = p->tiles.end * TILE_ROWS;
    for (size_t column = first; column < end && column < g->columns; column++) {
        const size_t row = row_of_column(g->order, column);
        if (row != NM_NO_ROW)
            g->dbias[row] += p->sums[column - first];
    }
}

static nm_range piece_from(size_t begin, size_t end, size_t size) {
    return (nm_range){begin, begin + size < end ? begin + size : end};
}

/* Some positions with some panels. */
static void multiply_tiles(nm_piece *p, nm_range tiles) {
    _Alignas(64) float sums[MOST_COLUMNS];
    p->sums = p->gradient->dbias && p->panels.begin == 0 ? sums : NULL;
    pack_panels(p);
    for (size_t tile = tiles.begin; tile < tiles.end; tile = p->tiles.end) {
        p->tiles = piece_from(tile, tiles.end, TILES);
        memset(sums, 0, sizeof sums);
        nm_pack_tiles(p);
        if (p->sums)
            add_bias(p);
        multiply(p);
    }
}

void nm_gradient_part(const nm_gradient *gradient, const nm_part *part, float *scratch) {
    nm_piece p = {.gradient = gradient,
                  .panels_of_x = scratch,
                  .tiles_of_dy = scratch + MOST_PANELS * PANEL_SIZE};
    nm_tiles_begin();
    for (size_t i = 0; i < gradient->positions; i = p.positions.end) {
        p.positions = piece_from(i, gradient->positions, POSITIONS);
        for (size_t panel = part->panels.begin; panel < part->panels.end; panel = p.panels.end) {
            p.panels = piece_from(panel, part->panels.end, MOST_PANELS);
            multiply_tiles(&p, part->rows);
        }
    }
    nm_tiles_end();
}
