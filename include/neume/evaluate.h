/* SPDX-License-Identifier: ISC */
/* Exact likelihood of held-out pieces under a model, beside baselines that had the same words and
 * masks. Thread rule: as the context. */
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
    bool calibrated;                 /**< at the model's tuned temperature; default false */
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

NEUME_END_DECLS

#endif
