/* SPDX-License-Identifier: ISC */
#include "music/codec/chord_event.h"

_Static_assert((int)NM_CHORD_TEXT_SIZE <= (int)NM_MAX_WORD_TEXT, "a chord is a word");

enum { VELOCITY = 80 };

/* A chord of classes holds each class once; one of a single class stands for an octave. */
static unsigned notes_said(const nm_pitch_set *chord, neume_voicing voicing) {
    const unsigned count = nm_pitch_set_count(chord);
    if (voicing == NEUME_VOICING_PITCHES || count <= 2)
        return count;
    const unsigned classes = (unsigned)__builtin_popcount(nm_pitch_set_classes(chord));
    return classes == 1 ? 2 : classes;
}

static nm_known_chord find_chord(nm_encoder *encoder, const nm_pitch_set *chord) {
    const neume_voicing voicing = encoder->codec->options.voicing;
    const unsigned said = notes_said(chord, voicing);
    char text[NM_CHORD_TEXT_SIZE];
    nm_chord_spell(text, chord, voicing);
    return (nm_known_chord){.chord = *chord,
                            .word = nm_encoder_word(encoder, 0, text),
                            .said = (uint16_t)said,
                            .doublings = (uint16_t)(nm_pitch_set_count(chord) - said)};
}

/* The place of a chord among those known, by multiplication (Knuth, The Art of Computer
 * Programming 3, 6.4). */
static size_t place_of(const nm_pitch_set *chord) {
    const uint64_t both = chord->bits[0] ^ (chord->bits[1] << 32 | chord->bits[1] >> 32);
    return both * UINT64_C(0x9E3779B97F4A7C15) >> 56;
}

_Static_assert(NM_KNOWN_CHORDS == 1 << (64 - 56), "a place is among those there are");

uint32_t nm_chord_word(nm_encoder *encoder, const nm_pitch_set *chord, nm_chord_encoding *chords) {
    nm_known_chord *known = &chords->known[place_of(chord)];
    if (known->chord.bits[0] != chord->bits[0] || known->chord.bits[1] != chord->bits[1])
        *known = find_chord(encoder, chord);
    encoder->sequence->note_count += known->said;
    chords->doublings += known->doublings;
    return known->word;
}

void nm_chord_omit(nm_encoder *encoder, const nm_chord_encoding *chords) {
    nm_encoder_omit(encoder, "unisons", chords->unisons);
    nm_encoder_omit(encoder, "doublings", chords->doublings);
}

bool nm_chord_respell(char word[NM_MAX_WORD_TEXT], const neume_codec_options *options,
                      const char *text) {
    nm_pitch_set chord;
    if (!nm_chord_read(&chord, text))
        return false;
    nm_chord_spell(word, &chord, options->voicing);
    return true;
}

/* 128 pitches and 2^12 - 1 sets of pitch classes; or all sets of pitches but the empty one. */
double nm_chord_universe(const neume_codec_options *options) {
    return options->voicing == NEUME_VOICING_PITCHES ? 0x1p128 - 1 : NM_PITCHES + 4095.0;
}

neume_status nm_chord_add_notes(neume_score *score, const char *text, const neume_note *like) {
    nm_pitch_set chord;
    if (!text || !nm_chord_read(&chord, text))
        return NEUME_OK;
    neume_status status = NEUME_OK;
    while (!nm_pitch_set_is_empty(&chord) && !status) {
        neume_note note = *like;
        note.pitch = (uint8_t)nm_pitch_set_take_lowest(&chord);
        note.velocity = VELOCITY;
        status = neume_score_add_note(score, &note);
    }
    return status;
}
