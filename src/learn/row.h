/* SPDX-License-Identifier: ISC */
/* A sequence as the network meets it, step after step: what it is told before a step (the words of
 * the step before, side features, contexts of the head's maps) and which words may come. Training,
 * likelihoods and composing all follow their sequences with this. */
#ifndef NM_LEARN_ROW_H
#define NM_LEARN_ROW_H

#include "music/codec.h"

#define NM_NO_LABELS UINT32_MAX

typedef struct nm_row {
    uint32_t state;                    /* of the grammar, before the next word */
    uint32_t words[NEUME_MAX_STREAMS]; /* of the step before; V of each stream at the begin */
    nm_tracker tracker;
    uint32_t given; /* of a roll, before the next step */
    uint32_t label; /* of the piece: 0 for none; NM_NO_LABELS where the network knows none */
} nm_row;

/* Integers that the network is told before a step: its words, side features, of a roll what is
 * given, and a label where the network knows labels. */
unsigned nm_row_columns(const neume_codec *codec, bool has_labels);

/* Rolls have no grammar: for them only begin, end_step and read are called.
 *
 * Before the first step of a piece that was moved by `shift` semitones; it is told of no labels. */
void nm_row_begin(nm_row *row, const neume_codec *codec, int shift);

/* Moves the grammar behind a word of the stream whose turn it is. */
void nm_row_say(nm_row *row, const neume_codec *codec, unsigned stream, uint32_t word);

/* After the last stream's word: `words` [S] are what the network is told next. */
void nm_row_end_step(nm_row *row, const neume_codec *codec, const uint32_t *words);

/* The inputs of the next step: `inputs` [columns], `contexts` [maps]. */
void nm_row_read(const nm_row *row, const neume_codec *codec, uint32_t *inputs, uint32_t *contexts);

/* Whether the grammar allows this word next. */
bool nm_row_allows(const nm_row *row, const neume_codec *codec, unsigned stream, uint32_t word);

#endif
