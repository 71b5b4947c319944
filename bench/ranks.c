/* SPDX-License-Identifier: ISC */
/* What ranks over MPI cost: gathers of 64 bytes, sums of gradients, and how much of a sum hides
 * behind compute. Usage: mpirun -n N ranks [sum|tree]. A table by rank 0; every time is the slowest
 * rank's, the median of nine. */
#include "mpi/ranks.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 9, GATHERS = 100, MOST_RANKS = 256, MEGA = 1 << 20 };

typedef struct bench {
    const neume_ranks *ranks;
    float *values;
    size_t count;       /* values of a sum; 0: gathers instead */
    double compute;     /* seconds of it while the sum is under way */
    neume_error *error; /* set where a rank is lost */
} bench;

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Work of a fixed amount, so that a rank whose core is taken away takes longer. */
static double spin(double rounds) {
    double sum = 0;
    for (double i = 1; i <= rounds; i++)
        sum += 1 / i;
    return sum;
}

static double rounds_per_second(void) {
    const double start = seconds_now();
    return spin(1e7) > 0 ? 1e7 / (seconds_now() - start) : 0;
}

static double run_once(const bench *b, double speed) {
    const neume_ranks *r = b->ranks;
    char mine[64] = "", all[64 * MOST_RANKS];
    r->gather(r->data, all, mine, 1, b->error); /* all begin together */
    const double start = seconds_now();
    for (unsigned i = 0; i < GATHERS && !b->count; i++)
        r->gather(r->data, all, mine, sizeof mine, b->error);
    if (b->count)
        r->reduce_begin(r->data, b->values, b->count);
    if (b->compute > 0 && spin(b->compute * speed) < 0)
        return 0;
    if (b->count)
        r->reduce_end(r->data, b->error);
    double took = seconds_now() - start, of_all[MOST_RANKS];
    r->gather(r->data, of_all, &took, sizeof took, b->error);
    for (unsigned i = 0; i < r->count; i++)
        took = of_all[i] > took ? of_all[i] : took;
    return b->count ? took : took / GATHERS;
}

static int by_size(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Seconds, the same on all ranks. */
static double median(const bench *b, double speed) {
    double took[ROUNDS];
    run_once(b, speed);
    for (unsigned i = 0; i < ROUNDS; i++)
        took[i] = run_once(b, speed);
    qsort(took, ROUNDS, sizeof *took, by_size);
    return took[ROUNDS / 2];
}

/* Hidden: of the shorter of sum and compute, the share that the two together do not take. */
static void measure_sums(bench b, const char *kind, double speed) {
    for (size_t mb = 1; mb <= 64; mb *= 4) {
        b.count = mb * MEGA / sizeof(float);
        b.compute = 0;
        const double sum = median(&b, speed);
        b.compute = sum;
        const bench alone = {
            .ranks = b.ranks, .count = 1, .values = b.values, .compute = sum, .error = b.error};
        const double compute = median(&alone, speed), both = median(&b, speed);
        const double less = sum < compute ? sum : compute;
        if (b.ranks->rank == 0)
            printf("%-5s %3zu MiB  %9.3f ms  %7.0f MiB/s  beside %9.3f ms of compute %9.3f ms  "
                   "hidden %3.0f %%\n",
                   kind, mb, 1e3 * sum, (double)mb / sum, 1e3 * compute, 1e3 * both,
                   100 * (sum + compute - both) / less);
    }
}

int main(int argc, char **argv) {
    const bool is_tree = argc > 1 && argv[1][0] == 't';
    const nm_mpi_options options = {.is_deterministic = is_tree};
    neume_error error = {0};
    nm_mpi *mpi;
    neume_status status = nm_mpi_start(&mpi, &options, &error);
    const neume_ranks *ranks = nm_mpi_ranks(mpi);
    if (status || !ranks || ranks->count > MOST_RANKS) {
        fprintf(stderr, "expected 1 to %d ranks that a launcher started; %s\n", MOST_RANKS,
                error.line);
        return 1;
    }
    bench b = {.ranks = ranks, .values = calloc(64 * MEGA, 1), .error = &error};
    const double speed = rounds_per_second();
    if (b.values) {
        const double gather = median(&b, speed);
        if (ranks->rank == 0)
            printf("%u ranks: gather of 64 bytes %.1f us\n", ranks->count, 1e6 * gather);
        measure_sums(b, is_tree ? "tree" : "sum", speed);
    }
    status = !b.values ? NEUME_NO_MEMORY : error.status;
    if (!nm_mpi_finish(mpi, &status, &error))
        nm_mpi_abort(mpi, 1);
    free(b.values);
    return status != NEUME_OK;
}
