/* SPDX-License-Identifier: ISC */
/* What every file of neume says of itself, in the key "neume" of its safetensors header: one JSON
 * object that begins {"format": 1, "neume": "0.1.0", "kind": "model"|"checkpoint", "isa": ..}. */
#ifndef NM_LEARN_METADATA_H
#define NM_LEARN_METADATA_H

#include "base/context.h"

#include <neume/status.h>

#include <jansson.h>

enum { NM_FILE_FORMAT = 1 }; /* the newest that this build reads, and the one that it writes */

/* A new object with these keys; NULL for want of memory. */
json_t *nm_metadata_new(const neume_context *context, const char *kind);

/* Parses and checks them. Fails with NEUME_BAD_MODEL: "PATH: a checkpoint, expected a model". */
neume_status nm_metadata_read(json_t **out, const char *text, const char *path, const char *kind,
                              neume_error *error);

/* Adds `value` and takes it over; false where it is NULL or there is no memory. */
bool nm_json_put(json_t *object, const char *key, json_t *value);

/* A member that is an integer of 0..most. */
bool nm_json_number(uint32_t *out, const json_t *object, const char *key, uint32_t most);

/* A string of any bytes: as UTF-8 where it is that, else read as Latin-1. NULL for want of memory.
 */
json_t *nm_json_text(neume_context *context, const char *text);

#endif
