/* SPDX-License-Identifier: ISC */
/* Timing beside the machine's limit. The machine is shared and its clock drifts, so each round
 * times the body and, at once before and after, as many threads doing nothing but fused
 * multiply-adds; what counts is the median of the ratios. */
#ifndef NM_BENCH_MEASURE_H
#define NM_BENCH_MEASURE_H

#include "base/context.h"

typedef struct bench_result {
    double seconds; /* of one call, median */
    double share;   /* of the multiply-adds per second that the machine can do, median */
    double best; /* the fastest call against the fastest multiply-adds: what a machine that others
                    use would do if they did not */
} bench_result;

/* As nm_clock_of. */
double bench_seconds(const neume_context *context);

/* Times `body`, which does `flop` floating point operations. Rounds of at least `least` seconds. */
bench_result bench_measure(neume_context *context, void (*body)(void *data), void *data,
                           double flop, double least);

/* As nm_probe_peak, of floats. */
double bench_peak(neume_context *context);

/* A context, or the program ends with a line that says why not. */
neume_context *bench_context(unsigned threads, neume_isa isa);

/* Numbers uniform in ±size, in a block for kernels. */
float *bench_floats(neume_context *context, size_t count, float size);

/* The instruction set of this name; the program ends where there is none. */
neume_isa bench_isa(const char *name);

#endif
