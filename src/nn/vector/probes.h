/* SPDX-License-Identifier: ISC */
/* What probe.c becomes for each instruction set. */
#ifndef NM_NN_VECTOR_PROBES_H
#define NM_NN_VECTOR_PROBES_H

#include <stddef.h>

/* Results mean nothing, but to the compiler. `read` fetches what lies `ahead` floats ahead; 0:
 * leaves that to the machine. */
typedef struct nm_probe {
    double flop_a_turn;
    float (*multiply)(size_t turns);
    float (*read)(const float *block, size_t count, size_t ahead);
} nm_probe;

extern const nm_probe nm_probe_baseline;
extern const nm_probe nm_probe_avx2;   /* x86-64 only */
extern const nm_probe nm_probe_avx512; /* x86-64 only */

#endif
