/* SPDX-License-Identifier: ISC */
/* Products of tile registers, of bfloat16 or of whole numbers: four independent sums, as the
 * micro-kernels have. */
#include "nn/vector/bytes.h"
#include "nn/vector/probes.h"
#include "nn/vector/tile_registers.h"

#if defined(NM_ISA_AVX512AMX)
#define PROBE nm_probe_avx512amx
enum { NUMBERS_A_TERM = 2 };
#else
#define PROBE nm_probe_avx512tall
enum { NUMBERS_A_TERM = 4 };
#endif

enum { SUMS = 4, SMALL = 0x3A3A /* 0.0007 in bfloat16 */ };

static float multiply(size_t turns) {
    _Alignas(64) uint16_t square[LANES * VECTOR_BYTES / sizeof(uint16_t)];
    for (size_t i = 0; i < sizeof square / sizeof *square; i++)
        square[i] = SMALL;
    nm_tiles_begin_avx512amx();
    zero_sums();
    _tile_loadd(4, square, VECTOR_BYTES);
    _tile_loadd(5, square, VECTOR_BYTES);
    _tile_loadd(6, square, VECTOR_BYTES);
    _tile_loadd(7, square, VECTOR_BYTES);
    for (size_t turn = 0; turn < turns; turn++) {
        ADD_PRODUCTS(0, 4, 6);
        ADD_PRODUCTS(1, 4, 7);
        ADD_PRODUCTS(2, 5, 6);
        ADD_PRODUCTS(3, 5, 7);
    }
    _tile_stored(0, square, VECTOR_BYTES);
    nm_tiles_end_avx512amx();
    return square[0];
}

const nm_probe PROBE = {.flop_a_turn = 2.0 * SUMS * LANES * LANES * LANES * NUMBERS_A_TERM,
                        .turns = 40000,
                        .multiply = multiply};
