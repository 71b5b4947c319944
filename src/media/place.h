/* SPDX-License-Identifier: ISC */
/* Where things go that must not lie on each other: labels, and points by the ten thousand. It draws
 * nothing. */
#ifndef NM_MEDIA_PLACE_H
#define NM_MEDIA_PLACE_H

#include <stddef.h>

/* Moves `places` [count], in any order, so far apart that each is `gap` from the next, all within
 * low..high, and as near as can be to where they were: neighbours that would touch share their
 * mean. Where there is no room for all they touch evenly. */
void nm_place_apart(double *places, size_t count, double gap, double low, double high);

/* Thins points x, y [count], x ascending, in place: of those that share a column `width` wide the
 * first, the lowest, the highest and the last stay, in their order. Returns how many stay. */
size_t nm_place_thin(double *x, double *y, size_t count, double width);

#endif
