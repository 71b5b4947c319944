/* SPDX-License-Identifier: ISC */
/* The files of a run: NAME.neume, the best model; NAME.last.neume, the last; NAME.e0010.neume,
 * those kept; NAME.neume.ckpt, the checkpoint. Written so that a kill at any moment leaves a
 * checkpoint from which all the others are written again, byte for byte: log, then models, then
 * checkpoint. */
#ifndef NM_LEARN_RUN_FILES_H
#define NM_LEARN_RUN_FILES_H

#include "learn/run.h"

typedef struct nm_run_files {
    neume_context *context;
    const char *model; /* borrowed */
    char *last, *checkpoint;
} nm_run_files;

neume_status nm_run_files_init(nm_run_files *files, neume_context *context, const char *model,
                               neume_error *error);
void nm_run_files_clear(nm_run_files *files);

/* Removes what killed runs left of files that they had not written to the end. */
void nm_run_files_remove_unfinished(const nm_run_files *files);

neume_status nm_run_files_save_best(const nm_run_files *files, const nm_run *run,
                                    neume_error *error);
neume_status nm_run_files_save_last(const nm_run_files *files, const nm_run *run,
                                    neume_error *error);

/* Keeps the model of an epoch that ended, and removes those of more than options.keep
 * times options.keep_every epochs ago, which no save since `before` epochs has removed. */
neume_status nm_run_files_keep(const nm_run_files *files, const nm_run *run, uint64_t before,
                               neume_error *error);

/* Adds to a failure that the checkpoint of an update from before it is still there. */
void nm_run_files_tell_kept(const nm_run_files *files, uint64_t update, neume_error *error);

/* What the best model is known by: the record of its validation. Without validation pieces the
 * best is the last, as it is now. */
nm_validation nm_run_files_best(const nm_run *run);

#endif
