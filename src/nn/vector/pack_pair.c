/* SPDX-License-Identifier: ISC */
/* Rows of weights become the depth of panels: terms of two numbers. */
#include "nn/vector/pack.h"

/* 2 LANES columns of one row. */
static vec_pair columns_of(const float *row, size_t column, size_t columns) {
    const size_t count = row ? pair_below(column, columns) : 0;
    return count ? load_pair(row + column, count) : (vec_pair){{0}, {0}};
}

void nm_pack_columns(float *to, const nm_bundle *bundle, nm_range columns, size_t depth) {
    for (size_t turn = 0; turn < turns_of(depth); turn++, to += PANEL) {
        const float *row = bundle_row(bundle, TERM * turn),
                    *next = bundle_row(bundle, TERM * turn + 1);
        for (size_t q = 0; q < PANEL; q += 2 * LANES) {
            const size_t column = columns.begin + q;
            store_columns(to + q, columns_of(row, column, columns.end),
                          columns_of(next, column, columns.end));
        }
    }
}
