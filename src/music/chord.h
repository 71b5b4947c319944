/* SPDX-License-Identifier: ISC */
/* Pitches struck together, and the words for them: "E4" for one pitch; for several their pitch
 * classes in normal order ("0.4.7"; "4" for octaves), or their pitches ("C4.E4.G4"). */
#ifndef NM_MUSIC_CHORD_H
#define NM_MUSIC_CHORD_H

#include <neume/codec.h>

enum { NM_PITCHES = 128, NM_PITCH_CLASSES = 12 };

/* A set of MIDI pitches: pitch p is bit p % 64 of bits[p / 64]. */
typedef struct nm_pitch_set {
    uint64_t bits[2];
} nm_pitch_set;

static inline void nm_pitch_set_add(nm_pitch_set *set, unsigned pitch) {
    set->bits[pitch / 64 & 1] |= UINT64_C(1) << pitch % 64;
}

static inline bool nm_pitch_set_has(const nm_pitch_set *set, unsigned pitch) {
    return set->bits[pitch / 64 & 1] >> pitch % 64 & 1;
}

static inline bool nm_pitch_set_is_empty(const nm_pitch_set *set) {
    return (set->bits[0] | set->bits[1]) == 0;
}

unsigned nm_pitch_set_count(const nm_pitch_set *set);

/* Take the lowest, the highest pitch out of a set that is not empty. */
static inline unsigned nm_pitch_set_take_lowest(nm_pitch_set *set) {
    const unsigned half = set->bits[0] == 0;
    const unsigned pitch = half * 64 + (unsigned)__builtin_ctzll(set->bits[half]);
    set->bits[half] &= set->bits[half] - 1;
    return pitch;
}

static inline unsigned nm_pitch_set_take_highest(nm_pitch_set *set) {
    const unsigned half = set->bits[1] != 0;
    const unsigned bit = 63 - (unsigned)__builtin_clzll(set->bits[half]);
    set->bits[half] ^= UINT64_C(1) << bit;
    return half * 64 + bit;
}

/* Those of a set that are not in another. */
nm_pitch_set nm_pitch_set_without(const nm_pitch_set *set, const nm_pitch_set *other);

/* Moves a set by less than 64 semitones; returns how many of its pitches left 0..127. */
unsigned nm_pitch_set_transpose(nm_pitch_set *set, int semitones);

/* The pitch classes of a set: bit 0 is C, bit 11 is B. */
unsigned nm_pitch_set_classes(const nm_pitch_set *set);

/* music21's normal order of a set of pitch classes: of its rotations the one of the smallest span
 * from first to last class; of those the one packed most closely to the left (the first two classes
 * closest, then the first and the third, and so on: Forte, The Structure of Atonal Music, 1973, not
 * Rahn's packing from the right, which differs for 204 of the 4,095 sets); of those that are still
 * equal, sets that are transpositions of themselves, the one that starts on the lowest class.
 * Returns the number of classes. */
unsigned nm_normal_order(uint8_t order[NM_PITCH_CLASSES], unsigned classes);

enum {
    NM_PITCH_TEXT_SIZE = 6,             /* "C#-1", "E--1" and a NUL */
    NM_CHORD_TEXT_SIZE = NM_PITCHES * 5 /* 128 names of at most 4 bytes, dots, a NUL */
};

/* The name of a pitch: C C# D E- E F F# G G# A B- B, and the octave, C4 = 60. Octave -1 holds pitch
 * 0..11: "C-1" is 0 and "E--1" is 3. As "E-1" is E flat of octave 1 and "B-1" is B flat of octave
 * 1, the E and B of octave -1 are written with a natural sign, "En-1" and "Bn-1"; so all 128 names
 * differ. */
void nm_pitch_spell(char text[NM_PITCH_TEXT_SIZE], unsigned pitch);

/* The word of a set that is not empty. */
void nm_chord_spell(char text[NM_CHORD_TEXT_SIZE], const nm_pitch_set *set, neume_voicing voicing);

/* The pitches that a text of pitch names or pitch classes with dots between stands for, in whatever
 * order: classes upward from C4, a single class with its octave. False where it is no such text. It
 * is a word of a voicing if spelling the set gives the text again. */
bool nm_chord_read(nm_pitch_set *out, const char *text);

/* The word of the same notes so many semitones higher, spelt as `text` is: classes turn round,
 * other pitches move. False where a pitch leaves 0..127 or `text` is no such word. */
bool nm_chord_transpose(char out[NM_CHORD_TEXT_SIZE], const char *text, neume_voicing voicing,
                        int semitones);

#endif
