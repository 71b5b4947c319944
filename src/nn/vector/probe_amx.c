/* SPDX-License-Identifier: ISC */
/* Products of tile registers: four independent sums, as the micro-kernel has. */
#include "nn/vector/kernels.h"
#include "nn/vector/probes.h"

enum { SUMS = 4, ROW_BYTES = SIDE * sizeof(float) };

static float multiply(size_t turns) {
    _Alignas(64) float square[SIDE * SIDE];
    for (size_t i = 0; i < SIDE; i++)
        store_terms(square + i * SIDE, merge(broadcast(0.001f), broadcast(0.001f)));
    nm_tiles_begin();
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_loadd(4, square, ROW_BYTES);
    _tile_loadd(5, square, ROW_BYTES);
    _tile_loadd(6, square, ROW_BYTES);
    _tile_loadd(7, square, ROW_BYTES);
    for (size_t turn = 0; turn < turns; turn++) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, square, ROW_BYTES);
    nm_tiles_end();
    return square[0];
}

const nm_probe NM_FOR_ISA(nm_probe) = {
    .flop_a_turn = 2.0 * SUMS * SIDE * SIDE * TERM * SIDE, .turns = 40000, .multiply = multiply};
