/* SPDX-License-Identifier: ISC */
/* Event files of TensorBoard: a run's numbers, written beside its log while it goes on. Each start
 * and each resume writes a file of its own, whose first event makes readers forget what an earlier
 * file has of the same updates. */
#ifndef NM_CLI_TENSORBOARD_H
#define NM_CLI_TENSORBOARD_H

#include "cli/cli.h"

typedef struct nm_tensorboard {
    const char *folder; /* borrowed; NULL: nothing is written */
    const neume_codec *codec;
    neume_train_observer next; /* who watches besides */
    int file;                  /* -1: not opened yet */
    neume_error failure;       /* why nothing can be written any more */
} nm_tensorboard;

/* Makes the folder, if there is none, and looks whether files can be made there. Fails with
 * NEUME_CANNOT_WRITE, or NEUME_BAD_USAGE where this neume was built without protobuf-c. */
neume_status nm_tensorboard_check(const char *folder, neume_error *error);

/* An observer that writes the numbers of each validation into a new file and asks `next`; where
 * writing fails it asks the run to stop, and `failure` says why. `codec` names the streams. */
neume_train_observer nm_tensorboard_start(nm_tensorboard *out, const char *folder,
                                          const neume_codec *codec, neume_train_observer next);
void nm_tensorboard_finish(nm_tensorboard *board);

#endif
