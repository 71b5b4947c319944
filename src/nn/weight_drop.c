/* SPDX-License-Identifier: ISC */
#include "nn/layers.h"

enum { BLOCK = 256 };

static void apply(uint8_t *restrict kept, real *restrict y, const real *restrict w,
                  const real *restrict mask, size_t count) {
    for (size_t i = 0; i < count; i++) {
        y[i] = w[i] * mask[i];
        kept[i] = mask[i] != 0;
    }
}

void nm_weight_drop_forward(const nm_dropout *drop, uint8_t *kept, real *y, const real *w,
                            size_t count) {
    for (size_t begin = 0; begin < count; begin += BLOCK) {
        const size_t end = begin + BLOCK < count ? begin + BLOCK : count;
        real mask[BLOCK];
        nm_dropout_elements(drop, mask, (nm_range){begin, end});
        apply(kept + begin, y + begin, w + begin, mask, end - begin);
    }
}

typedef struct backward_work {
    real *dw;
    const uint8_t *kept;
    size_t count;
    real scale;
} backward_work;

/* Without a branch, which no processor foresees. */
static void apply_kept(real *restrict dw, const uint8_t *restrict kept, real scale, size_t count) {
    for (size_t i = 0; i < count; i++)
        dw[i] *= scale * (real)kept[i];
}

/* forward was y = w * mask, hence dw = dy * mask. */
static void backward_job(void *data, nm_pool *pool, unsigned thread) {
    const backward_work *work = data;
    const nm_range share = nm_pool_share(pool, thread, work->count, BLOCK);
    apply_kept(work->dw + share.begin, work->kept + share.begin, work->scale,
               share.end - share.begin);
}

void nm_weight_drop_backward(nm_pool *pool, real probability, const uint8_t *kept, real *dw,
                             size_t count) {
    nm_pool_run(pool, backward_job, &(backward_work){dw, kept, count, 1 / (1 - probability)});
}
