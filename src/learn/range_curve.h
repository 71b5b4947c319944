/* SPDX-License-Identifier: ISC */
/* What the curve of a range test says. */
#ifndef NM_LEARN_RANGE_CURVE_H
#define NM_LEARN_RANGE_CURVE_H

#include <neume/range_test.h>

/* Sets `smoothed` of the last of `count` points: the mean of the losses up to it with weights that
 * fall by a factor from each to the one before. */
void nm_range_smooth(neume_range_point *points, size_t count);

/* Whether the last smoothed loss is half as high again as the first one. */
bool nm_range_has_diverged(const neume_range_point *points, size_t count);

/* All of a verdict but its end. */
neume_range_verdict nm_range_judge(const neume_range_point *points, size_t count);

#endif
