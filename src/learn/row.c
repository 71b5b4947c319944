/* SPDX-License-Identifier: ISC */
#include "learn/row.h"

#include <string.h>

unsigned nm_row_columns(const neume_codec *codec, bool has_labels) {
    return neume_codec_width(codec) + nm_codec_feature_count(codec) + nm_codec_is_roll(codec) +
           has_labels;
}

void nm_row_begin(nm_row *row, const neume_codec *codec, int shift) {
    row->state = 0;
    row->label = NM_NO_LABELS;
    row->given = 0;
    for (unsigned s = 0; s < neume_codec_width(codec); s++) /* of a roll 0: no key is on */
        row->words[s] = neume_codec_word_count(codec, s);
    nm_codec_track_begin(codec, &row->tracker, shift);
}

bool nm_row_allows(const nm_row *row, const neume_codec *codec, unsigned stream, uint32_t word) {
    const nm_grammar *grammar = nm_codec_grammar(codec);
    return nm_grammar_allowed(grammar, row->state)[grammar->word_class[stream][word]] != 0;
}

void nm_row_say(nm_row *row, const neume_codec *codec, unsigned stream, uint32_t word) {
    const nm_grammar *grammar = nm_codec_grammar(codec);
    row->state = nm_grammar_next(grammar, row->state, grammar->word_class[stream][word]);
}

void nm_row_end_step(nm_row *row, const neume_codec *codec, const uint32_t *words) {
    memcpy(row->words, words, neume_codec_width(codec) * sizeof *words);
    nm_codec_track(codec, &row->tracker, words);
}

void nm_row_read(const nm_row *row, const neume_codec *codec, uint32_t *inputs,
                 uint32_t *contexts) {
    const unsigned width = neume_codec_width(codec);
    uint32_t *next = inputs + width + nm_codec_feature_count(codec);
    memcpy(inputs, row->words, width * sizeof *inputs);
    nm_codec_read_side(codec, &row->tracker, inputs + width, contexts);
    if (nm_codec_is_roll(codec))
        *next++ = row->given;
    if (row->label != NM_NO_LABELS)
        *next = row->label;
}
