/* SPDX-License-Identifier: ISC */
/* A training run in memory: everything that an update or a validation changes. It opens no file;
 * the checkpoint is this struct on disk, the trainer decides when what happens. */
#ifndef NM_LEARN_RUN_H
#define NM_LEARN_RUN_H

#include "learn/batch.h"
#include "learn/model.h"
#include "learn/scorer.h"
#include "nn/optim.h"

#include <neume/train.h>

enum { NM_MAX_MOMENTS = 2 };

/* What a validation found; losses in nats a step, NAN where there is none. */
typedef struct nm_validation {
    uint64_t epoch, update;
    double train_loss, train_accuracy;
    double valid_loss, valid_accuracy;
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
    double loss_sum;          /* nats, steps and right guesses since the last validation */
    uint64_t step_sum, correct_sum;
    double learning_rate, gradient_norm; /* of the last update */
    double seconds;                      /* of the parts of the run before this one */
    nm_validation last, best;            /* best.update is 0 before the first */
} nm_run_state;

typedef struct nm_run {
    neume_context *context;
    const neume_corpus *corpus;
    neume_train_options options; /* `batch` as it is used */
    neume_model *model;          /* its weights are those that are trained */
    nm_batcher *batcher;
    nm_stack_run *network;
    nm_scorer *scorer;             /* NULL without validation pieces */
    nm_score_sums *valid_sums;     /* [valid_count] */
    real *gradient;                /* blocks of the model's parameters */
    real *moments[NM_MAX_MOMENTS]; /* of the optimiser; NULL where it needs fewer */
    real *average;                 /* NULL without EMA */
    real *best;                    /* weights of the best model; NULL without validation pieces */
    nm_stack_batch first;          /* the only batch of an overfitting run; T 0: not drawn yet */
    double uniform, unigram, trigram; /* baselines on the validation pieces, nats a step; or NAN */
    nm_run_state state;
} nm_run;

/* Checks the options and makes a run that stands before its first update. Fails with
 * NEUME_BAD_USAGE, or NEUME_BAD_INPUT where there is nothing to train on. */
neume_status nm_run_init(nm_run *run, neume_context *context, const neume_corpus *corpus,
                         const neume_train_options *options, neume_error *error);
void nm_run_clear(nm_run *run);

/* Back to where nm_run_init left it. */
void nm_run_restart(nm_run *run);

/* One update. Fails with NEUME_NOT_FINITE, naming the update; then the weights are as before. */
neume_status nm_run_update(nm_run *run, neume_error *error);

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

/* Mean over the steps since the last validation; NAN where there are none. */
double nm_run_train_loss(const nm_run *run);
double nm_run_train_accuracy(const nm_run *run);

#endif
