/* SPDX-License-Identifier: ISC */
#include "nn/layers.h"

typedef struct scale_work {
    real *y;
    const real *x;
    real a;
    size_t count;
} scale_work;

enum { GRAIN = 1024 };

static void copy_job(void *data, nm_pool *pool, unsigned thread) {
    const scale_work *work = data;
    const nm_range share = nm_pool_share(pool, thread, work->count, GRAIN);
    for (size_t i = share.begin; i < share.end; i++)
        work->y[i] = work->a * work->x[i];
}

static void add_job(void *data, nm_pool *pool, unsigned thread) {
    const scale_work *work = data;
    const nm_range share = nm_pool_share(pool, thread, work->count, GRAIN);
    for (size_t i = share.begin; i < share.end; i++)
        work->y[i] += work->a * work->x[i];
}

void nm_scaled_copy(nm_pool *pool, real *y, real a, const real *x, size_t count) {
    scale_work work = {.y = y, .x = x, .a = a, .count = count};
    nm_pool_run(pool, copy_job, &work);
}

void nm_scaled_add(nm_pool *pool, real *y, real a, const real *x, size_t count) {
    scale_work work = {.y = y, .x = x, .a = a, .count = count};
    nm_pool_run(pool, add_job, &work);
}

typedef struct sum_work {
    real *y;
    const real *a, *b;
    size_t count;
} sum_work;

static void sum_job(void *data, nm_pool *pool, unsigned thread) {
    const sum_work *work = data;
    const nm_range share = nm_pool_share(pool, thread, work->count, GRAIN);
    for (size_t i = share.begin; i < share.end; i++)
        work->y[i] = work->a[i] + work->b[i];
}

void nm_sum(nm_pool *pool, real *y, const real *a, const real *b, size_t count) {
    sum_work work = {.y = y, .a = a, .b = b, .count = count};
    nm_pool_run(pool, sum_job, &work);
}
