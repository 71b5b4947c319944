/* SPDX-License-Identifier: ISC */
/* The tables that the sources of this folder become, one for each instruction set. */
#ifndef NM_NN_VECTOR_TABLES_H
#define NM_NN_VECTOR_TABLES_H

#include "nn/ops.h"

extern const nm_ops nm_ops_baseline;
extern const nm_ops nm_ops_avx2;   /* x86-64 only */
extern const nm_ops nm_ops_avx512; /* x86-64 only */

/* Those of AVX-512 with products of fewer bits; with those of floats, the one whose whole numbers
 * are multiplied in tile registers. NULL where the build has none. */
extern const nm_ops *const nm_product_tables[NM_PRODUCTS_BF16 + 1];

#endif
