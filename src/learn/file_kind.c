/* SPDX-License-Identifier: ISC */
#include "base/bytes.h"
#include "base/file.h"
#include "nn/model_file.h"

#include <neume/midi.h>
#include <neume/model.h>

#include <jansson.h>
#include <string.h>

enum { LOOK_BYTES = 8192 }; /* enough to tell MIDI and safetensors from all else */

/* What the key "neume" in a safetensors header says that the file is. */
static neume_file_kind kind_in_header(const char *header, size_t size) {
    json_t *object = json_loadb(header, size, 0, NULL);
    const json_t *metadata = json_object_get(object, "__metadata__");
    const char *text = json_string_value(json_object_get(metadata, "neume"));
    json_t *inner = text ? json_loads(text, 0, NULL) : NULL;
    const char *kind = json_string_value(json_object_get(inner, "kind"));
    neume_file_kind found = NEUME_KIND_OTHER;
    if (kind && strcmp(kind, "model") == 0)
        found = NEUME_KIND_MODEL;
    else if (kind && strcmp(kind, "checkpoint") == 0)
        found = NEUME_KIND_CHECKPOINT;
    json_decref(inner);
    json_decref(object);
    return found;
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
    if (bytes->size >= sizeof(uint64_t) + size)
        *out = kind_in_header((const char *)bytes->data + sizeof(uint64_t), size);
    return NEUME_OK;
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
