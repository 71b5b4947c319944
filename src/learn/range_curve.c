/* SPDX-License-Identifier: ISC */
#include "learn/range_curve.h"

#include <math.h>

/* mean = (1 - b) sum b^(last - i) loss_i / (1 - b^count) */
static const double SMOOTHING = 0.95;

/* The lowest loss is where going up just makes up for going too far; a training that lasts needs
 * less. Of a tenth bench/LOG.md shows what it does. */
static const double BELOW_LOWEST = 10;

void nm_range_smooth(neume_range_point *points, size_t count) {
    const double b = SMOOTHING;
    const double before = count > 1 ? points[count - 2].smoothed : 0;
    const double old = b * (1 - pow(b, (double)count - 1)), whole = 1 - pow(b, (double)count);
    points[count - 1].smoothed = (old * before + (1 - b) * points[count - 1].loss) / whole;
}

bool nm_range_has_diverged(const neume_range_point *points, size_t count) {
    return points[count - 1].smoothed > 1.5 * points[0].smoothed;
}

neume_range_verdict nm_range_judge(const neume_range_point *points, size_t count) {
    neume_range_verdict verdict = {
        .ended_at = NAN, .steepest = NAN, .lowest = NAN, .lowest_loss = NAN, .suggestion = NAN};
    size_t lowest = 0;
    if (count == 0)
        return verdict;
    verdict.ended_at = points[count - 1].learning_rate;
    for (size_t i = 1; i < count; i++)
        if (points[i].smoothed < points[lowest].smoothed)
            lowest = i;
    verdict.lowest = points[lowest].learning_rate;
    verdict.lowest_loss = points[lowest].smoothed;
    double steepest = 0;
    for (size_t i = 1; i <= lowest; i++) {
        const double slope = points[i - 1].smoothed - points[i].smoothed;
        if (slope > steepest) {
            steepest = slope;
            verdict.steepest = points[i].learning_rate;
        }
    }
    if (steepest > 0)
        verdict.suggestion = verdict.lowest / BELOW_LOWEST;
    return verdict;
}
