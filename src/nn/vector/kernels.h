/* SPDX-License-Identifier: ISC */
/* What the vector kernels share: panels, tiles, and the two products that all are made of.
 *
 * A packed matrix w [depth, columns] is cut into panels of PANEL columns, each [turns][PANEL] terms
 * in one piece; the last is filled up with zeros. A tile is TILE_ROWS x PANEL sums, which stay in
 * registers while the depth runs.
 *
 * Every sum has one order, whatever the rows beside it, the number of rows and of threads: the
 * depth is cut at multiples of DEPTH_BLOCK, each block is summed upwards, and the blocks are added
 * upwards. */
#ifndef NM_NN_VECTOR_KERNELS_H
#define NM_NN_VECTOR_KERNELS_H

#include "nn/ops.h"
#include "nn/vector/simd.h"

#if defined(NM_ISA_AVX512AMX)
#include "nn/vector/term_amx.h"
#elif defined(NM_ISA_AVX512FP16)
#include "nn/vector/term_half.h"
#else
#include "nn/vector/term_float.h"
#endif

enum { DEPTH_BLOCK = 1024 };

INLINE size_t panels_of(size_t columns) {
    return (columns + PANEL - 1) / PANEL;
}

INLINE size_t blocks_of(size_t units) {
    return (units + LANES - 1) / LANES;
}

/* The columns of a packed matrix as rows of the original. Plain: column = row, below `count`. With
 * `units` H, the gates of an LSTM: a panel holds i f g o of LANES units, so column is one of
 * [block][gate][unit in block], and row is gate H + unit. */
typedef struct nm_order {
    size_t count, units;
} nm_order;

#define NM_NO_ROW ((size_t)-1)

INLINE size_t row_of_column(nm_order order, size_t column) {
    if (order.units == 0)
        return column < order.count ? column : NM_NO_ROW;
    const size_t unit = column / PANEL * LANES + column % LANES;
    return unit < order.units ? column / LANES % VECTORS * order.units + unit : NM_NO_ROW;
}

/* Rows of floats: `count` at `first`, the others at `rest`; zeros where `cut` is set. */
typedef struct nm_rows {
    const float *first, *rest;
    size_t count, stride;
    const uint8_t *cut; /* or NULL */
    const float *zeros;
} nm_rows;

INLINE const float *row_at(const nm_rows *rows, size_t row) {
    if (rows->cut && rows->cut[row])
        return rows->zeros;
    if (row < rows->count)
        return rows->first + row * rows->stride;
    return rows->rest + (row - rows->count) * rows->stride;
}

/* A thread's part of a product. */
typedef struct nm_part {
    nm_range rows, panels;
    bool has_all_panels; /* as have all threads: none needs another's results for its rows */
} nm_part;

#define nm_part_of NM_FOR_ISA(nm_part_of)
/* Divides rows or panels or both, so that the busiest thread has least to do. */
nm_part nm_part_of(const nm_pool *pool, unsigned thread, size_t rows, size_t panels);

INLINE size_t divide_up(size_t count, size_t parts) {
    return (count + parts - 1) / parts;
}

/* The rows of the next tile, when `left` are left: as few tiles as can be, of equal size, because
 * small ones use the machine badly; but whole steps, because parts of one cost as much. */
INLINE size_t next_tile_rows(size_t left) {
    const size_t rows = divide_up(divide_up(left, divide_up(left, TILE_ROWS)), ROW_STEP) * ROW_STEP;
    return rows < left ? rows : left;
}

/* Memory to be fetched while a tile is computed: `step` bytes each turn of the depth. */
typedef struct nm_ahead {
    const char *at;
    size_t step;
} nm_ahead;

/* What of a tile is computed: its first rows, and of its columns the first vectors. */
typedef struct nm_tile_size {
    unsigned rows, vectors;
} nm_tile_size;

/* Vectors of a panel that hold any of the matrix's columns. */
INLINE unsigned vectors_of(size_t panel, size_t columns) {
    const size_t left = blocks_of(columns - panel * PANEL);
    return left < VECTORS ? (unsigned)left : VECTORS;
}

/* The tiles below are computed between these two, by which a thread has tile registers, if any. */
#if defined(NM_ISA_AVX512AMX)
#define nm_tiles_begin NM_FOR_ISA(nm_tiles_begin)
#define nm_tiles_end NM_FOR_ISA(nm_tiles_end)
void nm_tiles_begin(void);
void nm_tiles_end(void);
#else
INLINE void nm_tiles_begin(void) {}
INLINE void nm_tiles_end(void) {}
#endif

#define nm_tile_of_rows NM_FOR_ISA(nm_tile_of_rows)
/* sums[r][c] = sum over k of a[r][k] w[k][c], k < turns, of terms. */
void nm_tile_of_rows(float *sums, nm_tile_size size, const float *const *a, const float *w,
                     size_t turns, nm_ahead ahead);

#define nm_tile_of_columns NM_FOR_ISA(nm_tile_of_columns)
/* sums[r][c] = sum over k of a_rk w[k][c], r < TILE_ROWS, a being as nm_pack_tiles makes it: of
 * halves [turns][TILE_ROWS] behind what takes their scales back, else turned: [TILE_ROWS][turns].
 */
void nm_tile_of_columns(float *sums, unsigned vectors, const float *a, const float *w,
                        size_t turns);

/* The same for a whole panel, added to the rows dw of [..][inputs] where they lie; false, and
 * nothing done, where it cannot be. */
#if defined(NM_ISA_AVX512AMX)
#define nm_tile_onto_rows NM_FOR_ISA(nm_tile_onto_rows)
bool nm_tile_onto_rows(float *const dw[TILE_ROWS], size_t inputs, const float *a, const float *w,
                       size_t turns);
#else
INLINE bool nm_tile_onto_rows(float *const dw[TILE_ROWS], size_t inputs, const float *a,
                              const float *w, size_t turns) {
    (void)dw, (void)inputs, (void)a, (void)w, (void)turns;
    return false;
}
#endif

/* Sums over one block of the depth; `is_first` and `is_last` say which. */
typedef struct nm_tile {
    const float *sums; /* [rows][PANEL]; nothing beyond the last column's vector */
    size_t row, rows, panel;
    bool is_first, is_last;
} nm_tile;

/* rows x packed, tile by tile: `finish` gets each tile, and each block of the depth upwards.
 * `prepare` is called before a tile is computed, to fetch what `finish` will need; may be NULL. */
typedef struct nm_sweep {
    nm_rows a;
    const float *packed;
    size_t depth;     /* may be 0: zeros */
    size_t columns;   /* of the packed matrix */
    bool is_repeated; /* the same panels are wanted again at once, as at the next step */
    float *scratch;   /* the thread's of the pool */
    void (*prepare)(const void *data, const nm_tile *tile);
    void (*finish)(const void *data, const nm_tile *tile);
    const void *data;
} nm_sweep;

#define nm_sweep_run NM_FOR_ISA(nm_sweep_run)
void nm_sweep_run(const nm_sweep *sweep, const nm_part *part);

#define nm_matmul_part NM_FOR_ISA(nm_matmul_part)
/* One thread's part of a matmul: rows of m, panels of n. `scratch` is the thread's of the pool. */
void nm_matmul_part(const nm_matmul *product, const nm_part *part, float *scratch);

/* An input x of a product y = x wᵀ + .., and the gradient of its w. */
typedef struct nm_gradient_input {
    nm_rows x;     /* [positions][inputs] */
    size_t inputs; /* 0: there is none */
    float *dw;     /* [rows][inputs] */
} nm_gradient_input;

/* dw[row_of_column(c)] += sum over p of dy[p][c] x[p] for each input, and dbias the same of dy
 * alone. Some positions are summed upwards and added to dw, or go on from it, before the next. */
typedef struct nm_gradient {
    size_t positions;
    const float *dy; /* [positions][columns] */
    size_t columns;
    nm_order order;
    nm_gradient_input of[2];
    float *dbias; /* [rows], or NULL */
} nm_gradient;

INLINE size_t gradient_panels(const nm_gradient *gradient) {
    return panels_of(gradient->of[0].inputs) + panels_of(gradient->of[1].inputs);
}

#define nm_gradient_part NM_FOR_ISA(nm_gradient_part)
/* One thread's part: `rows` are tiles of TILE_ROWS columns of dy, panels those of the first x and
 * then of the second. `scratch` is the thread's of the pool. */
void nm_gradient_part(const nm_gradient *gradient, const nm_part *part, float *scratch);

INLINE size_t gradient_tiles(size_t columns) {
    return (columns + TILE_ROWS - 1) / TILE_ROWS;
}

/* The entries of the table. */
#define nm_packed_size NM_FOR_ISA(nm_packed_size)
#define nm_pack NM_FOR_ISA(nm_pack)
#define nm_pack_transposed NM_FOR_ISA(nm_pack_transposed)
#define nm_matmul_run NM_FOR_ISA(nm_matmul_run)
#define nm_matmul_grad_run NM_FOR_ISA(nm_matmul_grad_run)
#define nm_lstm_packed_size NM_FOR_ISA(nm_lstm_packed_size)
#define nm_lstm_table_size NM_FOR_ISA(nm_lstm_table_size)
#define nm_lstm_tape_size NM_FOR_ISA(nm_lstm_tape_size)
#define nm_lstm_scratch_size NM_FOR_ISA(nm_lstm_scratch_size)
#define nm_lstm_pack NM_FOR_ISA(nm_lstm_pack)
#define nm_lstm_forward NM_FOR_ISA(nm_lstm_forward)
#define nm_lstm_backward NM_FOR_ISA(nm_lstm_backward)
#define nm_random_draws NM_FOR_ISA(nm_random_draws)
#define nm_narrow_size NM_FOR_ISA(nm_narrow_size)
#define nm_narrow_pack NM_FOR_ISA(nm_narrow_pack)
#define nm_narrow_matmul NM_FOR_ISA(nm_narrow_matmul)
#define nm_narrow_lstm_size NM_FOR_ISA(nm_narrow_lstm_size)
#define nm_narrow_lstm_pack NM_FOR_ISA(nm_narrow_lstm_pack)
#define nm_narrow_lstm_forward NM_FOR_ISA(nm_narrow_lstm_forward)
#define nm_softmax_run NM_FOR_ISA(nm_softmax_run)
size_t nm_packed_size(size_t n, size_t k);
void nm_pack(nm_pool *pool, float *packed, const float *w, size_t n, size_t k);
void nm_pack_transposed(nm_pool *pool, float *packed, const float *w, size_t n, size_t k);
void nm_matmul_run(nm_pool *pool, const nm_matmul *product);
void nm_matmul_grad_run(nm_pool *pool, const nm_matmul_grad *product);
size_t nm_lstm_packed_size(size_t I, size_t H, bool for_backward);
size_t nm_lstm_table_size(size_t D, size_t H);
size_t nm_lstm_tape_size(size_t T, size_t B, size_t I, size_t H);
size_t nm_lstm_scratch_size(size_t T, size_t B, size_t I, size_t H);
void nm_lstm_pack(nm_pool *pool, float *packed, const nm_lstm_weights *weights, bool for_backward);
void nm_lstm_forward(nm_pool *pool, const nm_lstm *layer);
void nm_lstm_backward(nm_pool *pool, const nm_lstm *layer, const nm_lstm_grad *grad);
void nm_random_draws(uint32_t (*words)[4], const nm_draw *draw, uint64_t first, size_t count);
size_t nm_narrow_size(nm_precision precision, size_t n, size_t k);
void nm_narrow_pack(nm_pool *pool, nm_precision precision, float *packed, const float *w, size_t n,
                    size_t k);
void nm_narrow_matmul(nm_pool *pool, nm_precision precision, const nm_matmul *product);
size_t nm_narrow_lstm_size(nm_precision precision, size_t I, size_t H);
void nm_narrow_lstm_pack(nm_pool *pool, nm_precision precision, float *packed,
                         const nm_lstm_weights *weights);
void nm_narrow_lstm_forward(nm_pool *pool, nm_precision precision, const nm_lstm *layers,
                            size_t count);
void nm_softmax_run(nm_pool *pool, const nm_softmax_loss *rows);

#endif
