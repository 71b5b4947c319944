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

static void fill_absolute(uint16_t *outputs, const neume_codec_options *options, uint32_t context) {
    const nm_event_words words = nm_event_words_of(options);
    (void)context;
    for (uint32_t word = 0; word < words.first[NM_EVENT_FAMILIES]; word++)
        outputs[word] = (uint16_t)word;
}

/* The interval above the last key of the group. */
static void fill_chord(uint16_t *outputs, const neume_codec_options *options, uint32_t context) {
    const nm_event_words words = nm_event_words_of(options);
    for (uint32_t pitch = context; context < NM_EVENT_KEYS && pitch < NM_EVENT_PITCHES; pitch++)
        outputs[nm_event_id(&words, NM_EVENT_PITCH, pitch)] = (uint16_t)(pitch - context);
}

/* The interval from v(1, j). */
static void fill_voice(uint16_t *outputs, const neume_codec_options *options, uint32_t context) {
    const nm_event_words words = nm_event_words_of(options);
    for (uint32_t pitch = 0; context < NM_EVENT_KEYS && pitch < NM_EVENT_PITCHES; pitch++)
        outputs[nm_event_id(&words, NM_EVENT_PITCH, pitch)] =
            (uint16_t)nm_event_clip((int)pitch - (int)context, MAX_INTERVAL);
}

/* Outputs from `first` on, for how far the values of a family lie from one that is known. */
typedef struct differences {
    nm_event_family family;
    int most;
    uint32_t first;
} differences;

static void fill_differences(uint16_t *outputs, const nm_event_words *words, differences of,
                             uint32_t known) {
    for (uint32_t value = 0; value < nm_event_count(words, of.family); value++)
        outputs[nm_event_id(words, of.family, value)] =
            (uint16_t)(of.first + nm_event_clip((int)value - (int)known, of.most));
}

static void fill_later(uint16_t *outputs, const nm_event_words *words, uint32_t known) {
    for (uint32_t at = known; at < nm_event_count(words, NM_EVENT_POSITION); at++)
        outputs[nm_event_id(words, NM_EVENT_POSITION, at)] =
            (uint16_t)(TO_POSITION + (at - known < MAX_LATER ? at - known : MAX_LATER));
}

static void fill_known(uint16_t *outputs, const neume_codec_options *options, uint32_t context) {
    const nm_event_words words = nm_event_words_of(options);
    const differences louder = {NM_EVENT_VELOCITY, MAX_LOUDER, TO_VELOCITY};
    const differences longer = {NM_EVENT_DURATION, MAX_LONGER, TO_LENGTH};
    if (context >= KNOWN_POSITION)
        fill_later(outputs, &words, context - KNOWN_POSITION);
    else if (context >= KNOWN_LENGTH)
        fill_differences(outputs, &words, longer, context - KNOWN_LENGTH);
    else if (context >= KNOWN_VELOCITY)
        fill_differences(outputs, &words, louder, context - KNOWN_VELOCITY);
}

const nm_map_kind nm_event_maps[NM_EVENT_MAPS] = {
    {1, NM_ALL_WORDS, fill_absolute},
    {NM_EVENT_KEYS + 1, NM_EVENT_KEYS, fill_chord},
    {NM_EVENT_KEYS + 1, INTERVALS, fill_voice},
    {KNOWN_COUNT, TO_COUNT, fill_known},
};
