/* SPDX-License-Identifier: ISC */
#include "nn/layers.h"

typedef struct relu_work {
    real *y, *dy;
    const real *outputs;
    size_t count;
} relu_work;

enum { GRAIN = 1024 };

/* Not x > 0 ? x : 0, which would hide a NaN. */
static void forward_job(void *data, nm_pool *pool, unsigned thread) {
    const relu_work *work = data;
    const nm_range share = nm_pool_share(pool, thread, work->count, GRAIN);
    for (size_t i = share.begin; i < share.end; i++)
        work->y[i] = work->y[i] < 0 ? 0 : work->y[i];
}

void nm_relu_forward(nm_pool *pool, real *y, size_t count) {
    relu_work work = {.y = y, .count = count};
    nm_pool_run(pool, forward_job, &work);
}

/* forward was y = x where x > 0, else 0, hence dx = dy where y > 0, else 0. */
static void backward_job(void *data, nm_pool *pool, unsigned thread) {
    const relu_work *work = data;
    const nm_range share = nm_pool_share(pool, thread, work->count, GRAIN);
    for (size_t i = share.begin; i < share.end; i++)
        work->dy[i] = work->outputs[i] > 0 ? work->dy[i] : 0;
}

void nm_relu_backward(nm_pool *pool, real *dy, const real *y, size_t count) {
    relu_work work = {.dy = dy, .outputs = y, .count = count};
    nm_pool_run(pool, backward_job, &work);
}
