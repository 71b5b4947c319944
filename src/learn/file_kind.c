/* SPDX-License-Identifier: ISC */
#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "nn/model_file.h"

#include <neume/midi.h>
#include <neume/model.h>

#include <string.h>

enum { LOOK_BYTES = 8192 }; /* enough to tell MIDI and safetensors from all else */

static neume_file_kind kind_named(const char *kind) {
    if (kind && strcmp(kind, "model") == 0)
        return NEUME_KIND_MODEL;
    return kind && strcmp(kind, "checkpoint") == 0 ? NEUME_KIND_CHECKPOINT : NEUME_KIND_OTHER;
}

/* What the key "neume" in a safetensors header says that the file is. Fails with NEUME_NO_MEMORY.
 */
static neume_status read_header(neume_file_kind *out, const char *header, size_t size) {
    json_t *object, *inner = NULL;
    neume_status status = nm_json_parse(&object, header, size, 0, NULL);
    const json_t *metadata = json_object_get(object, "__metadata__");
    const char *text = json_string_value(json_object_get(metadata, "neume"));
    if (text)
        status = nm_json_parse(&inner, text, strlen(text), 0, NULL);
    *out = kind_named(json_string_value(json_object_get(inner, "kind")));
    json_decref(inner);
    json_decref(object);
    return status == NEUME_NO_MEMORY ? status : NEUME_OK;
}

/* `bytes` holds the file's start; the rest of the header is read where it is longer. */
static neume_status kind_of_tensor_file(neume_file_kind *out, nm_buffer *bytes, const char *path,
                                        neume_error *error) {
    nm_reader reader = nm_reader_on(bytes->data, bytes->size);
    const size_t size = (size_t)nm_read_u64_le(&reader);
    if (size > nm_reader_left(&reader)) {
        bytes->size = 0;
        const neume_status status = nm_file_read_start(bytes, path, sizeof(uint64_t) + size, error);
        if (status)
            return status;
    }
    if (bytes->size < sizeof(uint64_t) + size)
        return NEUME_OK;
    const char *header = (const char *)bytes->data + sizeof(uint64_t);
    return read_header(out, header, size) ? nm_fail_memory(error, path) : NEUME_OK;
}

neume_status neume_file_kind_of(neume_file_kind *out, neume_context *context, const char *path,
                                neume_error *error) {
    nm_buffer bytes = nm_buffer_on(context);
    *out = NEUME_KIND_OTHER;
    neume_status status = nm_file_read_start(&bytes, path, LOOK_BYTES, error);
    if (!status && neume_midi_is_midi((neume_bytes){bytes.data, bytes.size}))
        *out = NEUME_KIND_MIDI;
    else if (!status && nm_is_tensor_file(bytes.data, bytes.size))
        status = kind_of_tensor_file(out, &bytes, path, error);
    nm_buffer_clear(&bytes);
    return status;
}
