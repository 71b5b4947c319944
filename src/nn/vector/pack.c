/* SPDX-License-Identifier: ISC */
/* Matrices into panels. */
#include "nn/vector/kernels.h"

size_t nm_packed_size(size_t n, size_t k) {
    return panels_of(n) * turns_of(k) * PANEL;
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
