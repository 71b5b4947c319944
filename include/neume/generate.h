/* SPDX-License-Identifier: ISC */
/* Composing: from a model to scores. Not training; not a player. Thread rule: many composers may
 * share one model; one at a time may use a context. */
#ifndef NEUME_GENERATE_H
#define NEUME_GENERATE_H

#include <neume/model.h>

NEUME_BEGIN_DECLS

/** How the next word is drawn: penalties, masks, temperature, truncation, draw, in this order. */
typedef struct neume_sampling {
    double temperature; /**< > 0; default 1 */
    uint32_t top_k;     /**< only the k likeliest; default 0: all */
    double top_p;       /**< the likeliest until their sum reaches p, 0 < p <= 1; default 0.95 */
    double min_p;       /**< only words with p >= min_p times the likeliest's, 0..1; default 0 */
    bool greedy;        /**< always the likeliest; default false */
} neume_sampling;

NEUME_API neume_sampling neume_sampling_default(void);

/** A label of the model, and its share beside others. */
typedef struct neume_label_weight {
    const char *name;
    double weight; /**< > 0; all are divided by their sum */
} neume_label_weight;

typedef struct neume_generate_options {
    neume_sampling sampling;
    uint64_t seed;       /**< same model, seed and settings: same songs */
    size_t count;        /**< songs, composed side by side; default 1 */
    size_t length_steps; /**< default 500; 0 where bars or seconds say it: one of the three does */
    double bars;    /**< of the metre that the words say, else of 4 quarters; default 0: not used */
    double seconds; /**< by the tempo map of the song; default 0: not used */
    bool allow_ending; /**< an end word before the length ends the song; default false */
    const neume_sequence
        *primer;         /**< what to go on from, in the words of the model's codec; default NULL */
    bool without_primer; /**< leave the primer out of the songs; default false */
    const neume_label_weight *labels; /**< [label_count] the styles to compose in, mixed; default
                                         none: the model is told no label */
    size_t label_count;
    double tempo; /**< quarters a minute from beginning to end, 10..1000; default 0: the codec's */
    neume_precision precision; /**< of the weights; default NEUME_PRECISION_AUTO */
    int program;               /**< instrument 0..127; default -1: the codec's */
} neume_generate_options;

NEUME_API neume_generate_options neume_generate_options_default(void);

/** A composed song. */
typedef struct neume_song {
    neume_score *score;
    size_t step_count; /**< composed, the primer not counted; an end word is */
    size_t note_count; /**< as a MIDI file has them, see neume_score_clean */
    double seconds;
    double
        log_probability; /**< nats, of the composed steps under the model itself (temperature 1) */
    bool is_loop;        /**< its last quarter (16 steps at least) repeats a run of 1 to 8 steps */
} neume_song;

/** Composes `options->count` songs into `songs` [count], each to be cleared by the caller. */
NEUME_API NEUME_MUST_USE neume_status neume_generate(neume_song *songs, neume_context *context,
                                                     const neume_model *model,
                                                     const neume_generate_options *options,
                                                     neume_error *error);
NEUME_API void neume_song_clear(neume_song *song);

NEUME_END_DECLS

#endif
