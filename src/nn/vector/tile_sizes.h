/* SPDX-License-Identifier: ISC */
/* The size of a tile as a constant: the compiler makes the micro-kernel once for each. */
#ifndef NM_NN_VECTOR_TILE_SIZES_H
#define NM_NN_VECTOR_TILE_SIZES_H

#include "nn/vector/kernels.h"

/* FUNCTION(sums, rows, ...), rows 1..TILE_ROWS. */
#define AT_ROWS(FUNCTION, sums, rows, ...)                                                         \
    switch ((rows) < TILE_ROWS ? (rows) : TILE_ROWS) {                                             \
    case 1:                                                                                        \
        FUNCTION(sums, 1, __VA_ARGS__);                                                            \
        break;                                                                                     \
    case 2:                                                                                        \
        FUNCTION(sums, 2, __VA_ARGS__);                                                            \
        break;                                                                                     \
    case 3:                                                                                        \
        FUNCTION(sums, 3, __VA_ARGS__);                                                            \
        break;                                                                                     \
    case 4:                                                                                        \
        FUNCTION(sums, 4 < TILE_ROWS ? 4 : TILE_ROWS, __VA_ARGS__);                                \
        break;                                                                                     \
    case 5:                                                                                        \
        FUNCTION(sums, 5 < TILE_ROWS ? 5 : TILE_ROWS, __VA_ARGS__);                                \
        break;                                                                                     \
    default:                                                                                       \
        FUNCTION(sums, TILE_ROWS, __VA_ARGS__);                                                    \
    }

/* FUNCTION(sums, size, ...); the last panel of a matrix may need fewer vectors than a whole one. */
#define AT_VECTORS(FUNCTION, sums, rows, vectors, ...)                                             \
    switch (vectors) {                                                                             \
    case 1:                                                                                        \
        FUNCTION(sums, (nm_tile_size){rows, 1}, __VA_ARGS__);                                      \
        break;                                                                                     \
    case 2:                                                                                        \
        FUNCTION(sums, (nm_tile_size){rows, 2}, __VA_ARGS__);                                      \
        break;                                                                                     \
    case 3:                                                                                        \
        FUNCTION(sums, (nm_tile_size){rows, 3}, __VA_ARGS__);                                      \
        break;                                                                                     \
    default:                                                                                       \
        FUNCTION(sums, (nm_tile_size){rows, VECTORS}, __VA_ARGS__);                                \
    }

#endif
