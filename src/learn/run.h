/* SPDX-License-Identifier: ISC */
/* A training run in memory: everything that an update or a validation changes. It opens no file;
 * the checkpoint is this struct on disk, the trainer decides when what happens. */
#ifndef NM_LEARN_RUN_H
#define NM_LEARN_RUN_H

#include "learn/batch.h"
#include "learn/model.h"
#include "learn/network_run.h"
#include "learn/schedule.h"
#include "learn/scorer.h"
#include "nn/optim.h"

#include <neume/train.h>

enum { NM_MAX_MOMENTS = 2 };

/* Means over steps, nats and shares of right guesses; NAN where there are none. */
typedef struct nm_means {
    double loss,
        accuracy; /* over all streams: the sum of their losses, the mean of their accuracies */
    double losses[NEUME_MAX_STREAMS], accuracies[NEUME_MAX_STREAMS];
} nm_means;

/* What a validation found. */
typedef struct nm_validation {
    uint64_t epoch, update;
    nm_means train, valid;
} nm_validation;

/* The numbers of a run, as the checkpoint stores them. */
typedef struct nm_run_state {
    uint64_t update;          /* updates done */
    uint64_t planned;         /* updates that the schedule runs over */
    double planned_for;       /* the time limit that the plan was made from; 0: from no time */
    uint64_t validated;       /* update of the last validation; 0: none yet */
    uint64_t validated_epoch; /* epochs complete then */
    uint64_t kept_epoch;      /* of the last model that was kept beside; 0: none yet */
    uint64_t worse;           /* validations since the best */
    uint64_t step_sum;        /* since the last validation, like the next two */
    uint64_t skipped;         /* of the updates done */
    uint64_t skipped_in_row;  /* up to the last */
    uint64_t norm_count;    /* updates not skipped since the last validation, like the next three */
    uint64_t clipped_count; /* of these */
    double norm_sum, norm_max;
    uint64_t correct_sums[NEUME_MAX_STREAMS];
    double loss_sums[NEUME_MAX_STREAMS]; /* nats */
    double learning_rate, gradient_norm; /* of the last update */
    double seconds;                      /* of the parts of the run before this one */
    double temperature,
        calibrated_loss; /* of the best model, once the run has ended; 1, NAN before */
    nm_plateau plateau;
    nm_validation last, best; /* best.update is 0 before the first */
} nm_run_state;

/* Of a forward: nats and right guesses by stream. */
typedef struct nm_pass_sums {
    double nats[NEUME_MAX_STREAMS];
    uint64_t correct[NEUME_MAX_STREAMS];
    double all; /* nats */
} nm_pass_sums;

/* What a run needs of its own to train with other ranks (learn/run_ranks.h). */
typedef struct nm_run_sharing {
    size_t begun_from;  /* the gradient's reals from here on are being summed */
    nm_pass_sums *sums; /* [rank count] */
    real *statistics;   /* [statistic_count] of norms; NULL: there is nothing to share */
    size_t statistic_count;
    uint32_t *order;  /* [valid_count] the longest first: rank i % rank count has piece i */
    nm_piece *pieces; /* those of this rank */
    nm_score_sums *mine, *all; /* of these; and, rank after rank, of all */
} nm_run_sharing;

typedef struct nm_run {
    neume_context *context;
    const neume_corpus *corpus;
    neume_train_options options;       /* `batch` as it is used */
    neume_model *model;                /* its weights are those that are trained */
    uint8_t *masks[NEUME_MAX_STREAMS]; /* [rules of the grammar][V]; of rolls NULL */
    nm_batcher *batcher;
    nm_network_run network;
    nm_scorer *scorer;             /* NULL without validation pieces */
    nm_score_sums *valid_sums;     /* [valid_count] */
    real *gradient;                /* blocks of the model's parameters */
    real *moments[NM_MAX_MOMENTS]; /* of the optimiser; NULL where it needs fewer */
    real *average;                 /* NULL without EMA */
    real *best;                    /* weights of the best model; NULL without validation pieces */
    real *carried;       /* the network's state before the update; NULL: none is skipped */
    nm_frozen frozen;    /* what options.freeze chooses */
    real *kept;          /* first weights, where norms have statistics that are frozen; or NULL */
    unsigned until;      /* the stream of options.until */
    uint64_t packed_for; /* the update that the network stands packed for; 0: none */
    nm_run_sharing sharing;
    nm_batch first;                   /* the only batch of an overfitting run; T 0: not drawn yet */
    double uniform, unigram, trigram; /* baselines on the validation pieces, nats a step; or NAN */
    nm_run_state state;
} nm_run;

/* The products of a training at this precision. */
nm_products nm_products_of(neume_train_precision precision);

/* Checks the options and makes a run that stands before its first update. Fails with
 * NEUME_BAD_USAGE, or NEUME_BAD_INPUT where there is nothing to train on. */
neume_status nm_run_init(nm_run *run, neume_context *context, const neume_corpus *corpus,
                         const neume_train_options *options, neume_error *error);
void nm_run_clear(nm_run *run);

/* Back to where nm_run_init left it. */
void nm_run_restart(nm_run *run);

/* One update. Where its loss or gradient is not finite it fails with NEUME_NOT_FINITE, naming the
 * update, or leaves it out, as the options say; in both the weights are as before. */
neume_status nm_run_update(nm_run *run, neume_error *error);

/* Room for nm_run_keep_carried; nothing where no update is skipped. */
neume_status nm_run_make_carried(nm_run *run, neume_error *error);

/* Remembers what the network carries into an update. */
void nm_run_keep_carried(nm_run *run);

/* Ends an update whose `what` is not finite, as the options say. Skipped, it counts as an update of
 * the plan, of the epoch and of random numbers; all that it would have changed is as before. */
neume_status nm_run_refuse_update(nm_run *run, const char *what, neume_error *error);

/* "training: the WHAT is not finite at update N: ..." */
neume_status nm_run_fail_not_finite(uint64_t update, const char *what, neume_error *error);

/* Looks at the weights that would be saved; sets state.last, and state.best (with the weights)
 * where they are the best so far: without validation pieces each is. */
neume_status nm_run_validate(nm_run *run, neume_error *error);

/* The weights that would be saved: the averaged ones where there are. Borrowed: as long as the run,
 * until its next update. */
const real *nm_run_weights(const nm_run *run);

/* Weights of the best model, or those that would be saved where there is no better. Borrowed: the
 * same. */
const real *nm_run_best_weights(const nm_run *run);

/* Epochs completed; of an overfitting run, what as many steps would have been. */
uint64_t nm_run_epochs(const nm_run *run);

/* Updates of an epoch, rounded up. */
uint64_t nm_run_updates_per_epoch(const nm_run *run);

/* Over the steps since the last validation. */
nm_means nm_run_train_means(const nm_run *run);

/* Of sums over `steps` steps. */
nm_means nm_means_of(const double *nats, const uint64_t *correct, uint64_t steps, unsigned streams);

/* Looks for the softmax temperature that makes the validation pieces likeliest under the best
 * weights; sets state.temperature and state.calibrated_loss. Nothing without validation pieces. */
neume_status nm_run_calibrate(nm_run *run, neume_error *error);

#endif
