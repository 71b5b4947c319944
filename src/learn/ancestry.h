/* SPDX-License-Identifier: ISC */
/* Where a model comes from: the models that it was made from, one after the other, and the pieces
 * that any of them knows. */
#ifndef NM_LEARN_ANCESTRY_H
#define NM_LEARN_ANCESTRY_H

#include "learn/piece_hashes.h"

#include <neume/model.h>

#include <jansson.h>

/* A generation is {hash (16 hex digits), neume, isa, preset, vocabulary, labels, pieces: {trained,
 * validated}, training: {settings, results}}, as far as its file said so. */
typedef struct nm_ancestry {
    json_t *generations;    /* array, the oldest first, the parent last; NULL: none */
    nm_piece_hashes pieces; /* of all generations */
} nm_ancestry;

/* Of a child. The caller clears, also after failure, like the next one. */
neume_status nm_ancestry_of(nm_ancestry *out, neume_context *context, const neume_model *parent);

/* From a file's metadata and the bytes of data.ancestors (NULL: there are none). Fails with
 * NEUME_BAD_MODEL, in one line. */
neume_status nm_ancestry_read(nm_ancestry *out, neume_context *context, const json_t *generations,
                              const neume_bytes *pieces, neume_error *error);
void nm_ancestry_clear(nm_ancestry *ancestry, neume_context *context);

/* A new array of the generations; NULL for want of memory. */
json_t *nm_ancestry_json(const nm_ancestry *ancestry);

#endif
