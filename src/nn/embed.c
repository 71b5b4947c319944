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

/* y[n] += x[n] */
static void add(real *restrict y, const real *restrict x, size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] += x[i];
}

/* Each thread some of the positions. */
static void forward_job(void *data, nm_pool *pool, unsigned thread) {
    const embed_work *work = data;
    const nm_embed *embed = work->embed;
    const nm_range share = nm_pool_share(pool, thread, embed->N, 1);
    for (size_t n = share.begin; n < share.end; n++) {
        const uint32_t *rows = embed->rows + n * embed->stride;
        real *y = work->y + n * embed->E;
        if (!embed->accumulate)
            memset(y, 0, embed->E * sizeof *y);
        for (size_t c = 0; c < embed->columns; c++)
            if (rows[c] != NM_NO_ROW)
                add(y, work->weight + rows[c] * embed->E, embed->E);
    }
}

void nm_embed_forward(nm_pool *pool, const nm_embed *embed, real *y, const real *weight) {
    embed_work work = {.embed = embed, .y = y, .weight = weight};
    nm_pool_run(pool, forward_job, &work);
}

/* forward was y_n = the sum of weight_r over the rows r of n, hence dweight_r += dy_n, summed over
 * the n that have r. Each thread some of the columns of weight (of a cache line), all positions in
 * order. */
static void backward_job(void *data, nm_pool *pool, unsigned thread) {
    const embed_work *work = data;
    const nm_embed *embed = work->embed;
    const nm_range share = nm_pool_share(pool, thread, embed->E, 16);
    for (size_t n = 0; n < embed->N; n++) {
        const uint32_t *rows = embed->rows + n * embed->stride;
        const real *dy = work->dy + n * embed->E + share.begin;
        for (size_t c = 0; c < embed->columns; c++)
            if (rows[c] != NM_NO_ROW)
                add(work->dweight + rows[c] * embed->E + share.begin, dy, share.end - share.begin);
    }
}

void nm_embed_backward(nm_pool *pool, const nm_embed *embed, real *dweight, const real *dy) {
    embed_work work = {.embed = embed, .dweight = dweight, .dy = dy};
    nm_pool_run(pool, backward_job, &work);
}
