/* SPDX-License-Identifier: ISC */
/* What a training finds where its files are to be: nothing, a checkpoint, a model. The first rank
 * looks, and all of them know. */
#ifndef NM_LEARN_RUN_CHOOSE_H
#define NM_LEARN_RUN_CHOOSE_H

#include "learn/run_files.h"

typedef enum nm_run_start {
    NM_RUN_ANEW,
    NM_RUN_RESUMES, /* from the checkpoint */
    NM_RUN_IS_DONE  /* a model without a checkpoint is the whole of a run that was completed */
} nm_run_start;

/* Fails with NEUME_BAD_USAGE where there is something and the options do not say what to do. */
neume_status nm_run_choose(nm_run_start *out, const nm_run_files *files,
                           const neume_train_options *options, neume_error *error);

/* How a completed run went, as its model file tells. */
neume_status nm_run_tell_of_model(neume_train_result *out, const nm_run_files *files,
                                  neume_error *error);

#endif
