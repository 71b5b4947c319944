/* SPDX-License-Identifier: ISC */
/* The factors of a gradient in the order in which tiles take them. */
#ifndef NM_NN_VECTOR_GRADIENT_H
#define NM_NN_VECTOR_GRADIENT_H

#include "nn/vector/kernels.h"

/* Positions of a piece, which is also the block of the sum; and columns of dy at a time, whole
 * tiles of every height and whole squares. A panel of x is read again for each tile: narrow ones of
 * 256 positions stay in the first-level cache, those of 16 lanes come from the second. Twice as
 * many halve what is added beside the products. */
enum {
    POSITIONS = LANES == 16 && TERM == 1 ? 512 : 256,
    DY_COLUMNS = 384,
    TILES = DY_COLUMNS / TILE_ROWS
};

/* MOST_PANELS of x stay packed while the tiles of dy pass. */
enum {
    TILE_SIZE = POSITIONS / TERM * TILE_ROWS + TILE_MORE,
    COLUMN_SIZE = TILE_SIZE / TILE_ROWS, /* of floats: from column to column of a tile */
    PANEL_SIZE = POSITIONS / TERM * PANEL,
    MOST_COLUMNS = (TILES * TILE_ROWS + LANES - 1) / LANES * LANES,
    MOST_PANELS = (NM_POOL_SCRATCH / sizeof(float) - TILES * TILE_SIZE) / PANEL_SIZE
};

/* Some tiles, and panels of x, of some positions. */
typedef struct nm_piece {
    const nm_gradient *gradient;
    nm_range positions, tiles, panels;
    float *tiles_of_dy; /* [tile][TILE_SIZE] */
    float *panels_of_x; /* [panel][PANEL_SIZE] */
    float *sums; /* [MOST_COLUMNS] of the tiles' columns over the positions; NULL: not wanted */
} nm_piece;

#define nm_pack_tiles NM_FOR_ISA(nm_pack_tiles)
/* Each tile as nm_tile_of_columns takes it, zeros beyond the last column; and the sums, where they
 * are wanted, by the function below. */
void nm_pack_tiles(const nm_piece *p);

#define nm_sum_columns NM_FOR_ISA(nm_sum_columns)
/* Adds some positions to the sums while they are in the cache; in the end, each once, upwards. */
void nm_sum_columns(const nm_piece *p, nm_range positions);

#define nm_pack_panel NM_FOR_ISA(nm_pack_panel)
/* [turns of the positions][PANEL] terms, zeros beyond the last column. */
void nm_pack_panel(const nm_piece *p, const nm_gradient_input *of, size_t panel, float *to);

#endif
