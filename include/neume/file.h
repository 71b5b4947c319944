/* SPDX-License-Identifier: ISC */
/* Whole files out, as everything is that neume writes. Not for files that grow. Thread rule: as the
 * context. */
#ifndef NEUME_FILE_H
#define NEUME_FILE_H

#include <neume/context.h>

NEUME_BEGIN_DECLS

/** Replaces the file at `path` at once or not at all: written beside it, synced, renamed. What
 * killed processes left beside it is removed. "-" is standard output; a device or FIFO is written
 * to. Fails with NEUME_CANNOT_WRITE, the old file as it was. */
NEUME_API NEUME_MUST_USE neume_status neume_file_save(const char *path, neume_context *context,
                                                      neume_bytes bytes, neume_error *error);

NEUME_END_DECLS

#endif
