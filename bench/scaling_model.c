/* SPDX-License-Identifier: ISC */
#include "scaling_model.h"

#include <math.h>

static double rounds_of(unsigned n) {
    return ceil(log2(n));
}

/* Each rank sends and gets (n-1)/n of the bytes twice, and adds them up once. */
double scaling_sum_seconds(const scaling_network *network, double bytes, unsigned n) {
    if (n < 2)
        return 0;
    const double share = (n - 1.0) / n;
    const double waits = network->messages == SCALING_LINEAR ? n - 1.0 : rounds_of(n);
    return 2 * waits * network->latency + 2 * share * bytes / network->bandwidth +
           share * bytes * network->summing;
}

double scaling_gather_seconds(const scaling_network *network, double bytes, unsigned n) {
    if (n < 2)
        return 0;
    return rounds_of(n) * network->latency + (n - 1.0) * bytes / network->bandwidth;
}

/* The integral over x > 0 of P(largest > x) - P(largest < -x), by the midpoint rule. */
double scaling_largest(unsigned n) {
    enum { PARTS = 4000 };
    const double end = 10, width = end / PARTS;
    double sum = 0;
    for (int i = 0; i < PARTS; i++) {
        const double x = (i + 0.5) * width;
        const double above = 0.5 * erfc(x / sqrt(2));
        sum += -expm1(n * log1p(-above)) - pow(above, n);
    }
    return sum * width;
}

/* How many times as long as alone the slowest of n ranks computes. */
static double slowness(const scaling_ranks *ranks, unsigned n) {
    const double taken = ranks->cores > 0 ? n * ranks->threads / ranks->cores : 1;
    const double alone = ranks->cores > 0 ? ranks->threads / ranks->cores : 1;
    return fmax(1, taken) / fmax(1, alone) * (1 + ranks->spread * scaling_largest(n));
}

/* Sums go through the network one after the other. Of each, what does not overlap keeps the
 * backward waiting as it begins. */
scaling_time scaling_update_time(const scaling_update *update, const scaling_network *network,
                                 const scaling_ranks *ranks, unsigned n) {
    const double slow = slowness(ranks, n);
    double now = slow * update->before, network_free = 0;
    scaling_time out = {.compute = now, .hidden = 1};
    for (unsigned i = 0; i < update->bucket_count; i++) {
        const double seconds = slow * update->buckets[i].seconds;
        const double sum = scaling_sum_seconds(network, update->buckets[i].bytes, n);
        now += seconds + (1 - ranks->overlap) * sum;
        network_free = fmax(network_free, now) + ranks->overlap * sum;
        out.compute += seconds;
        out.sums += sum;
        out.sent += n < 2 ? 0 : 2 * (n - 1.0) / n * update->buckets[i].bytes;
    }
    const double reduced = fmax(now, network_free);
    if (out.sums > 0)
        out.hidden = fmax(0, 1 - (reduced - out.compute) / out.sums);
    out.compute += slow * update->after;
    out.seconds = reduced + slow * update->after +
                  2 * scaling_gather_seconds(network, ranks->gather_bytes, n);
    return out;
}

double scaling_epoch_seconds(const scaling_epoch *epoch, double update_seconds, unsigned n) {
    const double turns = epoch->pieces > 0 ? ceil(epoch->pieces / n) / epoch->pieces : 0;
    return ceil(epoch->updates / n) * update_seconds + epoch->validation * turns +
           epoch->checkpoint;
}

double scaling_fewer_updates(double critical, double rows, unsigned n) {
    return (1 + critical / rows) / (1 + critical / (n * rows));
}
