/* SPDX-License-Identifier: ISC */
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "nn/model_format.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *describe(const nm_tensor *tensor, size_t begin) {
    json_t *shape = json_array();
    for (unsigned i = 0; i < tensor->dimensions; i++)
        json_array_append_new(shape, json_integer((json_int_t)tensor->shape[i]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", nm_dtype_name(tensor->dtype), "shape", shape,
                     "data_offsets", (json_int_t)begin, (json_int_t)(begin + tensor->size));
}

/* What is written: parts[0] is the header, parts[1..] are the data in their order. */
typedef struct layout {
    json_t *root;
    neume_bytes *parts;
    size_t part_count;
    bool failed;
} layout;

static void place_tensors(layout *file, const nm_tensor *tensors, size_t count) {
    static const size_t element_sizes[] = {8, 4, 1};
    size_t begin = 0;
    for (size_t s = 0; s < sizeof element_sizes / sizeof *element_sizes; s++)
        for (size_t i = 0; i < count; i++) {
            if (nm_dtype_size(tensors[i].dtype) != element_sizes[s])
                continue;
            file->failed |=
                json_object_set_new(file->root, tensors[i].name, describe(&tensors[i], begin)) != 0;
            file->parts[file->part_count++] = (neume_bytes){tensors[i].data, tensors[i].size};
            begin += tensors[i].size;
        }
}

/* The header's size, and its text padded so that the data are aligned. */
static neume_status write_header(nm_buffer *out, const layout *file, const char *path,
                                 neume_error *error) {
    char *text = file->failed ? NULL : json_dumps(file->root, JSON_COMPACT);
    if (!text)
        return nm_fail_memory(error, path);
    const size_t length = strlen(text);
    const size_t unpadded = NM_HEADER_START + length;
    const size_t padding = (NM_DATA_ALIGNMENT - unpadded % NM_DATA_ALIGNMENT) % NM_DATA_ALIGNMENT;
    nm_write_u64_le(out, length + padding);
    nm_write_text(out, text);
    for (size_t i = 0; i < padding; i++)
        nm_write_u8(out, ' ');
    free(text);
    if (out->failed)
        return nm_fail_memory(error, path);
    if (length + padding > NM_MAX_HEADER)
        return nm_fail(error, NEUME_CANNOT_WRITE, "%s: cannot be written: a header of %zu bytes",
                       path, length + padding);
    return NEUME_OK;
}

static neume_status write_file(layout *file, nm_buffer *header, const char *path,
                               neume_error *error) {
    const neume_status status = write_header(header, file, path, error);
    if (status)
        return status;
    file->parts[0] = (neume_bytes){header->data, header->size};
    return nm_file_write(path, header->context, file->parts, file->part_count, error);
}

neume_status nm_tensor_file_save(const char *path, neume_context *context, const nm_tensor *tensors,
                                 size_t count, const char *metadata, neume_error *error) {
    if (strlen(metadata) > NM_MAX_METADATA)
        return nm_fail(error, NEUME_CANNOT_WRITE, "%s: cannot be written: %zu bytes of metadata",
                       path, strlen(metadata));
    nm_buffer header = nm_buffer_on(context);
    layout file = {.root = json_pack("{s:{s:s}}", NM_METADATA_KEY, NM_TEXT_KEY, metadata),
                   .parts = nm_alloc(context, count + 1, sizeof *file.parts),
                   .part_count = 1};
    neume_status status;
    if (file.root && file.parts) {
        place_tensors(&file, tensors, count);
        status = write_file(&file, &header, path, error);
    } else {
        status = nm_fail_memory(error, path);
    }
    nm_buffer_clear(&header);
    nm_free(context, file.parts);
    json_decref(file.root);
    return status;
}
