/* SPDX-License-Identifier: ISC */
/* The micro-kernel for bfloat16, in tile registers (AMX; Intel SDM 1, chapter 18): one instruction
 * adds the products of SIDE rows with SIDE columns, SIDE terms each, to sums of floats. It takes a
 * denormal for zero. Registers are named by constants: 0 to 3 hold sums, the others factors. Rows
 * beyond those that are wanted cost nothing. */
#include "nn/vector/kernels.h"

/* Intel SDM 2, LDTILECFG. */
typedef struct tile_settings {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_settings;

void nm_tiles_begin(void) {
    static const tile_settings settings = {
        .palette = 1,
        .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
        .rows = {SIDE, SIDE, SIDE, SIDE, SIDE, SIDE, SIDE, SIDE}};
    _tile_loadconfig(&settings);
}

void nm_tiles_end(void) {
    _tile_release();
}

enum { ROW_BYTES = PANEL * sizeof(float) };

/* The next SIDE turns of some of a panel's columns. */
INLINE void fetch(const float *w, size_t columns) {
    enum { FLOATS_A_LINE = 16 };
    UNROLL for (size_t turn = SIDE; turn < 2 * SIDE; turn++)
        UNROLL for (size_t i = 0; i < columns; i += FLOATS_A_LINE)
            __builtin_prefetch(w + turn * PANEL + i, 0, 3);
}

/* Rows of terms, `stride` bytes apart. */
typedef struct tile_rows {
    const float *at;
    size_t stride;
} tile_rows;

/* SIDE rows, four vectors of columns. */
INLINE void multiply_wide(float *sums, tile_rows a, const float *w, size_t turns) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (size_t k = 0; k < turns; k += SIDE, w += SIDE * PANEL) {
        fetch(w, PANEL);
        _tile_loadd(4, a.at + k, a.stride);
        _tile_loadd(5, w, ROW_BYTES);
        _tile_loadd(6, w + LANES, ROW_BYTES);
        _tile_dpbf16ps(0, 4, 5);
        _tile_loadd(7, w + 2 * LANES, ROW_BYTES);
        _tile_dpbf16ps(1, 4, 6);
        _tile_loadd(5, w + 3 * LANES, ROW_BYTES);
        _tile_dpbf16ps(2, 4, 7);
        _tile_dpbf16ps(3, 4, 5);
    }
    _tile_stored(0, sums, ROW_BYTES);
    _tile_stored(1, sums + LANES, ROW_BYTES);
    _tile_stored(2, sums + 2 * LANES, ROW_BYTES);
    _tile_stored(3, sums + 3 * LANES, ROW_BYTES);
}

/* The next terms of 2 SIDE rows and two vectors of columns. */
INLINE void multiply_high(tile_rows a, const float *w, size_t turns) {
    const float *below = a.at + SIDE * a.stride / sizeof *a.at;
    for (size_t k = 0; k < turns; k += SIDE, w += SIDE * PANEL) {
        fetch(w, 2 * LANES);
        _tile_loadd(4, a.at + k, a.stride);
        _tile_loadd(6, w, ROW_BYTES);
        _tile_loadd(5, below + k, a.stride);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, w + LANES, ROW_BYTES);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(3, 5, 7);
    }
}

INLINE void store_high(float *upper, float *lower, size_t stride) {
    _tile_stored(0, upper, stride);
    _tile_stored(1, upper + LANES, stride);
    _tile_stored(2, lower, stride);
    _tile_stored(3, lower + LANES, stride);
}

INLINE void sum_high(float *sums, tile_rows a, const float *w, size_t turns) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    multiply_high(a, w, turns);
    store_high(sums, sums + SIDE * PANEL, ROW_BYTES);
}

INLINE void add_high(float *upper, float *lower, size_t stride, tile_rows a, const float *w,
                     size_t turns) {
    _tile_loadd(0, upper, stride);
    _tile_loadd(1, upper + LANES, stride);
    _tile_loadd(2, lower, stride);
    _tile_loadd(3, lower + LANES, stride);
    multiply_high(a, w, turns);
    store_high(upper, lower, stride);
}

static void multiply(float *sums, nm_tile_size size, tile_rows a, const float *w, size_t turns) {
    if (size.rows <= SIDE) {
        multiply_wide(sums, a, w, turns);
        return;
    }
    sum_high(sums, a, w, turns);
    if (size.vectors > 2)
        sum_high(sums + 2 * LANES, a, w + 2 * LANES, turns);
}

/* Rows are fed one behind the other. The panel after this one is not fetched: it mostly lies in the
 * second-level cache. */
void nm_tile_of_rows(float *sums, nm_tile_size size, const float *const *a, const float *w,
                     size_t turns, nm_ahead ahead) {
    (void)ahead;
    multiply(sums, size, (tile_rows){a[0], turns * sizeof *w}, w, turns);
}

void nm_tile_of_columns(float *sums, unsigned vectors, const float *a, const float *w,
                        size_t turns) {
    multiply(sums, (nm_tile_size){TILE_ROWS, vectors}, (tile_rows){a, turns * sizeof *w}, w, turns);
}

/* SIDE columns of dy in a row are as many rows of dw in a row, or fewer and then none. */
bool nm_tile_onto_rows(float *const dw[TILE_ROWS], size_t inputs, const float *a, const float *w,
                       size_t turns) {
    const tile_rows rows = {a, turns * sizeof *w};
    const size_t stride = inputs * sizeof *w;
    if (!dw[SIDE - 1] || !dw[2 * SIDE - 1])
        return false;
    add_high(dw[0], dw[SIDE], stride, rows, w, turns);
    add_high(dw[0] + 2 * LANES, dw[SIDE] + 2 * LANES, stride, rows, w + 2 * LANES, turns);
    return true;
}
