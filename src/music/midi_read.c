/* SPDX-License-Identifier: ISC */
#include "music/midi_read.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

#include <string.h>

/* A typical note takes 6 to 8 bytes, on and off. So the list of most files need not grow; room that
 * is not used costs nothing. */
enum { DEFAULT_TICKS_PER_QUARTER = 480, HEADER_SIZE = 14, BYTES_A_NOTE = 6, MOST_ROOM = 1 << 17 };

neume_midi_read_options neume_midi_read_options_default(void) {
    return (neume_midi_read_options){
        .max_file_bytes = 64u << 20, .max_events = 1u << 24, .max_chunks = 4096};
}

void nm_no_memory(nm_midi_reader *reader) {
    if (!reader->status)
        reader->status = nm_fail_memory(reader->error, reader->name);
}

bool nm_grow_list(nm_midi_reader *reader, void *items, size_t *capacity, size_t size,
                  const uint8_t *at) {
    const size_t bytes_left = (size_t)(reader->bytes + reader->end - at);
    if (nm_list_grow(reader->context, items, capacity, *capacity + bytes_left / 2 + 1, size))
        return true;
    nm_no_memory(reader);
    return false;
}

void nm_too_many(nm_midi_reader *reader, const char *what, size_t limit, const uint8_t *where) {
    if (!reader->status)
        reader->status =
            nm_fail_at(reader->error, NEUME_BAD_INPUT, (uint64_t)(where - reader->bytes),
                       "%s: has more than %zu %s", reader->name, limit, what);
}

bool nm_repair(nm_midi_reader *reader, nm_repair_code code, const uint8_t *where) {
    const uint64_t offset = (uint64_t)(where - reader->bytes);
    if (reader->repair_counts[code]++ == 0)
        reader->repair_offsets[code] = offset;
    if (reader->options.strict && !reader->status)
        reader->status = nm_fail_at(reader->error, NEUME_BAD_INPUT, offset, "%s: %s (%s)",
                                    reader->name, nm_repair_phrase(code), nm_repair_name(code));
    return reader->status == NEUME_OK;
}

/* The division is ticks of a quarter or, where negative, -frames a second and ticks of a frame. */
static void read_division(nm_midi_reader *reader, uint16_t division, const uint8_t *where) {
    neume_score *score = reader->score;
    const uint32_t frames = 256u - (division >> 8), ticks = division & 0xFF;
    score->ticks_per_quarter = division;
    if (reader->options.ticks_per_quarter) {
        score->ticks_per_quarter = reader->options.ticks_per_quarter;
    } else if (division == 0 || (division & 0x80FF) == 0x8000) {
        score->ticks_per_quarter = DEFAULT_TICKS_PER_QUARTER;
        nm_repair(reader, NM_REPAIR_DIVISION_ZERO, where);
    } else if (division & 0x8000) {
        reader->frames_per_second = frames;
        reader->ticks_per_frame = ticks;
        if (frames != 24 && frames != 25 && frames != 29 && frames != 30)
            nm_repair(reader, NM_REPAIR_SMPTE_RATE, where);
    }
}

/* Returns where the first chunk begins: where the length says, or right behind the six bytes that
 * every header has. */
static const uint8_t *behind_header(nm_midi_reader *reader, const uint8_t *header,
                                    uint32_t length) {
    const size_t left = reader->end - (size_t)(header - reader->bytes);
    const uint8_t *usual = header + HEADER_SIZE;
    if (length == 6)
        return usual;
    nm_repair(reader, NM_REPAIR_HEADER_LENGTH, header + 4);
    const bool is_followed = left >= HEADER_SIZE + 4 && memcmp(usual, "MTrk", 4) == 0;
    return is_followed || length < 6 || length > left - 8 ? usual : header + 8 + length;
}

static void read_file(nm_midi_reader *reader, size_t size) {
    size_t start;
    if (!nm_find_header(reader, size, &start))
        return;
    const uint8_t *header = reader->bytes + start;
    nm_reader in = nm_reader_on(header, reader->end - start);
    nm_read_bytes(&in, 4);
    const uint32_t length = nm_read_u32_be(&in);
    const unsigned format = nm_read_u16_be(&in);
    reader->declared_tracks = nm_read_u16_be(&in);
    const uint16_t division = nm_read_u16_be(&in);
    if (in.failed) {
        reader->status =
            nm_fail_at(reader->error, NEUME_BAD_INPUT, reader->end,
                       "%s: ends within its header, expected %d bytes", reader->name, HEADER_SIZE);
        return;
    }
    reader->format = format <= 2 ? format : 1;
    if (format > 2)
        nm_repair(reader, NM_REPAIR_FORMAT, header + 8);
    read_division(reader, division, header + 12);
    nm_read_chunks(reader, behind_header(reader, header, length));
    if (!reader->status && reader->track_count == 0)
        reader->status = nm_fail_at(reader->error, NEUME_BAD_INPUT, reader->end,
                                    "%s: has no track, expected MTrk", reader->name);
    if (!reader->status && reader->format == 0 && reader->track_count > 1)
        nm_repair(reader, NM_REPAIR_FORMAT_0_TRACKS, header + 8);
    if (!reader->status && reader->track_count != reader->declared_tracks)
        nm_repair(reader, NM_REPAIR_TRACK_COUNT, header + 10);
}

static void check_size(nm_midi_reader *reader, size_t size) {
    size_t most = reader->options.max_file_bytes;
    if (most > UINT32_MAX)
        most = UINT32_MAX;
    if (size > most)
        reader->status = nm_fail(reader->error, NEUME_BAD_INPUT,
                                 "%s: %zu bytes, expected at most %zu", reader->name, size, most);
}

static void begin(nm_midi_reader *reader, neume_bytes bytes) {
    if (reader->options.max_events >= UINT32_MAX)
        reader->options.max_events = UINT32_MAX - 1;
    reader->bytes = bytes.data;
    check_size(reader, bytes.size_bytes);
    if (!reader->status && neume_score_new(&reader->score, reader->context))
        nm_no_memory(reader);
    if (reader->status)
        return;
    const size_t likely = bytes.size_bytes / BYTES_A_NOTE + 1;
    const size_t notes = likely < MOST_ROOM ? likely : MOST_ROOM;
    if (nm_resize(reader->context, &reader->score->notes.items, notes, sizeof(neume_note)))
        reader->score->notes.capacity = notes;
    else
        nm_no_memory(reader);
}

static void list_repairs(const nm_midi_reader *reader) {
    neume_score *score = reader->score;
    for (unsigned code = 0; code < NM_REPAIR_COUNT; code++)
        if (reader->repair_counts[code])
            score->repairs[score->repair_count++] = (neume_repair){
                nm_repair_name(code), reader->repair_counts[code], reader->repair_offsets[code]};
    for (unsigned code = 0; code < NM_OMISSION_COUNT; code++)
        if (reader->omission_counts[code])
            score->omissions[score->omission_count++] =
                (neume_omission){nm_omission_name(code), reader->omission_counts[code]};
}

/* The file's bytes are no longer needed here. */
static neume_status finish(neume_score **out, nm_midi_reader *reader) {
    nm_free_ports(reader);
    if (!reader->status) {
        reader->score->format = reader->format;
        reader->score->track_count = reader->track_count;
        nm_finish_timing(reader);
    }
    nm_free(reader->context, reader->programs.items);
    if (reader->status) {
        neume_score_free(reader->score);
        return reader->status;
    }
    list_repairs(reader);
    *out = reader->score;
    return NEUME_OK;
}

static nm_midi_reader reader_with(neume_context *context, const neume_midi_read_options *options,
                                  const char *name, neume_error *error) {
    return (nm_midi_reader){.context = context,
                            .options = options ? *options : neume_midi_read_options_default(),
                            .name = name,
                            .error = error};
}

neume_status neume_midi_read(neume_score **out, neume_context *context, neume_bytes bytes,
                             const neume_midi_read_options *options, neume_error *error) {
    *out = NULL;
    nm_midi_reader reader = reader_with(context, options, "MIDI", error);
    begin(&reader, bytes);
    if (!reader.status)
        read_file(&reader, bytes.size_bytes);
    return finish(out, &reader);
}

neume_status neume_midi_load(neume_score **out, neume_context *context, const char *path,
                             const neume_midi_read_options *options, neume_error *error) {
    *out = NULL;
    nm_midi_reader reader = reader_with(context, options, path, error);
    nm_buffer buffer = nm_buffer_on(context);
    reader.status = nm_file_read(&buffer, path, reader.options.max_file_bytes, error);
    if (!reader.status) {
        begin(&reader, (neume_bytes){buffer.data, buffer.size});
        if (!reader.status)
            read_file(&reader, buffer.size);
    }
    nm_buffer_clear(&buffer);
    return finish(out, &reader);
}

const neume_repair *neume_score_repairs(const neume_score *score, size_t *count) {
    *count = score->repair_count;
    return score->repairs;
}

const neume_omission *neume_score_omissions(const neume_score *score, size_t *count) {
    *count = score->omission_count;
    return score->omissions;
}

size_t neume_score_note_ons(const neume_score *score) {
    return score->note_ons;
}
