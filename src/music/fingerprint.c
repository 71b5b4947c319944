/* SPDX-License-Identifier: ISC */
#include "music/fingerprint.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

enum {
    NO_PITCH = 128,
    NO_HASH = 255,
    LEAST_BINS = 12 /* in use where a piece is long enough to tell */
};

/* Notes that begin together. Shingles in a row share chords, and mostly the lowest pitch too. */
typedef struct chord {
    uint64_t start_ticks;
    size_t first_note, note_count;
    uint64_t hash;       /* of the intervals above `hash_lowest` */
    uint64_t shingle;    /* hash of this and those that follow */
    int64_t proportion;  /* of the time to the next chord to that from the one before */
    uint8_t lowest;      /* pitch that is no drum, or NO_PITCH */
    uint8_t hash_lowest; /* NO_HASH: of none yet */
} chord;

/* How often a shingle has been met: open addressing. */
typedef struct tally {
    uint64_t shingle; /* 0: an empty slot */
    uint64_t count;
} tally;

typedef struct print_maker {
    const neume_note *notes;
    size_t note_count;
    chord *chords; /* [chord_count] */
    size_t chord_count;
    tally *tallies; /* [tally_count], a power of two, twice the shingles at least */
    size_t tally_count;
    uint64_t least[NM_FINGERPRINT_BINS];
} print_maker;

/* The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t mix(uint64_t x) {
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

static size_t count_onsets(const print_maker *m) {
    size_t onsets = 1;
    for (size_t i = 1; i < m->note_count; i++)
        onsets += m->notes[i].start_ticks != m->notes[i - 1].start_ticks;
    return onsets;
}

/* Of a piece as played, what is struck within a quarter of the mean time from onset to onset is one
 * chord: so a chord stays one in a slower or a coarser division of time. */
static uint64_t spread_of(const print_maker *m, size_t onsets) {
    const uint64_t span = m->notes[m->note_count - 1].start_ticks - m->notes[0].start_ticks;
    return span / (4 * onsets);
}

static bool gather_chords(print_maker *m, neume_context *context) {
    const size_t onsets = count_onsets(m);
    const uint64_t spread = spread_of(m, onsets);
    if (!nm_resize(context, &m->chords, onsets, sizeof *m->chords))
        return false;
    chord last = {.hash_lowest = NO_HASH};
    for (size_t i = 0; i < m->note_count; i++) {
        const neume_note *note = &m->notes[i];
        const uint8_t pitch = note->is_drum ? NO_PITCH : note->pitch;
        const bool begins = i == 0 || note->start_ticks - last.start_ticks > spread;
        last.lowest = begins || pitch < last.lowest ? pitch : last.lowest;
        last.start_ticks = begins ? note->start_ticks : last.start_ticks;
        last.first_note = begins ? i : last.first_note;
        last.note_count = i + 1 - last.first_note;
        m->chord_count += begins;
        m->chords[m->chord_count - 1] = last;
    }
    return true;
}

/* The nearest half octave, 2 log2(after / before) rounded: twice as long is 2, and what rounding to
 * ticks does to it mostly nothing. The bounds are 2^(1/4) and 2^(3/4). */
static int64_t proportion(uint64_t before, uint64_t after) {
    int exponent;
    const double once_to_twice = 2 * frexp((double)after / (double)before, &exponent);
    return 2 * (exponent - 1) + (once_to_twice >= 1.189207115002721066717) +
           (once_to_twice >= 1.681792830507429086062);
}

static void find_proportions(print_maker *m) {
    for (size_t i = 1; i + 1 < m->chord_count; i++) {
        chord *at = &m->chords[i];
        at->proportion =
            proportion(at->start_ticks - at[-1].start_ticks, at[1].start_ticks - at->start_ticks);
    }
}

/* A sum, so that the order of notes that begin together does not matter. */
static uint64_t hash_chord(const print_maker *m, chord *at, unsigned lowest) {
    if (at->hash_lowest == lowest)
        return at->hash;
    uint64_t sum = 0;
    for (size_t i = 0; i < at->note_count; i++) {
        const neume_note *note = &m->notes[at->first_note + i];
        const uint64_t interval = note->is_drum ? 256u + note->pitch : 128u + note->pitch - lowest;
        sum += mix(interval);
    }
    at->hash_lowest = (uint8_t)lowest;
    return at->hash = mix(sum);
}

/* Hash of NM_SHINGLE chords from `at` on; never 0. */
static uint64_t hash_shingle(const print_maker *m, chord *at) {
    unsigned lowest = NO_PITCH;
    for (size_t i = 0; i < NM_SHINGLE; i++)
        lowest = at[i].lowest < lowest ? at[i].lowest : lowest;
    uint64_t hash = 0;
    for (size_t i = 0; i < NM_SHINGLE; i++)
        hash = mix(hash ^ hash_chord(m, &at[i], lowest));
    for (size_t i = 1; i + 1 < NM_SHINGLE; i++)
        hash = mix(hash ^ (uint64_t)at[i].proportion);
    return hash ? hash : 1;
}

/* Which time it is that this shingle comes, 1 for the first. */
static uint64_t count_shingle(print_maker *m, uint64_t shingle) {
    size_t slot = shingle & (m->tally_count - 1);
    while (m->tallies[slot].shingle && m->tallies[slot].shingle != shingle)
        slot = (slot + 1) & (m->tally_count - 1);
    m->tallies[slot].shingle = shingle;
    return ++m->tallies[slot].count;
}

static bool gather_shingles(print_maker *m, neume_context *context) {
    m->tally_count = 8;
    while (m->tally_count < 2 * m->chord_count)
        m->tally_count *= 2;
    m->tallies = nm_alloc(context, m->tally_count, sizeof *m->tallies);
    if (!m->tallies)
        return false;
    memset(m->least, 0xFF, sizeof m->least);
    for (size_t i = 0; i + NM_SHINGLE <= m->chord_count; i++)
        m->chords[i].shingle = hash_shingle(m, &m->chords[i]);
    for (size_t i = 0; i + NM_SHINGLE <= m->chord_count; i++) {
        const uint64_t shingle = m->chords[i].shingle;
        const uint64_t hash = mix(shingle ^ mix(count_shingle(m, shingle)));
        uint64_t *least = &m->least[hash % NM_FINGERPRINT_BINS];
        const uint64_t value = hash / NM_FINGERPRINT_BINS;
        *least = value < *least ? value : *least;
    }
    return true;
}

neume_status nm_fingerprint_of_score(nm_fingerprint *out, neume_context *context,
                                     const neume_score *score) {
    print_maker m = {0};
    *out = (nm_fingerprint){{0}};
    m.notes = neume_score_notes(score, &m.note_count);
    if (m.note_count == 0)
        return NEUME_OK;
    bool has_room = gather_chords(&m, context);
    if (has_room) {
        find_proportions(&m);
        has_room = gather_shingles(&m, context);
    }
    if (has_room)
        for (size_t i = 0; i < NM_FINGERPRINT_BINS; i++)
            out->bins[i] = m.least[i] == UINT64_MAX ? 0 : (uint16_t)(1 + m.least[i] % UINT16_MAX);
    nm_free(context, m.tallies);
    nm_free(context, m.chords);
    return has_room ? NEUME_OK : NEUME_NO_MEMORY;
}

double nm_fingerprint_likeness(const nm_fingerprint *a, const nm_fingerprint *b) {
    unsigned equal = 0, used = 0;
    for (size_t i = 0; i < NM_FINGERPRINT_BINS; i++) {
        used += a->bins[i] || b->bins[i];
        equal += a->bins[i] && a->bins[i] == b->bins[i];
    }
    return used < LEAST_BINS ? 0 : (double)equal / used;
}
