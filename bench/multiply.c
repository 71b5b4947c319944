/* SPDX-License-Identifier: ISC */
/* A large folder from a small one:
 *
 *     multiply OUT COUNT INPUT...
 *
 * writes COUNT files into the folder OUT, a thousand to a subfolder: the MIDI files at and below
 * the inputs, one after the other, and again in other keys and stretched in time (each onset and
 * length of a note by itself, to whole ticks), until there are as many. What is not music is left
 * out. */
#include <neume/neume.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KEYS = 11, STRETCHES = 15, PER_FOLDER = 1000 };

static void check(neume_status status, const neume_error *error) {
    if (!status)
        return;
    fprintf(stderr, "multiply: %s\n", error->line);
    exit(1);
}

/* How the copies differ from their original; the first is as it was. 11 and 15 have no divisor in
 * common, so 165 copies are all different. */
typedef struct change {
    int semitones;  /* -5..5 */
    double stretch; /* 1, 1.07, 0.93, 1.14, ... */
} change;

static change change_of(size_t copy) {
    const int key = (int)(copy % KEYS), step = (int)(copy % STRETCHES);
    return (change){key % 2 ? (key + 1) / 2 : -key / 2,
                    1 + 0.07 * (step % 2 ? (step + 1) / 2 : -step / 2)};
}

static uint64_t stretched(uint64_t ticks, change by) {
    return (uint64_t)llround((double)ticks * by.stretch);
}

static neume_status copy_notes(neume_score *to, const neume_score *from, change by) {
    size_t count;
    const neume_note *notes = neume_score_notes(from, &count);
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < count && !status; i++) {
        neume_note note = notes[i];
        note.start_ticks = stretched(note.start_ticks, by);
        note.duration_ticks = stretched(note.duration_ticks, by);
        status = neume_score_add_note(to, &note);
    }
    return status;
}

static neume_status copy_times(neume_score *to, const neume_score *from, change by) {
    size_t tempo_count, metre_count;
    const neume_tempo *tempos = neume_score_tempos(from, &tempo_count);
    const neume_time_signature *metres = neume_score_time_signatures(from, &metre_count);
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < tempo_count && !status; i++) {
        neume_tempo tempo = tempos[i];
        tempo.start_ticks = stretched(tempo.start_ticks, by);
        status = neume_score_add_tempo(to, &tempo);
    }
    for (size_t i = 0; i < metre_count && !status; i++) {
        neume_time_signature metre = metres[i];
        metre.start_ticks = stretched(metre.start_ticks, by);
        status = neume_score_add_time_signature(to, &metre);
    }
    return status;
}

static neume_status change_score(neume_score **out, neume_context *context, const neume_score *from,
                                 change by) {
    neume_status status = neume_score_new(out, context);
    if (status)
        return status;
    neume_score_set_ticks_per_quarter(*out, neume_score_ticks_per_quarter(from));
    status = copy_notes(*out, from, by);
    if (!status)
        status = copy_times(*out, from, by);
    if (!status)
        status = neume_score_sort(*out);
    if (!status)
        (void)neume_score_transpose(*out, by.semitones);
    return status;
}

/* No file is forced to the disk: a hundred thousand would take an hour. */
static void put(const char *path, neume_bytes bytes) {
    FILE *file = fopen(path, "wbe");
    if (!file || fwrite(bytes.data, 1, bytes.size_bytes, file) != bytes.size_bytes ||
        fclose(file) != 0) {
        fprintf(stderr, "multiply: %s: %s\n", path, strerror(errno));
        exit(1);
    }
}

static void write_copy(const char *folder, size_t number, neume_context *context,
                       const neume_score *score) {
    char path[4096];
    neume_bytes bytes;
    neume_error error = {0};
    check(neume_midi_write(&bytes, context, score, &error), &error);
    snprintf(path, sizeof path, "%s/%03zu", folder, number / PER_FOLDER);
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        fprintf(stderr, "multiply: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    snprintf(path, sizeof path, "%s/%03zu/%06zu.mid", folder, number / PER_FOLDER, number);
    put(path, bytes);
    neume_midi_bytes_free(context, bytes);
}

/* Whether the file gave a copy. */
static bool multiply(const char *folder, size_t number, neume_context *context, const char *path,
                     size_t copy) {
    neume_score *score = NULL, *changed = NULL;
    size_t notes = 0;
    if (neume_midi_load(&score, context, path, NULL, NULL))
        return false;
    (void)neume_score_notes(score, &notes);
    if (notes > 0) {
        const neume_error error = {.line = "out of memory"};
        check(change_score(&changed, context, score, change_of(copy)), &error);
        write_copy(folder, number, context, changed);
    }
    neume_score_free(changed);
    neume_score_free(score);
    return notes > 0;
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "multiply: expected OUT COUNT INPUT...\n");
        return 2;
    }
    const size_t wanted = strtoull(argv[2], NULL, 10);
    const neume_inputs inputs = {(const char *const *)argv + 3, (size_t)argc - 3};
    const neume_context_options options = neume_context_options_default();
    neume_context *context = NULL;
    neume_files *files = NULL;
    neume_error error = {0};
    check(neume_context_new(&context, &options, &error), &error);
    check(neume_files_find(&files, context, inputs, &error), &error);
    size_t made = 0;
    for (size_t copy = 0; made < wanted && copy < (size_t)KEYS * STRETCHES; copy++)
        for (size_t i = 0; i < neume_files_count(files) && made < wanted; i++)
            made += multiply(argv[1], made, context, neume_files_path(files, i), copy);
    neume_files_free(files);
    neume_context_free(context);
    printf("%zu files\n", made);
    return made == wanted ? 0 : 1;
}
