/* SPDX-License-Identifier: ISC */
/* Rows of what one thread does with files: from their bytes to scores, from scores to words. */
#include "base/error.h"
#include "base/mem.h"
#include "learn/bench.h"
#include "learn/bench_music.h"

#include <neume/midi.h>
#include <neume/train.h>

enum { TUNES = 200 };

/* What a row reads or encodes, turn after turn. */
typedef struct reading {
    neume_context *context;
    nm_bench_music music;
    neume_bytes *files; /* [music.count] */
    neume_codec *codec;
    double bytes, notes, steps, words; /* of a turn */
} reading;

static neume_status write_files(reading *r, neume_error *error) {
    neume_status status = NEUME_OK;
    r->files = nm_alloc(r->context, r->music.count, sizeof *r->files);
    if (!r->files)
        return nm_fail_memory(error, "files");
    for (size_t i = 0; i < r->music.count && !status; i++) {
        status = neume_midi_write(&r->files[i], r->context, r->music.scores[i], error);
        r->bytes += (double)r->files[i].size_bytes;
    }
    return status;
}

static neume_status make_music(reading *r, bool is_orchestra, neume_error *error) {
    const neume_status status = is_orchestra ? nm_bench_orchestra(&r->music, r->context)
                                             : nm_bench_tunes(&r->music, r->context, TUNES);
    return status ? nm_fail_memory(error, "music") : write_files(r, error);
}

static void clear(reading *r) {
    for (size_t i = 0; r->files && i < r->music.count; i++)
        neume_midi_bytes_free(r->context, r->files[i]);
    nm_free(r->context, r->files);
    nm_bench_music_clear(&r->music, r->context);
    neume_codec_free(r->codec);
}

static neume_status parse_all(void *data, neume_error *error) {
    const reading *r = data;
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < r->music.count && !status; i++) {
        neume_score *score;
        status = neume_midi_read(&score, r->context, r->files[i], NULL, error);
        neume_score_free(score);
    }
    return status;
}

/* Each byte is read once. */
neume_status nm_bench_parse(neume_bench_row *row, const nm_bench *bench, const nm_bench_spec *spec,
                            neume_error *error) {
    reading r = {.context = bench->alone};
    neume_status status = make_music(&r, spec->is_orchestra, error);
    const nm_bench_work work = {.context = bench->alone,
                                .unit = "MB/s",
                                .turn = parse_all,
                                .data = &r,
                                .units = 1e-6 * r.bytes,
                                .read_bytes = r.bytes,
                                .held_bytes = (size_t)r.bytes};
    if (!status)
        status = nm_bench_measure(row, &work, bench->seconds, error);
    clear(&r);
    return status;
}

static neume_status encode_all(void *data, neume_error *error) {
    reading *r = data;
    neume_status status = NEUME_OK;
    r->steps = r->words = 0;
    for (size_t i = 0; i < r->music.count && !status; i++) {
        neume_sequence sequence = {0};
        status = neume_codec_encode(&sequence, r->codec, r->music.scores[i], error);
        r->steps += (double)sequence.step_count;
        r->words += (double)(sequence.step_count * sequence.width);
        neume_sequence_clear(r->context, &sequence);
    }
    return status;
}

static neume_status make_codec(reading *r, const char *preset, neume_error *error) {
    neume_train_options unused;
    neume_corpus_options corpus = neume_corpus_options_default();
    const neume_status status = neume_train_options_preset(&unused, &corpus, preset, error);
    return status ? status : neume_codec_new(&r->codec, r->context, &corpus.codec, error);
}

static void count_notes(reading *r) {
    for (size_t i = 0; i < r->music.count; i++) {
        size_t count;
        (void)neume_score_notes(r->music.scores[i], &count);
        r->notes += (double)count;
    }
}

/* Each note is read and each word written once. */
static neume_status measure_encoding(neume_bench_row *row, const nm_bench *bench, reading *r,
                                     neume_error *error) {
    count_notes(r);
    const double bytes = r->notes * sizeof(neume_note) + r->words * sizeof(uint32_t);
    const nm_bench_work work = {.context = bench->alone,
                                .unit = "steps/s",
                                .turn = encode_all,
                                .data = r,
                                .units = r->steps,
                                .read_bytes = bytes,
                                .held_bytes = (size_t)bytes};
    return nm_bench_measure(row, &work, bench->seconds, error);
}

/* The first turn learns the words. */
neume_status nm_bench_encode(neume_bench_row *row, const nm_bench *bench, const nm_bench_spec *spec,
                             neume_error *error) {
    reading r = {.context = bench->alone};
    neume_status status = make_music(&r, false, error);
    if (!status)
        status = make_codec(&r, spec->preset, error);
    if (!status)
        status = encode_all(&r, error);
    if (!status)
        status = measure_encoding(row, bench, &r, error);
    clear(&r);
    return status;
}
