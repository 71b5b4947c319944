/* SPDX-License-Identifier: ISC */
#include "peak.h"

typedef struct chains {
    float (*run)(size_t turns);
    unsigned lanes;
} chains;

static const chains of_isa[NEUME_ISA_AVX512 + 1] = {
    [NEUME_ISA_AUTO] = {peak_chains_baseline, 4},     [NEUME_ISA_C] = {peak_chains_baseline, 4},
    [NEUME_ISA_BASELINE] = {peak_chains_baseline, 4},
#if defined(__x86_64__)
    [NEUME_ISA_AVX2] = {peak_chains_avx2, 8},         [NEUME_ISA_AVX512] = {peak_chains_avx512, 16},
#endif
};

float bench_peak_chains(neume_isa isa, size_t turns) {
    return of_isa[isa].run(turns);
}

double bench_peak_flop(neume_isa isa, size_t turns) {
    return 2.0 * PEAK_CHAINS * of_isa[isa].lanes * (double)turns;
}
