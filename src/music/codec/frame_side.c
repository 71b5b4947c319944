/* SPDX-License-Identifier: ISC */
/* What codec "frame" tells the network beside the last word, and how its head is built. Frame t is
 * f[t][0..n_t - 1], ascending numbers of pitches; j of the present frame have been said, `last` is
 * the last of them; v(d, i) is the i-th note of frame t - d if it has one. Degrees are pitch
 * classes above the tonic, C, of the piece before it was moved. */
#include "music/codec_frame.h"

#include <string.h>

/* Numbers of pitches, and what stands where there is none: the frame has no such note; there was no
 * such frame. */
enum { NO_NOTE = NM_PITCHES, NO_FRAME, VOICE_SIZE };

enum {
    MAX_INTERVAL = 24, /* wider ones are as wide as this */
    INTERVALS = 2 * MAX_INTERVAL + 1,
    NO_INTERVAL = INTERVALS,
    INTERVAL_SIZE = 50,
    NO_DEGREE = NM_PITCH_CLASSES,
    DEGREE_SIZE,
    MAX_NOTES_SAID = 7
};

const uint32_t nm_frame_feature_sizes[NM_FRAME_FEATURES] = {
    MAX_NOTES_SAID + 1, /* j */
    4,                  /* t mod 4 */
    8,
    16,
    32,
    VOICE_SIZE,    /* v(1, j) */
    VOICE_SIZE,    /* v(1, j + 1) */
    VOICE_SIZE,    /* v(1, j - 1) */
    VOICE_SIZE,    /* v(2, j) */
    INTERVAL_SIZE, /* last - v(1, j - 1) */
    INTERVAL_SIZE, /* v(1, j) - last */
    INTERVAL_SIZE, /* v(1, j) - v(2, j) */
    INTERVAL_SIZE, /* last - f[t][0] */
    DEGREE_SIZE,   /* of last */
    DEGREE_SIZE,   /* of v(1, j) */
    DEGREE_SIZE,   /* of v(2, j) */
};

typedef struct frame_tracker {
    nm_pitch_set frames[3]; /* numbers of frame t, as far as it was said, of t - 1 and t - 2 */
    uint64_t time;          /* t */
    neume_order order;
    int shift;
} frame_tracker;

_Static_assert(sizeof(frame_tracker) <= sizeof(nm_tracker), "a tracker has room for it");

static unsigned floor_class(int pitch) {
    const int rest = pitch % NM_PITCH_CLASSES;
    return (unsigned)(rest < 0 ? rest + NM_PITCH_CLASSES : rest);
}

/* The index-th number of a set, counted from 0, or NO_NOTE. */
static unsigned note_at(const nm_pitch_set *set, unsigned index) {
    const unsigned low = (unsigned)__builtin_popcountll(set->bits[0]);
    const unsigned half = index >= low;
    uint64_t bits = set->bits[half];
    for (index -= half ? low : 0; index && bits; index--)
        bits &= bits - 1;
    return bits ? 64 * half + (unsigned)__builtin_ctzll(bits) : NO_NOTE;
}

static unsigned last_note(const nm_pitch_set *set) {
    const uint64_t high = set->bits[1], low = set->bits[0];
    if (high)
        return 127 - (unsigned)__builtin_clzll(high);
    return low ? 63 - (unsigned)__builtin_clzll(low) : NO_NOTE;
}

/* v(ago, voice). Voices are aligned by number: each note follows the one that was said as the
 * same-numbered of its frame. */
static unsigned voice(const frame_tracker *tracker, unsigned ago, int number) {
    if (tracker->time < ago)
        return NO_FRAME;
    return number < 0 ? NO_NOTE : note_at(&tracker->frames[ago], (unsigned)number);
}

/* p - q, clipped, from 0 on; p and q may be none. */
static unsigned interval(unsigned p, unsigned q) {
    const int wide = (int)p - (int)q;
    if (p >= NM_PITCHES || q >= NM_PITCHES)
        return NO_INTERVAL;
    return (unsigned)((wide < -MAX_INTERVAL  ? -MAX_INTERVAL
                       : wide > MAX_INTERVAL ? MAX_INTERVAL
                                             : wide) +
                      MAX_INTERVAL);
}

static unsigned degree(const frame_tracker *tracker, unsigned number) {
    if (number >= NM_PITCHES)
        return NO_DEGREE;
    return floor_class((int)nm_frame_mirror(tracker->order, number) - tracker->shift);
}

void nm_frame_track_begin(nm_tracker *tracker, const neume_codec_options *options, int shift) {
    const frame_tracker begin = {.order = options->order, .shift = shift};
    memcpy(tracker, &begin, sizeof begin);
}

void nm_frame_track(nm_tracker *tracker, const uint32_t *words) {
    frame_tracker now;
    memcpy(&now, tracker, sizeof now);
    if (words[0] == NM_FRAME_PERIOD) {
        now.frames[2] = now.frames[1];
        now.frames[1] = now.frames[0];
        now.frames[0] = (nm_pitch_set){{0}};
        now.time++;
    } else if (words[0] >= NM_FRAME_PITCH && words[0] < NM_FRAME_WORDS) {
        nm_pitch_set_add(&now.frames[0], words[0] - NM_FRAME_PITCH);
    }
    memcpy(tracker, &now, sizeof now);
}

void nm_frame_read_side(const nm_tracker *tracker, uint32_t *features, uint32_t *contexts) {
    frame_tracker now;
    memcpy(&now, tracker, sizeof now);
    const unsigned said = nm_pitch_set_count(&now.frames[0]);
    const int j = (int)said;
    const unsigned first = note_at(&now.frames[0], 0), last = last_note(&now.frames[0]);
    const unsigned same = voice(&now, 1, j), above = voice(&now, 1, j + 1);
    const unsigned below = voice(&now, 1, j - 1), before = voice(&now, 2, j);
    const uint32_t values[NM_FRAME_FEATURES] = {
        said < MAX_NOTES_SAID ? said : MAX_NOTES_SAID,
        now.time % 4,
        now.time % 8,
        now.time % 16,
        now.time % 32,
        same,
        above,
        below,
        before,
        interval(last, below),
        interval(same, last),
        interval(same, before),
        interval(last, first),
        degree(&now, last),
        degree(&now, same),
        degree(&now, before),
    };
    const uint32_t known[NM_FRAME_MAPS] = {0, same < NO_NOTE ? same : NO_NOTE, last,
                                           floor_class(now.shift)};
    memcpy(features, values, sizeof values);
    memcpy(contexts, known, sizeof known);
}

static void fill_absolute(uint16_t *outputs, const neume_codec_options *options, uint32_t context) {
    (void)options;
    (void)context;
    for (uint32_t word = 0; word < NM_FRAME_WORDS; word++)
        outputs[word] = (uint16_t)word;
}

/* The interval from v(1, j). */
static void fill_voice(uint16_t *outputs, const neume_codec_options *options, uint32_t context) {
    (void)options;
    for (uint32_t pitch = 0; context < NO_NOTE && pitch < NM_PITCHES; pitch++)
        outputs[NM_FRAME_PITCH + pitch] = (uint16_t)interval(pitch, context);
}

/* The interval above the last note of this frame. */
static void fill_chord(uint16_t *outputs, const neume_codec_options *options, uint32_t context) {
    (void)options;
    for (uint32_t pitch = context + 1; pitch < NM_PITCHES; pitch++)
        outputs[NM_FRAME_PITCH + pitch] = (uint16_t)(pitch - context - 1);
}

static void fill_degree(uint16_t *outputs, const neume_codec_options *options, uint32_t context) {
    for (uint32_t pitch = 0; pitch < NM_PITCHES; pitch++)
        outputs[NM_FRAME_PITCH + pitch] =
            (uint16_t)floor_class((int)nm_frame_mirror(options->order, pitch) - (int)context);
}

const nm_map_kind nm_frame_maps[NM_FRAME_MAPS] = {
    {1, NM_FRAME_WORDS, fill_absolute},
    {NO_NOTE + 1, INTERVALS, fill_voice},
    {NO_NOTE + 1, NM_PITCHES - 1, fill_chord},
    {NM_PITCH_CLASSES, NM_PITCH_CLASSES, fill_degree},
};
