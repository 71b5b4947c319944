/* SPDX-License-Identifier: ISC */
#include "base/json.h"

/* Whether jansson gets as much as the text is long. */
static bool has_memory(const char *text, size_t size) {
    json_t *copy = json_stringn_nocheck(text, size);
    json_decref(copy);
    return copy != NULL;
}

neume_status nm_json_parse(json_t **out, const char *text, size_t size, size_t flags,
                           json_error_t *why) {
    json_error_t reason = {0};
    *out = json_loadb(text, size, flags, &reason);
    if (!*out && has_memory(text, size))
        *out = json_loadb(text, size, flags, &reason);
    if (why)
        *why = reason;
    if (*out)
        return NEUME_OK;
    const bool is_known = json_error_code(&reason) == json_error_out_of_memory;
    return is_known || !has_memory(text, size) ? NEUME_NO_MEMORY : NEUME_BAD_INPUT;
}
