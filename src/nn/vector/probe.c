/* SPDX-License-Identifier: ISC */
/* What one core can do at most, in the vectors of one instruction set. */
#include "nn/vector/probes.h"
#include "nn/vector/simd.h"

/* Enough chains to hide the latency of any machine, few enough for 16 registers. Without fused
 * multiply-adds the compiler makes a product and a sum, and the limit is that of both. */
enum { CHAINS = 12 };

static float multiply(size_t turns) {
    vec sum[CHAINS];
    vec factor = broadcast(0.999f), term = broadcast(0.001f);
    UNROLL for (int i = 0; i < CHAINS; i++) sum[i] = broadcast((float)i);
    for (size_t turn = 0; turn < turns; turn++) {
        UNROLL for (int i = 0; i < CHAINS; i++) sum[i] = sum[i] * factor + term;
        PIN(factor);
        PIN(term);
    }
    UNROLL for (int i = 1; i < CHAINS; i++) sum[0] += sum[i];
    return sum[0][0];
}

/* A sum for each vector of a turn, so that loads wait for memory alone; what is less than a turn at
 * the end is left out. */
enum { SUMS = 8, STRIDE = SUMS * LANES, FLOATS_A_LINE = 16 };

static float read(const float *block, size_t count, size_t ahead) {
    vec sum[SUMS] = {{0}};
    const size_t fetching = ahead && count > ahead + STRIDE ? count - ahead - STRIDE : 0;
    for (size_t i = 0; i + STRIDE <= count; i += STRIDE) {
        for (size_t line = 0; i < fetching && line < STRIDE; line += FLOATS_A_LINE)
            __builtin_prefetch(block + i + line + ahead, 0, 3);
        UNROLL for (int s = 0; s < SUMS; s++) sum[s] += load(block + i + s * LANES);
    }
    UNROLL for (int s = 1; s < SUMS; s++) sum[0] += sum[s];
    return sum[0][0];
}

const nm_probe NM_FOR_ISA(nm_probe) = {
    .flop_a_turn = 2 * CHAINS * LANES, .turns = 400000, .multiply = multiply, .read = read};
