/* SPDX-License-Identifier: ISC */
/* The grammar of codec "interval". */
#include "music/codec/interval.h"

/* A state is what was said of the running gap, before the first chord (from BEGIN on) and after one
 * (from AFTER_BIG on), or the chord so far: its top p and its last interval i, 0 <= i <= p. The
 * rests of a gap are any number of the largest, then one middle one (a quarter or more, where there
 * are such), then one small one. */
enum {
    BEGIN, /* also after the largest rest: any rest may follow */
    BEGIN_MIDDLE,
    BEGIN_SMALL,
    AFTER_BIG,
    AFTER_MIDDLE,
    AFTER_SMALL,
    ENDED,
    CHORDS
};

/* Notes and intervals are a class each, numbered as their words. */
enum { CLASS_BIG = NM_REST_1, CLASS_MIDDLE, CLASS_SMALL };

_Static_assert((int)NM_INTERVAL_STATES == CHORDS + NM_PITCHES * (NM_PITCHES + 1) / 2 &&
                   (int)NM_INTERVAL_CLASSES == CLASS_SMALL + 1,
               "the tables hold every state and class");

/* The pairs (p, i) without gaps: the rows p and 127 - p of the triangle side by side make one of
 * 129 columns, i for the longer row, 128 - i for the shorter one. */
enum { COLUMNS = NM_PITCHES + 1 };

static uint32_t chord_state(uint32_t top, uint32_t interval) {
    const bool is_long = top >= NM_PITCHES / 2;
    const uint32_t row = is_long ? NM_PITCHES - 1 - top : top;
    return CHORDS + row * COLUMNS + (is_long ? interval : NM_PITCHES - interval);
}

static uint32_t chord_top(uint32_t state) {
    const uint32_t row = (state - CHORDS) / COLUMNS, column = (state - CHORDS) % COLUMNS;
    return column < NM_PITCHES - row ? NM_PITCHES - 1 - row : row;
}

static uint32_t chord_interval(uint32_t state) {
    const uint32_t row = (state - CHORDS) / COLUMNS, column = (state - CHORDS) % COLUMNS;
    return column < NM_PITCHES - row ? column : NM_PITCHES - column;
}

/* 0 where any rest may follow, 1 only a small one, 2 none. */
static uint32_t rests_said(uint32_t state) {
    return state < ENDED ? state % 3 : 0;
}

bool nm_interval_allows(uint32_t state, uint32_t word_class) {
    if (state == ENDED || word_class < NM_WORD_FIRST)
        return word_class == NM_WORD_END && state >= AFTER_BIG && state < CHORDS;
    if (word_class < NM_INTERVAL_1)
        return state < CHORDS;
    if (word_class >= CLASS_BIG)
        return rests_said(state) == 0 || word_class - CLASS_BIG > rests_said(state);
    const uint32_t interval = word_class - NM_INTERVAL_1 + 1;
    return state >= CHORDS && interval > chord_interval(state) && interval <= chord_top(state);
}

/* A word that is not allowed leaves the state as it is. */
uint32_t nm_interval_next(const nm_grammar *grammar, uint32_t state, uint32_t word_class) {
    (void)grammar;
    if (!nm_interval_allows(state, word_class))
        return state;
    if (word_class == NM_WORD_END)
        return ENDED;
    if (word_class < NM_INTERVAL_1)
        return chord_state(word_class - NM_NOTE_0, 0);
    if (word_class < CLASS_BIG)
        return chord_state(chord_top(state), word_class - NM_INTERVAL_1 + 1);
    return (state < AFTER_BIG ? BEGIN : AFTER_BIG) + (word_class - CLASS_BIG);
}

uint32_t nm_interval_class(const neume_codec_options *options, unsigned stream, uint32_t word) {
    (void)stream;
    if (word < NM_REST_1)
        return word;
    if (word == NM_REST_4)
        return CLASS_BIG;
    return word < NM_SIXTEENTH_1 && nm_interval_rest_cells(options) == NM_INTERVAL_GRID
               ? CLASS_MIDDLE
               : CLASS_SMALL;
}
