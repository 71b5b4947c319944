/* SPDX-License-Identifier: ISC */
/* Between the axis along time, [T,n,K,..], and that along the keys, [K,n,T,..]. */
#include "nn/biaxial_run.h"

#include <string.h>

typedef struct turn_work {
    const nm_biaxial_pass *p;
    size_t E, width; /* E + D */
    size_t stride;   /* rows of a key along the keys */
    real *to;
    const real *from;
} turn_work;

static turn_work work_of(const nm_biaxial_pass *p, size_t stride) {
    const nm_biaxial_run *run = p->run;
    const size_t E = run->time.lstm[run->time.count - 1].w.H;
    return (turn_work){.p = p, .E = E, .width = E + run->biaxial->shape.bits, .stride = stride};
}

/* Along the keys, the row of position i = t n + b of the chunk. */
static size_t row_of(const nm_biaxial_pass *p, size_t i) {
    return i % p->count * p->T + i / p->count;
}

/* Each thread some of the positions. */
static void turn_job(void *data, nm_pool *pool, unsigned thread) {
    const turn_work *work = data;
    const nm_biaxial_pass *p = work->p;
    const size_t K = p->run->biaxial->shape.key_count;
    const nm_range share = nm_pool_share(pool, thread, p->T * p->count, 1);
    for (size_t i = share.begin; i < share.end; i++)
        for (size_t k = 0; k < K; k++)
            memcpy(work->to + (k * work->stride + row_of(p, i)) * work->width,
                   work->from + (i * K + k) * work->E, work->E * sizeof(real));
}

void nm_biaxial_turn(const nm_biaxial_pass *p, real *x, size_t stride, const real *heard) {
    turn_work work = work_of(p, stride);
    work.to = x;
    work.from = heard;
    nm_pool_run(p->pool, turn_job, &work);
}

static void turn_back_job(void *data, nm_pool *pool, unsigned thread) {
    const turn_work *work = data;
    const nm_biaxial_pass *p = work->p;
    const size_t K = p->run->biaxial->shape.key_count;
    const nm_range share = nm_pool_share(pool, thread, p->T * p->count, 1);
    for (size_t i = share.begin; i < share.end; i++)
        for (size_t k = 0; k < K; k++)
            memcpy(work->to + (i * K + k) * work->E,
                   work->from + (k * work->stride + row_of(p, i)) * work->width,
                   work->E * sizeof(real));
}

/* forward was a copy. */
void nm_biaxial_turn_back(const nm_biaxial_pass *p, real *dheard, const real *dx) {
    turn_work work = work_of(p, p->count * p->T);
    work.to = dheard;
    work.from = dx;
    nm_pool_run(p->pool, turn_back_job, &work);
}

static void tell_job(void *data, nm_pool *pool, unsigned thread) {
    const turn_work *work = data;
    const nm_biaxial_pass *p = work->p;
    const nm_biaxial_shape *shape = &p->run->biaxial->shape;
    const nm_range share = nm_pool_share(pool, thread, p->T * p->count, 1);
    for (size_t i = share.begin; i < share.end; i++) {
        const size_t position = i / p->count * p->run->options.max_B + p->first + i % p->count;
        for (uint32_t k = 0; k < shape->key_count; k++) {
            real *x = work->to + (k * work->stride + row_of(p, i)) * work->width + work->E;
            for (unsigned d = 0; d < shape->bits; d++)
                x[d] = k && nm_target_has(p->batch, d, position, shape->first + k - 1) ? 1 : 0;
        }
    }
}

void nm_biaxial_tell_truth(const nm_biaxial_pass *p, real *x) {
    turn_work work = work_of(p, p->count * p->T);
    work.to = x;
    nm_pool_run(p->pool, tell_job, &work);
}
