/* SPDX-License-Identifier: ISC */
/* Panels of terms of two numbers. */
#include "nn/vector/kernels.h"

/* `count` of the depth of one column, at most 2 LANES; NULL: zeros. */
static void pack_column(float *panel, const float *row, size_t count) {
    float column[LANES];
    const terms x = row ? terms_of(load_pair(row, count)) : (terms){0};
    memcpy(column, &x, sizeof column);
    for (size_t turn = 0; turn < turns_of(count); turn++)
        memcpy(panel + turn * PANEL, column + turn, sizeof *column);
}

void nm_pack_rows(float *packed, const float *w, nm_order order, size_t depth, size_t panel) {
    float *to = packed + panel * turns_of(depth) * PANEL;
    for (size_t k = 0; k < depth; k += 2 * LANES)
        for (size_t c = 0; c < PANEL; c++) {
            const size_t row = row_of_column(order, panel * PANEL + c);
            pack_column(to + turn_of(k) * PANEL + slot_of(c),
                        row == NM_NO_ROW ? NULL : w + row * depth + k, pair_below(k, depth));
        }
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
