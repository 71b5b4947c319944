/* SPDX-License-Identifier: ISC */
/* Codec "event": bars and positions on a grid with tempo and metre, or 10 ms steps of time; by
 * program, and drums: pedal, pitches, velocities, durations. See event_grammar.c for the order of
 * the words. */
#include "base/error.h"
#include "music/codec/event_side.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static neume_status check(const neume_codec_options *options, neume_error *error) {
    if (options->grid > NM_EVENT_MAX_GRID)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "a grid of %u cells a quarter: codec event expected 1 to %d", options->grid,
                       NM_EVENT_MAX_GRID);
    return NEUME_OK;
}

static bool fixed_word(char word[NM_MAX_WORD_TEXT], const neume_codec_options *options,
                       unsigned stream, uint32_t index) {
    const nm_event_words words = nm_event_words_of(options);
    const uint32_t id = NM_WORD_FIRST + index;
    (void)stream;
    if (id >= words.first[NM_EVENT_FAMILIES])
        return false;
    nm_event_text(word, &words, nm_event_read(&words, id));
    return true;
}

static bool transpose(char word[NM_MAX_WORD_TEXT], const neume_codec_options *options,
                      unsigned stream, const char *text, int semitones) {
    static const char name[] = "Pitch_";
    (void)options;
    (void)stream;
    if (strncmp(text, name, sizeof name - 1) != 0) {
        strcpy(word, text);
        return true;
    }
    const int pitch = atoi(text + sizeof name - 1) + semitones;
    snprintf(word, NM_MAX_WORD_TEXT, "%s%d", name, pitch);
    return pitch >= 0 && pitch < NM_EVENT_PITCHES;
}

static void go_to(nm_codec_clock *clock, double quarters) {
    nm_codec_clock_go(clock, quarters - clock->quarters);
}

/* The next bar begins where the last one ends, the first where the piece does. */
static void begin_bar(nm_codec_clock *clock) {
    if (clock->bar_count++)
        clock->bar_start += clock->bar_quarters;
    go_to(clock, clock->bar_start);
}

static void move_clock(nm_codec_clock *clock, const neume_codec_options *options, uint32_t word) {
    const nm_event_words words = nm_event_words_of(options);
    const nm_event_word said = nm_event_read(&words, word);
    switch (said.family) {
    case NM_EVENT_BAR:
        begin_bar(clock);
        break;
    case NM_EVENT_METRE:
        clock->bar_quarters = nm_event_metre_at(words.grid, said.value).cells / (double)words.grid;
        break;
    case NM_EVENT_TEMPO_WORD:
        if (!clock->has_own_tempo)
            clock->quarter_seconds = nm_event_tempo_microseconds(said.value) / 1e6;
        break;
    case NM_EVENT_POSITION:
        go_to(clock, clock->bar_start + said.value / (double)words.grid);
        break;
    case NM_EVENT_SHIFT:
        nm_codec_clock_go(clock, (said.value + 1) / (double)NM_EVENT_UNITS_A_QUARTER);
        break;
    default: /* takes no time */
        break;
    }
}

static const char *const stream_names[] = {"word"};

const nm_codec_kind nm_codec_event = {
    .name = "event",
    .heeds = NM_OPTION_TIMING,
    .says_drums = true,
    .step_unit = "word",
    .expects = "a word such as Bar, Position_0, Program_0, Pitch_60, Velocity_66, Duration_12",
    .stream_count = 1,
    .stream_names = stream_names,
    .check = check,
    .fixed_word = fixed_word,
    .transpose = transpose,
    .move_clock = move_clock,
    .carry = nm_event_carry,
    .allow = nm_event_allow,
    .next_state = nm_event_next,
    .plan_grammar = nm_event_plan_grammar,
    .word_class = nm_event_class,
    .feature_count = NM_EVENT_FEATURES,
    .feature_sizes = nm_event_feature_sizes,
    .map_count = NM_EVENT_MAPS,
    .maps = nm_event_maps,
    .track_begin = nm_event_track_begin,
    .track = nm_event_track,
    .read_side = nm_event_read_side,
    .encode = nm_event_encode,
    .decode = nm_event_decode,
};
