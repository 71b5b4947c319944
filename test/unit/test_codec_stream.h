/* SPDX-License-Identifier: ISC */
/* What the tests of codec "stream" share. */
#ifndef NM_TEST_CODEC_STREAM_H
#define NM_TEST_CODEC_STREAM_H

#include "test_codec.h"

enum { STREAMS = 4 };

static inline neume_codec_options stream_options(void) {
    neume_codec_options options = neume_codec_options_default();
    options.name = "stream";
    options.grid = 24;
    return options;
}

static inline neume_note note_of(uint64_t start, uint64_t duration, uint8_t pitch,
                                 uint8_t program) {
    return (neume_note){.start_ticks = start,
                        .duration_ticks = duration,
                        .pitch = pitch,
                        .program = program,
                        .channel = program % 8,
                        .velocity = 64};
}

#endif
