/* SPDX-License-Identifier: ISC */
#include "nn/head_map.h"

#include <string.h>

typedef struct map_work {
    const nm_head_mapping *mapping;
    real *logits, *dz;
    const real *z, *dlogits;
} map_work;

static const uint16_t *index_of(const nm_head_mapping *mapping, size_t n, unsigned m) {
    return mapping->maps[m].index + mapping->contexts[n * mapping->count + m] * mapping->V;
}

/* Each thread some of the positions. */
static void forward_job(void *data, nm_pool *pool, unsigned thread) {
    const map_work *work = data;
    const nm_head_mapping *mapping = work->mapping;
    const nm_range share = nm_pool_share(pool, thread, mapping->N, 1);
    for (size_t n = share.begin; n < share.end; n++) {
        real *logits = work->logits + n * mapping->V;
        const real *z = work->z + n * mapping->Z;
        memset(logits, 0, mapping->V * sizeof *logits);
        for (unsigned m = 0; m < mapping->count; z += mapping->maps[m++].width) {
            const uint16_t *index = index_of(mapping, n, m);
            for (size_t w = 0; w < mapping->V; w++)
                logits[w] += index[w] == NM_NO_INDEX ? 0 : z[index[w]];
        }
    }
}

void nm_head_map_forward(nm_pool *pool, const nm_head_mapping *mapping, real *logits,
                         const real *z) {
    map_work work = {.mapping = mapping, .logits = logits, .z = z};
    nm_pool_run(pool, forward_job, &work);
}

/* forward was logit_w = sum over m of z_m[index_m[w]], hence dz_m[i] = the sum of dlogit_w over the
 * w with index_m[w] = i. */
static void backward_job(void *data, nm_pool *pool, unsigned thread) {
    const map_work *work = data;
    const nm_head_mapping *mapping = work->mapping;
    const nm_range share = nm_pool_share(pool, thread, mapping->N, 1);
    for (size_t n = share.begin; n < share.end; n++) {
        const real *dlogits = work->dlogits + n * mapping->V;
        real *dz = work->dz + n * mapping->Z;
        memset(dz, 0, mapping->Z * sizeof *dz);
        for (unsigned m = 0; m < mapping->count; dz += mapping->maps[m++].width) {
            const uint16_t *index = index_of(mapping, n, m);
            for (size_t w = 0; w < mapping->V; w++)
                if (index[w] != NM_NO_INDEX)
                    dz[index[w]] += dlogits[w];
        }
    }
}

void nm_head_map_backward(nm_pool *pool, const nm_head_mapping *mapping, real *dz,
                          const real *dlogits) {
    map_work work = {.mapping = mapping, .dz = dz, .dlogits = dlogits};
    nm_pool_run(pool, backward_job, &work);
}
