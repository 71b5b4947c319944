/* SPDX-License-Identifier: ISC */
/* The micro-kernel for bfloat16, in tile registers: sums are floats, and a denormal is taken for
 * zero. Rows beyond those that are wanted cost nothing. */
#include "nn/vector/tile_registers.h"

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
        .rows = {LANES, LANES, LANES, LANES, LANES, LANES, LANES, LANES}};
    _tile_loadconfig(&settings);
}

void nm_tiles_end(void) {
    _tile_release();
}

/* Sums of 2 LANES rows and two vectors of columns, added to rows that are `stride` bytes apart. */
static void add_high(float *upper, float *lower, size_t stride, tile_rows a, const float *w) {
    const size_t depth = a.stride / TERM_BYTES;
    _tile_loadd(0, upper, stride);
    _tile_loadd(1, upper + LANES, stride);
    _tile_loadd(2, lower, stride);
    _tile_loadd(3, lower + LANES, stride);
    multiply_high(a, (const char *)w, depth);
    store_high((char *)upper, (char *)lower, stride);
}

/* Rows of terms, one behind the other. */
INLINE tile_rows rows_at(const float *a, size_t turns) {
    return (tile_rows){(const char *)a, turns * TERM_BYTES};
}

/* Rows are fed one behind the other. The panel after this one is not fetched: it mostly lies in the
 * second-level cache. */
void nm_tile_of_rows(float *sums, nm_tile_size size, const float *const *a, const float *w,
                     size_t turns, nm_ahead ahead) {
    (void)ahead;
    sum_tile(sums, size, rows_at(a[0], turns), w, turns);
}

void nm_tile_of_columns(float *sums, unsigned vectors, const float *a, const float *w,
                        size_t turns) {
    sum_tile(sums, (nm_tile_size){TILE_ROWS, vectors}, rows_at(a, turns), w, turns);
}

/* LANES columns of dy in a row are as many rows of dw in a row, or fewer and then none. */
bool nm_tile_onto_rows(float *const dw[TILE_ROWS], size_t inputs, const float *a, const float *w,
                       size_t turns) {
    const tile_rows rows = rows_at(a, turns);
    const size_t stride = inputs * sizeof *w;
    if (!dw[LANES - 1] || !dw[2 * LANES - 1])
        return false;
    add_high(dw[0], dw[LANES], stride, rows, w);
    add_high(dw[0] + 2 * LANES, dw[LANES] + 2 * LANES, stride, rows, w + 2 * LANES);
    return true;
}
