/* SPDX-License-Identifier: ISC */
/* Labels: the styles that a network is told of. To it a label is a number, 1 for the first; 0 is
 * "no label". The list belongs to the corpus that is trained on, and to its model. */
#ifndef NM_LEARN_LABELS_H
#define NM_LEARN_LABELS_H

#include "base/file.h"

#include <neume/corpus.h>

#include <jansson.h>

typedef struct nm_labels {
    char *names[NEUME_MAX_LABELS]; /* UTF-8, ascending in byte order; owned */
    unsigned count;
} nm_labels;

typedef struct nm_piece nm_piece;

void nm_labels_clear(nm_labels *labels, neume_context *context);

/* The folder that names a file's style, as UTF-8, to be freed with nm_free; "" where it has none;
 * NULL for want of memory. */
char *nm_label_folder(neume_context *context, const nm_file_entry *file);

/* The folders of some pieces. Fails with NEUME_BAD_USAGE where there are too many, or none though
 * there are pieces. Cleared by the caller, also after failure, like the next three. */
neume_status nm_labels_collect(nm_labels *out, neume_context *context, const nm_piece *pieces,
                               size_t count, neume_error *error);

/* Adds those of another list. Fails with NEUME_BAD_USAGE where they are too many. */
neume_status nm_labels_add(nm_labels *labels, neume_context *context, const nm_labels *more,
                           neume_error *error);

neume_status nm_labels_copy(nm_labels *out, neume_context *context, const nm_labels *from);

/* As an array of names, NULL for want of memory; and back. Fails with NEUME_BAD_MODEL where it is
 * no such list. */
json_t *nm_labels_json(const nm_labels *labels);
neume_status nm_labels_read(nm_labels *out, neume_context *context, const json_t *array);

/* A name's number, or 0. */
uint32_t nm_labels_find(const nm_labels *labels, const char *name);

/* Sets the label of every piece to its folder's number. */
void nm_labels_tell(const nm_labels *labels, nm_piece *pieces, size_t count);

#endif
