/* SPDX-License-Identifier: ISC */
/* Products of rows with weights of a precision, tile by tile. */
#include "nn/vector/narrow.h"
#include "nn/vector/quantise.h"

/* Floats of rows that stay in the second-level cache while the panels pass. */
enum { HEIGHT_FLOATS = 128 * 1024, MOST_ROWS = 4096 };

size_t nm_narrow_height(nm_precision precision, size_t depth, size_t stride) {
    size_t height = HEIGHT_FLOATS / (depth + 1);
    if (precision == NM_INT8)
        height = stride > 0 ? NM_HEIGHT_BYTES / stride : MOST_ROWS;
    height = height < MOST_ROWS ? height : MOST_ROWS;
    return height < TILE_ROWS ? TILE_ROWS : height / TILE_ROWS * TILE_ROWS;
}

/* q + 128; also behind the end, where weights are 0. */
static void quantise_row(const nm_narrow *w, uint8_t *q, const float *row, nm_quantum quantum) {
    for (size_t k = 0; k < factor_stride(w); k += LANES) {
        const vec x = load_part(row + k, lanes_below(k, w->depth));
        const bytes low = low_bytes(quantised(x, quantum) + 128);
        memcpy(q + k, &low, sizeof low);
    }
}

char *nm_factor_ready(nm_factor *factor, nm_range rows, char *scratch) {
    const size_t stride = factor_stride(&factor->w), count = rows.end - rows.begin;
    factor->first = rows.begin;
    if (stride == 0)
        return scratch;
    factor->row_scales = (float *)(void *)scratch;
    factor->q = (uint8_t *)scratch + divide_up(count * sizeof(float), 64) * 64;
    for (size_t r = 0; r < count; r++) {
        const float *row = factor_row(factor, rows.begin + r);
        const nm_quantum quantum = nm_quantum_of(largest_of(row, factor->w.depth));
        factor->row_scales[r] = quantum.scale;
        quantise_row(&factor->w, factor->q + r * stride, row, quantum);
    }
    return (char *)factor->q + count * stride;
}

static void add_block(float *sums, const float *block, size_t rows) {
    for (size_t i = 0; i < rows * PANEL; i += LANES)
        store(sums + i, load(block + i) + load(sums + i));
}

/* Floats, or bf16: a block of the depth. Only the first tile that meets a panel fetches the next.
 */
static void add_floats(const nm_factor *factor, const nm_narrow_tile *tile, nm_range depth) {
    _Alignas(64) float block[TILE_ROWS * PANEL];
    const float *a[TILE_ROWS];
    const nm_narrow *w = &factor->w;
    const uint32_t *lanes =
        panel_at(w, tile->panel) + depth.begin / numbers_a_lane(w->precision) * PANEL;
    const nm_tile_size size = {(unsigned)tile->rows, vectors_of(tile->panel, w->columns)};
    const bool fetches = tile->next && tile->row == factor->first;
    for (size_t r = 0; r < tile->rows; r++)
        a[r] = factor_row(factor, tile->row + r) + depth.begin;
    if (size.vectors < VECTORS)
        memset(block, 0, sizeof block);
    if (w->precision == NM_BF16)
        nm_tile_of_bf16(block, size, a, lanes, depth.end - depth.begin);
    else
        nm_tile_of_rows(block, size, a, (const float *)lanes, depth.end - depth.begin,
                        (nm_ahead){(const char *)(fetches ? tile->next : lanes),
                                   fetches ? PANEL * sizeof *lanes : 0});
    add_block(tile->sums, block, tile->rows);
}

/* sums += (sum of q_j (q + 128) - 128 sum of q_j) (s_j s) */
static void add_whole(const nm_factor *factor, const nm_narrow_tile *tile) {
    _Alignas(64) int32_t block[NM_MOST_TALL * PANEL];
    const nm_narrow *w = &factor->w;
    const size_t stride = factor_stride(w), first = tile->row - factor->first;
    const unsigned vectors = vectors_of(tile->panel, w->columns);
    const nm_byte_rows a = {factor->q + first * stride, stride, tile->rows};
    if (has_tall_tiles(factor, tile->rows))
        factor->kernel.tall(block, a, panel_at(w, tile->panel), lanes_kept(w), vectors);
    else
        factor->kernel.tile(block, a, panel_at(w, tile->panel), lanes_deep(w), vectors);
    for (size_t q = 0; q < vectors; q++) {
        const size_t column = tile->panel * PANEL + q * LANES;
        const vec scale = load(w->scales + column);
        const ivec surplus = (ivec)load((const float *)(w->surpluses + column));
        for (size_t r = 0; r < tile->rows; r++) {
            const size_t at = r * PANEL + q * LANES;
            const ivec sum = (ivec)load((const float *)(block + at)) - surplus;
            vec value = __builtin_convertvector(sum, vec) * (scale * factor->row_scales[first + r]);
            PIN(value); /* the same number, whatever it is added to */
            store(tile->sums + at, value + load(tile->sums + at));
        }
    }
}

void nm_factor_add(const nm_factor *factor, const nm_narrow_tile *tile) {
    const size_t depth = factor->w.depth;
    if (factor->w.precision == NM_INT8) {
        add_whole(factor, tile);
        return;
    }
    for (size_t begin = 0; begin < depth; begin += DEPTH_BLOCK) {
        const size_t end = begin + DEPTH_BLOCK;
        add_floats(factor, tile, (nm_range){begin, end < depth ? end : depth});
    }
}

typedef struct matmul_work {
    const nm_matmul *product;
    nm_factor factor;
} matmul_work;

/* What a tile begins with: the bias. */
static void begin_tile(const nm_matmul *product, const nm_narrow_tile *tile) {
    for (size_t q = 0; q < VECTORS; q++) {
        const size_t column = tile->panel * PANEL + q * LANES;
        const size_t count = lanes_below(column, product->n);
        const vec bias = product->bias ? load_part(product->bias + column, count) : (vec){0};
        for (size_t r = 0; r < tile->rows; r++)
            store(tile->sums + r * PANEL + q * LANES, bias);
    }
}

static void end_tile(const nm_matmul *product, const nm_narrow_tile *tile) {
    for (size_t q = 0; q < VECTORS; q++) {
        const size_t column = tile->panel * PANEL + q * LANES;
        const size_t count = lanes_below(column, product->n);
        for (size_t r = 0; count && r < tile->rows; r++) {
            float *y = product->y + (tile->row + r) * product->n + column;
            vec sum = load(tile->sums + r * PANEL + q * LANES);
            if (product->accumulate)
                sum += load_part(y, count);
            store_part(y, sum, count);
        }
    }
}

static void matmul_panel(const matmul_work *work, nm_range rows, nm_range panels, size_t panel) {
    _Alignas(64) float sums[NM_MOST_TALL * PANEL];
    nm_narrow_tile tile = {
        .sums = sums, .panel = panel, .next = panel_after(&work->factor.w, panel, panels)};
    for (tile.row = rows.begin; tile.row < rows.end; tile.row += tile.rows) {
        tile.rows = next_factor_rows(&work->factor, rows.end - tile.row);
        begin_tile(work->product, &tile);
        nm_factor_add(&work->factor, &tile);
        end_tile(work->product, &tile);
    }
}

static void matmul_job(void *data, nm_pool *pool, unsigned thread) {
    matmul_work work = *(const matmul_work *)data;
    const nm_narrow *w = &work.factor.w;
    const nm_part part = nm_part_of(pool, thread, work.product->m, panels_of(w->columns));
    const size_t height = nm_narrow_height(w->precision, w->depth, factor_stride(w));
    nm_factor_begin(&work.factor, part.rows.end - part.rows.begin);
    for (size_t row = part.rows.begin; row < part.rows.end; row += height) {
        const nm_range rows = {row, row + height < part.rows.end ? row + height : part.rows.end};
        nm_factor_ready(&work.factor, rows, nm_pool_scratch(pool, thread));
        for (size_t panel = part.panels.begin; panel < part.panels.end; panel++)
            matmul_panel(&work, rows, part.panels, panel);
    }
    nm_factor_end(&work.factor, part.rows.end - part.rows.begin);
}

void nm_narrow_matmul_by(nm_pool *pool, nm_precision precision, const nm_matmul *product,
                         const nm_int8_kernel *kernel) {
    if (precision == NM_FP32) {
        nm_matmul_run(pool, product);
        return;
    }
    matmul_work work = {
        .product = product,
        .factor = {.w = narrow_at(precision, product->packed, product->n, product->k),
                   .rows = {.first = product->x, .count = product->m, .stride = product->k},
                   .kernel = *kernel}};
    nm_pool_run(pool, matmul_job, &work);
}

void nm_narrow_matmul(nm_pool *pool, nm_precision precision, const nm_matmul *product) {
    const nm_int8_kernel kernel = {.tile = nm_int8_tile_here()};
    nm_narrow_matmul_by(pool, precision, product, &kernel);
}
