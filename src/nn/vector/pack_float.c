/* SPDX-License-Identifier: ISC */
/* Panels of floats. */
#include "nn/vector/kernels.h"

enum { SIDE = 4 };
typedef float quad __attribute__((vector_size(SIDE * sizeof(float)), aligned(4), may_alias));

/* w [.., depth], whose rows become columns in `order`. */
typedef struct pack_source {
    const float *w;
    nm_order order;
    size_t depth;
} pack_source;

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

/* The columns from `column` on, SIDE of them, whose rows follow one another as far as there are
 * any: those of one gate do, and LANES is a multiple of SIDE. */
static void pack_side(float *panel, const pack_source *from, size_t column, nm_range depth) {
    const float *row[SIDE];
    for (size_t i = 0; i < SIDE; i++) {
        const size_t number = row_of_column(from->order, column + i);
        row[i] = number == NM_NO_ROW ? NULL : from->w + number * from->depth;
    }
    if (row[SIDE - 1])
        for (; depth.begin + SIDE <= depth.end; depth.begin += SIDE)
            transpose_square(panel + depth.begin * PANEL, row[0] + depth.begin, from->depth);
    for (size_t i = 0; i < SIDE; i++)
        pack_column(panel + i, row[i], depth);
}

/* A short piece of the depth at a time, so that the panel's lines stay in the cache while its
 * columns are written. */
void nm_pack_rows(float *packed, const float *w, nm_order order, size_t depth, size_t panel) {
    enum { PIECE = 16 };
    const pack_source from = {w, order, depth};
    float *to = packed + panel * depth * PANEL;
    for (size_t k = 0; k < depth; k += PIECE) {
        const nm_range piece = {k, k + PIECE < depth ? k + PIECE : depth};
        for (size_t c = 0; c < PANEL; c += SIDE)
            pack_side(to + c, &from, panel * PANEL + c, piece);
    }
}

void nm_pack_columns(float *packed, const float *w, nm_order order, size_t depth, size_t columns,
                     size_t panel) {
    float *to = packed + panel * depth * PANEL;
    for (size_t k = 0; k < depth; k++, to += PANEL) {
        const size_t row = row_of_column(order, k);
        for (size_t q = 0; q < VECTORS; q++) {
            const size_t column = panel * PANEL + q * LANES;
            const size_t count = row == NM_NO_ROW ? 0 : lanes_below(column, columns);
            store(to + q * LANES, count ? load_part(w + row * columns + column, count) : (vec){0});
        }
    }
}
