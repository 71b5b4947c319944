/* SPDX-License-Identifier: ISC */
#include "nn/layers.h"

enum { BLOCK = 256 };

typedef struct drop_work {
    const nm_dropout *drop;
    real *y;
    const real *x;
    size_t count;
    bool accumulate;
} drop_work;

/* y = x * mask, or y += x * mask. */
static void drop_block(const drop_work *work, nm_range block) {
    real mask[BLOCK];
    nm_dropout_elements(work->drop, mask, block);
    for (size_t i = block.begin; i < block.end; i++) {
        const real x = work->x[i] * mask[i - block.begin];
        work->y[i] = work->accumulate ? work->y[i] + x : x;
    }
}

static void drop_job(void *data, nm_pool *pool, unsigned thread) {
    const drop_work *work = data;
    const nm_range share = nm_pool_share(pool, thread, work->count, BLOCK);
    for (size_t begin = share.begin; begin < share.end; begin += BLOCK) {
        const size_t left = share.end - begin;
        drop_block(work, (nm_range){begin, begin + (left < BLOCK ? left : BLOCK)});
    }
}

void nm_weight_drop_forward(nm_pool *pool, const nm_dropout *drop, real *y, const real *w,
                            size_t count) {
    drop_work work = {.drop = drop, .y = y, .x = w, .count = count};
    nm_pool_run(pool, drop_job, &work);
}

/* forward was y = w * mask, hence dw += dy * mask. */
void nm_weight_drop_backward(nm_pool *pool, const nm_dropout *drop, real *dw, const real *dy,
                             size_t count) {
    drop_work work = {.drop = drop, .y = dw, .x = dy, .count = count, .accumulate = true};
    nm_pool_run(pool, drop_job, &work);
}
