/* SPDX-License-Identifier: ISC */
/* A structured head: logits are gathered from outputs z by maps of integers,
 *   logit_w = sum over m of z_m[index_m[c_m][w]],
 * where the z_m lie one after the other in a row of z. */
#ifndef NM_NN_HEAD_MAP_H
#define NM_NN_HEAD_MAP_H

#include "nn/stack.h"

typedef struct nm_head_mapping {
    size_t N, V, Z; /* Z: the sum of the maps' widths */
    unsigned count; /* M */
    const nm_head_map *maps;
    const uint32_t *contexts; /* [N,M] c_m */
} nm_head_mapping;

void nm_head_map_forward(nm_pool *pool, const nm_head_mapping *mapping, real *logits,
                         const real *z);

/* dz is overwritten. */
void nm_head_map_backward(nm_pool *pool, const nm_head_mapping *mapping, real *dz,
                          const real *dlogits);

#endif
