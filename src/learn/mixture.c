/* SPDX-License-Identifier: ISC */
#include "learn/mixture.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

enum { MAX_ITERATIONS = 1000 };

/* Nats a unit that another iteration must gain. */
#define LEAST_GAIN 1e-10

static double least_nats(const nm_mixture_table *table, size_t unit) {
    double least = INFINITY;
    for (size_t m = 0; m < table->model_count; m++)
        least = fmin(least, table->nats[m * table->unit_count + unit]);
    return isinf(least) ? 0 : least;
}

/* p_m(u) as a share of the largest over m: [unit_count][model_count]. */
static void take_shares(double *shares, const nm_mixture_table *table) {
    for (size_t u = 0; u < table->unit_count; u++) {
        const double least = least_nats(table, u);
        for (size_t m = 0; m < table->model_count; m++)
            shares[u * table->model_count + m] =
                exp(least - table->nats[m * table->unit_count + u]);
    }
}

static double mix(const double *shares, const double *weights, size_t M) {
    double sum = 0;
    for (size_t m = 0; m < M; m++)
        sum += weights[m] * shares[m];
    return sum;
}

/* w_m <- mean over u of w_m p_m(u) / sum_j w_j p_j(u), which never makes the units less likely.
 * Returns the mean of ln sum_j w_j p_j(u) before, but for a constant. */
static double iterate(double *weights, const double *shares, const nm_mixture_table *table) {
    const size_t M = table->model_count, U = table->unit_count;
    double next[NEUME_MAX_MODELS] = {0}, gain = 0;
    for (size_t u = 0; u < U; u++) {
        const double sum = mix(shares + u * M, weights, M);
        if (sum <= 0)
            continue;
        gain += log(sum);
        for (size_t m = 0; m < M; m++)
            next[m] += weights[m] * shares[u * M + m] / sum;
    }
    double total = 0;
    for (size_t m = 0; m < M; m++)
        total += next[m];
    for (size_t m = 0; m < M && total > 0; m++)
        weights[m] = next[m] / total;
    return gain / (double)U;
}

neume_status nm_mixture_fit(double *weights, neume_context *context,
                            const nm_mixture_table *table) {
    const size_t M = table->model_count;
    double last = -INFINITY;
    for (size_t m = 0; m < M; m++)
        weights[m] = 1 / (double)M;
    if (M == 1 || table->unit_count == 0)
        return NEUME_OK;
    double *shares = nm_alloc(context, M * table->unit_count, sizeof *shares);
    if (!shares)
        return NEUME_NO_MEMORY;
    take_shares(shares, table);
    for (unsigned i = 0; i < MAX_ITERATIONS; i++) {
        const double now = iterate(weights, shares, table);
        if (now - last < LEAST_GAIN)
            break;
        last = now;
    }
    nm_free(context, shares);
    return NEUME_OK;
}

void nm_mixture_nats(double *nats, const nm_mixture_table *table, const double *weights) {
    for (size_t u = 0; u < table->unit_count; u++) {
        const double least = least_nats(table, u);
        double sum = 0;
        for (size_t m = 0; m < table->model_count; m++)
            sum += weights[m] * exp(least - table->nats[m * table->unit_count + u]);
        nats[u] = least - log(sum);
    }
}
