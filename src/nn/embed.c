/* SPDX-License-Identifier: ISC */
#include "nn/layers.h"

#include <string.h>

typedef struct embed_work {
    const nm_embed *embed;
    real *y;
    const real *weight;
    real *dweight;
    const real *dy;
} embed_work;

/* Each thread some of the positions. */
static void forward_job(void *data, nm_pool *pool, unsigned thread) {
    const embed_work *work = data;
    const size_t E = work->embed->E;
    const nm_range share = nm_pool_share(pool, thread, work->embed->N, 1);
    for (size_t n = share.begin; n < share.end; n++)
        memcpy(work->y + n * E, work->weight + work->embed->words[n] * E, E * sizeof(real));
}

void nm_embed_forward(nm_pool *pool, const nm_embed *embed, real *y, const real *weight) {
    embed_work work = {.embed = embed, .y = y, .weight = weight};
    nm_pool_run(pool, forward_job, &work);
}

/* forward was y_n = weight_w with w = words_n, hence dweight_w += dy_n, summed over the n of w.
 * Each thread some of the columns (of a cache line), all positions in order. */
static void backward_job(void *data, nm_pool *pool, unsigned thread) {
    const embed_work *work = data;
    const size_t E = work->embed->E;
    const nm_range share = nm_pool_share(pool, thread, E, 16);
    for (size_t n = 0; n < work->embed->N; n++) {
        real *restrict dweight = work->dweight + work->embed->words[n] * E;
        const real *restrict dy = work->dy + n * E;
        for (size_t e = share.begin; e < share.end; e++)
            dweight[e] += dy[e];
    }
}

void nm_embed_backward(nm_pool *pool, const nm_embed *embed, real *dweight, const real *dy) {
    embed_work work = {.embed = embed, .dweight = dweight, .dy = dy};
    nm_pool_run(pool, backward_job, &work);
}
