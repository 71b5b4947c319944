/* SPDX-License-Identifier: ISC */
/* A tune as its ABC text says it: voices of bars of notes, before repeats are played. Not a score:
 * see tune_to_score. The text form is described in examples/tunes/README.md. */
#ifndef TUNES_TUNE_H
#define TUNES_TUNE_H

#include <neume/score.h>

enum {
    TUNE_QUARTER_TICKS = 480,
    TUNE_MAX_CHORD = 6,
    TUNE_MAX_VOICES = 8,
};

/* Where something stands in the text, both from 1. */
typedef struct tune_place {
    unsigned line, column;
} tune_place;

/* What is wrong, and what was expected, in one line. */
typedef struct tune_error {
    tune_place place;
    char text[200];
} tune_error;

/* A note, a chord, or a rest (no pitches). */
typedef struct tune_event {
    tune_place place;
    uint32_t duration_ticks;
    uint8_t pitch_count;
    uint8_t pitches[TUNE_MAX_CHORD];
    bool is_tied; /* to the next event of the voice as it is played */
} tune_event;

typedef struct tune_bar {
    tune_place place;
    size_t first_event, event_count;
    uint32_t length_ticks;
    uint8_t ending;     /* 1 or 2; 0 outside of endings */
    bool opens_repeat;  /* "|:" stands before it */
    bool closes_repeat; /* ":|" stands after it */
    bool ends_section;  /* something else than "|" stands after it */
} tune_bar;

typedef struct tune_voice {
    char name[32]; /* "" where the tune has one voice without a V: line */
    tune_event *events;
    tune_bar *bars;
    size_t event_count, event_capacity;
    size_t bar_count, bar_capacity;
} tune_voice;

typedef struct abc_tune {
    char title[100];
    char composer[200];
    uint16_t numerator, denominator; /* of the metre */
    uint32_t bar_ticks, unit_ticks;  /* lengths of a bar and of a note without a length */
    uint32_t microseconds_per_quarter;
    int8_t sharps; /* -7..7, flats below 0 */
    bool is_minor;
    unsigned voice_count;
    tune_voice voices[TUNE_MAX_VOICES];
} abc_tune;

/* Reads ABC text. On failure `out` is cleared and `error` says where and why. */
bool tune_parse(abc_tune *out, const char *text, size_t size_bytes, tune_error *error);
void tune_clear(abc_tune *tune);

/* Plays every voice with its repeats, each on a track of its own, and checks that the bars add up.
 * Fails with NEUME_BAD_INPUT and a place, or with NEUME_NO_MEMORY. */
neume_status tune_to_score(neume_score **out, neume_context *context, const abc_tune *tune,
                           tune_error *error);

#endif
