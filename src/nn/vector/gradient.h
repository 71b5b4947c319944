/* SPDX-License-Identifier: ISC */
/* The factors of a gradient in the order in which tiles take them. */
#ifndef NM_NN_VECTOR_GRADIENT_H
#define NM_NN_VECTOR_GRADIENT_H

#include "nn/vector/kernels.h"

/* Positions of a piece, which is also the block of the sum; and columns of dy at a time. The panel
 * of x is read again for each tile: narrow ones of 256 positions stay in the first-level cache,
 * those of 16 lanes come from the second. Twice as many of both halve what is packed and added
 * beside the products. */
#if defined(NM_ISA_AVX512) && !defined(NM_TERMS_ARE_PAIRS)
enum { POSITIONS = 512, DY_COLUMNS = 744 };
#else
enum { POSITIONS = 256, DY_COLUMNS = 372 };
#endif

enum { TILES = DY_COLUMNS / TILE_ROWS };

enum { TILE_SIZE = POSITIONS / TERM * TILE_ROWS + TILE_MORE };

_Static_assert((TILES * TILE_SIZE + PANEL * POSITIONS) * sizeof(float) <= NM_POOL_SCRATCH,
               "the packed pieces fit the scratch");

/* Some tiles of some positions. */
typedef struct nm_piece {
    const nm_gradient *gradient;
    nm_range positions, tiles;
    float *tiles_of_dy; /* [tile][TILE_SIZE] */
    float *panel_of_x;
} nm_piece;

#define nm_pack_tiles NM_FOR_ISA(nm_pack_tiles)
/* Each tile as nm_tile_of_columns takes it, zeros beyond the last column. */
void nm_pack_tiles(const nm_piece *p);

#define nm_pack_panel NM_FOR_ISA(nm_pack_panel)
/* [turns of the positions][PANEL] terms, zeros beyond the last column. */
void nm_pack_panel(const nm_piece *p, const nm_gradient_input *of, size_t panel);

#endif
