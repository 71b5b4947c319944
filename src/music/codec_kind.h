/* SPDX-License-Identifier: ISC */
/* What a kind of codec implements, one file each in codec/, and what codec.c does for all of them:
 * vocabularies, grammar tables, settings, parsing. */
#ifndef NM_MUSIC_CODEC_KIND_H
#define NM_MUSIC_CODEC_KIND_H

#include "music/codec.h"
#include "music/vocabulary.h"

/* An encoding in progress. After the first failed allocation it swallows what it is given. */
typedef struct nm_encoder {
    neume_codec *codec;
    neume_sequence *sequence;
    size_t capacity; /* of sequence->words */
    bool failed;
} nm_encoder;

/* The id of a word: learnt if the codec is open, NM_WORD_UNKNOWN if it is closed and has it not. */
uint32_t nm_encoder_word(nm_encoder *encoder, unsigned stream, const char *text);

/* Adds a step of S words. */
void nm_encoder_push(nm_encoder *encoder, const uint32_t *words);

/* Reports what was left out; nothing where `count` is 0. `what` is static. */
void nm_encoder_omit(nm_encoder *encoder, const char *what, uint64_t count);

enum { NM_MAX_WORD_TEXT = 1024 }; /* bytes of the longest word of any kind, with its NUL */

typedef struct nm_codec_kind {
    const char *name;
    const char *step_unit;
    const char *expects; /* what its words look like, for errors */
    unsigned stream_count;
    nm_grammar grammar; /* without word_class */

    /* Refuses options out of this kind's range; those that all kinds share have been looked at. */
    neume_status (*check)(const neume_codec_options *options, neume_error *error);

    /* The word that a text stands for, in the only spelling that the codec writes; false where it
     * is none. Words of the grammar such as <end> are not asked for. */
    bool (*spell)(char word[NM_MAX_WORD_TEXT], const neume_codec_options *options, unsigned stream,
                  const char *text);
    uint32_t (*word_class)(unsigned stream, uint32_t word); /* of the grammar */

    /* How many different words a stream can say in all, those of the grammar not counted. */
    double (*universe)(const neume_codec_options *options, unsigned stream);
    double (*step_quarters)(const neume_codec_options *options);

    void (*encode)(nm_encoder *encoder, const neume_score *score);
    neume_status (*decode)(neume_score *score, const neume_codec *codec,
                           const neume_sequence *sequence);
} nm_codec_kind;

struct neume_codec {
    neume_context *context;
    const nm_codec_kind *kind;
    neume_codec_options options;
    nm_vocabulary vocabularies[NEUME_MAX_STREAMS];
    bool is_closed;
    nm_grammar grammar; /* once closed; its word_class are owned */
};

/* Closes a codec with the words that it has, in their order. */
neume_status nm_codec_seal(neume_codec *codec);

extern const nm_codec_kind nm_codec_word;

#endif
