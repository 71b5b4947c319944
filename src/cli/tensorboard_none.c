/* SPDX-License-Identifier: ISC */
/* Where neume is built without protobuf-c. */
#include "cli/tensorboard.h"

neume_status nm_tensorboard_check(const char *folder, neume_error *error) {
    if (!folder)
        return NEUME_OK;
    return nm_report_fail(error, NEUME_BAD_USAGE,
                          "--tensorboard %s: this neume was built without protobuf-c", folder);
}

neume_train_observer nm_tensorboard_start(nm_tensorboard *out, const char *folder,
                                          const neume_codec *codec, neume_train_observer next) {
    *out = (nm_tensorboard){.folder = folder, .codec = codec, .next = next, .file = -1};
    return next;
}

void nm_tensorboard_finish(nm_tensorboard *board) {
    board->file = -1;
}
