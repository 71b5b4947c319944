/* SPDX-License-Identifier: ISC */
/* Multiply-adds of halves: as many chains as of floats. */
#include "nn/vector/kernels.h"
#include "nn/vector/probes.h"

__extension__ typedef _Float16 half;

enum { CHAINS = 12 };

static float multiply(size_t turns) {
    hvec sum[CHAINS], factor = (hvec){0} + (half)0.999f, term = (hvec){0} + (half)0.001f;
    UNROLL for (int i = 0; i < CHAINS; i++) sum[i] = (hvec){0} + (half)i;
    for (size_t turn = 0; turn < turns; turn++) {
        UNROLL for (int i = 0; i < CHAINS; i++) sum[i] = add_half_product(term, sum[i], factor);
        PIN(factor);
        PIN(term);
    }
    UNROLL for (int i = 1; i < CHAINS; i++) sum[0] += sum[i];
    return (float)sum[0][0];
}

const nm_probe NM_FOR_ISA(nm_probe) = {
    .flop_a_turn = 2 * CHAINS * TERM * LANES, .turns = 400000, .multiply = multiply};
