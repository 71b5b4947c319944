/* SPDX-License-Identifier: ISC */
#include "music/codec/chord_event.h"

_Static_assert((int)NM_CHORD_TEXT_SIZE <= (int)NM_MAX_WORD_TEXT, "a chord is a word");

enum { VELOCITY = 80 };

void nm_chord_gather(nm_pitch_set *chord, uint8_t pitch, nm_chord_losses *losses) {
    losses->unisons += nm_pitch_set_has(chord, pitch);
    nm_pitch_set_add(chord, pitch);
}

/* A chord of classes holds each class once; one of a single class stands for an octave. */
static size_t notes_said(const nm_pitch_set *chord, neume_voicing voicing) {
    const unsigned count = nm_pitch_set_count(chord);
    if (voicing == NEUME_VOICING_PITCHES || count <= 2)
        return count;
    const unsigned classes = (unsigned)__builtin_popcount(nm_pitch_set_classes(chord));
    return classes == 1 ? 2 : classes;
}

uint32_t nm_chord_word(nm_encoder *encoder, const nm_pitch_set *chord, nm_chord_losses *losses) {
    const neume_voicing voicing = encoder->codec->options.voicing;
    const size_t said = notes_said(chord, voicing);
    char text[NM_CHORD_TEXT_SIZE];
    nm_chord_spell(text, chord, voicing);
    encoder->sequence->note_count += said;
    losses->doublings += nm_pitch_set_count(chord) - said;
    return nm_encoder_word(encoder, 0, text);
}

void nm_chord_omit(nm_encoder *encoder, const nm_chord_losses *losses) {
    nm_encoder_omit(encoder, "unisons", losses->unisons);
    nm_encoder_omit(encoder, "doublings", losses->doublings);
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
    for (unsigned pitch = 0; pitch < NM_PITCHES && !status; pitch++) {
        neume_note note = *like;
        note.pitch = (uint8_t)pitch;
        note.velocity = VELOCITY;
        if (nm_pitch_set_has(&chord, pitch))
            status = neume_score_add_note(score, &note);
    }
    return status;
}
