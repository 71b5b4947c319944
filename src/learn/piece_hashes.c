/* SPDX-License-Identifier: ISC */
#include "learn/piece_hashes.h"

#include "base/mem.h"
#include "learn/corpus.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool holds(const uint64_t *hashes, size_t count, uint64_t hash) {
    return count > 0 && bsearch(&hash, hashes, count, sizeof hash, by_value) != NULL;
}

static bool copy_hashes(uint64_t **out, size_t *count, const nm_piece *pieces, size_t piece_count,
                        neume_context *context) {
    *out = nm_alloc(context, piece_count, sizeof **out);
    if (!*out)
        return false;
    for (size_t i = 0; i < piece_count; i++)
        (*out)[i] = pieces[i].hash;
    qsort(*out, piece_count, sizeof **out, by_value);
    *count = piece_count;
    return true;
}

neume_status nm_piece_hashes_of(nm_piece_hashes *out, const neume_corpus *corpus) {
    const bool is_made = copy_hashes(&out->trained, &out->trained_count, corpus->train,
                                     corpus->train_count, corpus->context) &&
                         copy_hashes(&out->validated, &out->validated_count, corpus->valid,
                                     corpus->valid_count, corpus->context);
    return is_made ? NEUME_OK : NEUME_NO_MEMORY;
}

/* Adds those of an ascending list that are new, and puts all in order. */
static void add_new(uint64_t *out, size_t *count, const uint64_t *hashes, size_t hash_count) {
    const size_t before = *count;
    for (size_t i = 0; i < hash_count; i++)
        if (!holds(out, before, hashes[i]) && (i == 0 || hashes[i] != hashes[i - 1]))
            out[(*count)++] = hashes[i];
    qsort(out, *count, sizeof *out, by_value);
}

static void leave_out(uint64_t *hashes, size_t *count, const uint64_t *others, size_t other_count) {
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++)
        if (!holds(others, other_count, hashes[i]))
            hashes[kept++] = hashes[i];
    *count = kept;
}

neume_status nm_piece_hashes_join(nm_piece_hashes *out, neume_context *context,
                                  const nm_piece_hashes *a, const nm_piece_hashes *b) {
    out->trained = nm_alloc(context, a->trained_count + b->trained_count, sizeof *out->trained);
    out->validated =
        nm_alloc(context, a->validated_count + b->validated_count, sizeof *out->validated);
    if (!out->trained || !out->validated)
        return NEUME_NO_MEMORY;
    add_new(out->trained, &out->trained_count, a->trained, a->trained_count);
    add_new(out->trained, &out->trained_count, b->trained, b->trained_count);
    add_new(out->validated, &out->validated_count, a->validated, a->validated_count);
    add_new(out->validated, &out->validated_count, b->validated, b->validated_count);
    leave_out(out->validated, &out->validated_count, out->trained, out->trained_count);
    return NEUME_OK;
}

static void write_hashes(nm_buffer *out, const uint64_t *hashes, size_t count) {
    for (size_t i = 0; i < count; i++)
        nm_write_u64_le(out, hashes[i]);
}

void nm_piece_hashes_write(const nm_piece_hashes *hashes, nm_buffer *out) {
    nm_write_u64_le(out, hashes->trained_count);
    write_hashes(out, hashes->trained, hashes->trained_count);
    write_hashes(out, hashes->validated, hashes->validated_count);
}

/* `count` hashes, ascending, with *is_bad set where they are not; NULL for want of memory. */
static uint64_t *read_hashes(nm_reader *reader, size_t count, neume_context *context,
                             bool *is_bad) {
    uint64_t *hashes = nm_alloc(context, count, sizeof *hashes);
    if (!hashes)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        hashes[i] = nm_read_u64_le(reader);
        *is_bad = *is_bad || (i > 0 && hashes[i] < hashes[i - 1]);
    }
    return hashes;
}

neume_status nm_piece_hashes_read(nm_piece_hashes *out, neume_context *context, neume_bytes bytes) {
    nm_reader reader = nm_reader_on(bytes.data, bytes.size_bytes);
    const uint64_t trained = nm_read_u64_le(&reader);
    const size_t all = nm_reader_left(&reader) / sizeof trained;
    bool is_bad = reader.failed || bytes.size_bytes % sizeof trained != 0 || trained > all;
    if (is_bad)
        return NEUME_BAD_MODEL;
    out->trained_count = (size_t)trained;
    out->validated_count = all - (size_t)trained;
    out->trained = read_hashes(&reader, out->trained_count, context, &is_bad);
    out->validated = read_hashes(&reader, out->validated_count, context, &is_bad);
    if (!out->trained || !out->validated)
        return NEUME_NO_MEMORY;
    return is_bad ? NEUME_BAD_MODEL : NEUME_OK;
}

void nm_piece_hashes_clear(nm_piece_hashes *hashes, neume_context *context) {
    nm_free(context, hashes->trained);
    nm_free(context, hashes->validated);
    *hashes = (nm_piece_hashes){0};
}

neume_split nm_piece_hashes_split(const nm_piece_hashes *hashes, uint64_t hash) {
    if (holds(hashes->trained, hashes->trained_count, hash))
        return NEUME_SPLIT_TRAIN;
    if (holds(hashes->validated, hashes->validated_count, hash))
        return NEUME_SPLIT_VALID;
    return NEUME_SPLIT_NONE;
}
