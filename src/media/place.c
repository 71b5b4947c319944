/* SPDX-License-Identifier: ISC */
#include "media/place.h"

#include <math.h>
#include <stdbool.h>

/* Labels that touch: those ranked first .. first + count - 1. */
typedef struct cluster {
    size_t first, count;
    double sum; /* of the places that they would have, each less its rank's share of the gaps */
} cluster;

enum { MOST_LABELS = 128 };

static void rank(size_t *order, const double *places, size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && places[order[at - 1]] > places[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

static double mean_of(const cluster *it) {
    return it->sum / (double)it->count;
}

/* With u_k = place_k - k·gap the u must not fall: pooling adjacent violators finds the nearest such
 * sequence (Ayer et al. 1955). */
void nm_place_apart(double *places, size_t count, double gap, double low, double high) {
    size_t order[MOST_LABELS];
    cluster clusters[MOST_LABELS];
    size_t used = 0;
    if (count == 0 || count > MOST_LABELS)
        return;
    gap = count > 1 ? fmin(gap, (high - low) / (double)(count - 1)) : gap;
    rank(order, places, count);
    for (size_t k = 0; k < count; k++) {
        clusters[used++] = (cluster){k, 1, places[order[k]] - (double)k * gap};
        while (used > 1 && mean_of(&clusters[used - 2]) > mean_of(&clusters[used - 1])) {
            clusters[used - 2].count += clusters[used - 1].count;
            clusters[used - 2].sum += clusters[used - 1].sum;
            used--;
        }
    }
    const double last = high - (double)(count - 1) * gap;
    for (size_t c = 0; c < used; c++)
        for (size_t k = clusters[c].first; k < clusters[c].first + clusters[c].count; k++)
            places[order[k]] = fmax(low, fmin(last, mean_of(&clusters[c]))) + (double)k * gap;
}

static size_t keep(double *x, double *y, size_t kept, size_t from) {
    x[kept] = x[from];
    y[kept] = y[from];
    return kept + 1;
}

/* Keeps what stays of the points first .. end - 1, which share a column. */
static size_t keep_column(double *x, double *y, size_t kept, size_t first, size_t end) {
    size_t low = first, high = first;
    for (size_t i = first; i < end; i++) {
        low = y[i] < y[low] ? i : low;
        high = y[i] > y[high] ? i : high;
    }
    const size_t early = low < high ? low : high, late = low < high ? high : low;
    size_t at = keep(x, y, kept, first);
    if (early > first && early < end - 1)
        at = keep(x, y, at, early);
    if (late > first && late < end - 1 && late != early)
        at = keep(x, y, at, late);
    return end - 1 > first ? keep(x, y, at, end - 1) : at;
}

size_t nm_place_thin(double *x, double *y, size_t count, double width) {
    size_t kept = 0, first = 0;
    while (first < count) {
        const double column = floor(x[first] / width);
        size_t end = first + 1;
        while (end < count && floor(x[end] / width) == column)
            end++;
        kept = keep_column(x, y, kept, first, end);
        first = end;
    }
    return kept;
}
