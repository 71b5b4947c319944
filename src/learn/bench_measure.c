/* SPDX-License-Identifier: ISC */
/* Rounds of a row, each beside the machine's limits measured just before and after it. */
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "learn/bench.h"
#include "nn/probe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A round takes a share of the seconds, so that a disturbance spoils no more than it. The fewest
 * rounds may take longer, though not without end: of slow machines one round is better than none.
 */
enum { FEWEST_ROUNDS = 3, USUAL_ROUNDS = 15, MOST_ROUNDS = 60, PROBES = 3, MOST_TIME = 2 };

typedef struct limits {
    double peak, bandwidth;
} limits;

typedef struct rounds {
    const nm_bench_work *work;
    float *held;
    int turns; /* of a round */
    int count;
    double values[MOST_ROUNDS], limits[MOST_ROUNDS], shares[MOST_ROUNDS];
    double peaks[MOST_ROUNDS], bandwidths[MOST_ROUNDS];
} rounds;

static double probe_peak(const nm_bench_work *work) {
    return work->has_bytes ? nm_probe_byte_peak(work->context)
                           : nm_probe_peak(work->context, work->products);
}

/* The best of some: what disturbs a probe is not the machine's limit. */
static limits probe(const rounds *r) {
    limits best = {0};
    for (int i = 0; i < PROBES && r->work->flop > 0; i++)
        best.peak = fmax(best.peak, probe_peak(r->work));
    for (int i = 0; i < PROBES && r->held; i++)
        best.bandwidth = fmax(best.bandwidth,
                              nm_probe_bandwidth(r->work->context, r->held, r->work->held_bytes));
    return best;
}

/* Seconds that a turn takes at least. */
static double arithmetic_seconds(const nm_bench_work *work, double peak) {
    return work->flop > 0 ? work->flop / peak : 0;
}

static double memory_seconds(const nm_bench_work *work, double bandwidth) {
    return work->read_bytes > 0 ? work->read_bytes / bandwidth : 0;
}

static neume_status time_turns(double *seconds, const nm_bench_work *work, int turns,
                               neume_error *error) {
    neume_status status = NEUME_OK;
    const double start = nm_clock_of(work->context);
    for (int i = 0; i < turns && !status; i++)
        status = work->turn(work->data, error);
    *seconds = nm_clock_of(work->context) - start;
    return status;
}

/* The first turn touches its memory for the first time: a second says how long one takes, where
 * there is time for it. */
static neume_status plan_rounds(rounds *r, double seconds, neume_error *error) {
    double turn;
    neume_status status = time_turns(&turn, r->work, 1, error);
    if (!status && turn < seconds / USUAL_ROUNDS)
        status = time_turns(&turn, r->work, 1, error);
    r->turns = 1 + (int)fmin(1e6, seconds / USUAL_ROUNDS / fmax(turn, 1e-9));
    return status;
}

static void note_round(rounds *r, double seconds, limits before, limits after) {
    const nm_bench_work *work = r->work;
    const double peak = 0.5 * (before.peak + after.peak);
    const double bandwidth = 0.5 * (before.bandwidth + after.bandwidth);
    const double least = fmax(arithmetic_seconds(work, peak), memory_seconds(work, bandwidth));
    r->values[r->count] = work->units * r->turns / seconds;
    r->limits[r->count] = work->units / least;
    r->shares[r->count] = r->values[r->count] / r->limits[r->count];
    r->peaks[r->count] = peak;
    r->bandwidths[r->count] = bandwidth;
    r->count++;
}

/* `spent` is a share of the time that there is for the row. */
static bool is_round_wanted(const rounds *r, double spent) {
    return r->count < MOST_ROUNDS &&
           (spent < 1 || r->count < 1 || (r->count < FEWEST_ROUNDS && spent < MOST_TIME));
}

static neume_status run_rounds(rounds *r, double seconds, neume_error *error) {
    neume_status status = plan_rounds(r, seconds, error);
    const double start = nm_clock();
    limits before = probe(r);
    while (!status && is_round_wanted(r, (nm_clock() - start) / seconds)) {
        double spent;
        status = time_turns(&spent, r->work, r->turns, error);
        const limits after = probe(r);
        note_round(r, spent, before, after);
        before = after;
    }
    return status;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *numbers, int count) {
    qsort(numbers, (size_t)count, sizeof *numbers, compare);
    return numbers[count / 2];
}

static void fill_row(neume_bench_row *row, rounds *r) {
    const nm_bench_work *work = r->work;
    row->unit = work->unit;
    row->value = median(r->values, r->count);
    row->low = r->values[0];
    row->high = r->values[r->count - 1];
    row->limit = median(r->limits, r->count);
    row->share = median(r->shares, r->count);
    row->peak = median(r->peaks, r->count);
    row->bandwidth = median(r->bandwidths, r->count);
    row->bound = memory_seconds(work, row->bandwidth) > arithmetic_seconds(work, row->peak)
                     ? NEUME_BENCH_MEMORY
                     : NEUME_BENCH_ARITHMETIC;
    row->threads = neume_context_thread_count(work->context);
    row->rounds = (unsigned)r->count;
}

/* Memory that was never written is not there yet. */
static float *new_held(const nm_bench_work *work) {
    float *held = nm_alloc_aligned(work->context, work->held_bytes, 1);
    if (held)
        memset(held, 1, work->held_bytes);
    return held;
}

neume_status nm_bench_measure(neume_bench_row *row, const nm_bench_work *work, double seconds,
                              neume_error *error) {
    rounds r = {.work = work};
    if (work->read_bytes > 0) {
        r.held = new_held(work);
        if (!r.held)
            return nm_fail_memory(error, row->name);
    }
    const neume_status status = run_rounds(&r, seconds, error);
    if (!status)
        fill_row(row, &r);
    nm_free_aligned(work->context, r.held);
    return status;
}
