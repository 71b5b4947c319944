/* SPDX-License-Identifier: ISC */
/* Whole numbers in tile registers (AMX; Intel SDM 1, chapter 18): one instruction adds the products
 * of SIDE rows with SIDE columns, SIDE lanes of four bytes each, to sums. As exact as all others.
 * Registers are named by constants: 0 to 3 hold sums, the others factors. */
#include "nn/vector/bytes.h"
#include "nn/vector/simd.h"

enum { SIDE = NM_TALL_STEP, ROW_BYTES = PANEL * sizeof(int32_t) };

static void zero_sums(void) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
}

/* SIDE rows, four vectors of columns. */
static void multiply_wide(int32_t *sums, nm_byte_rows a, const uint32_t *w, size_t lanes) {
    zero_sums();
    for (size_t k = 0; k < lanes; k += SIDE, w += SIDE * PANEL) {
        _tile_loadd(4, a.at + 4 * k, a.stride);
        _tile_loadd(5, w, ROW_BYTES);
        _tile_loadd(6, w + LANES, ROW_BYTES);
        _tile_dpbusd(0, 4, 5);
        _tile_loadd(7, w + 2 * LANES, ROW_BYTES);
        _tile_dpbusd(1, 4, 6);
        _tile_loadd(5, w + 3 * LANES, ROW_BYTES);
        _tile_dpbusd(2, 4, 7);
        _tile_dpbusd(3, 4, 5);
    }
    _tile_stored(0, sums, ROW_BYTES);
    _tile_stored(1, sums + LANES, ROW_BYTES);
    _tile_stored(2, sums + 2 * LANES, ROW_BYTES);
    _tile_stored(3, sums + 3 * LANES, ROW_BYTES);
}

/* 2 SIDE rows, two vectors of columns. */
static void multiply_high(int32_t *sums, nm_byte_rows a, const uint32_t *w, size_t lanes) {
    const uint8_t *below = a.at + SIDE * a.stride;
    zero_sums();
    for (size_t k = 0; k < lanes; k += SIDE, w += SIDE * PANEL) {
        _tile_loadd(4, a.at + 4 * k, a.stride);
        _tile_loadd(6, w, ROW_BYTES);
        _tile_loadd(5, below + 4 * k, a.stride);
        _tile_dpbusd(0, 4, 6);
        _tile_loadd(7, w + LANES, ROW_BYTES);
        _tile_dpbusd(2, 5, 6);
        _tile_dpbusd(1, 4, 7);
        _tile_dpbusd(3, 5, 7);
    }
    _tile_stored(0, sums, ROW_BYTES);
    _tile_stored(1, sums + LANES, ROW_BYTES);
    _tile_stored(2, sums + SIDE * PANEL, ROW_BYTES);
    _tile_stored(3, sums + SIDE * PANEL + LANES, ROW_BYTES);
}

void nm_tall_tile_of_int8(int32_t *sums, nm_byte_rows a, const uint32_t *w, size_t lanes,
                          unsigned vectors) {
    if (a.count <= SIDE) {
        multiply_wide(sums, a, w, lanes);
        return;
    }
    multiply_high(sums, a, w, lanes);
    if (vectors > 2)
        multiply_high(sums + 2 * LANES, a, w + 2 * LANES, lanes);
}
