/* SPDX-License-Identifier: ISC */
/* What the tests of codec "roll" share. */
#ifndef NM_TEST_CODEC_ROLL_H
#define NM_TEST_CODEC_ROLL_H

#include "test_codec.h"

#include "music/roll.h"

static inline neume_codec_options roll_options(uint32_t grid, neume_onsets onsets) {
    neume_codec_options options = neume_codec_options_default();
    options.name = "roll";
    options.grid = grid;
    options.onsets = onsets;
    return options;
}

static inline neume_note long_note(uint64_t start, uint64_t duration, uint8_t pitch) {
    neume_note note = note_at(start, pitch);
    note.duration_ticks = duration;
    return note;
}

/* The steps of a sequence with spaces between. */
static inline const char *steps_of(const fixture *f, const neume_sequence *sequence) {
    static char text[4096];
    size_t used = 0;
    text[0] = '\0';
    for (size_t t = 0; t < sequence->step_count && used + 1 < sizeof text; t++) {
        if (t)
            text[used++] = ' ';
        used += neume_codec_write_step(f->codec, sequence->words + t * sequence->width, text + used,
                                       sizeof text - used);
    }
    return text;
}

static inline void assert_same_words(const neume_sequence *a, const neume_sequence *b) {
    assert_int_equal(a->step_count, b->step_count);
    assert_int_equal(a->width, b->width);
    if (a->step_count)
        assert_memory_equal(a->words, b->words, a->step_count * a->width * sizeof *a->words);
}

#endif
