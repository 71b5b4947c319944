/* SPDX-License-Identifier: ISC */
/* Speed of reading MIDI: parse [-s SECONDS] FILE... reads each file into memory once, parses them
 * all again and again, and prints the best round. Exits 1 where a file is refused. */
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

static neume_status measure(neume_context *context, const nm_buffer *files, size_t count,
                            double seconds) {
    double best = 1e9;
    totals sum = {0};
    for (const double end = now() + seconds; now() < end;) {
        const double start = now();
        sum = (totals){0};
        for (size_t i = 0; i < count; i++)
            if (parse(&sum, context, &files[i]))
                return NEUME_FAILED;
        const double took = now() - start;
        if (took < best)
            best = took;
    }
    printf("%zu files, %.2f MB, %zu notes: %.1f MB/s, %.2f M notes/s, %.0f files/s\n", count,
           (double)sum.bytes / 1e6, sum.notes, (double)sum.bytes / best / 1e6,
           (double)sum.notes / best / 1e6, (double)count / best);
    return NEUME_OK;
}

static neume_status load_all(nm_buffer *files, neume_context *context, char **paths, size_t count) {
    for (size_t i = 0; i < count; i++) {
        neume_error error;
        files[i] = nm_buffer_on(context);
        if (nm_file_read(&files[i], paths[i], SIZE_MAX, &error)) {
            fprintf(stderr, "%s\n", error.line);
            return NEUME_FAILED;
        }
    }
    return NEUME_OK;
}

int main(int argc, char **argv) {
    double seconds = 3;
    if (argc > 2 && strcmp(argv[1], "-s") == 0) {
        seconds = strtod(argv[2], NULL);
        argc -= 2;
        argv += 2;
    }
    const size_t count = argc > 1 ? (size_t)argc - 1 : 0;
    neume_context_options options = neume_context_options_default();
    options.thread_count = 1;
    neume_context *context = NULL;
    neume_status status = neume_context_new(&context, &options, NULL);
    nm_buffer *files = calloc(count + 1, sizeof *files);
    if (!status && files)
        status = load_all(files, context, argv + 1, count);
    if (!status && files && count)
        status = measure(context, files, count, seconds);
    for (size_t i = 0; files && i < count; i++)
        if (files[i].context)
            nm_buffer_clear(&files[i]);
    free(files);
    neume_context_free(context);
    return status || !files || !count;
}
