/* SPDX-License-Identifier: ISC */
#include "nn/layers.h"

#include <string.h>

typedef struct copy_work {
    const nm_columns *columns;
    real *to;
    const real *from;
} copy_work;

static void copy_job(void *data, nm_pool *pool, unsigned thread) {
    const copy_work *work = data;
    const nm_columns *columns = work->columns;
    const nm_range share = nm_pool_share(pool, thread, columns->N, 1);
    for (size_t n = share.begin; n < share.end; n++)
        memcpy(work->to + n * columns->to_stride, work->from + n * columns->from_stride,
               columns->width * sizeof(real));
}

void nm_columns_copy(nm_pool *pool, const nm_columns *columns, real *to, const real *from) {
    copy_work work = {.columns = columns, .to = to, .from = from};
    nm_pool_run(pool, copy_job, &work);
}
