/* SPDX-License-Identifier: ISC */
#include "nn/layers.h"

typedef struct activity_work {
    const nm_activity *activity;
    real *dh;
    const real *h;
    real factor; /* 2 times the weight, over how many numbers the mean goes */
} activity_work;

static bool is_valid(const nm_activity *activity, size_t at) {
    return !activity->valid || activity->valid[at];
}

/* Whether h_t - h_{t-1} of a row counts. */
static bool is_pair(const nm_activity *activity, size_t t, size_t b) {
    if (t == 0 || t >= activity->T)
        return false;
    const size_t at = t * activity->B + b;
    return !activity->reset[at] && is_valid(activity, at) && is_valid(activity, at - activity->B);
}

/* dh += factor (a - b), b NULL: zeros */
static void add_difference(real *dh, real factor, const real *a, const real *b, size_t H) {
    for (size_t u = 0; u < H; u++)
        dh[u] += factor * (b ? a[u] - b[u] : a[u]);
}

/* forward was ar / n  sum of h_i², hence dh_i = 2 ar / n  h_i. Each thread some positions. */
static void ar_job(void *data, nm_pool *pool, unsigned thread) {
    const activity_work *work = data;
    const nm_activity *a = work->activity;
    const nm_range share = nm_pool_share(pool, thread, a->T * a->B, 1);
    for (size_t at = share.begin; at < share.end; at++)
        if (is_valid(a, at))
            add_difference(work->dh + at * a->H, work->factor, work->h + at * a->H, NULL, a->H);
}

void nm_activity_add_ar(nm_pool *pool, const nm_activity *activity, real ar, real *dh,
                        const real *h) {
    size_t count = 0;
    for (size_t at = 0; at < activity->T * activity->B; at++)
        count += is_valid(activity, at);
    if (count == 0)
        return;
    activity_work work = {.activity = activity, .dh = dh, .h = h};
    work.factor = 2 * ar / ((real)count * (real)activity->H);
    nm_pool_run(pool, ar_job, &work);
}

/* forward was tar / n  sum of (h_t - h_{t-1})², hence, where the pairs count,
 * dh_t = 2 tar / n  ((h_t - h_{t-1}) + (h_t - h_{t+1})). Each thread some of the positions. */
static void tar_job(void *data, nm_pool *pool, unsigned thread) {
    const activity_work *work = data;
    const nm_activity *a = work->activity;
    const size_t step = a->B * a->H;
    const nm_range share = nm_pool_share(pool, thread, a->T * a->B, 1);
    for (size_t at = share.begin; at < share.end; at++) {
        const size_t t = at / a->B, b = at % a->B;
        const real *h = work->h + at * a->H;
        if (is_pair(a, t, b))
            add_difference(work->dh + at * a->H, work->factor, h, h - step, a->H);
        if (is_pair(a, t + 1, b))
            add_difference(work->dh + at * a->H, work->factor, h, h + step, a->H);
    }
}

void nm_activity_add_tar(nm_pool *pool, const nm_activity *activity, real tar, real *dh,
                         const real *h) {
    size_t count = 0;
    for (size_t at = 0; at < activity->T * activity->B; at++)
        count += is_pair(activity, at / activity->B, at % activity->B);
    if (count == 0)
        return;
    activity_work work = {.activity = activity, .dh = dh, .h = h};
    work.factor = 2 * tar / ((real)count * (real)activity->H);
    nm_pool_run(pool, tar_job, &work);
}
