/* SPDX-License-Identifier: ISC */
#include "rounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds_on(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double units_a_second(const bench_rounds *rounds, double least) {
    const clockid_t clock = rounds->threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
    const double start = seconds_on(clock);
    double seconds, units = 0;
    do {
        rounds->body(rounds->data);
        units += rounds->units;
        seconds = seconds_on(clock) - start;
    } while (seconds < least);
    return units / seconds;
}

void bench_serve(const bench_rounds *rounds) {
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        printf("{\"what\": \"%s\", \"peer\": \"%s\", \"shape\": \"%s\", \"threads\": %u, "
               "\"value\": %.6g, \"unit\": \"%s\"}\n",
               rounds->what, rounds->peer, rounds->shape, rounds->threads,
               units_a_second(rounds, strtod(line, NULL)), rounds->unit);
        fflush(stdout);
    }
}
