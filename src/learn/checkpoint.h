/* SPDX-License-Identifier: ISC */
/* A run on disk: a safetensors file (nn/model_file.h) from which training goes on to the bit.
 *   metadata  that of learn/metadata.h, and {preset, corpus, network, settings, state}
 *   weights, moment.N, average, best   F32, whole blocks of parameters, padding included
 *   carried   F32, h and c of every layer and row
 *   rows      U64 [B,3], epoch, piece and step of every row;  queue U64 [2], epoch and index
 * B counts the rows of all ranks. A run goes on with another number of ranks: rows that are too
 * many are left where they are in their pieces, new ones begin with the next. */
#ifndef NM_LEARN_CHECKPOINT_H
#define NM_LEARN_CHECKPOINT_H

#include "learn/run.h"

/* The first rank writes it, atomically. Fails with NEUME_NOT_FINITE, the file untouched, where a
 * weight is not finite. */
neume_status nm_checkpoint_save(nm_run *run, const char *path, neume_error *error);

/* Brings a fresh run to where the checkpoint is, which the first rank reads. Fails with
 * NEUME_BAD_MODEL where the file is damaged or foreign, NEUME_BAD_USAGE where corpus, network,
 * instruction set or a setting that shapes the weights is another; then the run is only to be
 * cleared. */
neume_status nm_checkpoint_load(nm_run *run, const char *path, neume_error *error);

/* The same of a file that has been read from `path`. */
neume_status nm_checkpoint_read(nm_run *run, const nm_tensor_file *file, const char *path,
                                neume_error *error);

#endif
