/* SPDX-License-Identifier: ISC */
/* Time as words tell it, and what holds on behind them. */
#include "music/codec_kind.h"

#include <math.h>

enum { USUAL_TEMPO = 120, USUAL_BAR = 4 /* quarters */ };

uint32_t nm_tempo_microseconds(double tempo) {
    return (uint32_t)lround(60e6 / tempo);
}

void nm_codec_clock_begin(nm_codec_clock *clock, const neume_codec *codec, double tempo) {
    const bool says_bars =
        codec->kind->move_clock && codec->options.timing == NEUME_TIMING_METRICAL;
    *clock = (nm_codec_clock){.codec = codec,
                              .has_own_tempo = tempo > 0,
                              .says_bars = says_bars,
                              .bar_count = says_bars ? 0 : 1,
                              .bar_quarters = USUAL_BAR};
    clock->quarter_seconds = nm_tempo_microseconds(tempo > 0 ? tempo : USUAL_TEMPO) / 1e6;
}

void nm_codec_clock_say(nm_codec_clock *clock, unsigned stream, uint32_t word) {
    const neume_codec *codec = clock->codec;
    if (codec->kind->move_clock)
        codec->kind->move_clock(clock, &codec->options, word);
    else
        nm_codec_clock_go(clock, codec->quarters[stream][word]);
}

void nm_codec_clock_go(nm_codec_clock *clock, double quarters) {
    clock->quarters += quarters;
    clock->seconds += quarters * clock->quarter_seconds;
}

double nm_codec_clock_bars(const nm_codec_clock *clock) {
    if (clock->bar_count == 0)
        return 0;
    return (double)(clock->bar_count - 1) +
           (clock->quarters - clock->bar_start) / clock->bar_quarters;
}

size_t nm_codec_carry(uint32_t out[NM_MOST_CARRIED], const neume_codec *codec,
                      const neume_sequence *sequence, uint32_t next) {
    return codec->kind->carry ? codec->kind->carry(out, &codec->options, sequence, next) : 0;
}
