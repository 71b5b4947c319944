/* SPDX-License-Identifier: ISC */
/* What the tests of codec "event" share. */
#ifndef NM_TEST_CODEC_EVENT_H
#define NM_TEST_CODEC_EVENT_H

#include "test_codec.h"

enum { DRUM_CHANNEL = 9, QUARTER = 480 };

static inline neume_codec_options event_options(void) {
    neume_codec_options options = neume_codec_options_default();
    options.name = "event";
    return options;
}

static inline neume_codec_options performance(void) {
    neume_codec_options options = event_options();
    options.timing = NEUME_TIMING_PERFORMANCE;
    return options;
}

static inline neume_score *new_score(const fixture *f) {
    neume_score *score;
    assert_int_equal(neume_score_new(&score, f->context), NEUME_OK);
    return score;
}

/* A note of velocity 66 on channel 0, track 0. */
static inline neume_note plain_note(uint64_t start, uint64_t duration, uint8_t pitch) {
    return (neume_note){
        .start_ticks = start, .duration_ticks = duration, .pitch = pitch, .velocity = 66};
}

static inline void add_note(neume_score *score, neume_note note) {
    assert_int_equal(neume_score_add_note(score, &note), NEUME_OK);
}

/* A program on its own track and channel. */
static inline void add_note_of(neume_score *score, uint64_t start, uint8_t pitch, uint8_t program) {
    neume_note note = plain_note(start, QUARTER, pitch);
    note.program = program;
    note.track = program;
    note.channel = program % 9;
    add_note(score, note);
}

static inline void add_drum(neume_score *score, uint64_t start, uint8_t pitch) {
    neume_note note = plain_note(start, 1, pitch);
    note.channel = DRUM_CHANNEL;
    note.track = 200;
    add_note(score, note);
}

static inline void add_metre(neume_score *score, uint64_t start, uint16_t numerator,
                             uint16_t denominator) {
    assert_int_equal(neume_score_add_time_signature(
                         score, &(neume_time_signature){start, numerator, denominator}),
                     NEUME_OK);
}

static inline void add_tempo(neume_score *score, uint64_t start, double bpm) {
    assert_int_equal(
        neume_score_add_tempo(score, &(neume_tempo){start, (uint32_t)(60e6 / bpm + 0.5)}),
        NEUME_OK);
}

static inline void add_pedal(neume_score *score, uint64_t start, uint8_t program, uint8_t value) {
    const neume_control control = {.start_ticks = start,
                                   .track = program,
                                   .channel = program % 9,
                                   .controller = 64,
                                   .value = value};
    assert_int_equal(neume_score_add_control(score, &control), NEUME_OK);
}

static inline void assert_same_words(const fixture *f, const neume_sequence *a,
                                     const neume_sequence *b) {
    if (a->step_count != b->step_count ||
        (a->step_count && memcmp(a->words, b->words, a->step_count * sizeof *a->words) != 0)) {
        print_message("%s\n", text_of(f, a));
        fail_msg("is not\n%s", text_of(f, b));
    }
    assert_int_equal(a->note_count, b->note_count);
}

/* Encoded, decoded, encoded again; the caller clears the words. */
static inline neume_sequence survive(const fixture *f, const neume_score *score) {
    neume_sequence words, again;
    neume_score *decoded;
    assert_int_equal(neume_codec_encode(&words, f->codec, score, NULL), NEUME_OK);
    assert_int_equal(neume_codec_decode(&decoded, f->codec, &words), NEUME_OK);
    assert_int_equal(neume_codec_encode(&again, f->codec, decoded, NULL), NEUME_OK);
    assert_same_words(f, &words, &again);
    assert_int_equal(again.omission_count, 0);
    if (nm_codec_is_closed(f->codec))
        assert_grammatical(f->codec, &words);
    neume_score_free(decoded);
    neume_sequence_clear(f->context, &again);
    return words;
}

/* Sorts and frees the score, which is said with these words; the caller clears them. */
static inline neume_sequence says(const fixture *f, neume_score *score, const char *expected) {
    assert_int_equal(neume_score_sort(score), NEUME_OK);
    neume_sequence words = survive(f, score);
    assert_string_equal(text_of(f, &words), expected);
    neume_score_free(score);
    return words;
}

static inline fixture closed_codec(neume_codec_options options) {
    fixture f = open_codec(options);
    close_vocabulary(&f, NULL);
    return f;
}

/* The same, in a closed codec of its own. */
static inline void assert_says(neume_score *(*score_of_context)(const fixture *f),
                               neume_codec_options options, const char *expected) {
    fixture f = closed_codec(options);
    neume_sequence words = says(&f, score_of_context(&f), expected);
    neume_sequence_clear(f.context, &words);
    close_fixture(&f);
}

#endif
