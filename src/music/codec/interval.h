/* SPDX-License-Identifier: ISC */
/* The words of codec "interval" and the automaton over them. */
#ifndef NM_MUSIC_CODEC_INTERVAL_H
#define NM_MUSIC_CODEC_INTERVAL_H

#include "music/chord.h"
#include "music/codec_kind.h"

enum { NM_INTERVAL_GRID = 4 }; /* cells of a quarter */

/* The fixed vocabulary. */
enum {
    NM_NOTE_0 = NM_WORD_FIRST,              /* "0" */
    NM_INTERVAL_1 = NM_NOTE_0 + NM_PITCHES, /* "-1" */
    NM_REST_1 = NM_INTERVAL_1 + NM_PITCHES - 1,
    NM_REST_4 = NM_REST_1 + 3,
    NM_SIXTEENTH_1, /* "x1" */
    NM_INTERVAL_WORDS = NM_SIXTEENTH_1 + 3
};

/* Cells of r1. */
static inline uint32_t nm_interval_rest_cells(const neume_codec_options *options) {
    return options->rest_unit == NEUME_REST_SIXTEENTH ? 1 : NM_INTERVAL_GRID;
}

/* 7 states of rests and the end, and a state for each top p and last interval 0..p; a class for
 * each note and interval, three for rests, and those of <end> and <unk>. */
enum {
    NM_INTERVAL_STATES = 7 + NM_PITCHES * (NM_PITCHES + 1) / 2,
    NM_INTERVAL_CLASSES = NM_REST_1 + 3
};

bool nm_interval_allows(uint32_t state, uint32_t word_class);
uint32_t nm_interval_next(const nm_grammar *grammar, uint32_t state, uint32_t word_class);
uint32_t nm_interval_class(const neume_codec_options *options, unsigned stream, uint32_t word);

#endif
