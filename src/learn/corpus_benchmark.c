/* SPDX-License-Identifier: ISC */
/* Benchmark files in a corpus: each sequence is a piece, in the split that the file gives it. */
#include "base/error.h"
#include "base/mem.h"
#include "learn/benchmark.h"
#include "learn/corpus_read.h"
#include "music/roll.h"

#include <string.h>

enum { LOOK_BYTES = 4096 };

static bool is_of_rolls(const neume_codec_options *options) {
    return strcmp(options->name, "frame") == 0 || strcmp(options->name, "roll") == 0;
}

/* What a codec must be to read the set. */
static void fit(neume_codec_options *options, const nm_benchmark *benchmark) {
    options->grid = nm_benchmark_grid(benchmark);
    if (strcmp(options->name, "roll") == 0)
        options->onsets = NEUME_ONSETS_DROP;
}

neume_status nm_corpus_fit_grid(nm_corpus_reader *reader, neume_codec_options *options,
                                neume_error *error) {
    neume_corpus *corpus = reader->corpus;
    nm_buffer start = nm_buffer_on(corpus->context);
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < corpus->file_count && is_of_rolls(options); i++) {
        nm_benchmark *benchmark = NULL;
        neume_error unused;
        start.size = 0;
        if (corpus->found.entries[i].failure ||
            nm_file_read_start(&start, corpus->files[i].path, LOOK_BYTES, &unused) ||
            !nm_benchmark_is((neume_bytes){start.data, start.size}))
            continue;
        status = nm_benchmark_load(&benchmark, corpus->context, corpus->files[i].path, &unused);
        if (!status)
            fit(options, benchmark);
        nm_benchmark_free(benchmark);
        break;
    }
    nm_buffer_clear(&start);
    return status == NEUME_NO_MEMORY ? nm_fail_memory(error, "benchmark set") : NEUME_OK;
}

static neume_status add_sequence(nm_corpus_reader *reader, const nm_roll *roll, size_t file,
                                 neume_split split) {
    neume_corpus_file *entry = &reader->corpus->files[file];
    nm_piece piece = {.file = file, .split = split, .is_given = true};
    neume_status status = nm_codec_encode_roll(&piece.sequence, reader->codec, roll);
    if (!status && !nm_reserve(reader->corpus->context, &reader->pieces, &reader->piece_capacity,
                               reader->piece_count + 1, sizeof *reader->pieces))
        status = NEUME_NO_MEMORY;
    if (status) {
        neume_sequence_clear(reader->corpus->context, &piece.sequence);
        return status;
    }
    piece.hash = nm_codec_hash(reader->codec, &piece.sequence);
    entry->note_count += piece.sequence.note_count;
    entry->step_count += piece.sequence.step_count;
    reader->pieces[reader->piece_count++] = piece;
    return NEUME_OK;
}

static neume_status add_sequences(nm_corpus_reader *reader, nm_benchmark *benchmark, size_t file) {
    neume_status status = NEUME_OK;
    for (neume_split split = NEUME_SPLIT_TRAIN; split <= NEUME_SPLIT_TEST; split++) {
        if (reader->split != NEUME_SPLIT_NONE && reader->split != split)
            continue;
        reader->corpus->notes_beyond += nm_benchmark_transpose(benchmark, split, reader->transpose);
        for (size_t i = 0; i < nm_benchmark_count(benchmark, split) && !status; i++)
            status = add_sequence(reader, nm_benchmark_roll(benchmark, split, i), file, split);
    }
    return status;
}

/* The sequences of a set that has the codec's grid: steps of another length are other music. */
static neume_status take_sequences(nm_corpus_reader *reader, nm_benchmark *benchmark, size_t file) {
    const uint32_t grid = neume_codec_options_of(reader->codec)->grid;
    if (nm_benchmark_grid(benchmark) != grid)
        return nm_corpus_set_status(reader->corpus, file, NEUME_FILE_SKIPPED,
                                    "a benchmark set of %u steps a quarter, expected %u",
                                    nm_benchmark_grid(benchmark), grid);
    const neume_status status = add_sequences(reader, benchmark, file);
    return status ? status : nm_corpus_set_status(reader->corpus, file, NEUME_FILE_CLEAN, "%s", "");
}

neume_status nm_corpus_read_benchmark(nm_corpus_reader *reader, size_t file) {
    neume_corpus *corpus = reader->corpus;
    nm_benchmark *benchmark = NULL;
    neume_error why = {0};
    if (!is_of_rolls(neume_codec_options_of(reader->codec)))
        return nm_corpus_set_status(
            corpus, file, NEUME_FILE_SKIPPED,
            "a benchmark set of piano rolls, which only frames and biaxial can read");
    if (neume_codec_stream_count(reader->codec) > 1)
        return nm_corpus_set_status(corpus, file, NEUME_FILE_SKIPPED,
                                    "a benchmark set, which holds no onsets, expected some");
    neume_status status =
        nm_benchmark_load(&benchmark, corpus->context, corpus->files[file].path, &why);
    if (status == NEUME_BAD_INPUT)
        return nm_corpus_skip(corpus, file, &why);
    if (!status)
        status = take_sequences(reader, benchmark, file);
    nm_benchmark_free(benchmark);
    return status;
}
