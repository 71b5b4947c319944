/* SPDX-License-Identifier: ISC */
#include "nn/model_file.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "nn/model_format.h"

#include <stdlib.h>
#include <string.h>

static const char *const dtype_names[] = {
    [NM_F32] = "F32", [NM_F64] = "F64", [NM_U8] = "U8", [NM_U64] = "U64"};

enum { DTYPES = sizeof dtype_names / sizeof *dtype_names };

const char *nm_dtype_name(nm_dtype dtype) {
    return dtype_names[dtype];
}

size_t nm_dtype_size(nm_dtype dtype) {
    switch (dtype) {
    case NM_F32:
        return 4;
    case NM_F64:
    case NM_U64:
        return 8;
    case NM_U8:
        return 1;
    }
    return 0;
}

/* A file while it is read. */
typedef struct parser {
    nm_tensor_file *file;
    const char *name;
    neume_error *error;
    size_t data_start;
    size_t data_size;
} parser;

static neume_status bad(const parser *p, const char *what) {
    return nm_fail(p->error, NEUME_BAD_MODEL, "%s: %s", p->name, what);
}

static neume_status bad_at(const parser *p, uint64_t offset, const char *what) {
    return nm_fail_at(p->error, NEUME_BAD_MODEL, offset, "%s: %s", p->name, what);
}

static neume_status bad_tensor(const parser *p, const nm_tensor *tensor, const char *what) {
    return nm_fail(p->error, NEUME_BAD_MODEL, "%s: tensor %s: %s", p->name, tensor->name, what);
}

/* Finds the header; leaves the place and size of the data in `p`. */
static neume_status read_header_size(parser *p, nm_reader *reader, size_t *size) {
    const uint64_t claimed = nm_read_u64_le(reader);
    if (reader->failed)
        return bad(p, "too short for a model file");
    if (claimed < 2 || claimed > NM_MAX_HEADER || reader->size == reader->position ||
        reader->data[reader->position] != '{')
        return bad(p, "not a model file of neume");
    if (claimed > nm_reader_left(reader))
        return bad_at(p, reader->size, "ends inside its header: cut off");
    *size = (size_t)claimed;
    p->data_start = reader->position + *size;
    p->data_size = reader->size - p->data_start;
    return NEUME_OK;
}

static neume_status parse_header(const parser *p, const char *text, size_t size, json_t **out) {
    json_error_t failure;
    const neume_status status = nm_json_parse(out, text, size, JSON_REJECT_DUPLICATES, &failure);
    if (!status)
        return NEUME_OK;
    if (status == NEUME_NO_MEMORY)
        return nm_fail_memory(p->error, p->name);
    const uint64_t offset =
        NM_HEADER_START + (failure.position > 0 ? (uint64_t)failure.position : 0);
    return json_error_code(&failure) == json_error_duplicate_key
               ? bad_at(p, offset, "a name stands twice in the header")
               : bad_at(p, offset, "the header is no JSON text");
}

static neume_status read_metadata(const parser *p, const json_t *root) {
    const json_t *text = json_object_get(json_object_get(root, NM_METADATA_KEY), NM_TEXT_KEY);
    if (!json_is_string(text))
        return bad(p, "a safetensors file without the metadata of neume: not a model of neume");
    const size_t size = json_string_length(text);
    if (size > NM_MAX_METADATA)
        return bad(p, "more than 1 MiB of metadata");
    p->file->metadata = nm_copy_text(p->file->context, json_string_value(text), size);
    return p->file->metadata ? NEUME_OK : nm_fail_memory(p->error, p->name);
}

static neume_status read_name(const parser *p, nm_tensor *tensor, const char *name) {
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    const size_t length = strlen(name);
    if (length < 1 || length >= sizeof tensor->name || strspn(name, allowed) != length)
        return bad(p, "a tensor's name is not of 1 to 63 letters, digits, '.', '_' or '-'");
    memcpy(tensor->name, name, length + 1);
    return NEUME_OK;
}

static neume_status read_dtype(const parser *p, nm_tensor *tensor, const json_t *value) {
    const char *name = json_string_value(value);
    for (unsigned dtype = 0; name && dtype < DTYPES; dtype++)
        if (strcmp(name, dtype_names[dtype]) == 0) {
            tensor->dtype = (nm_dtype)dtype;
            return NEUME_OK;
        }
    return bad_tensor(p, tensor, "dtype is none of F32, F64, U8, U64");
}

static bool read_size(const json_t *value, size_t *out) {
    const json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || (uint64_t)number > SIZE_MAX)
        return false;
    *out = (size_t)number;
    return true;
}

/* Leaves the bytes that the shape takes in tensor->size. */
static neume_status read_shape(const parser *p, nm_tensor *tensor, const json_t *value) {
    const size_t dimensions = json_array_size(value);
    if (!json_is_array(value) || dimensions > NM_MAX_DIMENSIONS)
        return bad_tensor(p, tensor, "shape is no list of at most 4 sizes");
    tensor->dimensions = (unsigned)dimensions;
    tensor->size = nm_dtype_size(tensor->dtype);
    for (size_t i = 0; i < dimensions; i++) {
        if (!read_size(json_array_get(value, i), &tensor->shape[i]))
            return bad_tensor(p, tensor, "shape is no list of at most 4 sizes");
        if (__builtin_mul_overflow(tensor->size, tensor->shape[i], &tensor->size))
            return bad_tensor(p, tensor, "shape is too large");
    }
    return NEUME_OK;
}

static neume_status read_offsets(const parser *p, nm_tensor *tensor, const json_t *value) {
    size_t begin, end;
    if (json_array_size(value) != 2 || !read_size(json_array_get(value, 0), &begin) ||
        !read_size(json_array_get(value, 1), &end) || begin > end)
        return bad_tensor(p, tensor, "data_offsets are no [begin, end]");
    if (end > p->data_size)
        return bad_tensor(p, tensor, "data end behind the end of the file: cut off");
    if (end - begin != tensor->size)
        return bad_tensor(p, tensor, "data_offsets do not fit shape and dtype");
    if ((p->data_start + begin) % nm_dtype_size(tensor->dtype) != 0)
        return bad_tensor(p, tensor, "data are not aligned to their elements");
    tensor->data = p->file->bytes.data + p->data_start + begin;
    return NEUME_OK;
}

static neume_status read_tensor(const parser *p, nm_tensor *tensor, const char *name,
                                const json_t *value) {
    neume_status status = read_name(p, tensor, name);
    if (status)
        return status;
    if (json_object_size(value) != 3)
        return bad_tensor(p, tensor, "expected dtype, shape and data_offsets");
    status = read_dtype(p, tensor, json_object_get(value, "dtype"));
    if (!status)
        status = read_shape(p, tensor, json_object_get(value, "shape"));
    if (!status)
        status = read_offsets(p, tensor, json_object_get(value, "data_offsets"));
    return status;
}

static neume_status read_tensors(const parser *p, json_t *root) {
    nm_tensor_file *file = p->file;
    file->tensors = nm_alloc(file->context, json_object_size(root), sizeof *file->tensors);
    if (!file->tensors)
        return nm_fail_memory(p->error, p->name);
    const char *name;
    json_t *value;
    json_object_foreach(root, name, value) {
        if (strcmp(name, NM_METADATA_KEY) == 0)
            continue;
        const neume_status status = read_tensor(p, &file->tensors[file->count++], name, value);
        if (status)
            return status;
    }
    return NEUME_OK;
}

static int by_place(const void *a, const void *b) {
    const nm_tensor *x = a, *y = b;
    const uintptr_t x_begin = (uintptr_t)x->data, y_begin = (uintptr_t)y->data;
    if (x_begin != y_begin)
        return x_begin < y_begin ? -1 : 1;
    return x->size < y->size ? -1 : x->size > y->size;
}

/* One behind the other, from the first byte of the data to the last. */
static neume_status check_places(const parser *p) {
    nm_tensor_file *file = p->file;
    qsort(file->tensors, file->count, sizeof *file->tensors, by_place);
    size_t next = p->data_start;
    for (size_t i = 0; i < file->count; i++) {
        const nm_tensor *tensor = &file->tensors[i];
        const size_t begin = (size_t)((const uint8_t *)tensor->data - file->bytes.data);
        if (begin < next)
            return bad_tensor(p, tensor, "its data overlap another's");
        if (begin > next)
            return bad_at(p, next, "data that belong to no tensor");
        next = begin + tensor->size;
    }
    if (next != file->bytes.size)
        return bad_at(p, next, "data that belong to no tensor");
    return NEUME_OK;
}

/* Whether some of a few numbers are infinite or none: then all bits of an exponent are 1, and one
 * more carries into the sign. So there is nothing to branch on. */
static bool has_not_finite(const nm_tensor *tensor, size_t first, size_t count) {
    const uint32_t one = 1u << 23;
    const uint64_t one_of_64 = UINT64_C(1) << 52;
    const char *numbers = (const char *)tensor->data + first * nm_dtype_size(tensor->dtype);
    uint32_t bits, carried = 0;
    uint64_t bits_of_64, carried_of_64 = 0;
    for (size_t i = 0; tensor->dtype == NM_F32 && i < count; i++) {
        memcpy(&bits, numbers + i * sizeof bits, sizeof bits);
        carried |= (bits & 0x7f800000u) + one;
    }
    for (size_t i = 0; tensor->dtype == NM_F64 && i < count; i++) {
        memcpy(&bits_of_64, numbers + i * sizeof bits_of_64, sizeof bits_of_64);
        carried_of_64 |= (bits_of_64 & 0x7ff0000000000000u) + one_of_64;
    }
    return carried >> 31 || carried_of_64 >> 63;
}

/* The first element that is infinite or no number; the count where there is none. */
static size_t first_not_finite(const nm_tensor *tensor) {
    enum { AT_A_TIME = 4096 };
    const size_t count = tensor->size / nm_dtype_size(tensor->dtype);
    size_t i = 0;
    while (count - i >= AT_A_TIME && !has_not_finite(tensor, i, AT_A_TIME))
        i += AT_A_TIME;
    while (i < count && !has_not_finite(tensor, i, 1))
        i++;
    return i;
}

static neume_status check_numbers(const parser *p) {
    for (size_t t = 0; t < p->file->count; t++) {
        const nm_tensor *tensor = &p->file->tensors[t];
        const size_t element = nm_dtype_size(tensor->dtype), bad_one = first_not_finite(tensor);
        if (bad_one == tensor->size / element)
            continue;
        const uint8_t *place = (const uint8_t *)tensor->data + bad_one * element;
        return nm_fail_at(p->error, NEUME_BAD_MODEL, (uint64_t)(place - p->file->bytes.data),
                          "%s: tensor %s: number %zu is not finite", p->name, tensor->name,
                          bad_one);
    }
    return NEUME_OK;
}

static neume_status read_file(parser *p) {
    nm_reader reader = nm_reader_on(p->file->bytes.data, p->file->bytes.size);
    size_t size = 0;
    neume_status status = read_header_size(p, &reader, &size);
    if (status)
        return status;
    json_t *root = NULL;
    status = parse_header(p, (const char *)reader.data + reader.position, size, &root);
    if (!status)
        status = read_metadata(p, root);
    if (!status)
        status = read_tensors(p, root);
    json_decref(root);
    if (!status)
        status = check_places(p);
    if (!status)
        status = check_numbers(p);
    return status;
}

neume_status nm_tensor_file_read(nm_tensor_file *out, nm_buffer *bytes, const char *name,
                                 neume_error *error) {
    *out = (nm_tensor_file){.context = bytes->context, .bytes = *bytes};
    *bytes = nm_buffer_on(bytes->context);
    parser p = {.file = out, .name = name, .error = error};
    const neume_status status = read_file(&p);
    if (status)
        nm_tensor_file_clear(out);
    return status;
}

neume_status nm_tensor_file_load(nm_tensor_file *out, neume_context *context, const char *path,
                                 neume_error *error) {
    *out = (nm_tensor_file){.context = context};
    nm_buffer bytes = nm_buffer_on(context);
    const neume_status status = nm_file_read(&bytes, path, SIZE_MAX, error);
    if (!status)
        return nm_tensor_file_read(out, &bytes, path, error);
    nm_buffer_clear(&bytes);
    if (status != NEUME_BAD_INPUT)
        return status;
    if (error)
        error->status = NEUME_BAD_MODEL;
    return NEUME_BAD_MODEL;
}

void nm_tensor_file_clear(nm_tensor_file *file) {
    nm_free(file->context, file->metadata);
    nm_free(file->context, file->tensors);
    nm_buffer_clear(&file->bytes);
    *file = (nm_tensor_file){.context = file->context};
}

const nm_tensor *nm_tensor_file_find(const nm_tensor_file *file, const char *name) {
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->tensors[i].name, name) == 0)
            return &file->tensors[i];
    return NULL;
}

bool nm_is_tensor_file(const void *bytes, size_t size) {
    nm_reader reader = nm_reader_on(bytes, size);
    const uint64_t header = nm_read_u64_le(&reader);
    return header >= 2 && header <= NM_MAX_HEADER && nm_read_u8(&reader) == '{';
}
