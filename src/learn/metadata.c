/* SPDX-License-Identifier: ISC */
#include "learn/metadata.h"

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"

#include <string.h>

json_t *nm_metadata_new(const neume_context *context, const char *kind) {
    return json_pack("{s:i, s:s, s:s, s:s}", "format", NM_FILE_FORMAT, "neume", NEUME_VERSION,
                     "kind", kind, "isa", neume_context_isa_name(context));
}

static neume_status check(const json_t *object, const char *path, const char *kind,
                          neume_error *error) {
    const json_int_t format = json_integer_value(json_object_get(object, "format"));
    const char *what = json_string_value(json_object_get(object, "kind"));
    if (format < 1 || !what)
        return nm_fail(error, NEUME_BAD_MODEL, "%s: its metadata have no format and kind", path);
    if (format > NM_FILE_FORMAT)
        return nm_fail(error, NEUME_BAD_MODEL,
                       "%s: written by a newer neume (format %lld), this one reads up to %d", path,
                       (long long)format, NM_FILE_FORMAT);
    if (strcmp(what, kind) != 0)
        return nm_fail(error, NEUME_BAD_MODEL, "%s: a %.40s, expected a %s", path, what, kind);
    return NEUME_OK;
}

neume_status nm_metadata_read(json_t **out, const char *text, const char *path, const char *kind,
                              neume_error *error) {
    *out = NULL;
    if (!text)
        return nm_fail(error, NEUME_BAD_MODEL,
                       "%s: a safetensors file of another program, expected one of neume", path);
    json_t *object;
    neume_status status = nm_json_parse(&object, text, strlen(text), JSON_REJECT_DUPLICATES, NULL);
    if (status == NEUME_NO_MEMORY)
        return nm_fail_memory(error, path);
    if (!json_is_object(object))
        status = nm_fail(error, NEUME_BAD_MODEL, "%s: its metadata are no JSON object", path);
    else
        status = check(object, path, kind, error);
    if (status)
        json_decref(object);
    else
        *out = object;
    return status;
}

bool nm_json_put(json_t *object, const char *key, json_t *value) {
    return json_object_set_new(object, key, value) == 0;
}

bool nm_json_number(uint32_t *out, const json_t *object, const char *key, uint32_t most) {
    const json_t *member = json_object_get(object, key);
    const json_int_t value = json_integer_value(member);
    if (!json_is_integer(member) || value < 0 || value > (json_int_t)most)
        return false;
    *out = (uint32_t)value;
    return true;
}

json_t *nm_json_text(neume_context *context, const char *text) {
    json_t *string = json_string(text);
    if (string)
        return string;
    char *utf8 = nm_alloc(context, 2 * strlen(text) + 1, 1);
    if (!utf8)
        return NULL;
    char *end = utf8;
    for (; *text; text++) {
        const unsigned char byte = (unsigned char)*text;
        if (byte >= 0x80)
            *end++ = (char)(0xC0 | byte >> 6);
        *end++ = byte < 0x80 ? *text : (char)(0x80 | (byte & 0x3F));
    }
    string = json_string(utf8);
    nm_free(context, utf8);
    return string;
}
