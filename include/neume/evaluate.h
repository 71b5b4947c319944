/* SPDX-License-Identifier: ISC */
/* Exact likelihood of held-out pieces under a model, beside baselines that had the same words and
 * masks; and under several models mixed, unit by unit. Not a comparison of music that was made.
 * Thread rule: as the context. */
#ifndef NEUME_EVALUATE_H
#define NEUME_EVALUATE_H

#include <neume/corpus.h>
#include <neume/model.h>

NEUME_BEGIN_DECLS

/** Figures over some pieces: micro averages, nats. NAN where there are no pieces. */
typedef struct neume_likelihood {
    size_t piece_count, step_count, note_count;
    double nats_per_step, nats_per_note;
    double accuracy;      /**< share of steps whose likeliest word was right */
    double unknown_share; /**< share of words that the vocabulary does not have */
    double uniform, unigram,
        trigram; /**< baselines, nats a step; the model stores what they were trained on */
    unsigned stream_count;
    double stream_nats[NEUME_MAX_STREAMS];       /**< nats a step, by stream */
    double stream_accuracies[NEUME_MAX_STREAMS]; /**< by stream */
} neume_likelihood;

typedef struct neume_evaluation {
    neume_likelihood all;
    neume_likelihood trained;   /**< pieces that the model trained on */
    neume_likelihood validated; /**< pieces that it was selected by */
    neume_likelihood unseen;    /**< the rest */
    neume_corpus *files; /**< the account of every file; owned, NULL where none could be read */
} neume_evaluation;

typedef struct neume_evaluate_options {
    neume_inputs inputs;             /**< files and folders */
    neume_midi_read_options reading; /**< default neume_midi_read_options_default() */
    neume_split split;               /**< of benchmark files; default NEUME_SPLIT_TEST */
    int transpose;             /**< semitones, -48..48, by which every piece is moved before it
                                  is read into words, but for drums; notes that leave 0..127
                                  are left out; default 0 */
    bool calibrated;           /**< at the model's tuned temperature; default false */
    neume_precision precision; /**< of the weights; default NEUME_PRECISION_FP32 */
} neume_evaluate_options;

NEUME_API neume_evaluate_options neume_evaluate_options_default(void);

/** Evaluates every piece below the inputs, read with the model's codec, as given, duplicates too.
 * `out->files` is set on failure too if files could be looked at. Fails with NEUME_BAD_INPUT where
 * no piece is usable. */
NEUME_API NEUME_MUST_USE neume_status neume_evaluate(neume_evaluation *out, neume_context *context,
                                                     const neume_model *model,
                                                     const neume_evaluate_options *options,
                                                     neume_error *error);
NEUME_API void neume_evaluation_clear(neume_evaluation *evaluation);

#define NEUME_NO_LABEL UINT32_MAX /**< what no label has as its index */

/** What a model takes a piece for. Labels are indices as of neume_model_label. */
typedef struct neume_classified {
    const char *path;            /**< Borrowed: as long as the classification */
    uint32_t truth;              /**< by its folder; NEUME_NO_LABEL: none of the model's */
    uint32_t guess;              /**< under which it is likeliest; of equals the first */
    const double *nats_per_step; /**< [label_count] Borrowed: the same */
} neume_classified;

typedef struct neume_classification {
    unsigned label_count;
    neume_classified *pieces; /**< [piece_count] owned, like all here */
    size_t piece_count;
    double *nats_per_step;  /**< [piece_count][label_count] */
    size_t *confusion;      /**< [label_count][label_count] pieces of this truth with that guess */
    size_t labelled, right; /**< pieces with a truth, and those whose guess is that */
    size_t commonest;       /**< of the truth that is commonest */
    neume_corpus *files;    /**< the account of every file; NULL where none could be read */
} neume_classification;

/** Asks under which of the model's labels each piece is likeliest: Bayes' rule with all labels
 * alike beforehand, however many pieces of each it trained on. Reads as neume_evaluate does; fails
 * with NEUME_BAD_USAGE for a model without labels. Cleared by the caller, also after failure. */
NEUME_API NEUME_MUST_USE neume_status neume_classify(neume_classification *out,
                                                     neume_context *context,
                                                     const neume_model *model,
                                                     const neume_evaluate_options *options,
                                                     neume_error *error);
NEUME_API void neume_classification_clear(neume_context *context,
                                          neume_classification *classification);

/** What is counted. */
typedef enum neume_protocol {
    NEUME_PROTOCOL_STEPS, /**< every word that the codec says, its end too */
    /** BL88-v1, for models of codec "frame": all frames from the first, of the 88 keys 21..108; the
     * end of a piece is neither offered nor counted, other keys are left out
     * (Boulanger-Lewandowski, Bengio, Vincent, ICML 2012) */
    NEUME_PROTOCOL_BL88
} neume_protocol;

#define NEUME_MAX_MODELS 16 /**< that can be mixed */

/** Models side by side. Borrowed: for the call. */
typedef struct neume_models {
    const neume_model *const *models;
    size_t count; /**< 1..NEUME_MAX_MODELS */
} neume_models;

typedef struct neume_mixture_options {
    neume_evaluate_options
        pieces;              /**< what is evaluated, and whether at the models' temperatures */
    neume_protocol protocol; /**< default NEUME_PROTOCOL_STEPS */
    neume_inputs valid_from; /**< the weights' pieces: MIDI files, and the valid parts of
                                benchmark files; default none */
} neume_mixture_options;

NEUME_API neume_mixture_options neume_mixture_options_default(void);

/** Nats a unit over some pieces; NAN where there are none. A unit is a frame for codec "frame" (its
 * pitches and the "." behind them; an end word is a unit of its own), a step for all others. */
typedef struct neume_unit_likelihood {
    size_t piece_count, unit_count;
    double micro;               /**< over all units */
    double micro_without_first; /**< over all but the first of each piece */
    double mean_of_sequences;   /**< the mean of the pieces' means */
} neume_unit_likelihood;

typedef struct neume_mixture_row {
    double weight; /**< 0..1; they sum to 1 */
    neume_unit_likelihood all;
    neume_unit_likelihood unseen; /**< pieces that no model trained on or was selected by */
    neume_unit_likelihood valid;  /**< the pieces that the weights are from; none for one model */
} neume_mixture_row;

/** Where weights come from, the first that holds. */
typedef enum neume_weights_from {
    NEUME_WEIGHTS_EQUAL,      /**< nowhere: all alike, for there was nothing else; or one model */
    NEUME_WEIGHTS_VALID_FROM, /**< the pieces of `valid_from` */
    NEUME_WEIGHTS_VALID_PART, /**< the valid parts of benchmark files among the inputs */
    NEUME_WEIGHTS_VALIDATED   /**< pieces among the inputs that every model was selected by */
} neume_weights_from;

/** What knows keys but no music, counted on the training parts of benchmark files; nats a frame. */
typedef struct neume_key_baselines {
    double half;            /**< p = 1/2 for every key */
    double density;         /**< one p for all keys */
    double key;             /**< one p for each key: (count + 1/2) / (frames + 1) */
    double key_given_last;  /**< the same given the key's state one frame before; the first frame as
                               in `key` */
    double repeat_accuracy; /**< of repeating the last frame: TP / (TP + FP + FN), 0..1 */
} neume_key_baselines;

typedef struct neume_mixture {
    size_t model_count;
    neume_mixture_row models[NEUME_MAX_MODELS]; /**< in the order given */
    neume_mixture_row mixture; /**< p(unit | past) = sum of weight times the model's p; weight 1 */
    neume_weights_from weights_from;
    size_t left_out;    /**< protocol BL88: keys outside 21..108, counted in every frame */
    bool has_baselines; /**< protocol BL88, all pieces from benchmark files */
    neume_key_baselines baselines;
    neume_corpus *files, *valid_files; /**< the account of every file; owned; may be NULL */
} neume_mixture;

/** Evaluates each model and their exact mixture, whose weights make the validation pieces likeliest
 * (EM: Dempster, Laird, Rubin 1977). Models of codec "frame" must agree but for the order of
 * pitches, others in settings and words; fails with NEUME_BAD_USAGE otherwise, with NEUME_BAD_INPUT
 * where no piece is usable. The files are set on failure too if they could be looked at. */
NEUME_API NEUME_MUST_USE neume_status neume_mixture_evaluate(neume_mixture *out,
                                                             neume_context *context,
                                                             neume_models models,
                                                             const neume_mixture_options *options,
                                                             neume_error *error);
NEUME_API void neume_mixture_clear(neume_mixture *mixture);

/** "frame" or the codec's step: "word", "event". Borrowed: static. */
NEUME_API const char *neume_model_unit(const neume_model *model);

NEUME_END_DECLS

#endif
