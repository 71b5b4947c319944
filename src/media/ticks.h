/* SPDX-License-Identifier: ISC */
/* Axes: where values lie, and which values are named. It draws nothing. */
#ifndef NM_MEDIA_TICKS_H
#define NM_MEDIA_TICKS_H

#include <stdbool.h>
#include <stddef.h>

/* The smallest and the largest of some values; low > high: there were none. */
typedef struct nm_range {
    double low, high;
} nm_range;

nm_range nm_range_empty(void);
bool nm_range_is_empty(nm_range range);

/* Whether a value can have a place: finite, not beyond 1e100; of a logarithmic scale 1e-100 at
 * least. */
bool nm_has_place(double value, bool is_log);

/* Widens the range to hold a value that can have a place; others change nothing. */
void nm_range_add(nm_range *range, double value);

/* A line from values low..high, low < high, to places from..to; of a logarithmic one low is 1e-110
 * or more. */
typedef struct nm_scale {
    double low, high;
    double from, to;
    bool is_log;
} nm_scale;

/* A scale for these values with a little room above and below, so that one value has room too; from
 * 0 where they are not below and come near; an empty range becomes 0..1. `is_log` where all of them
 * have a place on such a scale. */
nm_scale nm_scale_fit(nm_range range, bool is_log);

double nm_scale_place(const nm_scale *scale, double value);

/* nm_has_place of this scale. */
bool nm_scale_has(const nm_scale *scale, double value);

enum { NM_TICK_COUNT = 48, NM_TICK_TEXT = 32 };

typedef struct nm_tick {
    double value;
    char text[NM_TICK_TEXT]; /* "": a tick between those that are named */
} nm_tick;

typedef struct nm_ticks {
    nm_tick ticks[NM_TICK_COUNT];
    unsigned count;
} nm_ticks;

/* Ticks within the scale, ascending, at most about `most` of them named, 2..12: multiples of 1, 2
 * or 5 times a power of ten; of a logarithmic scale the powers of ten themselves, with 2 and 5
 * times them where there is room for all. A logarithmic scale too short for three of them has the
 * linear ones. */
void nm_ticks_choose(nm_ticks *out, const nm_scale *scale, unsigned most);

/* A number as short as its step (> 0) allows: "0.25", "1,500,000", "2×10⁻⁶". */
void nm_tick_text(char *out, double value, double step);

#endif
