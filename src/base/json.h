/* SPDX-License-Identifier: ISC */
/* JSON texts in. Jansson says of memory that ran out now that, now that the text is no JSON: a
 * string of it may have lost a letter. So whatever fails is asked twice. */
#ifndef NM_BASE_JSON_H
#define NM_BASE_JSON_H

#include <neume/status.h>

#include <jansson.h>

/* An object or array of `size` bytes, `flags` as for json_loadb. Fails with NEUME_NO_MEMORY, or
 * with NEUME_BAD_INPUT and `why` filled; then *out is NULL. `why` may be NULL. */
neume_status nm_json_parse(json_t **out, const char *text, size_t size, size_t flags,
                           json_error_t *why);

#endif
