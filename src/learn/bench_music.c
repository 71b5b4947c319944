/* SPDX-License-Identifier: ISC */
#include "learn/bench_music.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "learn/corpus_split.h"

enum { QUARTER = 480, BAR = 4 * QUARTER, TUNE_BARS = 32, ORCHESTRA_BARS = 200 };
enum { DRUMS = 9, PARTS = 16, DEGREES = 7 };

/* A score being written; the first failure stays. */
typedef struct writer {
    neume_score *score;
    uint64_t seed;
    uint32_t bar, drawn;
    int key;          /* semitones above C */
    uint32_t harmony; /* degree of the bar's chord */
    neume_status status;
} writer;

/* 0..below - 1. */
static uint32_t draw(writer *w, uint32_t below) {
    return nm_random_at(w->seed, NM_PURPOSE_BENCH, w->bar, w->drawn++).word[0] % below;
}

static uint64_t now(const writer *w) {
    return (uint64_t)w->bar * BAR;
}

/* The MIDI note of a degree of the major scale, counted from the key's note in octave 4 and through
 * the octaves. */
static uint8_t pitch_of(const writer *w, int degree) {
    static const int scale[DEGREES] = {0, 2, 4, 5, 7, 9, 11};
    const int octave = degree >= 0 ? degree / DEGREES : -((DEGREES - 1 - degree) / DEGREES);
    return (uint8_t)(60 + w->key + 12 * octave + scale[degree - octave * DEGREES]);
}

static void add_note(writer *w, neume_note note) {
    note.channel = (uint8_t)note.track;
    if (!w->status)
        w->status = neume_score_add_note(w->score, &note);
}

static void add_control(writer *w, uint16_t track, uint8_t controller, uint8_t value) {
    const neume_control control = {.start_ticks = now(w),
                                   .track = track,
                                   .channel = (uint8_t)track,
                                   .controller = controller,
                                   .value = value};
    if (!w->status)
        w->status = neume_score_add_control(w->score, &control);
}

static void add_tempo(writer *w, uint32_t quarters_a_minute) {
    const neume_tempo tempo = {now(w), 60000000 / quarters_a_minute};
    if (!w->status)
        w->status = neume_score_add_tempo(w->score, &tempo);
}

static void begin_bar(writer *w, uint32_t bar) {
    static const uint32_t harmonies[] = {0, 0, 3, 4, 4, 5};
    w->bar = bar;
    w->drawn = 0;
    w->harmony = harmonies[draw(w, sizeof harmonies / sizeof *harmonies)];
}

/* Notes of equal length through a bar, upwards and downwards in thirds from a degree of the chord.
 */
static void play_figure(writer *w, uint16_t track, uint32_t notes, int from) {
    const uint64_t length = BAR / notes;
    for (uint32_t i = 0; i < notes; i++)
        add_note(w, (neume_note){.start_ticks = now(w) + i * length,
                                 .duration_ticks = length - length / 8,
                                 .track = track,
                                 .program = (uint8_t)(track * 5),
                                 .pitch = pitch_of(w, from + (int)w->harmony + 2 * (int)draw(w, 4)),
                                 .velocity = (uint8_t)(60 + draw(w, 40))});
}

static void play_chord(writer *w, uint16_t track, uint64_t start, int from) {
    for (int i = 0; i < 3; i++)
        add_note(w, (neume_note){.start_ticks = start,
                                 .duration_ticks = QUARTER,
                                 .track = track,
                                 .program = (uint8_t)(track * 5),
                                 .pitch = pitch_of(w, from + (int)w->harmony + 2 * i),
                                 .velocity = 70});
}

/* Steps along the scale; an eighth in two is half of a quarter. */
static void play_melody(writer *w, int *degree) {
    uint64_t start = now(w);
    while (start < now(w) + BAR) {
        const uint64_t length = start % QUARTER || draw(w, 2) ? QUARTER / 2 : QUARTER;
        *degree += (int)draw(w, 5) - 2;
        *degree = *degree < 0 ? 2 : *degree > 10 ? 8 : *degree;
        add_note(w, (neume_note){.start_ticks = start,
                                 .duration_ticks = length,
                                 .program = 73,
                                 .pitch = pitch_of(w, *degree),
                                 .velocity = (uint8_t)(70 + draw(w, 30))});
        start += length;
    }
}

static void write_tune(writer *w) {
    static const int keys[] = {0, 2, 5, 7, 9};
    int degree = 4;
    w->key = keys[w->seed % (sizeof keys / sizeof *keys)];
    add_tempo(w, 100 + (uint32_t)(w->seed % 40));
    for (uint32_t bar = 0; bar < TUNE_BARS; bar++) {
        begin_bar(w, bar);
        play_melody(w, &degree);
        for (uint64_t half = 0; half < 2; half++) {
            add_note(w, (neume_note){.start_ticks = now(w) + half * 2 * QUARTER,
                                     .duration_ticks = QUARTER,
                                     .track = 1,
                                     .program = 5,
                                     .pitch = pitch_of(w, (int)w->harmony - 14),
                                     .velocity = 80});
            play_chord(w, 1, now(w) + (half * 2 + 1) * QUARTER, -7);
        }
    }
}

static void write_part(writer *w, uint16_t track) {
    static const uint32_t notes[] = {4, 8, 16, 8};
    add_control(w, track, 11, (uint8_t)(80 + draw(w, 40)));
    if (track % 4 == 3) {
        add_control(w, track, 64, draw(w, 2) ? 127 : 0);
        for (uint64_t quarter = 0; quarter < 4; quarter++)
            play_chord(w, track, now(w) + quarter * QUARTER, -7);
        return;
    }
    play_figure(w, track, notes[track % 4], track % 3 * 5 - 7);
}

static void write_drums(writer *w) {
    for (uint64_t i = 0; i < 8; i++)
        add_note(w, (neume_note){.start_ticks = now(w) + i * QUARTER / 2,
                                 .duration_ticks = QUARTER / 4,
                                 .track = DRUMS,
                                 .pitch = (uint8_t)(i % 2 ? 42 : 36 + 2 * draw(w, 3)),
                                 .velocity = (uint8_t)(60 + draw(w, 60))});
}

static void write_orchestra(writer *w) {
    for (uint32_t bar = 0; bar < ORCHESTRA_BARS; bar++) {
        begin_bar(w, bar);
        if (bar % 8 == 0)
            add_tempo(w, 90 + draw(w, 60));
        for (uint16_t track = 0; track < PARTS; track++)
            if (track != DRUMS)
                write_part(w, track);
        write_drums(w);
    }
}

/* The sets of two pitch classes or more, one an eighth; `seed` of them. */
static void write_chords(writer *w) {
    uint64_t start = 0;
    for (uint32_t set = 1, written = 0; set < 1u << 12 && written < w->seed; set++) {
        if ((set & (set - 1)) == 0)
            continue;
        for (uint8_t c = 0; c < 12; c++)
            if (set >> c & 1)
                add_note(w, (neume_note){.start_ticks = start,
                                         .duration_ticks = QUARTER / 2,
                                         .pitch = (uint8_t)(60 + c),
                                         .velocity = 80});
        start += QUARTER / 2;
        written++;
    }
}

static neume_status write_score(neume_score **out, neume_context *context,
                                void (*write)(writer *writer), uint64_t seed) {
    writer w = {.seed = seed, .status = neume_score_new(out, context)};
    w.score = *out;
    if (!w.status)
        write(&w);
    return w.status ? w.status : neume_score_sort(*out);
}

static neume_status write_scores(nm_bench_music *out, neume_context *context, size_t count,
                                 void (*write)(writer *writer), uint64_t first_seed) {
    neume_status status = NEUME_OK;
    *out = (nm_bench_music){.scores = nm_alloc(context, count, sizeof *out->scores)};
    if (!out->scores)
        return NEUME_NO_MEMORY;
    out->count = count;
    for (size_t i = 0; i < count && !status; i++)
        status = write_score(&out->scores[i], context, write, first_seed + i);
    return status;
}

neume_status nm_bench_tunes(nm_bench_music *out, neume_context *context, size_t count) {
    return write_scores(out, context, count, write_tune, 1);
}

neume_status nm_bench_orchestra(nm_bench_music *out, neume_context *context) {
    return write_scores(out, context, 1, write_orchestra, 1);
}

neume_status nm_bench_chords(nm_bench_music *out, neume_context *context, unsigned count) {
    return write_scores(out, context, 1, write_chords, count);
}

void nm_bench_music_clear(nm_bench_music *music, neume_context *context) {
    for (size_t i = 0; i < music->count; i++)
        neume_score_free(music->scores[i]);
    nm_free(context, music->scores);
    *music = (nm_bench_music){0};
}

static neume_status encode_pieces(neume_corpus *corpus, const nm_bench_music *music,
                                  neume_error *error) {
    neume_status status = NEUME_OK;
    corpus->train = nm_alloc(corpus->context, music->count, sizeof *corpus->train);
    if (!corpus->train)
        return nm_fail_memory(error, "corpus");
    for (size_t i = 0; i < music->count && !status; i++) {
        nm_piece *piece = &corpus->train[corpus->train_count++];
        status = neume_codec_encode(&piece->sequence, corpus->codec, music->scores[i], error);
        if (!status)
            piece->hash = nm_codec_hash(corpus->codec, &piece->sequence);
    }
    return status;
}

neume_status nm_bench_corpus_new(neume_corpus **out, neume_context *context,
                                 const neume_corpus_options *options, const nm_bench_music *music,
                                 neume_error *error) {
    *out = NULL;
    neume_corpus *corpus = nm_alloc(context, 1, sizeof *corpus);
    if (!corpus)
        return nm_fail_memory(error, "corpus");
    *corpus = (neume_corpus){.context = context,
                             .owns_codec = true,
                             .found.context = context,
                             .shifts = options->transpose};
    neume_status status = neume_codec_new(&corpus->codec, context, &options->codec, error);
    if (!status)
        status = encode_pieces(corpus, music, error);
    if (!status && nm_corpus_close(corpus))
        status = nm_fail_memory(error, "corpus");
    if (status)
        neume_corpus_free(corpus);
    else
        *out = corpus;
    return status;
}
