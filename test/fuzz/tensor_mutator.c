/* SPDX-License-Identifier: ISC */
#include "tensor_mutator.h"

#include "base/rng.h"
#include "nn/model_format.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT = 512, MAX_PATCH = 64 };

/* A file taken apart. */
typedef struct mutation {
    unsigned seed, draws;
    json_t *header; /* with the metadata as a text */
    uint8_t *data;
    size_t size;
} mutation;

static uint32_t draw(mutation *m, uint32_t below) {
    return nm_random_at(m->seed, NM_PURPOSE_TEST, 0, m->draws++).word[0] % below;
}

static json_t *mutated_text(const char *text) {
    uint8_t bytes[MAX_TEXT];
    const size_t length = strlen(text), size = length < MAX_TEXT ? length : MAX_TEXT - 1;
    memcpy(bytes, text, size);
    const size_t grown = LLVMFuzzerMutate(bytes, size, MAX_TEXT - 1);
    for (size_t i = 0; i < grown; i++)
        bytes[i] = bytes[i] & 0x7F ? bytes[i] & 0x7F : '0';
    return json_stringn((const char *)bytes, grown);
}

static json_t *mutated_number(mutation *m, const json_t *old) {
    static const json_int_t odd[] = {0,   -1,  1,         2,         127,       255,      256,
                                     1e6, 1e9, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    const json_int_t value = json_integer_value(old);
    switch (draw(m, 6)) {
    case 0:
        return json_integer(value < INT64_MAX ? value + 1 : value);
    case 1:
        return json_integer(value > INT64_MIN ? value - 1 : value);
    case 2:
        return json_integer((json_int_t)((uint64_t)value * 2));
    case 3:
        return json_real(json_number_value(old) / 3);
    default:
        return json_integer(odd[draw(m, sizeof odd / sizeof *odd)]);
    }
}

/* What stands in the place of a value. */
static json_t *mutated(mutation *m, json_t *old) {
    switch (draw(m, 12)) {
    case 0:
        return json_null();
    case 1:
        return json_true();
    case 2:
        return json_array();
    case 3:
        return json_object();
    case 4:
        return json_string("");
    case 5:
        return json_real(1e300);
    default:
        return json_is_string(old)   ? mutated_text(json_string_value(old))
               : json_is_number(old) ? mutated_number(m, old)
                                     : json_integer(draw(m, 3));
    }
}

static void mutate_array(mutation *m, json_t *array, size_t index) {
    json_t *old = json_array_get(array, index);
    switch (draw(m, 8)) {
    case 0:
        json_array_remove(array, index);
        break;
    case 1:
        json_array_append(array, old);
        break;
    default:
        json_array_set_new(array, index, mutated(m, old));
    }
}

static void mutate_member(mutation *m, json_t *object, const char *key) {
    if (draw(m, 8) == 0)
        json_object_del(object, key);
    else
        json_object_set_new(object, key, mutated(m, json_object_get(object, key)));
}

static const char *any_key(mutation *m, json_t *object) {
    void *at = json_object_iter(object);
    for (uint32_t skip = draw(m, (uint32_t)json_object_size(object)); skip > 0; skip--)
        at = json_object_iter_next(object, at);
    return json_object_iter_key(at);
}

/* A value somewhere in it; a container is gone into more often than it is changed itself. */
static void mutate_json(mutation *m, json_t *in) {
    for (;;) {
        const bool is_array = json_is_array(in);
        const size_t count = is_array ? json_array_size(in) : json_object_size(in);
        if (count == 0)
            return;
        const size_t index = is_array ? draw(m, (uint32_t)count) : 0;
        const char *key = is_array ? NULL : any_key(m, in);
        json_t *child = is_array ? json_array_get(in, index) : json_object_get(in, key);
        const size_t below =
            json_is_array(child) ? json_array_size(child) : json_object_size(child);
        if (below == 0 || draw(m, 8) == 0) {
            is_array ? mutate_array(m, in, index) : mutate_member(m, in, key);
            return;
        }
        in = child;
    }
}

static void mutate_metadata(mutation *m) {
    json_t *holder = json_object_get(m->header, NM_METADATA_KEY);
    const char *text = json_string_value(json_object_get(holder, NM_TEXT_KEY));
    json_t *metadata = text ? json_loads(text, 0, NULL) : NULL;
    for (uint32_t i = 0; metadata && i <= draw(m, 2); i++)
        mutate_json(m, metadata);
    char *changed = metadata ? json_dumps(metadata, JSON_COMPACT) : NULL;
    json_t *value = changed ? json_string(changed) : text ? mutated_text(text) : json_null();
    json_object_set_new(holder, NM_TEXT_KEY, value);
    free(changed);
    json_decref(metadata);
}

/* Whatever the offsets are: they may be out of all bounds. */
static json_t *moved(json_int_t offset, size_t by) {
    return json_integer((json_int_t)((uint64_t)offset + by));
}

/* Offsets behind `place` move with the bytes before them; a list of bytes gets its new length. */
static void shift_tensors(mutation *m, const char *grown, json_int_t place, size_t by) {
    const char *name;
    json_t *tensor;
    json_object_foreach(m->header, name, tensor) {
        json_t *offsets = json_object_get(tensor, "data_offsets");
        const json_int_t begin = json_integer_value(json_array_get(offsets, 0));
        const json_int_t end = json_integer_value(json_array_get(offsets, 1));
        const bool is_it = strcmp(name, grown) == 0;
        if (!is_it && begin >= place)
            json_array_set_new(offsets, 0, moved(begin, by));
        if (is_it || begin >= place)
            json_array_set_new(offsets, 1, moved(end, by));
        if (is_it && json_array_size(json_object_get(tensor, "shape")) == 1)
            json_array_set_new(json_object_get(tensor, "shape"), 0, moved(end, by - (size_t)begin));
    }
}

/* Changes a few bytes, which become more or fewer where the tensor is one of bytes. */
static void mutate_bytes(mutation *m, const char *name, size_t begin, size_t end) {
    uint8_t patch[MAX_PATCH];
    const char *dtype =
        json_string_value(json_object_get(json_object_get(m->header, name), "dtype"));
    const bool may_grow = dtype && strcmp(dtype, "U8") == 0;
    const size_t at = begin + draw(m, (uint32_t)(end - begin) + 1);
    const size_t old = end - at < MAX_PATCH / 2 ? end - at : draw(m, MAX_PATCH / 2);
    memcpy(patch, m->data + at, old);
    const size_t size = LLVMFuzzerMutate(patch, old, may_grow ? MAX_PATCH : old);
    const size_t kept = may_grow ? size : old;
    memmove(m->data + at + kept, m->data + at + old, m->size - at - old);
    memcpy(m->data + at, patch, kept);
    m->size += kept - old;
    if (kept != old)
        shift_tensors(m, name, (json_int_t)end, kept - old);
}

static void mutate_tensor(mutation *m) {
    const char *name = any_key(m, m->header);
    const json_t *offsets = json_object_get(json_object_get(m->header, name), "data_offsets");
    const json_int_t begin = json_integer_value(json_array_get(offsets, 0));
    const json_int_t end = json_integer_value(json_array_get(offsets, 1));
    if (offsets && begin >= 0 && begin < end && end <= (json_int_t)m->size)
        mutate_bytes(m, name, (size_t)begin, (size_t)end);
    else
        mutate_json(m, m->header);
}

/* Returns 0 where it does not fit. */
static size_t put_together(uint8_t *out, size_t max_size, const mutation *m) {
    char *text = json_dumps(m->header, JSON_COMPACT);
    const size_t length = text ? strlen(text) : 0;
    const size_t padding = NM_DATA_ALIGNMENT - (NM_HEADER_START + length) % NM_DATA_ALIGNMENT;
    const size_t header = length + padding % NM_DATA_ALIGNMENT;
    const size_t size = NM_HEADER_START + header + m->size;
    if (text && size <= max_size) {
        for (unsigned i = 0; i < NM_HEADER_START; i++)
            out[i] = (uint8_t)((uint64_t)header >> 8 * i);
        memset(out + NM_HEADER_START, ' ', header);
        memcpy(out + NM_HEADER_START, text, length);
        memcpy(out + NM_HEADER_START + header, m->data, m->size);
    }
    free(text);
    return text && size <= max_size ? size : 0;
}

static bool take_apart(mutation *m, const uint8_t *data, size_t size) {
    uint64_t header = 0;
    for (unsigned i = 0; i < NM_HEADER_START && size > NM_HEADER_START; i++)
        header |= (uint64_t)data[i] << 8 * i;
    if (header == 0 || header > size - NM_HEADER_START)
        return false;
    m->header = json_loadb((const char *)data + NM_HEADER_START, header, 0, NULL);
    m->size = size - NM_HEADER_START - header;
    m->data = malloc(m->size + MAX_PATCH);
    if (!m->data)
        abort();
    memcpy(m->data, data + size - m->size, m->size);
    return json_object_size(m->header) > 0;
}

static void mutate_part(mutation *m) {
    switch (draw(m, 8)) {
    case 0:
        mutate_json(m, m->header);
        break;
    case 1:
    case 2:
    case 3:
        mutate_tensor(m);
        break;
    default:
        mutate_metadata(m);
    }
}

size_t mutate_tensors(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    mutation m = {.seed = seed};
    size_t grown = 0;
    if (take_apart(&m, data, size) && draw(&m, 16) != 0) {
        mutate_part(&m);
        grown = put_together(data, max_size, &m);
    }
    json_decref(m.header);
    free(m.data);
    return grown ? grown : LLVMFuzzerMutate(data, size, max_size);
}
