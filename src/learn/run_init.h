/* SPDX-License-Identifier: ISC */
/* A run that starts from a model: the one that its corpus was loaded for. */
#ifndef NM_LEARN_RUN_INIT_H
#define NM_LEARN_RUN_INIT_H

#include "learn/run.h"

/* Checks that the run's model can start from the corpus's, and finds what is frozen. Fails with
 * NEUME_BAD_USAGE. Nothing to do where the corpus was loaded for none. */
neume_status nm_run_prepare_init(nm_run *run, neume_error *error);

/* First weights. */
void nm_run_first_weights(nm_run *run);

/* As nm_network_take_statistics; frozen ones stay. */
void nm_run_take_statistics(const nm_run *run, real *weights, real share);

/* What the run starts from, {"hash", "frozen": [tensors]}; JSON's null where from nothing; NULL for
 * want of memory. */
json_t *nm_run_init_json(const nm_run *run);

/* As nm_settings_json, with what is frozen, and how many ranks train. */
json_t *nm_run_settings_json(const nm_run *run);

/* Logs how the model that the run starts from does on the validation pieces. */
neume_status nm_run_tell_first_loss(nm_run *run, neume_error *error);

#endif
