/* SPDX-License-Identifier: ISC */
/* How the head of codec "event" is built. */
#include "music/codec/event_side.h"

enum {
    MAX_INTERVAL = 24,
    INTERVALS = 2 * MAX_INTERVAL + 1,
    MOST_LENGTHS = 4 * NM_EVENT_MAX_GRID,
    MOST_CELLS = NM_EVENT_BAR_QUARTERS * NM_EVENT_MAX_GRID
};

/* Contexts of the last map: nothing to compare; a velocity; a duration; a position. */
enum {
    KNOWN_VELOCITY = 1,
    KNOWN_LENGTH = KNOWN_VELOCITY + NM_EVENT_VELOCITIES,
    KNOWN_POSITION = KNOWN_LENGTH + MOST_LENGTHS,
    KNOWN_COUNT = KNOWN_POSITION + MOST_CELLS
};

/* Its outputs: differences of velocities, of durations, of positions; the same duration is one. */
enum {
    MAX_LOUDER = 16,
    MAX_LONGER = 12,
    MAX_LATER = 96,
    TO_VELOCITY = 0,
    TO_LENGTH = TO_VELOCITY + 2 * MAX_LOUDER + 1,
    TO_POSITION = TO_LENGTH + 2 * MAX_LONGER + 1,
    TO_COUNT = TO_POSITION + MAX_LATER + 1
};

static uint32_t known_context(const nm_event_known *known) {
    if (known->wants_velocity)
        return known->velocity < NM_EVENT_VELOCITIES ? KNOWN_VELOCITY + known->velocity : 0;
    if (known->wants_length) {
        const uint32_t length = known->length < MOST_LENGTHS ? known->length : MOST_LENGTHS;
        return length ? KNOWN_LENGTH + length - 1 : 0;
    }
    return known->has_time ? KNOWN_POSITION + known->position : 0;
}

void nm_event_contexts(const nm_event_known *known, uint32_t *contexts) {
    contexts[0] = 0;
    contexts[1] = known->is_drum ? (uint32_t)NM_EVENT_KEYS : known->last;
    contexts[2] = known->is_drum ? (uint32_t)NM_EVENT_KEYS : known->same;
    contexts[3] = known_context(known);
}

static uint16_t absolute_output(const neume_codec_options *options, uint32_t context,
                                uint32_t word) {
    (void)options;
    (void)context;
    return (uint16_t)word;
}

static bool is_pitch(const nm_event_words *words, uint32_t word) {
    return word >= words->first[NM_EVENT_PITCH] && word < words->first[NM_EVENT_PITCH + 1];
}

/* The interval above the last key of the group. */
static uint16_t chord_output(const neume_codec_options *options, uint32_t context, uint32_t word) {
    const nm_event_words words = nm_event_words_of(options);
    const uint32_t pitch = word - words.first[NM_EVENT_PITCH];
    if (!is_pitch(&words, word) || context >= NM_EVENT_KEYS || pitch < context)
        return NM_NO_OUTPUT;
    return (uint16_t)(pitch - context);
}

/* The interval from v(1, j). */
static uint16_t voice_output(const neume_codec_options *options, uint32_t context, uint32_t word) {
    const nm_event_words words = nm_event_words_of(options);
    const uint32_t pitch = word - words.first[NM_EVENT_PITCH];
    if (!is_pitch(&words, word) || context >= NM_EVENT_KEYS)
        return NM_NO_OUTPUT;
    return (uint16_t)nm_event_clip((int)pitch - (int)context, MAX_INTERVAL);
}

static uint16_t known_output(const neume_codec_options *options, uint32_t context, uint32_t word) {
    const nm_event_words words = nm_event_words_of(options);
    const nm_event_word said = nm_event_read(&words, word);
    const int value = (int)said.value;
    if (said.family == NM_EVENT_VELOCITY && context >= KNOWN_VELOCITY && context < KNOWN_LENGTH)
        return (uint16_t)(TO_VELOCITY +
                          nm_event_clip(value - (int)(context - KNOWN_VELOCITY), MAX_LOUDER));
    if (said.family == NM_EVENT_DURATION && context >= KNOWN_LENGTH && context < KNOWN_POSITION)
        return (uint16_t)(TO_LENGTH +
                          nm_event_clip(value - (int)(context - KNOWN_LENGTH), MAX_LONGER));
    if (said.family == NM_EVENT_POSITION && context >= KNOWN_POSITION &&
        said.value >= context - KNOWN_POSITION) {
        const uint32_t later = said.value - (context - KNOWN_POSITION);
        return (uint16_t)(TO_POSITION + (later < MAX_LATER ? later : MAX_LATER));
    }
    return NM_NO_OUTPUT;
}

const nm_map_kind nm_event_maps[NM_EVENT_MAPS] = {
    {1, NM_ALL_WORDS, absolute_output},
    {NM_EVENT_KEYS + 1, NM_EVENT_KEYS, chord_output},
    {NM_EVENT_KEYS + 1, INTERVALS, voice_output},
    {KNOWN_COUNT, TO_COUNT, known_output},
};
