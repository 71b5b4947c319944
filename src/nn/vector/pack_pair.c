/* SPDX-License-Identifier: ISC */
/* Panels of terms of two numbers. */
#include "nn/vector/kernels.h"
#include "nn/vector/square.h"

/* w [.., depth], whose rows become columns in `order`. */
typedef struct pack_source {
    const float *w;
    nm_order order;
    size_t depth;
} pack_source;

/* The first LANES turns of a column from k on; zeros beyond the depth, and where there is no row.
 */
static terms load_column(const pack_source *from, size_t column, size_t k) {
    const size_t row = row_of_column(from->order, column);
    if (row == NM_NO_ROW)
        return (terms){0};
    return terms_of(load_pair(from->w + row * from->depth + k, pair_below(k, from->depth)));
}

/* These turns of the LANES columns whose terms lie at `slot` and on. */
static void pack_square(float *to, const pack_source *from, size_t first_column, size_t slot,
                        size_t k) {
    square s;
    for (size_t i = 0; i < LANES; i++)
        s.row[i] = load_column(from, first_column + column_at(slot + i), k);
    s = transpose(s);
    for (size_t turn = 0; turn < turns_of(pair_below(k, from->depth)); turn++)
        store_terms(to + turn * PANEL, s.row[turn]);
}

void nm_pack_rows(float *packed, const float *w, nm_order order, size_t depth, size_t panel) {
    const pack_source from = {w, order, depth};
    float *to = packed + panel * turns_of(depth) * PANEL;
    for (size_t k = 0; k < depth; k += 2 * LANES)
        for (size_t slot = 0; slot < PANEL; slot += LANES)
            pack_square(to + turn_of(k) * PANEL + slot, &from, panel * PANEL, slot, k);
}

/* 2 LANES columns of one row of w. */
static vec_pair columns_of(const float *w, size_t row, size_t column, size_t columns) {
    const size_t count = pair_below(column, columns);
    return count && row != NM_NO_ROW ? load_pair(w + row * columns + column, count)
                                     : (vec_pair){{0}, {0}};
}

void nm_pack_columns(float *packed, const float *w, nm_order order, size_t depth, size_t columns,
                     size_t panel) {
    const size_t turns = turns_of(depth);
    float *to = packed + panel * turns * PANEL;
    for (size_t turn = 0; turn < turns; turn++, to += PANEL) {
        const size_t k = TERM * turn;
        const size_t row = k < depth ? row_of_column(order, k) : NM_NO_ROW,
                     next = k + 1 < depth ? row_of_column(order, k + 1) : NM_NO_ROW;
        for (size_t q = 0; q < PANEL; q += 2 * LANES) {
            const size_t column = panel * PANEL + q;
            store_columns(to + q, columns_of(w, row, column, columns),
                          columns_of(w, next, column, columns));
        }
    }
}
