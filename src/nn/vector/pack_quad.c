/* SPDX-License-Identifier: ISC */
/* Rows of weights become columns of panels, four by four. */
#include "nn/vector/pack.h"
#include "nn/vector/turn.h"

/* Some of the depth of one panel's column; zeros where there is no row. */
static void pack_column(float *panel, const float *row, nm_range depth) {
    for (size_t k = depth.begin; k < depth.end; k++)
        panel[k * PANEL] = row ? row[k] : 0;
}

/* Some of the depth of the columns from `column` on, SIDE of them. */
static void pack_side(float *panel, const nm_bundle *bundle, size_t column, nm_range depth) {
    const float *row[SIDE];
    for (size_t i = 0; i < SIDE; i++)
        row[i] = bundle_row(bundle, column + i);
    if (row[SIDE - 1])
        for (; depth.begin + SIDE <= depth.end; depth.begin += SIDE)
            turn_square(panel + depth.begin * PANEL, PANEL, row[0] + depth.begin, bundle->stride);
    for (size_t i = 0; i < SIDE; i++)
        pack_column(panel + i, row[i], depth);
}

/* A short piece of the depth at a time, so that the panel's lines stay in the cache while its
 * columns are written. */
void nm_pack_rows(float *panel, const nm_bundle *bundle, nm_range depth) {
    enum { PIECE = 16 };
    const size_t count = depth.end - depth.begin;
    float *to = panel + depth.begin * PANEL;
    for (size_t k = 0; k < count; k += PIECE) {
        const nm_range piece = {k, k + PIECE < count ? k + PIECE : count};
        for (size_t c = 0; c < PANEL; c += SIDE)
            pack_side(to + c, bundle, c, piece);
    }
}
