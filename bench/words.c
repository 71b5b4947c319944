/* SPDX-License-Identifier: ISC */
/* Speed from a folder to words:
 *
 *     words [-p PRESET] FOLDER...
 *
 * loads the folders' corpus with one thread and with as many as there are cores, in turn, and
 * prints medians of files a second of processor time (of all threads together: what others on the
 * machine take does not count) and the best of real time; then the processor's time of each phase
 * by itself. */
#include "measure.h"

#include "base/bytes.h"
#include "base/file.h"
#include "learn/corpus.h"
#include "music/fingerprint.h"

#include <neume/midi.h>
#include <neume/train.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 9 };

typedef enum phase { FIND, READ, PARSE, ENCODE, HASH, PRINT, PHASES } phase;

typedef struct folder {
    neume_inputs inputs;
    neume_corpus_options options;
    size_t files, bytes, words;
    double phases[PHASES][ROUNDS]; /* seconds */
} folder;

static double seconds_on(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *of) {
    qsort(of, ROUNDS, sizeof *of, compare);
    return of[ROUNDS / 2];
}

static void check(neume_status status, const char *what) {
    if (!status)
        return;
    fprintf(stderr, "%s failed\n", what);
    exit(1);
}

/* Seconds of loading, in each round. */
typedef struct times {
    double processor[ROUNDS], real[ROUNDS];
} times;

static void load(times *out, size_t round, folder *of, neume_context *context) {
    neume_corpus *corpus = NULL;
    const double start = seconds_on(CLOCK_MONOTONIC);
    const double start_busy = seconds_on(CLOCK_PROCESS_CPUTIME_ID);
    check(neume_corpus_load(&corpus, context, &of->options, of->inputs, NULL), "loading");
    out->processor[round] = seconds_on(CLOCK_PROCESS_CPUTIME_ID) - start_busy;
    out->real[round] = seconds_on(CLOCK_MONOTONIC) - start;
    of->files = neume_corpus_file_count(corpus);
    neume_corpus_free(corpus);
}

/* One phase's time goes from the last call to this one. */
static void count(folder *of, phase p, size_t round, double *last) {
    const double now = seconds_on(CLOCK_PROCESS_CPUTIME_ID);
    of->phases[p][round] += now - *last;
    *last = now;
}

static void take_file(folder *of, neume_context *context, neume_codec *codec, size_t round,
                      const nm_buffer *bytes) {
    double last = seconds_on(CLOCK_PROCESS_CPUTIME_ID);
    neume_score *score = NULL;
    neume_sequence sequence = {0};
    if (neume_midi_read(&score, context, (neume_bytes){bytes->data, bytes->size}, NULL, NULL))
        return;
    count(of, PARSE, round, &last);
    check(neume_codec_encode(&sequence, codec, score, NULL), "encoding");
    count(of, ENCODE, round, &last);
    of->words += sequence.step_count * sequence.width + (nm_codec_hash(codec, &sequence) == 0);
    count(of, HASH, round, &last);
    nm_fingerprint print;
    check(nm_fingerprint_of_score(&print, context, score), "fingerprint");
    count(of, PRINT, round, &last);
    neume_sequence_clear(context, &sequence);
    neume_score_free(score);
    count(of, PARSE, round, &last);
}

static void take_phases(folder *of, neume_context *context, size_t round) {
    nm_file_list list = {.context = context};
    nm_buffer bytes = nm_buffer_on(context);
    neume_codec *codec = NULL;
    check(neume_codec_new(&codec, context, &of->options.codec, NULL), "codec");
    of->bytes = of->words = 0;
    double last = seconds_on(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < of->inputs.count; i++)
        check(nm_file_list_add(&list, of->inputs.paths[i]), "finding");
    count(of, FIND, round, &last);
    for (size_t i = 0; i < list.count; i++) {
        last = seconds_on(CLOCK_PROCESS_CPUTIME_ID);
        bytes.size = 0;
        if (nm_file_read(&bytes, list.entries[i].path, SIZE_MAX, NULL))
            continue;
        count(of, READ, round, &last);
        of->bytes += bytes.size;
        take_file(of, context, codec, round, &bytes);
    }
    neume_codec_free(codec);
    nm_buffer_clear(&bytes);
    nm_file_list_clear(&list);
}

static void print_times(times *of, const char *label, double files) {
    const double processor = median(of->processor);
    median(of->real);
    printf("%-10s %8.0f files/s of processor time, %8.0f in real time at best\n", label,
           files / processor, files / of->real[0]);
}

static void print_phases(folder *of) {
    static const char *const names[PHASES] = {"find",   "open, read", "parse",
                                              "encode", "hash",       "fingerprint"};
    for (phase p = 0; p < PHASES; p++)
        printf("%-11s %8.1f us a file\n", names[p],
               1e6 * median(of->phases[p]) / (double)of->files);
}

static void measure(folder *of) {
    neume_context *one = bench_context(1, NEUME_ISA_AUTO), *all = bench_context(0, NEUME_ISA_AUTO);
    times alone, together;
    load(&alone, 0, of, one);
    for (size_t round = 0; round < ROUNDS; round++) {
        load(&alone, round, of, one);
        load(&together, round, of, all);
        take_phases(of, one, round);
    }
    printf("%zu files, %.2f MB, %zu words\n", of->files, (double)of->bytes / 1e6, of->words);
    print_times(&alone, "1 thread", (double)of->files);
    print_times(&together, "all cores", (double)of->files);
    print_phases(of);
    neume_context_free(all);
    neume_context_free(one);
}

int main(int argc, char **argv) {
    const bool has_preset = argc > 2 && strcmp(argv[1], "-p") == 0;
    const int first = has_preset ? 3 : 1;
    neume_train_options unused;
    folder of = {.inputs = {(const char *const *)argv + first, (size_t)(argc - first)},
                 .options = neume_corpus_options_default()};
    if (first >= argc) {
        fprintf(stderr, "words [-p PRESET] FOLDER...\n");
        return 2;
    }
    check(neume_train_options_preset(&unused, &of.options, has_preset ? argv[2] : "events", NULL),
          "preset");
    measure(&of);
    return 0;
}
