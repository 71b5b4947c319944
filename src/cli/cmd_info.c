/* SPDX-License-Identifier: ISC */
/* neume info: what a file is, what is in it, what was repaired. */
#include "cli/cli.h"
#include "cli/info_midi.h"
#include "cli/info_model.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct info_settings {
    nm_general general;
    neume_midi_read_options reading;
    const char *charset;
} info_settings;

/* A file looked at. */
typedef struct finding {
    const char *path;
    neume_file_kind kind;
    neume_score *score;  /* of a MIDI file that was read */
    nm_info_model model; /* of a model or checkpoint that was read */
    neume_status status;
    neume_error error;
} finding;

/* Counts over a folder. */
typedef struct totals {
    size_t files, midi, repaired, refused, other, notes;
    double seconds;
} totals;

typedef struct inspection {
    const info_settings *settings;
    neume_context *context;
    json_t *report; /* an array; NULL without --json */
    size_t read;    /* files that could be read */
    neume_error *error;
} inspection;

static neume_status look(finding *out, const inspection *in, const char *path,
                         const char *failure) {
    *out = (finding){.path = path};
    if (failure)
        return nm_report_fail(&out->error, NEUME_BAD_INPUT, "%s: %s", path, failure);
    if (strcmp(path, "-") == 0) {
        out->kind = NEUME_KIND_MIDI;
    } else {
        neume_status status = neume_file_kind_of(&out->kind, in->context, path, &out->error);
        if (status)
            return status;
    }
    if (out->kind == NEUME_KIND_MODEL || out->kind == NEUME_KIND_CHECKPOINT)
        return nm_info_model_load(&out->model, in->context, path, out->kind, &out->error);
    return nm_cli_load_midi(&out->score, in->context, path, &in->settings->reading, &out->error);
}

static void finding_clear(finding *f) {
    neume_score_free(f->score);
    nm_info_model_clear(&f->model);
}

static const char *status_name(const finding *f) {
    size_t repairs = 0;
    if (f->status)
        return "refused";
    if (f->score)
        neume_score_repairs(f->score, &repairs);
    return repairs ? "repaired" : "ok";
}

/* The reason without the path that it begins with. */
static const char *reason(const finding *f) {
    const size_t length = strlen(f->path);
    if (!f->status)
        return "";
    if (strncmp(f->error.line, f->path, length) == 0 && f->error.line[length] == ':')
        return f->error.line + length + 1 + strspn(f->error.line + length + 1, " ");
    return f->error.line;
}

static json_t *finding_json(const finding *f, const char *charset) {
    static const char *const kinds[] = {"other", "midi", "model", "checkpoint"};
    json_t *object = json_pack(
        "{s:o, s:s, s:s, s:o, s:o}", "file", nm_report_json_text(f->path), "kind", kinds[f->kind],
        "status", status_name(f), "reason", nm_report_json_text(reason(f)), "offset",
        f->status && f->error.has_offset ? json_integer((json_int_t)f->error.offset) : json_null());
    json_t *details = f->status  ? json_object()
                      : f->score ? nm_info_midi_json(f->score, charset)
                                 : nm_info_model_json(&f->model);
    if (!object || !details || json_object_update(object, details)) {
        json_decref(object);
        object = NULL;
    }
    json_decref(details);
    return object;
}

static void print_refused(const finding *f) {
    printf("  %srefused%s   %s", nm_report_style(stdout, NM_STYLE_BAD),
           nm_report_style(stdout, NM_STYLE_PLAIN), reason(f));
    if (f->error.has_offset)
        printf(" (at byte %llu)", (unsigned long long)f->error.offset);
    putchar('\n');
}

static bool print_at_length(const finding *f, const char *charset) {
    printf("%s%s%s\n", nm_report_style(stdout, NM_STYLE_BOLD), f->path,
           nm_report_style(stdout, NM_STYLE_PLAIN));
    if (f->score)
        return nm_info_midi_print(f->score, charset);
    if (!f->status)
        return nm_info_model_print(&f->model);
    print_refused(f);
    return true;
}

/* A file of a folder: one line. */
static void print_row(const finding *f) {
    char key[NM_REPORT_TEXT], metre[NM_REPORT_TEXT], time[NM_REPORT_TEXT], count[NM_REPORT_TEXT];
    size_t repairs;
    if (f->score) {
        printf("%9s %9s  %-6s %-9s  %s", nm_report_count(count, neume_score_note_ons(f->score)),
               nm_report_duration(time, nm_info_midi_seconds(f->score)),
               nm_info_midi_metre(metre, f->score), nm_info_midi_key(key, f->score), f->path);
        neume_score_repairs(f->score, &repairs);
        printf("%s\n", repairs ? "  (repaired)" : "");
    } else if (f->status) {
        printf("%9s %9s  %-6s %-9s  %s: %s\n", "-", "-", "-", "-", f->path, reason(f));
    } else {
        printf("%9s %9s  %-6s %-9s  %s\n", "-", "-", "-",
               f->kind == NEUME_KIND_MODEL ? "model" : "checkpoint", f->path);
    }
}

static void count_finding(totals *t, const finding *f) {
    t->files++;
    if (f->score) {
        size_t repairs;
        neume_score_repairs(f->score, &repairs);
        t->midi++;
        t->repaired += repairs > 0;
        t->notes += neume_score_note_ons(f->score);
        t->seconds += nm_info_midi_seconds(f->score);
    } else if (f->status && f->kind == NEUME_KIND_MIDI) {
        t->refused++;
    } else if (f->kind == NEUME_KIND_OTHER) {
        t->other++;
    }
}

static void print_totals(const totals *t) {
    char notes[NM_REPORT_TEXT], time[NM_REPORT_TEXT];
    printf("%zu file%s: %zu MIDI files (%zu repaired) with %s notes in %s", t->files,
           t->files == 1 ? "" : "s", t->midi, t->repaired, nm_report_count(notes, t->notes),
           nm_report_duration(time, t->seconds));
    if (t->refused)
        printf("; %zu damaged beyond reading", t->refused);
    if (t->other)
        printf("; %zu of other kinds", t->other);
    putchar('\n');
}

/* False: no memory. */
static bool report_finding(inspection *in, const finding *f, bool is_of_folder) {
    const char *charset = in->settings->charset;
    if (in->report)
        return json_array_append_new(in->report, finding_json(f, charset)) == 0;
    if (!is_of_folder)
        return print_at_length(f, charset);
    print_row(f);
    return true;
}

static neume_status report_file(inspection *in, const char *path, const char *failure,
                                totals *folder) {
    finding f = {0};
    neume_status status = NEUME_OK;
    const neume_status looked = look(&f, in, path, failure);
    f.status = looked;
    in->read += looked == NEUME_OK;
    if (looked == NEUME_NO_MEMORY)
        status = nm_report_fail(in->error, looked, "%s", f.error.line);
    else if (!report_finding(in, &f, folder != NULL))
        status = nm_report_fail(in->error, NEUME_NO_MEMORY, "report: out of memory");
    if (folder)
        count_finding(folder, &f);
    finding_clear(&f);
    return status;
}

static bool is_folder(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static neume_status report_operand(inspection *in, const char *path) {
    if (!is_folder(path))
        return report_file(in, path, NULL, NULL);
    neume_files *files;
    totals folder = {0};
    const neume_inputs inputs = {&path, 1};
    neume_status status = neume_files_find(&files, in->context, inputs, in->error);
    if (status)
        return status;
    if (!in->report)
        printf("%9s %9s  %-6s %-9s  %s\n", "notes", "time", "metre", "key", "file");
    for (size_t i = 0; i < neume_files_count(files) && !status; i++)
        status =
            report_file(in, neume_files_path(files, i), neume_files_failure(files, i), &folder);
    if (!status && !in->report)
        print_totals(&folder);
    neume_files_free(files);
    return status;
}

static neume_status report_all(inspection *in, const nm_arguments *arguments) {
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < arguments->operand_count && !status; i++)
        status = report_operand(in, arguments->operands[i]);
    if (in->report && !status) {
        status = nm_report_json(stdout, in->report, in->error);
        in->report = NULL;
    }
    json_decref(in->report);
    if (!status && in->read == 0)
        status = nm_report_fail(in->error, NEUME_BAD_INPUT, "%s%s: no file could be read",
                                arguments->operands[0],
                                arguments->operand_count > 1 ? " and others" : "");
    return status;
}

static neume_status init(void *settings, const nm_arguments *arguments, neume_error *error) {
    (void)arguments;
    (void)error;
    info_settings *s = settings;
    *s = (info_settings){.reading = neume_midi_read_options_default(), .charset = "auto"};
    return NEUME_OK;
}

static neume_status run(void *settings, const nm_arguments *arguments, neume_error *error) {
    const info_settings *s = settings;
    if (!nm_report_has_charset(s->charset))
        return nm_report_fail(error, NEUME_BAD_USAGE,
                              "--text-charset %s: expected auto or a charset such as UTF-8, "
                              "ISO-8859-1 or SHIFT_JIS",
                              s->charset);
    inspection in = {.settings = s, .error = error};
    neume_context_options options = neume_context_options_default();
    options.thread_count = 1;
    neume_status status = nm_cli_context(&in.context, options, NEUME_LOG_WARNING, error);
    if (status)
        return status;
    in.report = s->general.json ? json_array() : NULL;
    if (s->general.json && !in.report)
        status = nm_report_fail(error, NEUME_NO_MEMORY, "report: out of memory");
    else
        status = report_all(&in, arguments);
    neume_context_free(in.context);
    return status;
}

static const nm_opt text_options[] = {
    {.name = "text-charset",
     .kind = NM_OPT_TEXT,
     NM_OPT_FIELD(info_settings, charset),
     .value = "CHARSET",
     .help = "how titles and lyrics are read; auto: as UTF-8 where that is valid, else as Latin-1"},
};

static const nm_opt_group groups[] = {
    {"Reading", nm_reading_options, NM_OPT_COUNT(nm_reading_options),
     offsetof(info_settings, reading)},
    {"Text", text_options, NM_OPT_COUNT(text_options), 0},
    NM_JSON_GROUP,
    NM_HELP_GROUP,
};

static const nm_opt_table table = {groups, NM_OPT_COUNT(groups)};

static const char *const examples[] = {
    "neume info song.mid",
    "what is in a MIDI file, track by track, and what was repaired on reading",
    "neume info songs/",
    "a line for each file below the folder, and a summary",
    "neume info --json songs/ | jq '.[] | select(.status == \"refused\")'",
    "the files that cannot be read, with reason and byte offset",
    NULL,
};

const nm_command nm_command_info = {
    .name = "info",
    .summary = "what a MIDI file, a folder, a model or a checkpoint is, and what is in it",
    .synopsis = "FILE... [options]",
    .description =
        "Tells what each FILE is by its content, not its name: a MIDI file, a folder (searched "
        "downwards), a model or a checkpoint; what is in it; and what had to be repaired on "
        "reading. - is standard input.\n"
        "A pitch range leaves drums out; the count of notes has them. With --json the report is "
        "one array with an object for each file.\n"
        "It ends with 0 if any file could be read, else with 3.",
    .examples = examples,
    .options = &table,
    .settings_size = sizeof(info_settings),
    .least_operands = 1,
    .most_operands = SIZE_MAX,
    .missing = "FILE",
    .init = init,
    .run = run,
};
