/* SPDX-License-Identifier: ISC */
#include "learn/length.h"

#define TOLERANCE 1e-9 /* keeps 4 bars from becoming 4 bars and a step */

bool nm_length_is_given(const nm_length *length) {
    return length->bars > 0 || length->seconds > 0;
}

/* Bars beyond the length; negative before it. */
static double bars_beyond(const nm_length *length, const nm_codec_clock *begin,
                          const nm_codec_clock *now) {
    const double first = begin->says_bars ? (double)begin->bar_count : nm_codec_clock_bars(begin);
    return nm_codec_clock_bars(now) - first - length->bars;
}

static double seconds_beyond(const nm_length *length, const nm_codec_clock *begin,
                             const nm_codec_clock *now) {
    return now->seconds - begin->seconds - length->seconds;
}

bool nm_length_is_reached(const nm_length *length, const nm_codec_clock *begin,
                          const nm_codec_clock *now) {
    if (length->bars > 0)
        return bars_beyond(length, begin, now) >= -TOLERANCE;
    return length->seconds > 0 && seconds_beyond(length, begin, now) >= -TOLERANCE;
}

/* Neither tempo nor metre change with the word that moves the time. */
double nm_length_end(const nm_length *length, const nm_codec_clock *begin,
                     const nm_codec_clock *now) {
    const double beyond = length->bars > 0
                              ? bars_beyond(length, begin, now) * now->bar_quarters
                              : seconds_beyond(length, begin, now) / now->quarter_seconds;
    return now->quarters - beyond;
}
