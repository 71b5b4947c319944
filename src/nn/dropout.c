/* SPDX-License-Identifier: ISC */
#include "nn/layers.h"

#include <string.h>

enum { PLACE_BITS = 4 };

enum { DRAWS = 16, WORDS = DRAWS * NM_MASK_UNIT };

/* In a loop of its own, which compilers turn into vectors: no processor foresees such branches. */
static void compare(real *restrict mask, const uint32_t *restrict words, uint32_t least,
                    real kept) {
    for (size_t i = 0; i < WORDS; i++)
        mask[i] = words[i] < least ? 0 : kept;
}

/* mask_i = 0 with probability p, else 1/(1-p); element i takes word i mod 4 of draw i / 4. Where
 * the first does not begin a draw, a block has fewer. */
void nm_dropout_elements(const nm_dropout *dropout, real *mask, nm_range share) {
    const double limit = ceil((double)dropout->probability * 0x1p32);
    const uint32_t least = limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX;
    const real kept = 1 / (1 - dropout->probability);
    const nm_draw draw = {.seed = dropout->seed,
                          .update = dropout->update << PLACE_BITS | dropout->place,
                          .purpose = dropout->purpose};
    const size_t before = dropout->first % NM_MASK_UNIT;
    const size_t step = before ? WORDS - NM_MASK_UNIT : WORDS;
    for (size_t begin = share.begin; begin < share.end; begin += step) {
        const size_t left = share.end - begin, count = left < step ? left : step;
        uint32_t words[DRAWS][NM_MASK_UNIT];
        real block[WORDS];
        dropout->ops->random_draws(words, &draw, (dropout->first + begin) / NM_MASK_UNIT, DRAWS);
        compare(block, words[0], least, kept);
        memcpy(mask + (begin - share.begin), block + before, count * sizeof *mask);
    }
}

typedef struct draw_work {
    const nm_dropout *dropout;
    real *mask;
    size_t count;
} draw_work;

static void draw_job(void *data, nm_pool *pool, unsigned thread) {
    const draw_work *work = data;
    const nm_range share = nm_pool_share(pool, thread, work->count, NM_MASK_UNIT);
    nm_dropout_elements(work->dropout, work->mask + share.begin, share);
}

void nm_dropout_draw(nm_pool *pool, const nm_dropout *dropout, real *mask, size_t count) {
    draw_work work = {.dropout = dropout, .mask = mask, .count = count};
    nm_pool_run(pool, draw_job, &work);
}

typedef struct apply_work {
    real *y;
    const real *x, *mask;
    size_t T, count;
} apply_work;

/* Each thread some of the steps. */
static void apply_job(void *data, nm_pool *pool, unsigned thread) {
    const apply_work *work = data;
    const nm_range share = nm_pool_share(pool, thread, work->T, 1);
    for (size_t t = share.begin; t < share.end; t++) {
        real *y = work->y + t * work->count;
        const real *x = work->x + t * work->count;
        for (size_t i = 0; i < work->count; i++)
            y[i] = x[i] * work->mask[i];
    }
}

void nm_dropout_apply(nm_pool *pool, real *y, const real *x, const real *mask, size_t T,
                      size_t count) {
    apply_work work = {.y = y, .x = x, .mask = mask, .T = T, .count = count};
    nm_pool_run(pool, apply_job, &work);
}
