/* SPDX-License-Identifier: ISC */
#include "base/clock.h"

#include <time.h>

static double seconds_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double nm_clock(void) {
    return seconds_of(CLOCK_MONOTONIC);
}

double nm_clock_of(const neume_context *context) {
    return neume_context_thread_count(context) == 1 ? seconds_of(CLOCK_THREAD_CPUTIME_ID)
                                                    : nm_clock();
}
