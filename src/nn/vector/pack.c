/* SPDX-License-Identifier: ISC */
/* Matrices into panels. */
#include "nn/vector/kernels.h"

/* Columns from `begin` to `end` of the depth of one panel's column; a short piece, so that the
 * panel's lines stay in the cache while its columns are written. */
static void pack_column(float *panel, const float *row, nm_range depth) {
    for (size_t k = depth.begin; k < depth.end; k++)
        panel[k * PANEL] = row ? row[k] : 0;
}

void nm_pack_rows(float *packed, const float *w, nm_order order, size_t depth, size_t panel) {
    enum { PIECE = 16 };
    float *to = packed + panel * depth * PANEL;
    for (size_t k = 0; k < depth; k += PIECE) {
        const nm_range piece = {k, k + PIECE < depth ? k + PIECE : depth};
        for (size_t c = 0; c < PANEL; c++) {
            const size_t row = row_of_column(order, panel * PANEL + c);
            pack_column(to + c, row == NM_NO_ROW ? NULL : w + row * depth, piece);
        }
    }
}

void nm_pack_columns(float *packed, const float *w, nm_order order, size_t depth, size_t columns,
                     size_t panel) {
    float *to = packed + panel * depth * PANEL;
    for (size_t k = 0; k < depth; k++, to += PANEL) {
        const size_t row = row_of_column(order, k);
        for (size_t q = 0; q < VECTORS; q++) {
            const size_t column = panel * PANEL + q * LANES;
            const size_t count = row == NM_NO_ROW ? 0 : lanes_below(column, columns);
            store(to + q * LANES, count ? load_part(w + row * columns + column, count) : (vec){0});
        }
    }
}

size_t nm_packed_size(size_t n, size_t k) {
    return panels_of(n) * k * PANEL;
}

typedef struct pack_work {
    float *packed;
    const float *w;
    size_t n, k;
} pack_work;

static void pack_job(void *data, nm_pool *pool, unsigned thread) {
    const pack_work *work = data;
    const nm_range share = nm_pool_share(pool, thread, panels_of(work->n), 1);
    for (size_t panel = share.begin; panel < share.end; panel++)
        nm_pack_rows(work->packed, work->w, (nm_order){.count = work->n}, work->k, panel);
}

void nm_pack(nm_pool *pool, float *packed, const float *w, size_t n, size_t k) {
    nm_pool_run(pool, pack_job, &(pack_work){packed, w, n, k});
}

static void pack_transposed_job(void *data, nm_pool *pool, unsigned thread) {
    const pack_work *work = data;
    const nm_range share = nm_pool_share(pool, thread, panels_of(work->n), 1);
    for (size_t panel = share.begin; panel < share.end; panel++)
        nm_pack_columns(work->packed, work->w, (nm_order){.count = work->k}, work->k, work->n,
                        panel);
}

void nm_pack_transposed(nm_pool *pool, float *packed, const float *w, size_t n, size_t k) {
    nm_pool_run(pool, pack_transposed_job, &(pack_work){packed, w, n, k});
}
