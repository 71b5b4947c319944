/* SPDX-License-Identifier: ISC */
/* Products of whole numbers: of one table there are several, chosen by the processor. */
#ifndef NM_NN_VECTOR_BYTES_H
#define NM_NN_VECTOR_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* Rows of bytes without sign. */
typedef struct nm_byte_rows {
    const uint8_t *at;
    size_t stride;
    size_t count;
} nm_byte_rows;

/* sums[r][c] = sum over g < lanes, i < 4 of a[r][4g + i] w[g][c]_i; w has signs. Of the columns
 * the first `vectors`, or more. */
typedef void nm_int8_tile(int32_t *sums, nm_byte_rows a, const uint32_t *w, size_t lanes,
                          unsigned vectors);

/* A tall tile has so many rows, of which it reads NM_TALL_STEP or twice as many, and takes so many
 * lanes at a time. Of fewer rows it was slower than other tiles. */
enum { NM_LEAST_TALL = 7, NM_TALL_STEP = 16, NM_MOST_TALL = 32, NM_TALL_LANES = 16 };

typedef struct nm_int8_kernel {
    nm_int8_tile *tile;                /* of TILE_ROWS rows at most */
    nm_int8_tile *tall;                /* or NULL */
    void (*begin)(void), (*end)(void); /* tall tiles are computed between these two */
} nm_int8_kernel;

/* With AMX-INT8; a thread has tile registers between the two, those of the kernels of bfloat16. */
nm_int8_tile nm_tall_tile_of_int8;
void nm_tiles_begin_avx512amx(void);
void nm_tiles_end_avx512amx(void);

#endif
