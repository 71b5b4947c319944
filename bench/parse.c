/* SPDX-License-Identifier: ISC */
/* Speed of reading MIDI: parse [-s SECONDS | -r NAME] FILE... reads each file into memory once,
 * parses them all again and again, and prints the best round; with -r what rounds.h says, NAME
 * being that of the files. Exits 1 where a file is refused. */
#include "rounds.h"

#include "base/bytes.h"
#include "base/file.h"

#include <neume/midi.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct totals {
    size_t bytes, notes;
} totals;

typedef struct work {
    neume_context *context;
    nm_buffer *files;
    size_t count;
} work;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static neume_status parse(totals *sum, neume_context *context, const nm_buffer *file) {
    neume_score *score = NULL;
    neume_error error;
    const neume_bytes bytes = {file->data, file->size};
    const neume_status status = neume_midi_read(&score, context, bytes, NULL, &error);
    if (status) {
        fprintf(stderr, "%s\n", error.line);
        return status;
    }
    sum->bytes += file->size;
    sum->notes += neume_score_note_ons(score);
    neume_score_free(score);
    return NEUME_OK;
}

static neume_status parse_all(totals *sum, const work *w) {
    *sum = (totals){0};
    for (size_t i = 0; i < w->count; i++)
        if (parse(sum, w->context, &w->files[i]))
            return NEUME_FAILED;
    return NEUME_OK;
}

static neume_status measure(const work *w, double seconds) {
    double best = 1e9;
    totals sum = {0};
    for (const double end = now() + seconds; now() < end;) {
        const double start = now();
        if (parse_all(&sum, w))
            return NEUME_FAILED;
        const double took = now() - start;
        if (took < best)
            best = took;
    }
    printf("%zu files, %.2f MB, %zu notes: %.1f MB/s, %.2f M notes/s, %.0f files/s\n", w->count,
           (double)sum.bytes / 1e6, sum.notes, (double)sum.bytes / best / 1e6,
           (double)sum.notes / best / 1e6, (double)w->count / best);
    return NEUME_OK;
}

static void round_of(void *data) {
    totals sum;
    if (parse_all(&sum, data))
        exit(1);
}

static neume_status serve(work *w, const char *name) {
    totals sum;
    const neume_status status = parse_all(&sum, w);
    if (!status)
        bench_serve(&(bench_rounds){.what = "parse",
                                    .peer = "neume",
                                    .shape = name,
                                    .unit = "MB/s",
                                    .threads = 1,
                                    .units = (double)sum.bytes / 1e6,
                                    .body = round_of,
                                    .data = w});
    return status;
}

static neume_status load_all(work *w, char **paths) {
    for (size_t i = 0; i < w->count; i++) {
        neume_error error;
        w->files[i] = nm_buffer_on(w->context);
        if (nm_file_read(&w->files[i], paths[i], SIZE_MAX, &error)) {
            fprintf(stderr, "%s\n", error.line);
            return NEUME_FAILED;
        }
    }
    return NEUME_OK;
}

static void work_clear(work *w) {
    for (size_t i = 0; w->files && i < w->count; i++)
        if (w->files[i].context)
            nm_buffer_clear(&w->files[i]);
    free(w->files);
    neume_context_free(w->context);
}

int main(int argc, char **argv) {
    double seconds = 3;
    const char *name = NULL;
    if (argc > 2 && argv[1][0] == '-') {
        if (strcmp(argv[1], "-r") == 0)
            name = argv[2];
        else
            seconds = strtod(argv[2], NULL);
        argc -= 2;
        argv += 2;
    }
    work w = {.count = argc > 1 ? (size_t)argc - 1 : 0};
    neume_context_options options = neume_context_options_default();
    options.thread_count = 1;
    neume_status status = neume_context_new(&w.context, &options, NULL);
    w.files = calloc(w.count + 1, sizeof *w.files);
    const bool can_start = !status && w.files && w.count;
    if (can_start)
        status = load_all(&w, argv + 1);
    if (can_start && !status)
        status = name ? serve(&w, name) : measure(&w, seconds);
    work_clear(&w);
    return status || !can_start;
}
