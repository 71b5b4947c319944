/* SPDX-License-Identifier: ISC */
#include "learn/labels.h"

#include "base/error.h"
#include "base/mem.h"
#include "learn/corpus.h"
#include "learn/metadata.h"

#include <string.h>

void nm_labels_clear(nm_labels *labels, neume_context *context) {
    for (unsigned i = 0; i < labels->count; i++)
        nm_free(context, labels->names[i]);
    *labels = (nm_labels){.count = 0};
}

/* The name of the folder at `path` [size], without what is above it; "" of "." and "..". */
static neume_bytes last_name(const char *path, size_t size) {
    while (size > 0 && path[size - 1] == '/')
        size--;
    size_t begin = size;
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    const bool has_name = strspn(path + begin, ".") < size - begin;
    return (neume_bytes){path + begin, has_name ? size - begin : 0};
}

char *nm_label_folder(neume_context *context, const nm_file_entry *file) {
    neume_bytes name = {"", 0};
    if (!file->failure) {
        const char *below = file->path + file->name_offset, *slash = strchr(below, '/');
        name = slash ? (neume_bytes){below, (size_t)(slash - below)}
                     : last_name(file->path, file->name_offset);
    }
    char *text = nm_copy_text(context, name.data, name.size_bytes);
    json_t *utf8 = text ? nm_json_text(context, text) : NULL;
    nm_free(context, text);
    text = utf8 ? nm_copy_text(context, json_string_value(utf8), json_string_length(utf8)) : NULL;
    json_decref(utf8);
    return text;
}

/* The place of a name, or the one where it belongs. */
static unsigned place_of(const nm_labels *labels, const char *name, bool *is_there) {
    unsigned at = 0;
    while (at < labels->count && strcmp(labels->names[at], name) < 0)
        at++;
    *is_there = at < labels->count && strcmp(labels->names[at], name) == 0;
    return at;
}

uint32_t nm_labels_find(const nm_labels *labels, const char *name) {
    bool is_there;
    const unsigned at = place_of(labels, name, &is_there);
    return is_there ? at + 1 : 0;
}

/* Adds a name that is new, where there is room. */
static neume_status add(nm_labels *labels, neume_context *context, const char *name) {
    bool is_there;
    const unsigned at = place_of(labels, name, &is_there);
    if (is_there)
        return NEUME_OK;
    if (labels->count == NEUME_MAX_LABELS)
        return NEUME_BAD_USAGE;
    char *copy = nm_copy_text(context, name, strlen(name));
    if (!copy)
        return NEUME_NO_MEMORY;
    memmove(labels->names + at + 1, labels->names + at,
            (labels->count - at) * sizeof *labels->names);
    labels->names[at] = copy;
    labels->count++;
    return NEUME_OK;
}

neume_status nm_labels_collect(nm_labels *out, neume_context *context, const nm_piece *pieces,
                               size_t count, neume_error *error) {
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < count && !status; i++)
        if (pieces[i].folder[0])
            status = add(out, context, pieces[i].folder);
    if (status == NEUME_NO_MEMORY)
        return nm_fail_memory(error, "labels");
    if (status)
        return nm_fail(error, status,
                       "labels: the pieces lie in more than %d folders, expected at "
                       "most as many styles",
                       NEUME_MAX_LABELS);
    if (count && out->count == 0)
        return nm_fail(
            error, NEUME_BAD_USAGE,
            "labels: no piece lies in a folder with a name, expected one for each style");
    return NEUME_OK;
}

neume_status nm_labels_add(nm_labels *labels, neume_context *context, const nm_labels *more,
                           neume_error *error) {
    const neume_status status = nm_labels_copy(labels, context, more);
    if (status == NEUME_NO_MEMORY)
        return nm_fail_memory(error, "labels");
    return status ? nm_fail(error, status,
                            "labels: with those of the model there are more than %d, expected at "
                            "most as many styles",
                            NEUME_MAX_LABELS)
                  : NEUME_OK;
}

neume_status nm_labels_copy(nm_labels *out, neume_context *context, const nm_labels *from) {
    neume_status status = NEUME_OK;
    for (unsigned i = 0; i < from->count && !status; i++)
        status = add(out, context, from->names[i]);
    return status;
}

json_t *nm_labels_json(const nm_labels *labels) {
    json_t *array = json_array();
    for (unsigned i = 0; array && i < labels->count; i++)
        if (json_array_append_new(array, json_string(labels->names[i]))) {
            json_decref(array);
            return NULL;
        }
    return array;
}

/* Names that are all different and in their order are what was written. */
neume_status nm_labels_read(nm_labels *out, neume_context *context, const json_t *array) {
    const size_t count = json_array_size(array);
    neume_status status = count ? NEUME_OK : NEUME_BAD_MODEL;
    for (size_t i = 0; i < count && !status; i++) {
        const char *name = json_string_value(json_array_get(array, i));
        if (!name || !name[0] || (i > 0 && strcmp(out->names[i - 1], name) >= 0))
            return NEUME_BAD_MODEL;
        status = add(out, context, name);
    }
    return status == NEUME_BAD_USAGE ? NEUME_BAD_MODEL : status;
}

void nm_labels_tell(const nm_labels *labels, nm_piece *pieces, size_t count) {
    for (size_t i = 0; i < count; i++)
        pieces[i].label = nm_labels_find(labels, pieces[i].folder);
}
