/* SPDX-License-Identifier: ISC */
/* The log of a run: a JSON object a line, a line a validation. */
#ifndef NM_LEARN_RUN_LOG_H
#define NM_LEARN_RUN_LOG_H

#include "base/context.h"

#include <neume/train.h>

typedef struct nm_run_log {
    const char *path; /* borrowed; NULL: there is no log, and all of this does nothing */
    int file;
} nm_run_log;

/* Opens the log, as it is. Fails with NEUME_CANNOT_WRITE. */
neume_status nm_run_log_open(nm_run_log *out, const char *path, neume_error *error);

/* Cuts it back to the lines of updates up to `update`: what a killed run wrote beyond its
 * checkpoint is written again. Fails with NEUME_CANNOT_WRITE. */
neume_status nm_run_log_cut(const nm_run_log *log, neume_context *context, uint64_t update,
                            neume_error *error);
void nm_run_log_close(nm_run_log *log);

/* Adds a line at once; what is NAN becomes null. `codec` names the streams of the losses. */
neume_status nm_run_log_write(const nm_run_log *log, const neume_train_progress *progress,
                              const neume_codec *codec, neume_error *error);

/* Waits until the lines are on the disk: before the checkpoint that counts on them. */
neume_status nm_run_log_sync(const nm_run_log *log, neume_error *error);

#endif
