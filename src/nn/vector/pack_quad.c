/* SPDX-License-Identifier: ISC */
/* Rows of weights become columns of panels, four by four. */
#include "nn/vector/pack.h"

enum { SIDE = 4 };
typedef float quad __attribute__((vector_size(SIDE * sizeof(float)), aligned(4), may_alias));

/* SIDE x SIDE numbers, rows `stride` apart, into as many columns of a panel. */
static void transpose_square(float *panel, const float *row, size_t stride) {
    const quad a = *(const quad *)row, b = *(const quad *)(row + stride),
               c = *(const quad *)(row + 2 * stride), d = *(const quad *)(row + 3 * stride);
    const quad ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5),
               ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7),
               cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5),
               cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(quad *)panel = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
    *(quad *)(panel + PANEL) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
    *(quad *)(panel + 2 * PANEL) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
    *(quad *)(panel + 3 * PANEL) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

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
            transpose_square(panel + depth.begin * PANEL, row[0] + depth.begin, bundle->stride);
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
