/* SPDX-License-Identifier: ISC */
/* Weights of a precision in panels, and products of a few rows with them.
 *
 * A packed matrix is cut into panels as in kernels.h, [lanes deep][PANEL], but a lane of 32 bits
 * holds of its column one float; or two bf16, the first in the lower half; or four whole numbers,
 * the first in the lowest byte. What is missing at the end of the depth is 0. Of whole numbers,
 * there stand behind the panels their scales, and 128 times their sums: a row's whole numbers q are
 * multiplied as bytes q + 128, and the sum of 128 q_j is taken off again. */
#ifndef NM_NN_VECTOR_NARROW_H
#define NM_NN_VECTOR_NARROW_H

#include "nn/narrow.h"
#include "nn/vector/bytes.h"
#include "nn/vector/kernels.h"

INLINE size_t numbers_a_lane(nm_precision precision) {
    return precision == NM_INT8 ? 4 : precision == NM_BF16 ? 2 : 1;
}

/* A packed matrix [columns,depth], located in its block. */
typedef struct nm_narrow {
    nm_precision precision;
    size_t depth, columns;
    uint32_t *panels;   /* [panels][lanes deep][PANEL] */
    float *scales;      /* [panels][PANEL], of whole numbers only */
    int32_t *surpluses; /* [panels][PANEL] 128 times the sum of a column */
} nm_narrow;

INLINE size_t lanes_deep(const nm_narrow *w) {
    return divide_up(w->depth, numbers_a_lane(w->precision));
}

/* With those of zeros at the end: of whole numbers, a tall tile takes several lanes at a time. */
INLINE size_t lanes_kept(const nm_narrow *w) {
    const size_t lanes = lanes_deep(w);
    return w->precision == NM_INT8 ? divide_up(lanes, NM_TALL_LANES) * NM_TALL_LANES : lanes;
}

INLINE size_t narrow_floats(nm_precision precision, size_t columns, size_t depth) {
    const nm_narrow w = {.precision = precision, .depth = depth};
    const size_t beside = precision == NM_INT8 ? 2 : 0;
    return panels_of(columns) * PANEL * (lanes_kept(&w) + beside);
}

INLINE nm_narrow narrow_at(nm_precision precision, const float *block, size_t columns,
                           size_t depth) {
    nm_narrow w = {.precision = precision, .depth = depth, .columns = columns};
    const size_t width = panels_of(columns) * PANEL;
    w.panels = (uint32_t *)(uintptr_t)block;
    w.scales = (float *)(w.panels + width * lanes_kept(&w));
    w.surpluses = (int32_t *)(w.scales + width);
    return w;
}

INLINE const uint32_t *panel_at(const nm_narrow *w, size_t panel) {
    return w->panels + panel * lanes_kept(w) * PANEL;
}

/* What a thread that has these panels wants after one of them; NULL after the last: by then it is
 * another matrix's turn. */
INLINE const uint32_t *panel_after(const nm_narrow *w, size_t panel, nm_range panels) {
    return panel + 1 < panels.end ? panel_at(w, panel + 1) : NULL;
}

#define nm_narrow_pack_panel NM_FOR_ISA(nm_narrow_pack_panel)
/* One panel of bf16 or whole numbers: its columns are rows of w [.., depth] in `order`. */
void nm_narrow_pack_panel(const nm_narrow *packed, const float *w, nm_order order, size_t panel);

#define nm_tile_of_bf16 NM_FOR_ISA(nm_tile_of_bf16)
/* As nm_tile_of_rows, of two numbers a lane; `depth` counts numbers. */
void nm_tile_of_bf16(float *sums, nm_tile_size size, const float *const *a, const uint32_t *w,
                     size_t depth);

#define nm_tile_of_int8 NM_FOR_ISA(nm_tile_of_int8)
nm_int8_tile nm_tile_of_int8;
nm_int8_tile nm_tile_of_int8_avx512vnni; /* with AVX512-VNNI */

#if defined(NM_ISA_AVX512)
INLINE nm_int8_tile *nm_int8_tile_here(void) {
    return nm_cpu_has_byte_sums() ? nm_tile_of_int8_avx512vnni : nm_tile_of_int8;
}
#else
INLINE nm_int8_tile *nm_int8_tile_here(void) {
    return nm_tile_of_int8;
}
#endif

#define nm_narrow_matmul_by NM_FOR_ISA(nm_narrow_matmul_by)
#define nm_narrow_lstm_forward_by NM_FOR_ISA(nm_narrow_lstm_forward_by)
/* The entries of a table, with its kernel. */
void nm_narrow_matmul_by(nm_pool *pool, nm_precision precision, const nm_matmul *product,
                         const nm_int8_kernel *kernel);
void nm_narrow_lstm_forward_by(nm_pool *pool, nm_precision precision, const nm_lstm *layers,
                               size_t count, const nm_int8_kernel *kernel);

/* Rows that are multiplied with a packed matrix. Whole numbers are made of some of them at a time:
 * rows first.. */
typedef struct nm_factor {
    nm_narrow w;
    nm_rows rows;
    const uint32_t *index; /* which of the rows each is; NULL: as they stand */
    size_t first;
    uint8_t *q;        /* [rows][factor_stride] q + 128 */
    float *row_scales; /* [rows] */
    nm_int8_kernel kernel;
} nm_factor;

/* Whether so many rows are one tall tile, or several and perhaps another. */
INLINE bool has_tall_tiles(const nm_factor *factor, size_t rows) {
    return factor->w.precision == NM_INT8 && factor->kernel.tall && rows >= NM_LEAST_TALL;
}

/* The rows of the next tile, when `left` are left. */
INLINE size_t next_factor_rows(const nm_factor *factor, size_t left) {
    if (has_tall_tiles(factor, left))
        return left < NM_MOST_TALL ? left : NM_MOST_TALL;
    return next_tile_rows(left);
}

/* Before and after a thread's tiles of so many rows. */
INLINE void nm_factor_begin(const nm_factor *factor, size_t rows) {
    if (has_tall_tiles(factor, rows))
        factor->kernel.begin();
}
INLINE void nm_factor_end(const nm_factor *factor, size_t rows) {
    if (has_tall_tiles(factor, rows))
        factor->kernel.end();
}

INLINE const float *factor_row(const nm_factor *factor, size_t row) {
    return row_at(&factor->rows, factor->index ? factor->index[row] : row);
}

/* Bytes of a row of q: as many lanes. */
INLINE size_t factor_stride(const nm_narrow *w) {
    return w->precision == NM_INT8 ? 4 * lanes_kept(w) : 0;
}

/* Rows that can be made ready at a time: their q fits a thread's scratch, and what is read of them
 * the second-level cache. `depth` and `stride` are those of all factors together. */
enum { NM_HEIGHT_BYTES = 384 * 1024 }; /* of q, where these are several rows */
#define nm_narrow_height NM_FOR_ISA(nm_narrow_height)
size_t nm_narrow_height(nm_precision precision, size_t depth, size_t stride);

#define nm_factor_ready NM_FOR_ISA(nm_factor_ready)
/* Makes rows `rows` ready; `scratch` takes their q and scales. Returns what is left of it. */
char *nm_factor_ready(nm_factor *factor, nm_range rows, char *scratch);

/* A tile that sums of one factor after the other are added to. `next` is the panel that will be
 * wanted next, or NULL. */
typedef struct nm_narrow_tile {
    float *sums; /* [rows][PANEL] */
    size_t row, rows, panel;
    const uint32_t *next;
} nm_narrow_tile;

#define nm_factor_add NM_FOR_ISA(nm_factor_add)
/* sums += factor: each block of the depth, upwards. */
void nm_factor_add(const nm_factor *factor, const nm_narrow_tile *tile);

#endif
