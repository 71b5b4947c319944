/* SPDX-License-Identifier: ISC */
/* Where a MIDI file begins, what a file is that is none, and from chunk to chunk. */
#include "music/midi_read.h"

#include "base/bytes.h"
#include "base/error.h"

#include <string.h>

enum { SEARCH_SIZE = 4096, CHUNK_HEADER = 8 };

/* Finds "MThd" in the first 4 KiB (behind a MacBinary header, say). */
static const uint8_t *find_header(const uint8_t *bytes, size_t size) {
    return memmem(bytes, size < SEARCH_SIZE ? size : SEARCH_SIZE, "MThd", 4);
}

/* A chunk of a RIFF: where its data begin, and how long they are by its header. */
typedef struct riff_chunk {
    size_t start, size;
} riff_chunk;

/* Finds the chunk "data" of a RIFF of form RMID: "RIFF", size, form, then chunks of identifier,
 * size and data padded to even size; sizes are little-endian. */
static bool find_riff_data(riff_chunk *out, const uint8_t *bytes, size_t size) {
    nm_reader in = nm_reader_on(bytes, size);
    const uint8_t *start = nm_read_bytes(&in, 12);
    if (!start || memcmp(start, "RIFF", 4) != 0 || memcmp(start + 8, "RMID", 4) != 0)
        return false;
    while (nm_reader_left(&in) >= CHUNK_HEADER) {
        const uint8_t *id = nm_read_bytes(&in, 4);
        const size_t data_size = nm_read_u32_le(&in);
        *out = (riff_chunk){in.position, data_size};
        if (memcmp(id, "data", 4) == 0)
            return true;
        nm_read_bytes(&in, data_size + (data_size & 1));
    }
    return false;
}

bool neume_midi_is_midi(neume_bytes bytes) {
    const uint8_t *start = bytes.data;
    riff_chunk data = {0};
    if (bytes.size_bytes == 0)
        return false;
    if (!find_riff_data(&data, start, bytes.size_bytes))
        data.start = 0;
    return find_header(start + data.start, bytes.size_bytes - data.start);
}

static bool begins_with(neume_bytes bytes, const char *start, size_t size) {
    return bytes.size_bytes >= size && memcmp(bytes.data, start, size) == 0;
}

/* What people take for MIDI files. */
static const char *foreign_name(neume_bytes bytes) {
    static const struct {
        const char *start;
        uint8_t size;
        const char *name;
    } kinds[] = {
        {"\x89PNG", 4, "a PNG image"},
        {"\xFF\xD8\xFF", 3, "a JPEG image"},
        {"GIF8", 4, "a GIF image"},
        {"PK\x03\x04", 4, "a ZIP archive"},
        {"\x1F\x8B", 2, "a gzip archive"},
        {"Rar!", 4, "a RAR archive"},
        {"7z\xBC\xAF", 4, "a 7z archive"},
        {"%PDF", 4, "a PDF document"},
        {"RIFF", 4, "a RIFF file without MIDI in it"},
        {"XMF_", 4, "an XMF container"},
        {"OggS", 4, "an Ogg file"},
        {"ID3", 3, "an MP3 file"},
        {"fLaC", 4, "a FLAC file"},
        {"<", 1, "a web page or XML"},
        {"{", 1, "JSON"},
        {"\xF0", 1, "a system exclusive dump"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (begins_with(bytes, kinds[i].start, kinds[i].size))
            return kinds[i].name;
    return NULL;
}

static bool refuse(nm_midi_reader *reader, size_t size) {
    const neume_bytes bytes = {reader->bytes, size};
    const char *foreign = foreign_name(bytes);
    if (size == 0)
        reader->status = nm_fail_at(reader->error, NEUME_BAD_INPUT, 0,
                                    "%s: is empty, expected MThd", reader->name);
    else if (foreign)
        reader->status = nm_fail_at(reader->error, NEUME_BAD_INPUT, 0,
                                    "%s: is %s, expected a MIDI file", reader->name, foreign);
    else
        reader->status = nm_fail_at(reader->error, NEUME_BAD_INPUT, 0,
                                    "%s: is no MIDI file, expected MThd in its first %d bytes",
                                    reader->name, SEARCH_SIZE);
    return false;
}

bool nm_find_header(nm_midi_reader *reader, size_t size, size_t *header) {
    riff_chunk data;
    reader->end = size;
    if (size == 0)
        return refuse(reader, size);
    const bool is_wrapped = find_riff_data(&data, reader->bytes, size);
    if (!is_wrapped)
        data = (riff_chunk){0, size};
    const uint8_t *start = reader->bytes + data.start;
    const uint8_t *found = find_header(start, size - data.start);
    if (!found)
        return refuse(reader, size);
    *header = (size_t)(found - reader->bytes);
    if (is_wrapped && data.size > size - data.start)
        nm_repair(reader, NM_REPAIR_RIFF_SIZE, start - 4);
    else if (data.start + data.size > *header)
        reader->end = data.start + data.size;
    if (found != start)
        nm_repair(reader, NM_REPAIR_JUNK_BEFORE_HEADER, start);
    return reader->status == NEUME_OK;
}

bool nm_is_chunk(const nm_midi_reader *reader, const uint8_t *at) {
    nm_reader in = nm_reader_on(at, (size_t)(reader->bytes + reader->end - at));
    const uint8_t *id = nm_read_bytes(&in, 4);
    const uint32_t length = nm_read_u32_be(&in);
    if (in.failed || length > nm_reader_left(&in))
        return false;
    for (size_t i = 0; i < 4; i++)
        if (id[i] < ' ' || id[i] > '~')
            return false;
    return true;
}

static bool is_track(const nm_midi_reader *reader, const uint8_t *at) {
    return reader->bytes + reader->end - at >= CHUNK_HEADER && memcmp(at, "MTrk", 4) == 0;
}

/* Behind a chunk that is no track: its end if another one, or nothing, follows there; otherwise the
 * next "MTrk", or the end of the file. */
static const uint8_t *pass_alien(nm_midi_reader *reader, const uint8_t *at) {
    const uint8_t *end = reader->bytes + reader->end;
    if (nm_is_chunk(reader, at)) {
        nm_reader in = nm_reader_on(at + 4, 4);
        const uint8_t *after = at + CHUNK_HEADER + nm_read_u32_be(&in);
        if (after == end || nm_is_chunk(reader, after) || is_track(reader, after)) {
            reader->omission_counts[NM_OMISSION_ALIEN_CHUNK]++;
            return after;
        }
    }
    const uint8_t *found = memmem(at, (size_t)(end - at), "MTrk", 4);
    if (!found || !is_track(reader, found)) {
        nm_repair(reader, NM_REPAIR_TRAILING_BYTES, at);
        return end;
    }
    nm_repair(reader, NM_REPAIR_JUNK_BETWEEN_CHUNKS, at);
    return found;
}

enum { MAX_TRACKS = 65535 };

static const uint8_t *read_track(nm_midi_reader *reader, const uint8_t *at) {
    nm_reader in = nm_reader_on(at + 4, 4);
    if (reader->track_count == MAX_TRACKS) {
        nm_too_many(reader, "tracks", MAX_TRACKS, at);
        return at;
    }
    nm_begin_song(reader);
    const uint8_t *after = nm_read_track(reader, at + CHUNK_HEADER, nm_read_u32_be(&in));
    reader->track_count++;
    return after;
}

void nm_read_chunks(nm_midi_reader *reader, const uint8_t *first) {
    const uint8_t *at = first, *end = reader->bytes + reader->end;
    while (!reader->status && at < end) {
        if (reader->chunk_count++ >= reader->options.max_chunks) {
            nm_too_many(reader, "chunks", reader->options.max_chunks, at);
            return;
        }
        at = is_track(reader, at) ? read_track(reader, at) : pass_alien(reader, at);
    }
}
