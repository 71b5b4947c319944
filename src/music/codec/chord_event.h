/* SPDX-License-Identifier: ISC */
/* What codecs "word" and "stream" share: notes struck together as one word, and back. */
#ifndef NM_MUSIC_CODEC_CHORD_EVENT_H
#define NM_MUSIC_CODEC_CHORD_EVENT_H

#include "music/chord.h"
#include "music/codec_kind.h"

/* Notes that chords could not say: a pitch that the chord has, a class in another octave. */
typedef struct nm_chord_losses {
    uint64_t unisons, doublings;
} nm_chord_losses;

/* Adds a pitch to a chord. */
void nm_chord_gather(nm_pitch_set *chord, uint8_t pitch, nm_chord_losses *losses);

/* The word of stream 0 for a chord that is not empty; counts its notes as said or lost. */
uint32_t nm_chord_word(nm_encoder *encoder, const nm_pitch_set *chord, nm_chord_losses *losses);

void nm_chord_omit(nm_encoder *encoder, const nm_chord_losses *losses);

/* nm_codec_kind's spell of a stream of chords, and its universe. */
bool nm_chord_respell(char word[NM_MAX_WORD_TEXT], const neume_codec_options *options,
                      const char *text);
double nm_chord_universe(const neume_codec_options *options);

/* Adds a note like `like` for each pitch of the word, velocity 80; none where `text` is NULL or no
 * chord, such as <unk>. */
neume_status nm_chord_add_notes(neume_score *score, const char *text, const neume_note *like);

#endif
