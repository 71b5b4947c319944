/* SPDX-License-Identifier: ISC */
/* What codec "event" tells the network beside the last word. A *group* is what one program strikes
 * at one moment; v(d, i) is note i of the group d before this one of the same program. j is the
 * note that is being said, or the next one. Keys are pitches, or drums. */
#include "music/codec/event_side.h"

#include <string.h>

enum {
    CHORD = 6,    /* notes remembered of a group */
    MEMORIES = 10 /* programs remembered, the latest */
};

/* What there is, and what stands where there is none. */
enum {
    NO_KEY = NM_EVENT_KEYS,
    NO_VELOCITY = NM_EVENT_VELOCITIES,
    NO_LENGTH = 0,
    MOST_LENGTH = 255, /* units; longer ones are as long as this */
    MOST_GAP = 127,
    NO_GAP,
    NO_PROGRAM = NM_EVENT_PROGRAMS,
    MOST_SAID = 7,
    MAX_INTERVAL = 24,
    NO_INTERVAL = 2 * MAX_INTERVAL + 1,
    CELLS = NM_EVENT_BAR_QUARTERS * NM_EVENT_MAX_GRID,
    BARS = 8
};

const uint32_t nm_event_feature_sizes[NM_EVENT_FEATURES] = {
    CELLS,               /* position in the bar */
    NM_EVENT_MAX_GRID,   /* position in the quarter */
    NM_EVENT_MAX_METRES, /* time signature */
    BARS,                /* number of the bar mod 8 */
    NM_EVENT_TEMPI,      /* tempo */
    NO_GAP + 1,          /* from the last moment to this */
    NO_GAP + 1,          /* from the one before it to that */
    NM_EVENT_PROGRAMS,   /* program */
    NO_PROGRAM + 1,      /* which program came after it the last time */
    NO_GAP + 1,          /* from its group before to now */
    2,                   /* its pedal */
    MOST_SAID + 1,       /* j */
    NO_KEY + 1,          /* last: the key that was said last, of this group */
    NO_KEY + 1,          /* v(1, j) */
    NO_KEY + 1,          /* v(1, j + 1) */
    NO_KEY + 1,          /* v(2, j) */
    NO_INTERVAL + 1,     /* v(1, j) - last */
    NO_INTERVAL + 1,     /* last - v(1, j - 1) */
    NO_INTERVAL + 1,     /* v(1, j) - v(2, j) */
    NO_INTERVAL + 1,     /* last - the first of this group */
    NO_VELOCITY + 1,     /* of the program's note before */
    MOST_LENGTH + 1,     /* of it */
    NO_VELOCITY + 1,     /* of v(1, j) */
    MOST_LENGTH + 1,     /* of v(1, j) */
};

/* A group as far as it is remembered. */
typedef struct chord {
    uint8_t keys[CHORD], velocities[CHORD], lengths[CHORD];
} chord;

typedef struct memory {
    chord before;             /* v(1, .) */
    uint8_t keys[CHORD];      /* v(2, .) */
    uint8_t velocity, length; /* of the last note */
    uint8_t next_program, has_pedal;
    uint32_t time; /* units: of the last group */
    uint32_t used; /* when the program was last said: a count of words */
    uint8_t program;
} memory;

typedef struct event_tracker {
    nm_event_words words;
    uint32_t now, bar_start; /* units */
    uint32_t said;           /* words */
    uint16_t bar_cells;
    uint8_t bars; /* 0 before the first, then 1 .. BARS and round again */
    uint8_t metre, tempo, gaps[2];
    uint8_t slot; /* the memory of the program */
    uint8_t note_count, first, last;
    bool is_in_note;
    chord chord; /* of this group */
    memory memories[MEMORIES];
} event_tracker;

_Static_assert(sizeof(event_tracker) <= sizeof(nm_tracker), "a tracker has room for it");

static chord no_chord(void) {
    chord none = {.lengths = {NO_LENGTH}};
    memset(none.keys, NO_KEY, sizeof none.keys);
    memset(none.velocities, NO_VELOCITY, sizeof none.velocities);
    return none;
}

static memory new_memory(uint8_t program) {
    memory none = {.program = program,
                   .before = no_chord(),
                   .velocity = NO_VELOCITY,
                   .next_program = NO_PROGRAM};
    memset(none.keys, NO_KEY, sizeof none.keys);
    return none;
}

static void begin_group(event_tracker *t) {
    t->note_count = 0;
    t->first = t->last = NO_KEY;
    t->is_in_note = false;
    t->chord = no_chord();
}

/* The group becomes the one before. */
static void end_group(event_tracker *t) {
    memory *of = &t->memories[t->slot];
    if (t->note_count) {
        memcpy(of->keys, of->before.keys, sizeof of->keys);
        of->before = t->chord;
        of->time = t->now;
    }
    begin_group(t);
}

/* The memory of a program, which may take the place of the one that was not used for longest. */
static uint8_t find_memory(event_tracker *t, uint8_t program) {
    uint8_t oldest = 0;
    for (uint8_t i = 0; i < MEMORIES; i++) {
        if (t->memories[i].program == program)
            return i;
        if (t->memories[i].used < t->memories[oldest].used)
            oldest = i;
    }
    t->memories[oldest] = new_memory(program);
    return oldest;
}

static void choose_program(event_tracker *t, uint8_t program) {
    end_group(t);
    t->memories[t->slot].next_program = program;
    t->slot = find_memory(t, program);
    t->memories[t->slot].used = t->said;
}

static uint8_t gap_from(uint32_t from, uint32_t to) {
    return (uint8_t)(to - from < MOST_GAP ? to - from : MOST_GAP);
}

static void go_to(event_tracker *t, uint32_t time) {
    end_group(t);
    t->gaps[1] = t->gaps[0];
    t->gaps[0] = gap_from(t->now, time);
    t->now = time;
}

/* The bar begins, and with it a moment that is said next. */
static void begin_bar(event_tracker *t) {
    end_group(t);
    t->bar_start += t->bars ? t->bar_cells : 0u;
    t->bars = t->bars < BARS ? t->bars + 1 : 1;
}

static void say_key(event_tracker *t, uint32_t key) {
    const unsigned j = t->note_count < CHORD ? t->note_count : CHORD - 1;
    t->chord.keys[j] = t->last = (uint8_t)key;
    t->chord.lengths[j] = NO_LENGTH;
    t->chord.velocities[j] = NO_VELOCITY;
    t->first = t->note_count ? t->first : t->last;
    t->note_count += t->note_count < UINT8_MAX;
    t->is_in_note = true;
}

static unsigned last_index(const event_tracker *t) {
    return t->note_count <= CHORD ? t->note_count - 1u : CHORD - 1u;
}

static void say_velocity(event_tracker *t, uint32_t velocity) {
    if (!t->is_in_note)
        return;
    t->memories[t->slot].velocity = t->chord.velocities[last_index(t)] = (uint8_t)velocity;
    t->is_in_note = t->memories[t->slot].program != NM_EVENT_DRUMS;
}

static void say_length(event_tracker *t, uint32_t units, bool is_last) {
    if (!t->is_in_note)
        return;
    uint8_t *length = &t->chord.lengths[last_index(t)];
    units += *length;
    t->memories[t->slot].length = *length = (uint8_t)(units < MOST_LENGTH ? units : MOST_LENGTH);
    t->is_in_note = !is_last;
}

void nm_event_track_begin(nm_tracker *tracker, const neume_codec_options *options, int shift) {
    event_tracker t = {.words = nm_event_words_of(options),
                       .bar_cells = (uint16_t)(4 * options->grid),
                       .metre = (uint8_t)nm_event_find_metre(options->grid, 4, 4),
                       .tempo = NM_EVENT_USUAL_TEMPO,
                       .gaps = {NO_GAP, NO_GAP}};
    (void)shift;
    for (unsigned i = 0; i < MEMORIES; i++)
        t.memories[i] = new_memory(NO_PROGRAM);
    t.memories[0].program = 0;
    begin_group(&t);
    memset(tracker, 0, sizeof *tracker);
    memcpy(tracker, &t, sizeof t);
}

static void set_metre(event_tracker *t, uint32_t index) {
    t->metre = (uint8_t)index;
    t->bar_cells = (uint16_t)nm_event_metre_at(t->words.grid, index).cells;
}

static void follow(event_tracker *t, nm_event_word word) {
    switch (word.family) {
    case NM_EVENT_PITCH:
    case NM_EVENT_DRUM:
        say_key(t, word.value);
        break;
    case NM_EVENT_VELOCITY:
        say_velocity(t, word.value);
        break;
    case NM_EVENT_DURATION:
        say_length(t, word.value + 1, true);
        break;
    case NM_EVENT_MORE:
        say_length(t, nm_event_count(&t->words, NM_EVENT_DURATION), false);
        break;
    case NM_EVENT_PROGRAM:
        choose_program(t, (uint8_t)word.value);
        break;
    case NM_EVENT_PEDAL:
        t->memories[t->slot].has_pedal = (uint8_t)word.value;
        break;
    case NM_EVENT_BAR:
        begin_bar(t);
        break;
    case NM_EVENT_METRE:
        set_metre(t, word.value);
        break;
    case NM_EVENT_TEMPO_WORD:
        t->tempo = (uint8_t)word.value;
        break;
    case NM_EVENT_POSITION:
        go_to(t, t->bar_start + word.value);
        break;
    case NM_EVENT_SHIFT:
        go_to(t, t->now + word.value + 1);
        break;
    default: /* <end>, <unk> */
        break;
    }
}

void nm_event_track(nm_tracker *tracker, const uint32_t *words) {
    event_tracker t;
    memcpy(&t, tracker, sizeof t);
    t.said++;
    follow(&t, nm_event_read(&t.words, words[0]));
    memcpy(tracker, &t, sizeof t);
}

static unsigned key_at(const uint8_t *keys, int index) {
    return index >= 0 && index < CHORD ? keys[index] : (unsigned)NO_KEY;
}

/* p - q, clipped, from 0 on; p and q may be none. */
static uint32_t interval(unsigned p, unsigned q) {
    const int wide = (int)p - (int)q;
    if (p >= NO_KEY || q >= NO_KEY)
        return NO_INTERVAL;
    return nm_event_clip(wide, MAX_INTERVAL);
}

/* The position of the bar that time is at: of its begin before the first Position in it. */
static uint32_t position_of(const event_tracker *t) {
    const uint32_t position = t->now - t->bar_start;
    return t->now >= t->bar_start && position < CELLS && !t->words.is_performance ? position : 0;
}

void nm_event_read_side(const nm_tracker *tracker, uint32_t *features, uint32_t *contexts) {
    event_tracker t;
    memcpy(&t, tracker, sizeof t);
    const memory *of = &t.memories[t.slot];
    const int j = t.note_count - t.is_in_note;
    const bool is_remembered = j < CHORD;
    const unsigned same = key_at(of->before.keys, j), below = key_at(of->before.keys, j - 1);
    const unsigned before = key_at(of->keys, j);
    const uint32_t position = position_of(&t);
    const bool has_group = of->before.keys[0] != NO_KEY;
    const uint32_t velocity = is_remembered ? of->before.velocities[j] : NO_VELOCITY;
    const uint32_t length = is_remembered ? of->before.lengths[j] : NO_LENGTH;
    const uint32_t values[NM_EVENT_FEATURES] = {
        position,
        position % t.words.grid,
        t.metre,
        t.bars % BARS,
        t.tempo,
        t.gaps[0],
        t.gaps[1],
        of->program,
        of->next_program,
        has_group ? gap_from(of->time, t.now) : (uint32_t)NO_GAP,
        of->has_pedal,
        (uint32_t)(j < MOST_SAID ? j : MOST_SAID),
        t.last,
        same,
        key_at(of->before.keys, j + 1),
        before,
        interval(same, t.last),
        interval(t.last, below),
        interval(same, before),
        interval(t.last, t.first),
        of->velocity,
        of->length,
        velocity,
        length,
    };
    const bool has_velocity = t.is_in_note && t.chord.velocities[last_index(&t)] != NO_VELOCITY;
    const nm_event_known known = {.last = t.last,
                                  .same = same,
                                  .velocity = of->velocity,
                                  .length = length ? length : of->length,
                                  .position = position,
                                  .is_drum = of->program == NM_EVENT_DRUMS,
                                  .wants_velocity = t.is_in_note && !has_velocity,
                                  .wants_length = has_velocity,
                                  .has_time = !t.words.is_performance && t.bars > 0};
    memcpy(features, values, sizeof values);
    nm_event_contexts(&known, contexts);
}
