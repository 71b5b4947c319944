/* SPDX-License-Identifier: ISC */
/* What a kind of codec implements, one file each in codec/, and what codec.c does for all of them:
 * vocabularies, grammar tables, settings, parsing. */
#ifndef NM_MUSIC_CODEC_KIND_H
#define NM_MUSIC_CODEC_KIND_H

#include "music/codec.h"
#include "music/vocabulary.h"

/* An encoding in progress. After the first failed allocation what it is given counts no more. */
typedef struct nm_encoder {
    neume_codec *codec;
    neume_sequence *sequence;
    size_t capacity; /* of sequence->words */
    bool failed;
    uint64_t drums, other_tracks, other_programs; /* that nm_encoder_wants refused */
} nm_encoder;

/* Whether the codec's options want this note; counts it where not. Drums are wanted only by a kind
 * that says them, and not where one program is asked for. */
bool nm_encoder_wants(nm_encoder *encoder, const neume_note *note);

enum { NM_TICKS_PER_QUARTER = 480 }; /* of decoded scores, and where a score says none */
uint32_t nm_score_quarter(const neume_score *score);

/* What every decoded score begins with: 120 quarters a minute, and `numerator` quarters a bar. */
neume_status nm_codec_begin_score(neume_score *score, uint16_t numerator);

/* Whether the options keep the music under time signatures of this numerator; and what a decoded
 * score begins with: 4 quarters a bar, or the first numerator that they keep. */
bool nm_codec_keeps_metre(const neume_codec_options *options, unsigned numerator);
uint16_t nm_codec_usual_metre(const neume_codec_options *options);

/* The cell of the grid that a tick is nearest to, of two the later: floor(ticks grid / quarter +
 * 1/2). Only differences of cells matter, so that they may wrap. */
uint64_t nm_grid_cell(uint64_t ticks, uint64_t grid, uint64_t ticks_per_quarter);

/* The id of a word: learnt if the codec is open, NM_WORD_UNKNOWN if it is closed and has it not. */
uint32_t nm_encoder_word(nm_encoder *encoder, unsigned stream, const char *text);

/* Makes room for a step; false after the first failed allocation. */
bool nm_encoder_grow(nm_encoder *encoder);

/* Adds a step of S words. */
static inline void nm_encoder_push(nm_encoder *encoder, const uint32_t *words) {
    neume_sequence *sequence = encoder->sequence;
    const size_t width = sequence->width, used = sequence->step_count * width;
    if (used + width > encoder->capacity && !nm_encoder_grow(encoder))
        return;
    for (size_t i = 0; i < width; i++)
        sequence->words[used + i] = words[i];
    sequence->step_count++;
}

/* Reports what was left out; nothing where `count` is 0. `what` is static. */
void nm_encoder_omit(nm_encoder *encoder, const char *what, uint64_t count);

enum { NM_MAX_WORD_TEXT = 1024 }; /* bytes of the longest word of any kind, with its NUL */

enum { NM_ALL_WORDS = 0 };

/* A map of a structured head: for each context the output that a word's logit gets a part of. */
typedef struct nm_map_kind {
    uint32_t context_count, width; /* width: or NM_ALL_WORDS, as many as there are words */
    /* Puts the outputs, < width, of the words that have one into outputs [word_count], which came
     * as NM_NO_OUTPUT. */
    void (*fill)(uint16_t *outputs, const neume_codec_options *options, uint32_t context);
} nm_map_kind;

/* Options that not all kinds heed. */
typedef enum nm_codec_option {
    NM_OPTION_VOICING = 1,
    NM_OPTION_SPACING = 2,
    NM_OPTION_MELODY = 4,
    NM_OPTION_REST_UNIT = 8,
    NM_OPTION_METRES = 16,
    NM_OPTION_ORDER = 32,
    NM_OPTION_PITCH_RANGE = 64,
    NM_OPTION_ONSETS = 128,
    NM_OPTION_TIMING = 256
} nm_codec_option;

struct nm_roll;

typedef struct nm_codec_kind {
    const char *name;
    unsigned heeds; /* nm_codec_option, together; others must be as they are by default */
    const char *step_unit;
    const char *expects; /* what its words look like, for errors */
    unsigned stream_count;
    const char *const *stream_names; /* [stream_count] */
    bool is_roll; /* its steps are sets of keys, each stream a bit of every key; onsets that are
                     dropped leave it the first alone. It has no words: neither vocabulary nor
                     grammar, and none of the functions that are about these. */

    bool says_drums;

    /* Refuses options out of this kind's range; those that all kinds share have been looked at. */
    neume_status (*check)(const neume_codec_options *options, neume_error *error);

    /* Word `index` of a stream's fixed vocabulary behind <end> and <unk> (which the grammar never
     * allows there); false where there are no more. NULL, or false at once: it is learnt. */
    bool (*fixed_word)(char word[NM_MAX_WORD_TEXT], const neume_codec_options *options,
                       unsigned stream, uint32_t index);

    /* The word that a text stands for, in the only spelling that the codec writes; false where it
     * is none. Words of the grammar such as <end> are not asked for. NULL: only those of a fixed
     * vocabulary, as they stand there, are words. */
    bool (*spell)(char word[NM_MAX_WORD_TEXT], const neume_codec_options *options, unsigned stream,
                  const char *text);

    /* How many different words a learnt stream can say in all, those of the grammar not counted. */
    double (*universe)(const neume_codec_options *options, unsigned stream);

    /* The word so many semitones higher, which `text` is spelt as; false where there is none in
     * MIDI's range. NULL: words stay as they are. */
    bool (*transpose)(char word[NM_MAX_WORD_TEXT], const neume_codec_options *options,
                      unsigned stream, const char *text, int semitones);

    /* Quarters of music by which a word of the vocabulary moves the time on; or, where words say
     * bars and tempos too, what becomes of a clock. */
    double (*quarters)(const neume_codec_options *options, unsigned stream, const char *text);
    void (*move_clock)(nm_codec_clock *clock, const neume_codec_options *options, uint32_t word);

    /* As nm_codec_carry. NULL: nothing holds on. */
    size_t (*carry)(uint32_t out[NM_MOST_CARRIED], const neume_codec_options *options,
                    const neume_sequence *sequence, uint32_t next);

    /* The grammar: an automaton on classes of words. Start is state 0; a state belongs to one
     * stream (NULL: to stream 0). What a state allows is asked for class by class, or (`allow`, if
     * not NULL) for all, as 1 in [class_count] zeros. */
    uint32_t state_count, class_count;
    unsigned (*state_stream)(uint32_t state);
    bool (*allows)(uint32_t state, uint32_t word_class);
    void (*allow)(uint8_t *allowed, const nm_grammar *grammar, uint32_t state);
    uint32_t (*next_state)(const nm_grammar *grammar, uint32_t state, uint32_t word_class);
    uint32_t (*word_class)(const neume_codec_options *options, unsigned stream, uint32_t word);

    /* Where the automaton depends on the options: sets its counts and plan; false for want of
     * memory. NULL: it has those above, and no plan. */
    bool (*plan_grammar)(nm_grammar *grammar, neume_context *context,
                         const neume_codec_options *options);

    /* What the network is told of the past beside the last step's words: `feature_count` small
     * integers, and contexts for the maps of a structured head (where S = 1). A tracker follows a
     * sequence: read_side says what is known before the next step, track takes that step's words.
     * All NULL and 0 where a kind has none. */
    unsigned feature_count;
    const uint32_t *feature_sizes; /* [feature_count] each value is below its size */
    unsigned map_count;
    const nm_map_kind *maps; /* [map_count] */
    void (*track_begin)(nm_tracker *tracker, const neume_codec_options *options, int shift);
    void (*track)(nm_tracker *tracker, const uint32_t *words);
    void (*read_side)(const nm_tracker *tracker, uint32_t *features, uint32_t *contexts);

    /* Of rolls, NULL elsewhere: a step as one word of a text and back (false where it is none), and
     * in another key (false where a key leaves MIDI's range). */
    void (*write_step)(char text[NM_MAX_WORD_TEXT], const neume_codec *codec,
                       const uint32_t *words);
    bool (*read_step)(uint32_t *words, const neume_codec *codec, const char *text);
    bool (*shift_step)(uint32_t *out, const neume_codec *codec, const uint32_t *words, int shift);

    /* A roll without onsets to steps; NULL where a kind cannot. */
    void (*encode_roll)(nm_encoder *encoder, const struct nm_roll *roll);
    void (*encode)(nm_encoder *encoder, const neume_score *score);
    neume_status (*decode)(neume_score *score, const neume_codec *codec,
                           const neume_sequence *sequence);
} nm_codec_kind;

/* Where the learnt words of a stream begin anew in their order: those that a vocabulary had grown
 * by stand behind those that it had. */
typedef struct nm_growth {
    uint32_t begins[NM_MAX_GROWTHS]; /* ids, ascending */
    unsigned count;
    uint32_t known; /* of an open codec: words that it was given, which closing leaves in place */
} nm_growth;

struct neume_codec {
    neume_context *context;
    const nm_codec_kind *kind;
    neume_codec_options options;
    nm_vocabulary vocabularies[NEUME_MAX_STREAMS];
    nm_growth growths[NEUME_MAX_STREAMS];
    bool is_closed;
    nm_grammar grammar;                   /* once closed; its tables are owned */
    uint32_t *shifted[NEUME_MAX_STREAMS]; /* [high - low + 1][V] the words of other keys */
    int shift_low, shift_high;            /* 0, 0: no tables */
    double *quarters[NEUME_MAX_STREAMS];  /* [V] where the kind has quarters */
};

/* Closes a codec with the words that it has, in their order. */
neume_status nm_codec_seal(neume_codec *codec);

/* Adds <end>, <unk> and the words of a fixed vocabulary; false for want of memory. */
bool nm_codec_start_vocabulary(const neume_codec *codec, unsigned stream,
                               nm_vocabulary *vocabulary);

void nm_codec_tables_clear(neume_codec *codec);

/* codec_grammar.c: the grammar of a codec whose vocabularies are those to be. False for want of
 * memory; it is cleared all the same. */
bool nm_codec_make_grammar(neume_codec *codec);
void nm_codec_grammar_clear(neume_codec *codec);

/* Whether the vocabulary of a stream is fixed. */
bool nm_codec_is_fixed(const neume_codec *codec, unsigned stream);

extern const nm_codec_kind nm_codec_word, nm_codec_stream, nm_codec_interval, nm_codec_frame,
    nm_codec_roll, nm_codec_event;

#endif
