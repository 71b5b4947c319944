/* SPDX-License-Identifier: ISC */
/* Whole numbers in tile registers: as exact as all other ways. */
#include "nn/vector/bytes.h"
#include "nn/vector/tile_registers.h"

_Static_assert((int)NM_TALL_STEP == LANES && (int)NM_TALL_LANES == LANES, "tiles are square");

void nm_tall_tile_of_int8(int32_t *sums, nm_byte_rows a, const uint32_t *w, size_t lanes,
                          unsigned vectors) {
    sum_tile(sums, (nm_tile_size){(unsigned)a.count, vectors},
             (tile_rows){(const char *)a.at, a.stride}, w, lanes);
}
