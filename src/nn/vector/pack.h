/* SPDX-License-Identifier: ISC */
/* Rows of a matrix into panels, PANEL of them at a time. */
#ifndef NM_NN_VECTOR_PACK_H
#define NM_NN_VECTOR_PACK_H

#include "nn/vector/kernels.h"

/* PANEL rows: LANES for each vector of a panel, of which there are `count`. */
typedef struct nm_bundle {
    const float *first[VECTORS];
    size_t count[VECTORS];
    size_t stride; /* from row to row of a vector */
} nm_bundle;

/* NULL: there is none. */
INLINE const float *bundle_row(const nm_bundle *bundle, size_t i) {
    const size_t q = i / LANES, row = i % LANES;
    return row < bundle->count[q] ? bundle->first[q] + row * bundle->stride : NULL;
}

#define nm_pack_rows NM_FOR_ISA(nm_pack_rows)
/* The rows become the columns of a panel: `depth` of its depth, which begins with an even one, from
 * as many columns of the bundle. */
void nm_pack_rows(float *panel, const nm_bundle *bundle, nm_range depth);

#define nm_pack_columns NM_FOR_ISA(nm_pack_columns)
/* The first `depth` places for rows become so much of the depth of a panel, from `to` on; its
 * columns are `columns` of the bundle, or the first PANEL of them. */
void nm_pack_columns(float *to, const nm_bundle *bundle, nm_range columns, size_t depth);

#endif
