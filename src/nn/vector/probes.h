/* SPDX-License-Identifier: ISC */
/* What probe.c becomes for each instruction set, and its likes for products of fewer bits. */
#ifndef NM_NN_VECTOR_PROBES_H
#define NM_NN_VECTOR_PROBES_H

#include "nn/ops.h"

/* Results mean nothing, but to the compiler. So many turns take about a millisecond. `read` fetches
 * what lies `ahead` floats ahead; 0: leaves that to the machine. */
typedef struct nm_probe {
    double flop_a_turn;
    size_t turns;
    float (*multiply)(size_t turns);
    float (*read)(const float *block, size_t count, size_t ahead); /* of floats */
} nm_probe;

extern const nm_probe nm_probe_baseline;
extern const nm_probe nm_probe_avx2;   /* x86-64 only */
extern const nm_probe nm_probe_avx512; /* x86-64 only */

/* As nm_product_tables: of products of fewer bits; beside those of floats, of whole numbers in tile
 * registers. NULL where the build has none. */
extern const nm_probe *const nm_product_probes[NM_PRODUCTS_BF16 + 1];

#endif
