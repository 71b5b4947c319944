/* SPDX-License-Identifier: ISC */
/* What the tests of codec "interval" share. */
#ifndef NM_TEST_INTERVAL_CASE_H
#define NM_TEST_INTERVAL_CASE_H

#include "test_codec.h"

static inline neume_codec_options intervals(void) {
    neume_codec_options options = neume_codec_options_default();
    options.name = "interval";
    options.grid = 4;
    return options;
}

static inline fixture closed_codec(neume_codec_options options) {
    fixture f = open_codec(options);
    close_vocabulary(&f, &(neume_sequence){0});
    return f;
}

static inline neume_sequence parse(const fixture *f, const char *text) {
    neume_sequence sequence;
    neume_error error = {0};
    if (neume_codec_parse(&sequence, f->codec, text, &error))
        fail_msg("%s", error.line);
    return sequence;
}

#endif
