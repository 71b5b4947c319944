/* SPDX-License-Identifier: ISC */
/* The most that one core can do: independent chains of multiply-adds in registers. */
#ifndef NM_BENCH_PEAK_H
#define NM_BENCH_PEAK_H

#include "base/context.h"

/* Runs `turns` turns in the vectors of `isa` (those of baseline for plain C). */
float bench_peak_chains(neume_isa isa, size_t turns);
double bench_peak_flop(neume_isa isa, size_t turns);

/* What peak_chains.c becomes for each instruction set. */
float peak_chains_baseline(size_t turns);
float peak_chains_avx2(size_t turns);
float peak_chains_avx512(size_t turns);

enum { PEAK_CHAINS = 12 };

#endif
