/* SPDX-License-Identifier: ISC */
/* Training: from a corpus to a model file, resumable to the bit. It writes the files of a run and
 * calls an observer; it prints nothing. Thread rule: one trainer a context at a time. */
#ifndef NEUME_TRAIN_H
#define NEUME_TRAIN_H

#include <neume/corpus.h>
#include <neume/model.h>
#include <neume/schedule.h>

NEUME_BEGIN_DECLS

typedef enum neume_optimizer {
    NEUME_OPTIMIZER_ADAMW, /**< weight decay apart from the gradient (Loshchilov, Hutter 2019) */
    NEUME_OPTIMIZER_ADAM,  /**< Kingma, Ba 2015; weight decay as L2 */
    NEUME_OPTIMIZER_RMSPROP,
    NEUME_OPTIMIZER_SGD, /**< with momentum 0.9 */
    NEUME_OPTIMIZER_ADADELTA
} neume_optimizer;

/** What the products of matrices are made of while training. Models and validations are the same
 * float in all. Both others need kernels avx512. */
typedef enum neume_train_precision {
    NEUME_TRAIN_FP32,
    NEUME_TRAIN_FP16, /**< halves in short sums, which are added up in float; needs a processor with
                         AVX512-FP16 */
    NEUME_TRAIN_BF16  /**< bfloat16, added up in float; needs a processor with AMX-BF16 */
} neume_train_precision;

/** What becomes of an update whose loss or gradient is not finite. */
typedef enum neume_on_not_finite {
    NEUME_ON_NOT_FINITE_STOP, /**< the run ends before the weights are touched */
    NEUME_ON_NOT_FINITE_SKIP  /**< it is left out: weights, moments, average and carried state stay
                               */
} neume_on_not_finite;

/** What keeps a network from learning pieces by heart. Probabilities are 0..<1. */
typedef struct neume_regularisation {
    float input_dropout;   /**< locked (Gal, Ghahramani 2016), on the embedded input */
    float dropout;         /**< locked, after each LSTM layer, trunk and head */
    float feature_dropout; /**< of each word and side feature at the input */
    float weight_drop;     /**< of the recurrent weights (Merity, Keskar, Socher 2018) */
    float label_smoothing; /**< share of the target that goes to all allowed words alike */
    float ar, tar;         /**< activation regularisation, temporal too (Merity et al. 2017) */
} neume_regularisation;

/** A training loss to stop at. */
typedef struct neume_until {
    const char *stream; /**< as neume_codec_stream_name says it; NULL: none */
    double loss;        /**< nats */
} neume_until;

/** Where a run stands; losses in nats a step, NAN where not known yet. */
typedef struct neume_train_progress {
    bool is_validation; /**< a validation has just been done; otherwise an update */
    bool is_best;       /**< and it was the best so far */
    uint64_t epoch;     /**< epochs completed */
    uint64_t update;
    uint64_t planned_updates; /**< 0: not known yet */
    double seconds;           /**< of the whole run, resumed parts included */
    double train_loss, valid_loss, train_accuracy, valid_accuracy;
    unsigned stream_count;
    double train_losses[NEUME_MAX_STREAMS]; /**< by stream, like the next three */
    double valid_losses[NEUME_MAX_STREAMS];
    double train_accuracies[NEUME_MAX_STREAMS];
    double valid_accuracies[NEUME_MAX_STREAMS];
    double steps_per_second;
    double learning_rate;
    double gradient_norm; /**< of the last update that was not skipped, before it was clipped */
    double gradient_norm_mean, gradient_norm_max; /**< over those since the last validation; NAN */
    double clipped;   /**< share of these whose gradient was clipped; NAN where there is none */
    uint64_t skipped; /**< updates of the run that were */
} neume_train_progress;

/** Who watches a run. */
typedef struct neume_train_observer {
    void (*progress)(void *data,
                     const neume_train_progress *progress); /**< after each update; may be NULL */
    bool (*should_stop)(
        void *data); /**< asked after each update; true: save and stop; may be NULL */
    void *data;
} neume_train_observer;

/** The settings of a run. Start from neume_train_options_preset. */
typedef struct neume_train_options {
    const char *preset;
    neume_network_options network;
    neume_regularisation regularisation;
    double keep_key; /**< share of pieces that stay in their key where the corpus has other keys */
    uint32_t batch;  /**< B, parallel rows */
    uint32_t steps;  /**< T, steps of a batch */
    const char *freeze; /**< layers or tensors that stay as `init` of the corpus has them, with
                           commas between: "embed,lstm.0"; NULL: none */
    uint64_t seed;      /**< default 1 */
    neume_train_precision precision; /**< default NEUME_TRAIN_FP32 */
    neume_optimizer optimizer;
    double learning_rate;
    neume_schedule schedule;
    neume_schedule_options rates;
    double warmup; /**< share of the planned updates with a rising learning rate, 0..1 */
    double clip;   /**< largest norm of the gradient; 0: none */
    double weight_decay;
    double ema;                        /**< decay of the averaged weights, 0..<1; 0: none */
    neume_on_not_finite on_not_finite; /**< default NEUME_ON_NOT_FINITE_STOP */
    uint64_t most_skips;   /**< in a row, before the run ends all the same; default 10 */
    uint64_t epochs;       /**< stop after; 0: no limit */
    uint64_t max_updates;  /**< stop after; 0: no limit */
    double time_limit;     /**< seconds of the whole run; 0: no limit */
    uint64_t usual_epochs; /**< stop after, where none of the three is given; default by preset */
    uint64_t valid_every;  /**< updates between validations; 0: an epoch */
    neume_until until;     /**< stop after a validation where a training loss is this or less */
    uint64_t patience; /**< validations without a better one before stopping; 0: never stop early */
    uint64_t save_epochs; /**< epochs between checkpoints; 0: none; default 1 */
    double save_seconds;  /**< seconds between checkpoints; 0: none; default 300 */
    uint64_t
        keep; /**< keep the models of the last K epochs beside; UINT64_MAX: of all; default 0 */
    uint64_t keep_every;    /**< of these epochs only every so many; at least 1, the default */
    uint64_t sample_epochs; /**< epochs between songs that are composed on the way, at the first
                               validation after them; default 0: none */
    const char *samples;    /**< what the paths of these songs begin with; "e0010.mid" follows */
    bool
        overfit; /**< train on the first batch alone, over and over: a test of the program itself */
    bool resume; /**< go on from the checkpoint if there is one */
    bool force;  /**< overwrite a model that is there */
    const char *output; /**< path of the model; beside it PATH.ckpt and NAME.last.neume */
    const char *log;    /**< path of the run log (JSON lines); NULL: none */
    neume_train_observer observer;
} neume_train_options;

/** The settings of a preset. Fails with NEUME_BAD_USAGE on an unknown name; also fills the codec's
 * options and the other keys of the corpus's. */
NEUME_API NEUME_MUST_USE neume_status neume_train_options_preset(neume_train_options *out,
                                                                 neume_corpus_options *corpus,
                                                                 const char *preset,
                                                                 neume_error *error);

/** The settings to go on with a model: those of its preset, but with its network, and in the
 * corpus's its codec, its keys and `init`. Fails with NEUME_BAD_MODEL where there is no such
 * preset.
 */
NEUME_API NEUME_MUST_USE neume_status neume_train_options_model(neume_train_options *out,
                                                                neume_corpus_options *corpus,
                                                                const neume_model *model,
                                                                neume_error *error);

/** The names of the presets, NULL at the end. Borrowed: static. */
NEUME_API const char *const *neume_preset_names(void);

/** Why a run ended. */
typedef enum neume_train_end {
    NEUME_END_PLANNED,     /**< all epochs or updates done */
    NEUME_END_TIME,        /**< the time limit */
    NEUME_END_PATIENCE,    /**< validation no longer improved */
    NEUME_END_UNTIL,       /**< the training loss that was to be reached */
    NEUME_END_ALREADY_DONE /**< resumed a run that was complete */
} neume_train_end;

/** How a run went. Baselines are in nats a step on the validation pieces (NAN without), under the
 * same masks. */
typedef struct neume_train_result {
    neume_train_end end;
    uint64_t epochs, updates;
    uint64_t best_update;
    uint64_t skipped; /**< updates whose loss or gradient was not finite */
    double seconds;
    double train_loss, valid_loss, valid_accuracy; /**< of the model saved */
    double uniform, unigram, trigram;
    double temperature;     /**< tuned on the validation pieces; 1 without */
    double calibrated_loss; /**< validation loss at this temperature; NAN without */
} neume_train_result;

/** What a run will take, for --dry-run. */
typedef struct neume_train_estimate {
    size_t parameter_count;
    size_t frozen_count; /**< of them, those that stay as they are */
    size_t memory_bytes; /**< of this process at its peak, the corpus and what else it holds too:
                            measured while it made updates and a validation */
    uint64_t updates_per_epoch;
    double seconds_per_update, seconds_per_validation; /**< measured too */
    uint64_t updates; /**< of the whole run; 0 where a time limit alone ends it */
    double seconds;   /**< of the whole run, without what saving takes: at most a twentieth more */
} neume_train_estimate;

NEUME_API NEUME_MUST_USE neume_status neume_train_plan(neume_train_estimate *out,
                                                       neume_context *context,
                                                       const neume_corpus *corpus,
                                                       const neume_train_options *options,
                                                       neume_error *error);

/** Trains. Fails with NEUME_INTERRUPTED after saving where the observer asked to stop,
 * NEUME_BAD_USAGE where the model exists or the checkpoint does not fit, NEUME_CANNOT_WRITE,
 * NEUME_NOT_FINITE. */
NEUME_API NEUME_MUST_USE neume_status neume_train(neume_train_result *out, neume_context *context,
                                                  const neume_corpus *corpus,
                                                  const neume_train_options *options,
                                                  neume_error *error);

NEUME_END_DECLS

#endif
