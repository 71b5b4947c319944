/* SPDX-License-Identifier: ISC */
#include "base/bytes.h"

#include "base/mem.h"

#include <string.h>

size_t nm_reader_left(const nm_reader *reader) {
    return reader->size - reader->position;
}

void nm_reader_fail(nm_reader *reader) {
    if (!reader->failed)
        reader->failed_at = reader->position;
    reader->failed = true;
    reader->position = reader->size;
}

uint16_t nm_read_u16_be(nm_reader *reader) {
    const uint8_t *b = nm_read_bytes(reader, 2);
    return b ? (uint16_t)(b[0] << 8 | b[1]) : 0;
}

uint32_t nm_read_u32_be(nm_reader *reader) {
    const uint8_t *b = nm_read_bytes(reader, 4);
    return b ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3] : 0;
}

uint32_t nm_read_u32_le(nm_reader *reader) {
    const uint8_t *b = nm_read_bytes(reader, 4);
    return b ? (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0] : 0;
}

uint64_t nm_read_u64_le(nm_reader *reader) {
    const uint64_t low = nm_read_u32_le(reader);
    return (uint64_t)nm_read_u32_le(reader) << 32 | low;
}

nm_buffer nm_buffer_on(neume_context *context) {
    return (nm_buffer){.context = context};
}

void nm_buffer_clear(nm_buffer *buffer) {
    nm_free(buffer->context, buffer->data);
    *buffer = nm_buffer_on(buffer->context);
}

void nm_write_bytes(nm_buffer *buffer, const void *data, size_t size) {
    size_t end;
    if (buffer->failed || size == 0)
        return;
    if (__builtin_add_overflow(buffer->size, size, &end) ||
        !nm_reserve(buffer->context, &buffer->data, &buffer->capacity, end, 1)) {
        buffer->failed = true;
        return;
    }
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size = end;
}

void nm_write_text(nm_buffer *buffer, const char *text) {
    nm_write_bytes(buffer, text, strlen(text));
}

void nm_write_u8(nm_buffer *buffer, uint8_t value) {
    nm_write_bytes(buffer, &value, 1);
}

void nm_write_u16_be(nm_buffer *buffer, uint16_t value) {
    nm_write_bytes(buffer, (uint8_t[]){(uint8_t)(value >> 8), (uint8_t)value}, 2);
}

void nm_write_u32_be(nm_buffer *buffer, uint32_t value) {
    nm_write_u16_be(buffer, (uint16_t)(value >> 16));
    nm_write_u16_be(buffer, (uint16_t)value);
}

void nm_write_u32_le(nm_buffer *buffer, uint32_t value) {
    nm_write_bytes(buffer,
                   (uint8_t[]){(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                               (uint8_t)(value >> 24)},
                   4);
}

void nm_write_u64_le(nm_buffer *buffer, uint64_t value) {
    nm_write_u32_le(buffer, (uint32_t)value);
    nm_write_u32_le(buffer, (uint32_t)(value >> 32));
}
