/* SPDX-License-Identifier: ISC */
/* What codecs "word" and "stream" share: notes struck together as one word, and back. */
#ifndef NM_MUSIC_CODEC_CHORD_EVENT_H
#define NM_MUSIC_CODEC_CHORD_EVENT_H

#include "music/chord.h"
#include "music/codec_kind.h"

/* A chord, its word, and how many of its notes that says and does not. */
typedef struct nm_known_chord {
    nm_pitch_set chord; /* empty: none */
    uint32_t word;
    uint16_t said, doublings;
} nm_known_chord;

enum { NM_KNOWN_CHORDS = 256 };

/* Chords of an encoding in progress, all zero at its begin: notes that they could not say, and
 * chords that need not be spelt and looked up again. */
typedef struct nm_chord_encoding {
    uint64_t unisons;                      /* a pitch that the chord has */
    uint64_t doublings;                    /* a class in another octave */
    nm_known_chord known[NM_KNOWN_CHORDS]; /* by a hash of the chord, the last one met */
} nm_chord_encoding;

/* Adds a pitch to a chord. */
static inline void nm_chord_gather(nm_pitch_set *chord, uint8_t pitch, nm_chord_encoding *chords) {
    chords->unisons += nm_pitch_set_has(chord, pitch);
    nm_pitch_set_add(chord, pitch);
}

/* The word of stream 0 for a chord that is not empty; counts its notes as said or lost. */
uint32_t nm_chord_word(nm_encoder *encoder, const nm_pitch_set *chord, nm_chord_encoding *chords);

void nm_chord_omit(nm_encoder *encoder, const nm_chord_encoding *chords);

/* nm_codec_kind's spell of a stream of chords, and its universe. */
bool nm_chord_respell(char word[NM_MAX_WORD_TEXT], const neume_codec_options *options,
                      const char *text);
double nm_chord_universe(const neume_codec_options *options);

/* Adds a note like `like` for each pitch of the word, velocity 80; none where `text` is NULL or no
 * chord, such as <unk>. */
neume_status nm_chord_add_notes(neume_score *score, const char *text, const neume_note *like);

#endif
