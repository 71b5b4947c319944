/* SPDX-License-Identifier: ISC */
/* What the commands share: options over the library's structs, contexts, input. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const nm_opt nm_help_options[1] = {{.name = "help",
                                    .letter = 'h',
                                    .kind = NM_OPT_FLAG,
                                    NM_OPT_FIELD(nm_general, help),
                                    .help = "show this help and exit"}};

const nm_opt nm_json_options[1] = {{.name = "json",
                                    .kind = NM_OPT_FLAG,
                                    NM_OPT_FIELD(nm_general, json),
                                    .help = "write the report as JSON on standard output, and "
                                            "nothing else there"}};

static const char *const pairings[] = {"fifo", "last", NULL};

const nm_opt nm_reading_options[3] = {
    {.name = "strict",
     .kind = NM_OPT_FLAG,
     NM_OPT_FIELD(neume_midi_read_options, strict),
     .help = "refuse a MIDI file where it would have to be repaired"},
    {.name = "pairing",
     .kind = NM_OPT_CHOICE,
     NM_OPT_FIELD(neume_midi_read_options, pairing),
     .choices = pairings,
     .help = "what ends a key that was struck again while it sounded: first in first out, or "
             "the last onset alone counts"},
    {.name = "ticks-per-quarter",
     .kind = NM_OPT_UNSIGNED,
     NM_OPT_FIELD(neume_midi_read_options, ticks_per_quarter),
     .value = "N",
     .least = 1,
     .most = 32767,
     .default_text = "the header's",
     .help = "ticks of a quarter note, whatever the header of the file says"},
};

static const char *const voicings[] = {"classes", "pitches", NULL};
static const char *const rest_units[] = {"quarter", "sixteenth", NULL};
static const char *const orders[] = {"ascending", "descending", NULL};
static const char *const keeping[] = {"keep", "drop", NULL};
static const char *const timings[] = {"metrical", "performance", NULL};

const nm_opt nm_codec_choice_options[12] = {
    {.name = "grid",
     .kind = NM_OPT_UNSIGNED,
     NM_OPT_FIELD(neume_codec_options, grid),
     .value = "N",
     .least = 1,
     .most = 960,
     .help = "cells of a quarter note; onsets in one cell are one word"},
    {.name = "voicing",
     .kind = NM_OPT_CHOICE,
     NM_OPT_FIELD(neume_codec_options, voicing),
     .choices = voicings,
     .help = "how a chord is spelt: by pitch classes in normal order, or by its true pitches"},
    {.name = "track",
     .kind = NM_OPT_UNSIGNED,
     NM_OPT_FIELD(neume_codec_options, track),
     .value = "N",
     .most = 65535,
     .word = "all",
     .help = "only this track of each file; the first is 0"},
    {.name = "program",
     .kind = NM_OPT_UNSIGNED,
     NM_OPT_FIELD(neume_codec_options, program),
     .value = "N",
     .most = 127,
     .word = "all",
     .help = "only the notes of this MIDI program; the first is 0"},
    {.name = "melody",
     .kind = NM_OPT_FLAG,
     NM_OPT_FIELD(neume_codec_options, melody),
     .help = "for intervals: only the highest note of each cell"},
    {.name = "rest-unit",
     .kind = NM_OPT_CHOICE,
     NM_OPT_FIELD(neume_codec_options, rest_unit),
     .choices = rest_units,
     .help = "for intervals: what r1 to r4 count; beside quarters, x1 to x3 are sixteenths"},
    {.name = "time-signatures",
     .kind = NM_OPT_BYTES,
     NM_OPT_FIELD(neume_codec_options, metres),
     .value = "N,N...",
     .least = 1,
     .most = 255,
     .default_text = "all",
     .help = "for intervals and biaxial: only the music under time signatures of these numerators"},
    {.name = "order",
     .kind = NM_OPT_CHOICE,
     NM_OPT_FIELD(neume_codec_options, order),
     .choices = orders,
     .help = "for frames: in which order the pitches of a frame are said"},
    {.name = "pitch-range",
     .kind = NM_OPT_PITCHES,
     NM_OPT_FIELD(neume_codec_options, pitch_range),
     .value = "LOW-HIGH",
     .help = "for biaxial: the MIDI notes that the network computes; others are left out"},
    {.name = "onsets",
     .kind = NM_OPT_CHOICE,
     NM_OPT_FIELD(neume_codec_options, onsets),
     .choices = keeping,
     .help = "for biaxial: whether a note that is struck again is told from one that is held; "
             "benchmark files do not know"},
    {.name = "timing",
     .kind = NM_OPT_CHOICE,
     NM_OPT_FIELD(neume_codec_options, timing),
     .choices = timings,
     .help = "for events: bars and cells of the grid, or seconds in steps of 10 ms, as played"},
    {.name = "drums",
     .kind = NM_OPT_CHOICE,
     NM_OPT_FIELD(neume_codec_options, drums),
     .choices = keeping,
     .help = "for events: what becomes of the notes of channel 10; all others leave them out"},
};

const char *const nm_precision_choices[5] = {"auto", "fp32", "bf16", "int8", NULL};

static const char *const isas[] = {"auto", "c", "baseline", "avx2", "avx512", NULL};

const nm_opt nm_machine_options[2] = {
    {.name = "threads",
     .kind = NM_OPT_UNSIGNED,
     NM_OPT_FIELD(neume_context_options, thread_count),
     .value = "N",
     .least = 1,
     .most = 256,
     .default_text = "one for each core",
     .help = "threads that compute; the result is the same for any number"},
    {.name = "isa",
     .kind = NM_OPT_CHOICE,
     NM_OPT_FIELD(neume_context_options, isa),
     .choices = isas,
     .help = "the instruction set that computes"},
};

static void print_all(void *data, neume_log_level level, const char *line) {
    (void)data;
    (void)level;
    nm_report_line(NULL, line);
}

static void print_news(void *data, neume_log_level level, const char *line) {
    if (level >= NEUME_LOG_INFO)
        print_all(data, level, line);
}

static void print_warnings(void *data, neume_log_level level, const char *line) {
    if (level >= NEUME_LOG_WARNING)
        print_all(data, level, line);
}

neume_status nm_cli_context(neume_context **out, neume_context_options options,
                            neume_log_level level, neume_error *error) {
    static const neume_log_func functions[] = {[NEUME_LOG_DEBUG] = print_all,
                                               [NEUME_LOG_INFO] = print_news,
                                               [NEUME_LOG_WARNING] = print_warnings};
    options.log = functions[level];
    return neume_context_new(out, &options, error);
}

static neume_status fail_preset(const char *given, neume_error *error) {
    const char *const *names = neume_preset_names();
    char list[256] = "";
    size_t used = 0;
    for (size_t i = 0; names[i] && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
    return nm_report_fail(error, NEUME_BAD_USAGE, "--preset %s: expected %s", given, list);
}

neume_status nm_cli_preset(neume_train_options *train, neume_corpus_options *corpus,
                           const nm_arguments *arguments, neume_error *error) {
    const char *const *names = neume_preset_names();
    const char *given = arguments ? nm_opt_given(arguments, "preset") : NULL;
    for (size_t i = 0; names[i]; i++)
        if (!given || strcmp(given, names[i]) == 0)
            return neume_train_options_preset(train, corpus, names[i], error);
    return fail_preset(given, error);
}

/* What a pipe may bring: as much as a MIDI file may hold. */
enum { MOST_READ = 64 << 20 };

static neume_status read_stream(char **out, size_t *size, FILE *file, const char *path,
                                neume_error *error) {
    size_t capacity = 0, got = 1;
    while (got > 0) {
        if (*size + 1 >= capacity) {
            capacity = capacity ? 2 * capacity : 1 << 16;
            char *grown = realloc(*out, capacity);
            if (!grown)
                return nm_report_fail(error, NEUME_NO_MEMORY, "%s: out of memory", path);
            *out = grown;
        }
        got = fread(*out + *size, 1, capacity - *size - 1, file);
        *size += got;
        (*out)[*size] = '\0';
        if (*size > MOST_READ)
            return nm_report_fail(error, NEUME_BAD_INPUT, "%s: too long, expected at most %d bytes",
                                  path, MOST_READ);
    }
    if (ferror(file))
        return nm_report_fail(error, NEUME_BAD_INPUT, "%s: %s", path, strerror(errno));
    return NEUME_OK;
}

neume_status nm_cli_read_all(char **out, size_t *size, const char *path, neume_error *error) {
    *out = NULL;
    *size = 0;
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!file)
        return nm_report_fail(error, errno == ENOMEM ? NEUME_NO_MEMORY : NEUME_BAD_INPUT, "%s: %s",
                              path, strerror(errno));
    const neume_status status = read_stream(out, size, file, path, error);
    if (file != stdin)
        fclose(file);
    if (status) {
        free(*out);
        *out = NULL;
    }
    return status;
}

neume_status nm_cli_load_midi(neume_score **out, neume_context *context, const char *path,
                              const neume_midi_read_options *reading, neume_error *error) {
    if (strcmp(path, "-") != 0)
        return neume_midi_load(out, context, path, reading, error);
    char *data;
    size_t size;
    *out = NULL;
    neume_status status = nm_cli_read_all(&data, &size, path, error);
    if (!status)
        status = neume_midi_read(out, context, (neume_bytes){data, size}, reading, error);
    free(data);
    return status;
}

neume_status nm_cli_check_output(const char *path, neume_error *error) {
    struct stat about;
    if (!path || strcmp(path, "-") == 0)
        return NEUME_OK;
    const size_t length = strlen(path);
    if (path[length - 1] == '/' || (stat(path, &about) == 0 && S_ISDIR(about.st_mode)))
        return nm_report_fail(error, NEUME_BAD_USAGE, "%s: is a folder, expected a file name",
                              path);
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    if (!folder)
        return nm_report_fail(error, NEUME_NO_MEMORY, "%s: out of memory", path);
    const int failure = access(folder, W_OK | X_OK) ? errno : 0;
    neume_status status = NEUME_OK;
    if (failure)
        status = nm_report_fail(error, NEUME_CANNOT_WRITE, "%s: cannot be written: %s: %s", path,
                                folder, strerror(failure));
    free(folder);
    return status;
}

neume_status nm_cli_make_folder(const char *path, neume_error *error) {
    struct stat about;
    const int failure = mkdir(path, 0777) == 0 ? 0 : errno;
    if (!failure || (stat(path, &about) == 0 && S_ISDIR(about.st_mode)))
        return NEUME_OK;
    return nm_report_fail(error, NEUME_CANNOT_WRITE, "%s: cannot be made: %s", path,
                          strerror(failure == EEXIST ? ENOTDIR : failure));
}

static bool is_unused(const neume_corpus_file *file) {
    return file->status == NEUME_FILE_SKIPPED || file->status == NEUME_FILE_DUPLICATE;
}

static void print_reason(const neume_corpus_file *file) {
    char line[480], place[32] = "";
    const size_t length = strlen(file->path);
    const bool has_path =
        strncmp(file->reason, file->path, length) == 0 && file->reason[length] == ':';
    if (file->has_offset)
        snprintf(place, sizeof place, " (at byte %llu)", (unsigned long long)file->offset);
    snprintf(line, sizeof line, "%s: %s%s%s%s", neume_file_status_name(file->status),
             has_path ? "" : file->path, has_path ? "" : ": ", file->reason, place);
    nm_report_line(NULL, line);
}

void nm_cli_print_unused(const neume_corpus *corpus, const char *where) {
    enum { SHOWN = 10 };
    size_t unused = 0;
    for (size_t i = 0; i < neume_corpus_file_count(corpus); i++) {
        const neume_corpus_file *file = neume_corpus_file_at(corpus, i);
        if (is_unused(file) && unused++ < SHOWN)
            print_reason(file);
    }
    char line[128];
    snprintf(line, sizeof line, "and %zu more%s", unused - SHOWN, where);
    if (unused > SHOWN)
        nm_report_line(NULL, line);
}
