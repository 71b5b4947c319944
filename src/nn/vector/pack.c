/* SPDX-License-Identifier: ISC */
/* Matrices into panels. */
#include "nn/vector/pack.h"

size_t nm_packed_size(size_t n, size_t k) {
    return panels_of(n) * turns_of(k) * PANEL;
}

typedef struct pack_work {
    float *packed;
    const float *w;
    size_t n, k;
} pack_work;

/* The rows from `first` on, of `count` that there are. */
static nm_bundle bundle_at(const float *w, size_t first, size_t count, size_t columns) {
    nm_bundle bundle = {.stride = columns};
    for (size_t q = 0; q < VECTORS; q++) {
        bundle.first[q] = w + (first + q * LANES) * columns;
        bundle.count[q] = lanes_below(first + q * LANES, count);
    }
    return bundle;
}

static void pack_job(void *data, nm_pool *pool, unsigned thread) {
    const pack_work *work = data;
    const nm_range share = nm_pool_share(pool, thread, panels_of(work->n), 1);
    for (size_t panel = share.begin; panel < share.end; panel++) {
        const nm_bundle bundle = bundle_at(work->w, panel * PANEL, work->n, work->k);
        nm_pack_rows(work->packed + panel * turns_of(work->k) * PANEL, &bundle,
                     (nm_range){0, work->k});
    }
}

void nm_pack(nm_pool *pool, float *packed, const float *w, size_t n, size_t k) {
    nm_pool_run(pool, pack_job, &(pack_work){packed, w, n, k});
}

static void pack_transposed_job(void *data, nm_pool *pool, unsigned thread) {
    const pack_work *work = data;
    const nm_range share = nm_pool_share(pool, thread, panels_of(work->n), 1);
    for (size_t panel = share.begin; panel < share.end; panel++)
        for (size_t k = 0; k < work->k; k += PANEL) {
            const nm_bundle bundle = bundle_at(work->w, k, work->k, work->n);
            const size_t left = work->k - k;
            nm_pack_columns(work->packed + (panel * turns_of(work->k) + turn_of(k)) * PANEL,
                            &bundle, (nm_range){panel * PANEL, work->n},
                            left < PANEL ? left : PANEL);
        }
}

void nm_pack_transposed(nm_pool *pool, float *packed, const float *w, size_t n, size_t k) {
    nm_pool_run(pool, pack_transposed_job, &(pack_work){packed, w, n, k});
}
