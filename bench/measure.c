/* SPDX-License-Identifier: ISC */
#include "measure.h"

#include "base/clock.h"
#include "base/mem.h"
#include "nn/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rounds stop early, though not before the fewest, once they took long enough. */
enum { ROUNDS = 25, FEWEST_ROUNDS = 5, ENOUGH_SECONDS = 5 };

double bench_seconds(const neume_context *context) {
    return nm_clock_of(context);
}

double bench_peak(neume_context *context) {
    return nm_probe_peak(context, NM_PRODUCTS_FP32);
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double time_of(const neume_context *context, void (*body)(void *data), void *data,
                      int repeats) {
    const double start = bench_seconds(context);
    for (int i = 0; i < repeats; i++)
        body(data);
    return (bench_seconds(context) - start) / repeats;
}

bench_result bench_measure(neume_context *context, void (*body)(void *data), void *data,
                           double flop, double least) {
    double seconds[ROUNDS], shares[ROUNDS];
    body(data);
    const int repeats = 1 + (int)(least / time_of(context, body, data, 1));
    double peak_before = bench_peak(context), highest_peak = peak_before;
    double spent = 0;
    int count = 0;
    for (; count < ROUNDS && (count < FEWEST_ROUNDS || spent < ENOUGH_SECONDS); count++) {
        seconds[count] = time_of(context, body, data, repeats);
        const double peak_after = bench_peak(context);
        spent += seconds[count] * repeats;
        shares[count] = flop / seconds[count] / (0.5 * (peak_before + peak_after));
        highest_peak = peak_after > highest_peak ? peak_after : highest_peak;
        peak_before = peak_after;
    }
    qsort(seconds, (size_t)count, sizeof *seconds, compare);
    qsort(shares, (size_t)count, sizeof *shares, compare);
    return (bench_result){.seconds = seconds[count / 2],
                          .share = shares[count / 2],
                          .best = flop / seconds[0] / highest_peak};
}

neume_context *bench_context(unsigned threads, neume_isa isa) {
    neume_context_options options = neume_context_options_default();
    options.thread_count = threads;
    options.isa = isa;
    neume_context *context = NULL;
    neume_error error = {0};
    if (neume_context_new(&context, &options, &error)) {
        fprintf(stderr, "%s\n", error.line);
        exit(1);
    }
    return context;
}

float *bench_floats(neume_context *context, size_t count, float size) {
    float *block = nm_alloc_aligned(context, count, sizeof *block);
    if (!block) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    uint32_t state = 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        block[i] = size * ((float)(state >> 8) * 0x1p-23f - 1);
    }
    return block;
}

neume_isa bench_isa(const char *name) {
    static const char *const names[] = {"auto", "c", "baseline", "avx2", "avx512"};
    for (int isa = NEUME_ISA_AUTO; isa <= NEUME_ISA_AVX512; isa++)
        if (strcmp(name, names[isa]) == 0)
            return (neume_isa)isa;
    fprintf(stderr, "kernels %s: expected auto, c, baseline, avx2 or avx512\n", name);
    exit(2);
}
