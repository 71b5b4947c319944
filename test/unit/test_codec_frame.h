/* SPDX-License-Identifier: ISC */
/* What the tests of codec "frame" share. */
#ifndef NM_TEST_CODEC_FRAME_H
#define NM_TEST_CODEC_FRAME_H

#include "test_codec.h"

#include "music/codec_frame.h"

static inline neume_codec_options frame_options(uint32_t grid, neume_order order) {
    neume_codec_options options = neume_codec_options_default();
    options.name = "frame";
    options.grid = grid;
    options.order = order;
    return options;
}

#endif
