/* SPDX-License-Identifier: ISC */
/* Whether two scores are the same music, event by event. */
#ifndef NM_TEST_MIDI_COMPARE_H
#define NM_TEST_MIDI_COMPARE_H

#include "test.h"

#include <neume/midi.h>

#include <string.h>

static inline void assert_same_notes(const neume_score *a, const neume_score *b) {
    size_t count, other_count;
    const neume_note *notes = neume_score_notes(a, &count);
    const neume_note *others = neume_score_notes(b, &other_count);
    assert_int_equal(count, other_count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(notes[i].start_ticks, others[i].start_ticks);
        assert_int_equal(notes[i].duration_ticks, others[i].duration_ticks);
        assert_int_equal(notes[i].track, others[i].track);
        assert_int_equal(notes[i].port, others[i].port);
        assert_int_equal(notes[i].channel, others[i].channel);
        assert_int_equal(notes[i].program, others[i].program);
        assert_int_equal(notes[i].pitch, others[i].pitch);
        assert_int_equal(notes[i].velocity, others[i].velocity);
    }
}

static inline void assert_same_globals(const neume_score *a, const neume_score *b) {
    size_t count, other_count;
    const neume_tempo *tempos = neume_score_tempos(a, &count);
    const neume_tempo *other_tempos = neume_score_tempos(b, &other_count);
    assert_int_equal(count, other_count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(tempos[i].start_ticks, other_tempos[i].start_ticks);
        assert_int_equal(tempos[i].microseconds_per_quarter,
                         other_tempos[i].microseconds_per_quarter);
    }
    const neume_time_signature *metres = neume_score_time_signatures(a, &count);
    const neume_time_signature *other_metres = neume_score_time_signatures(b, &other_count);
    assert_int_equal(count, other_count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(metres[i].start_ticks, other_metres[i].start_ticks);
        assert_int_equal(metres[i].numerator, other_metres[i].numerator);
        assert_int_equal(metres[i].denominator, other_metres[i].denominator);
    }
    const neume_key_signature *keys = neume_score_key_signatures(a, &count);
    const neume_key_signature *other_keys = neume_score_key_signatures(b, &other_count);
    assert_int_equal(count, other_count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(keys[i].start_ticks, other_keys[i].start_ticks);
        assert_int_equal(keys[i].sharps, other_keys[i].sharps);
        assert_int_equal(keys[i].is_minor, other_keys[i].is_minor);
    }
}

static inline void assert_same_controls(const neume_score *a, const neume_score *b) {
    size_t count, other_count;
    const neume_control *controls = neume_score_controls(a, &count);
    const neume_control *others = neume_score_controls(b, &other_count);
    assert_int_equal(count, other_count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(controls[i].start_ticks, others[i].start_ticks);
        assert_int_equal(controls[i].track, others[i].track);
        assert_int_equal(controls[i].port, others[i].port);
        assert_int_equal(controls[i].channel, others[i].channel);
        assert_int_equal(controls[i].controller, others[i].controller);
        assert_int_equal(controls[i].value, others[i].value);
    }
    const neume_pitch_bend *bends = neume_score_pitch_bends(a, &count);
    const neume_pitch_bend *other_bends = neume_score_pitch_bends(b, &other_count);
    assert_int_equal(count, other_count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(bends[i].start_ticks, other_bends[i].start_ticks);
        assert_int_equal(bends[i].track, other_bends[i].track);
        assert_int_equal(bends[i].port, other_bends[i].port);
        assert_int_equal(bends[i].channel, other_bends[i].channel);
        assert_int_equal(bends[i].value, other_bends[i].value);
    }
}

static inline void assert_same_texts(const neume_score *a, const neume_score *b) {
    size_t count, other_count;
    const neume_text *texts = neume_score_texts(a, &count);
    const neume_text *others = neume_score_texts(b, &other_count);
    assert_int_equal(count, other_count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(texts[i].start_ticks, others[i].start_ticks);
        assert_int_equal(texts[i].track, others[i].track);
        assert_int_equal(texts[i].kind, others[i].kind);
        assert_int_equal(texts[i].size_bytes, others[i].size_bytes);
        assert_memory_equal(texts[i].bytes, others[i].bytes, texts[i].size_bytes);
    }
}

static inline void assert_same_score(const neume_score *a, const neume_score *b) {
    assert_int_equal(neume_score_ticks_per_quarter(a), neume_score_ticks_per_quarter(b));
    assert_int_equal(neume_score_format(a), neume_score_format(b));
    assert_int_equal(neume_score_track_count(a), neume_score_track_count(b));
    assert_same_notes(a, b);
    assert_same_globals(a, b);
    assert_same_controls(a, b);
    assert_same_texts(a, b);
}

/* Writes a score and reads it again, strictly. The caller frees it. */
static inline neume_score *rewritten(neume_context *context, const neume_score *score) {
    neume_bytes bytes;
    neume_error error = {0};
    neume_score *again = NULL;
    neume_midi_read_options options = neume_midi_read_options_default();
    options.strict = true;
    if (neume_midi_write(&bytes, context, score, &error))
        fail_msg("%s", error.line);
    if (neume_midi_read(&again, context, bytes, &options, &error))
        fail_msg("%s", error.line);
    neume_midi_bytes_free(context, bytes);
    return again;
}

#endif
