/* SPDX-License-Identifier: ISC */
/* rows x packed matrix, tile by tile, and who does which tiles. */
#include "nn/vector/kernels.h"

#if defined(NM_TERMS_ARE_PAIRS)
#include "nn/vector/feed_pair.h"
#else
#include "nn/vector/feed_float.h"
#endif

/* Rows of a block stay in the second-level cache while the panels pass: 512 KiB at most. */
enum { BLOCK_FLOATS = 128 * 1024 };

/* What a thread does with so many rows and panels, in tiles' turns: each tile also loads the panel
 * and finishes. */
static size_t cost(size_t rows, size_t panels) {
    return (rows + divide_up(rows, TILE_ROWS)) * panels;
}

/* The number of groups of rows, a divisor of the number of threads; the threads of a group divide
 * the panels. Few groups are better where the cost is equal: a thread then needs fewer weights. */
static unsigned row_groups(unsigned threads, size_t rows, size_t panels) {
    unsigned best = 1;
    size_t best_cost = cost(rows, divide_up(panels, threads));
    for (unsigned groups = 2; groups <= threads; groups++) {
        if (threads % groups)
            continue;
        const size_t each = cost(divide_up(rows, groups), divide_up(panels, threads / groups));
        if (each < best_cost) {
            best = groups;
            best_cost = each;
        }
    }
    return best;
}

static nm_range range_of(size_t count, size_t index, size_t parts) {
    return (nm_range){count * index / parts, count * (index + 1) / parts};
}

nm_part nm_part_of(const nm_pool *pool, unsigned thread, size_t rows, size_t panels) {
    const unsigned threads = nm_pool_thread_count(pool);
    const unsigned groups = row_groups(threads, rows, panels), each = threads / groups;
    return (nm_part){.rows = range_of(rows, thread / each, groups),
                     .panels = range_of(panels, thread % each, each),
                     .has_all_panels = each == 1};
}

/* The terms of a panel, from a block of the depth on. */
static const float *packed_at(const nm_sweep *sweep, size_t panel, nm_range depth) {
    return sweep->packed + (panel * turns_of(sweep->depth) + turns_of(depth.begin)) * PANEL;
}

/* What a thread wants after a panel of some rows: the next panel, the first one for the next rows,
 * that of the next block of the depth, or again of the first. NULL: nothing. */
static const float *packed_after(const nm_sweep *sweep, const nm_part *part, size_t panel,
                                 nm_range rows, nm_range depth) {
    if (panel + 1 < part->panels.end)
        return packed_at(sweep, panel + 1, depth);
    if (rows.end < part->rows.end)
        return packed_at(sweep, part->panels.begin, depth);
    const size_t begin = depth.end < sweep->depth ? depth.end : 0;
    return begin || sweep->is_repeated
               ? packed_at(sweep, part->panels.begin, (nm_range){begin, sweep->depth})
               : NULL;
}

/* One panel for the rows `rows`, one block of the depth. The panel after it is fetched meanwhile.
 */
static void sweep_panel(const nm_sweep *sweep, nm_range rows, nm_range depth, size_t panel,
                        const float *next) {
    _Alignas(64) float sums[TILE_ROWS * PANEL];
    const float *a[TILE_ROWS];
    const float *w = packed_at(sweep, panel, depth);
    const size_t turns = turns_of(depth.end - depth.begin);
    nm_ahead ahead = {(const char *)(next ? next : w), 0};
    if (next)
        ahead.step = PANEL * sizeof *w / divide_up(rows.end - rows.begin, TILE_ROWS);
    const unsigned vectors = vectors_of(panel, sweep->columns);
    nm_tile tile = {.sums = sums, .panel = panel};
    tile.is_first = depth.begin == 0;
    tile.is_last = depth.end == sweep->depth;
    for (tile.row = rows.begin; tile.row < rows.end; tile.row += tile.rows) {
        tile.rows = next_tile_rows(rows.end - tile.row);
        for (size_t r = 0; r < tile.rows; r++)
            a[r] = fed_row(sweep, tile.row + r, rows, depth);
        if (sweep->prepare)
            sweep->prepare(sweep->data, &tile);
        nm_tile_of_rows(sums, (nm_tile_size){(unsigned)tile.rows, vectors}, a, w, turns, ahead);
        ahead.at += ahead.step * turns;
        sweep->finish(sweep->data, &tile);
    }
}

/* One block of the depth. */
static void sweep_depth(const nm_sweep *sweep, const nm_part *part, nm_range depth) {
    size_t height = BLOCK_FLOATS / (1 + fed_size(depth.end - depth.begin)) / TILE_ROWS * TILE_ROWS;
    for (size_t row = part->rows.begin; row < part->rows.end; row += height) {
        nm_range rows = {row, row + height};
        if (rows.end > part->rows.end)
            rows.end = part->rows.end;
        feed_rows(sweep, rows, depth);
        for (size_t panel = part->panels.begin; panel < part->panels.end; panel++)
            sweep_panel(sweep, rows, depth, panel, packed_after(sweep, part, panel, rows, depth));
    }
}

void nm_sweep_run(const nm_sweep *sweep, const nm_part *part) {
    size_t begin = 0;
    nm_tiles_begin();
    do {
        const size_t left = sweep->depth - begin;
        const nm_range depth = {begin, begin + (left < DEPTH_BLOCK ? left : DEPTH_BLOCK)};
        sweep_depth(sweep, part, depth);
        begin = depth.end;
    } while (begin < sweep->depth);
    nm_tiles_end();
}
