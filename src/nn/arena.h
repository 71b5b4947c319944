/* SPDX-License-Identifier: ISC */
/* One block handed out part by part, one after the other, each at a multiple of NM_ALIGNMENT.
 * Without a block the parts are only counted: so one function says how much memory a run takes and
 * where everything lies in it. */
#ifndef NM_NN_ARENA_H
#define NM_NN_ARENA_H

#include "base/mem.h"
#include "nn/real.h"

typedef struct nm_arena {
    real *block; /* NULL: only counts */
    size_t used; /* reals */
} nm_arena;

/* NULL where parts are only counted. */
static inline real *nm_take(nm_arena *from, size_t count) {
    const size_t unit = NM_ALIGNMENT / sizeof(real), start = from->used;
    from->used += (count + unit - 1) / unit * unit;
    return from->block ? from->block + start : NULL;
}

static inline void *nm_take_bytes(nm_arena *from, size_t size) {
    return nm_take(from, (size + sizeof(real) - 1) / sizeof(real));
}

#endif
