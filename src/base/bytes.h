/* SPDX-License-Identifier: ISC */
/* Reading bytes without a branch after each, and writing them without a limit. */
#ifndef NM_BASE_BYTES_H
#define NM_BASE_BYTES_H

#include "base/context.h"

/* A sticky bounded reader: after the first read past the end it yields zeros, and remembers where
 * that was. */
typedef struct nm_reader {
    const uint8_t *data;
    size_t size;      /* bytes that may be read */
    size_t position;  /* of the next byte; never beyond size */
    bool failed;      /* a read went past the end */
    size_t failed_at; /* position of the first such read */
} nm_reader;

static inline nm_reader nm_reader_on(const void *data, size_t size) {
    return (nm_reader){.data = data, .size = size};
}

size_t nm_reader_left(const nm_reader *reader);
uint16_t nm_read_u16_be(nm_reader *reader);
uint32_t nm_read_u32_be(nm_reader *reader);
uint32_t nm_read_u32_le(nm_reader *reader);
uint64_t nm_read_u64_le(nm_reader *reader);

/* Remembers that a read goes past the end. */
void nm_reader_fail(nm_reader *reader);

/* `size` bytes in place, or NULL (and failed) where there are fewer. Borrowed: from the reader's
 * data. */
static inline const uint8_t *nm_read_bytes(nm_reader *reader, size_t size) {
    if (reader->failed || size > reader->size - reader->position) {
        nm_reader_fail(reader);
        return NULL;
    }
    const uint8_t *bytes = reader->data + reader->position;
    reader->position += size;
    return bytes;
}

static inline uint8_t nm_read_u8(nm_reader *reader) {
    const uint8_t *byte = nm_read_bytes(reader, 1);
    return byte ? *byte : 0;
}

/* A growing buffer. After the first failed growth it swallows what is written; check `failed` once
 * at the end. */
typedef struct nm_buffer {
    neume_context *context;
    uint8_t *data;
    size_t size, capacity;
    bool failed;
} nm_buffer;

nm_buffer nm_buffer_on(neume_context *context);
void nm_buffer_clear(nm_buffer *buffer);
void nm_write_bytes(nm_buffer *buffer, const void *data, size_t size);
void nm_write_text(nm_buffer *buffer, const char *text);
void nm_write_u8(nm_buffer *buffer, uint8_t value);
void nm_write_u16_be(nm_buffer *buffer, uint16_t value);
void nm_write_u32_be(nm_buffer *buffer, uint32_t value);
void nm_write_u32_le(nm_buffer *buffer, uint32_t value);
void nm_write_u64_le(nm_buffer *buffer, uint64_t value);

#endif
