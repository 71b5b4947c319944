/* SPDX-License-Identifier: ISC */
#include "peak.h"

#include "nn/vector/simd.h"

/* Enough chains to hide the latency of any machine, few enough for 16 registers. Without fused
 * multiply-adds the compiler makes a product and a sum, and the limit is that of both. */
float NM_FOR_ISA(peak_chains)(size_t turns) {
    vec sum[PEAK_CHAINS];
    vec factor = broadcast(0.999f), term = broadcast(0.001f);
    UNROLL for (int i = 0; i < PEAK_CHAINS; i++) sum[i] = broadcast((float)i);
    for (size_t turn = 0; turn < turns; turn++) {
        UNROLL for (int i = 0; i < PEAK_CHAINS; i++) sum[i] = sum[i] * factor + term;
        PIN(factor);
        PIN(term);
    }
    UNROLL for (int i = 1; i < PEAK_CHAINS; i++) sum[0] += sum[i];
    return sum[0][0];
}
