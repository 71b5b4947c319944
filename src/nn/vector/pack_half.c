/* SPDX-License-Identifier: ISC */
/* Panels of halves. */
#include "nn/vector/kernels.h"

/* Where in a panel's turn the terms of a column lie. */
static size_t slot_of(size_t column) {
    const size_t pair = column / (2 * LANES), rest = column % (2 * LANES);
    return (2 * pair + rest % 2) * LANES + rest / 2;
}

/* `count` of the depth of one column, at most 2 LANES; NULL: zeros. */
static void pack_column(float *panel, const float *row, size_t count) {
    float column[LANES];
    const terms x = row ? load_as_terms(row, count, broadcast(1)) : (terms){0};
    memcpy(column, &x, sizeof column);
    for (size_t turn = 0; turn < turns_of(count); turn++)
        memcpy(panel + turn * PANEL, column + turn, sizeof *column);
}

void nm_pack_rows(float *packed, const float *w, nm_order order, size_t depth, size_t panel) {
    enum { PIECE = 2 * LANES };
    float *to = packed + panel * turns_of(depth) * PANEL;
    for (size_t k = 0; k < depth; k += PIECE) {
        const size_t count = depth - k < PIECE ? depth - k : PIECE;
        for (size_t c = 0; c < PANEL; c++) {
            const size_t row = row_of_column(order, panel * PANEL + c);
            pack_column(to + k / 2 * PANEL + slot_of(c),
                        row == NM_NO_ROW ? NULL : w + row * depth + k, count);
        }
    }
}

/* 2 LANES columns of one row of w. */
static terms columns_of(const float *w, size_t row, size_t column, size_t columns) {
    if (row == NM_NO_ROW || column >= columns)
        return (terms){0};
    const size_t left = columns - column;
    return load_as_terms(w + row * columns + column, left < 2 * LANES ? left : 2 * LANES,
                         broadcast(1));
}

void nm_pack_columns(float *packed, const float *w, nm_order order, size_t depth, size_t columns,
                     size_t panel) {
    float *to = packed + panel * turns_of(depth) * PANEL;
    for (size_t k = 0; k < depth; k += 2, to += PANEL) {
        const size_t row = row_of_column(order, k),
                     next = k + 1 < depth ? row_of_column(order, k + 1) : NM_NO_ROW;
        for (size_t q = 0; q < PANEL; q += 2 * LANES) {
            const size_t column = panel * PANEL + q;
            const terms a = columns_of(w, row, column, columns),
                        b = columns_of(w, next, column, columns);
            store_terms(to + q, merge_low(a, b));
            store_terms(to + q + LANES, merge_high(a, b));
        }
    }
}
