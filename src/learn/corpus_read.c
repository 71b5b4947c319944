/* SPDX-License-Identifier: ISC */
#include "learn/corpus_read.h"

#include "base/error.h"
#include "base/mem.h"
#include "learn/benchmark.h"
#include "learn/corpus_store.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <xxhash.h>

neume_status nm_corpus_set_status(neume_corpus *corpus, size_t file, neume_file_status status,
                                  const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    corpus->files[file].status = status;
    corpus->files[file].has_offset = false;
    corpus->files[file].reason = "";
    nm_free(corpus->context, corpus->reasons[file]);
    corpus->reasons[file] = NULL;
    if (!line[0])
        return NEUME_OK;
    corpus->reasons[file] = nm_copy_text(corpus->context, line, strlen(line));
    if (!corpus->reasons[file])
        return NEUME_NO_MEMORY;
    corpus->files[file].reason = corpus->reasons[file];
    return NEUME_OK;
}

/* A folder that cannot be opened has no name relative to itself. */
static const char *name_of(const nm_file_entry *entry) {
    return entry->name_offset < strlen(entry->path) ? entry->path + entry->name_offset
                                                    : entry->path;
}

static neume_status find_all(nm_file_list *list, neume_inputs inputs) {
    for (size_t i = 0; i < inputs.count; i++)
        if (nm_file_list_add(list, inputs.paths[i]))
            return NEUME_NO_MEMORY;
    return NEUME_OK;
}

static bool has_midi_name(const char *path) {
    static const char *const endings[] = {".mid", ".midi", ".kar", ".rmi"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    return false;
}

neume_status nm_corpus_find(neume_corpus *corpus, neume_inputs inputs, neume_inputs more,
                            size_t *first_of_more, neume_error *error) {
    struct timespec now = {0};
    corpus->found.context = corpus->context;
    clock_gettime(CLOCK_REALTIME, &now);
    corpus->found_seconds = now.tv_sec;
    corpus->found_nanoseconds = now.tv_nsec;
    neume_status status = find_all(&corpus->found, inputs);
    *first_of_more = corpus->found.count;
    if (!status)
        status = find_all(&corpus->found, more);
    if (status)
        return nm_fail_memory(error, "list of files");
    const size_t count = corpus->found.count;
    corpus->files = nm_alloc(corpus->context, count, sizeof *corpus->files);
    corpus->reasons = nm_alloc(corpus->context, count, sizeof *corpus->reasons);
    corpus->folders = nm_alloc(corpus->context, count, sizeof *corpus->folders);
    corpus->prints = nm_alloc(corpus->context, count, sizeof *corpus->prints);
    corpus->origins = nm_alloc(corpus->context, count, sizeof *corpus->origins);
    if (!corpus->files || !corpus->reasons || !corpus->folders || !corpus->prints ||
        !corpus->origins)
        return nm_fail_memory(error, "list of files");
    corpus->file_count = count;
    for (size_t i = 0; i < count; i++) {
        corpus->folders[i] = nm_label_folder(corpus->context, &corpus->found.entries[i]);
        if (!corpus->folders[i])
            return nm_fail_memory(error, "list of files");
        corpus->files[i] = (neume_corpus_file){.path = corpus->found.entries[i].path,
                                               .name = name_of(&corpus->found.entries[i]),
                                               .folder = corpus->folders[i],
                                               .reason = "",
                                               .alike = ""};
        corpus->origins[i].has_midi_name = has_midi_name(corpus->files[i].path);
    }
    return NEUME_OK;
}

static const char *without_prefix(const char *line, const char *prefix) {
    const size_t length = strlen(prefix);
    const bool has_prefix =
        strncmp(line, prefix, length) == 0 && strncmp(line + length, ": ", 2) == 0;
    return has_prefix ? line + length + 2 : line;
}

/* The entry of a file that failed; the reason does not repeat the path, which the reader of bytes
 * calls "MIDI". */
neume_status nm_corpus_skip(neume_corpus *corpus, size_t file, const neume_error *why) {
    const char *line = without_prefix(why->line, corpus->files[file].path);
    line = without_prefix(line, "MIDI");
    const neume_status status = nm_corpus_set_status(corpus, file, NEUME_FILE_SKIPPED, "%s", line);
    corpus->files[file].has_offset = why->has_offset;
    corpus->files[file].offset = why->offset;
    return status;
}

/* What a step of reading gave: go on with the file, leave it (its entry says why), or end. */
typedef enum outcome { GO_ON, LEAVE, OUT_OF_MEMORY } outcome;

static outcome leave(neume_status status_of_entry) {
    return status_of_entry ? OUT_OF_MEMORY : LEAVE;
}

static outcome after(neume_status status, nm_corpus_reader *reader, size_t file,
                     const neume_error *why) {
    if (status == NEUME_OK)
        return GO_ON;
    return status == NEUME_NO_MEMORY ? OUT_OF_MEMORY
                                     : leave(nm_corpus_skip(reader->corpus, file, why));
}

static bool is_midi(const nm_buffer *bytes) {
    return neume_midi_is_midi((neume_bytes){bytes->data, bytes->size});
}

static bool is_benchmark(const nm_buffer *bytes) {
    return nm_benchmark_is((neume_bytes){bytes->data, bytes->size});
}

/* From here on what becomes of the file follows from what was read. */
static void settle(nm_corpus_reader *reader, size_t file) {
    nm_file_origin *origin = &reader->corpus->origins[file];
    origin->is_settled = true;
    origin->content = XXH3_64bits(reader->bytes.data, reader->bytes.size);
}

/* The whole of a file that may be MIDI; of others no more than its start is read. */
static outcome read_bytes(nm_corpus_reader *reader, size_t file) {
    const char *path = reader->corpus->files[file].path;
    neume_error why = {0};
    outcome result = GO_ON;
    reader->bytes.size = 0;
    if (!reader->corpus->origins[file].has_midi_name) {
        result = after(nm_file_read_start(&reader->bytes, path, NM_LOOK_BYTES, &why), reader, file,
                       &why);
        if (result == GO_ON && is_benchmark(&reader->bytes))
            return leave(nm_corpus_read_benchmark(reader, file));
        if (result == GO_ON)
            settle(reader, file);
        if (result == GO_ON && !is_midi(&reader->bytes))
            return leave(nm_corpus_set_status(reader->corpus, file, NEUME_FILE_OTHER, "not MIDI"));
        reader->bytes.size = 0;
    }
    if (result != GO_ON)
        return result;
    result = after(nm_file_read(&reader->bytes, path, reader->midi.max_file_bytes, &why), reader,
                   file, &why);
    if (result == GO_ON)
        settle(reader, file);
    else
        reader->corpus->origins[file].is_settled = false;
    return result;
}

static outcome read_score(neume_score **out, nm_corpus_reader *reader, size_t file) {
    neume_error why = {0};
    size_t notes = 0;
    *out = NULL;
    outcome result = read_bytes(reader, file);
    if (result != GO_ON)
        return result;
    const neume_bytes bytes = {reader->bytes.data, reader->bytes.size};
    result = after(neume_midi_read(out, reader->corpus->context, bytes, &reader->midi, &why),
                   reader, file, &why);
    if (result != GO_ON)
        return result;
    reader->corpus->notes_beyond += neume_score_transpose(*out, reader->transpose);
    (void)neume_score_notes(*out, &notes);
    if (notes > 0)
        return GO_ON;
    return leave(nm_corpus_set_status(reader->corpus, file, NEUME_FILE_SKIPPED, "no notes"));
}

/* "no notes but those left out: drums (12)" */
static neume_status skip_without_words(neume_corpus *corpus, size_t file,
                                       const neume_sequence *sequence) {
    char line[256] = "no notes but those left out";
    size_t end = strlen(line);
    for (unsigned i = 0; i < sequence->omission_count && end < sizeof line; i++)
        end += (size_t)snprintf(line + end, sizeof line - end, "%s %s (%llu)", i ? "," : ":",
                                sequence->omissions[i].what,
                                (unsigned long long)sequence->omissions[i].count);
    return nm_corpus_set_status(corpus, file, NEUME_FILE_SKIPPED, "%s", line);
}

static outcome encode(neume_sequence *out, nm_corpus_reader *reader, const neume_score *score,
                      size_t file) {
    neume_corpus *corpus = reader->corpus;
    neume_error why = {0};
    const outcome result =
        after(neume_codec_encode(out, reader->codec, score, &why), reader, file, &why);
    if (result != GO_ON)
        return result;
    corpus->files[file].note_count = out->note_count;
    corpus->files[file].step_count = out->step_count;
    if (out->step_count == 0)
        return leave(skip_without_words(corpus, file, out));
    if (out->step_count < reader->min_steps)
        return leave(nm_corpus_set_status(corpus, file, NEUME_FILE_SKIPPED,
                                          "%zu steps, expected at least %zu", out->step_count,
                                          reader->min_steps));
    if (out->step_count > reader->max_steps)
        return leave(nm_corpus_set_status(corpus, file, NEUME_FILE_SKIPPED,
                                          "%zu steps, expected at most %zu", out->step_count,
                                          reader->max_steps));
    return GO_ON;
}

/* "stuck-note (3), no-end-of-track (1)" with the offset of the first in the file. */
static neume_status note_repairs(neume_corpus *corpus, size_t file, const neume_score *score) {
    size_t count = 0, end = 0;
    const neume_repair *repairs = neume_score_repairs(score, &count);
    char line[480] = "";
    uint64_t offset = UINT64_MAX;
    for (size_t i = 0; i < count; i++) {
        if (end < sizeof line)
            end += (size_t)snprintf(line + end, sizeof line - end, "%s%s (%llu)", i ? ", " : "",
                                    repairs[i].code, (unsigned long long)repairs[i].count);
        offset = repairs[i].offset < offset ? repairs[i].offset : offset;
    }
    const neume_file_status status = count ? NEUME_FILE_REPAIRED : NEUME_FILE_CLEAN;
    const neume_status result = nm_corpus_set_status(corpus, file, status, "%s", line);
    corpus->files[file].has_offset = count > 0;
    corpus->files[file].offset = count ? offset : 0;
    return result;
}

bool nm_corpus_add(nm_corpus_reader *reader, nm_piece *piece) {
    neume_corpus *corpus = reader->corpus;
    if (!nm_reserve(corpus->context, &reader->pieces, &reader->piece_capacity,
                    reader->piece_count + 1, sizeof *reader->pieces))
        return false;
    piece->folder = corpus->folders[piece->file];
    nm_corpus_store_put(corpus, piece);
    reader->pieces[reader->piece_count++] = *piece;
    *piece = (nm_piece){0};
    return true;
}

static outcome keep(nm_corpus_reader *reader, neume_sequence *sequence, const neume_score *score,
                    size_t file) {
    neume_corpus *corpus = reader->corpus;
    if (note_repairs(corpus, file, score) ||
        (reader->wants_prints &&
         nm_fingerprint_of_score(&corpus->prints[file], corpus->context, score)))
        return OUT_OF_MEMORY;
    nm_piece piece = {.sequence = *sequence, .file = file};
    piece.hash = corpus->files[file].hash = nm_codec_hash(reader->codec, sequence);
    if (!nm_corpus_add(reader, &piece))
        return OUT_OF_MEMORY;
    *sequence = (neume_sequence){0};
    return GO_ON;
}

static outcome read_piece(nm_corpus_reader *reader, size_t file) {
    neume_corpus *corpus = reader->corpus;
    const int failure = corpus->found.entries[file].failure;
    neume_score *score = NULL;
    neume_sequence sequence = {0};
    if (failure)
        return leave(
            nm_corpus_set_status(corpus, file, NEUME_FILE_SKIPPED, "%s", strerror(failure)));
    outcome result = read_score(&score, reader, file);
    if (result == GO_ON)
        result = encode(&sequence, reader, score, file);
    if (result == GO_ON)
        result = keep(reader, &sequence, score, file);
    neume_sequence_clear(corpus->context, &sequence);
    neume_score_free(score);
    return result;
}

neume_status nm_corpus_read_file(nm_corpus_reader *reader, size_t file) {
    return read_piece(reader, file) == OUT_OF_MEMORY ? NEUME_NO_MEMORY : NEUME_OK;
}

void nm_corpus_reader_clear(nm_corpus_reader *reader) {
    neume_context *context = reader->corpus->context;
    for (size_t i = 0; i < reader->piece_count; i++)
        nm_piece_clear(&reader->pieces[i], context);
    nm_free(context, reader->pieces);
    nm_free(context, reader->family);
    nm_free(context, reader->families);
    reader->family = NULL;
    reader->families = NULL;
    reader->pieces = NULL;
    reader->piece_count = reader->piece_capacity = 0;
    reader->bytes.context = context;
    nm_buffer_clear(&reader->bytes);
}
