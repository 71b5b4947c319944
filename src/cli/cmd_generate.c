/* SPDX-License-Identifier: ISC */
/* neume generate: new music from a model. */
#include "cli/generate.h"
#include "cli/instruments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

/* What is under way. */
typedef struct composition {
    const generate_settings *settings;
    neume_generate_options options;
    neume_context *context;
    neume_model *model;
    nm_label_mixture labels;
    neume_song *songs; /* [options.count] */
    json_t *report;    /* an array; NULL without --json */
    neume_error *error;
} composition;

static neume_status init(void *settings, const nm_arguments *arguments, neume_error *error) {
    (void)arguments;
    (void)error;
    generate_settings *s = settings;
    *s = (generate_settings){.generate = neume_generate_options_default(),
                             .machine = neume_context_options_default()};
    return NEUME_OK;
}

static neume_status check_primer(const generate_settings *s, neume_error *error) {
    const int primers = !!s->primer + !!s->primer_notes + !!s->primer_words;
    if (primers > 1)
        return nm_report_fail(error, NEUME_BAD_USAGE,
                              "--primer, --primer-notes and --primer-words: expected one of them");
    if (s->primer_bars.first && !s->primer)
        return nm_report_fail(error, NEUME_BAD_USAGE,
                              "--primer-bars: expected a MIDI file in --primer");
    if (s->generate.without_primer && primers == 0)
        return nm_report_fail(error, NEUME_BAD_USAGE, "--without-primer: expected a primer");
    return NEUME_OK;
}

/* A length in bars or seconds takes the place of that in steps. */
static neume_status settle_length(composition *c, const nm_arguments *arguments) {
    const bool has_steps = nm_opt_given(arguments, "length") != NULL;
    const bool has_bars = nm_opt_given(arguments, "bars") != NULL;
    const bool has_seconds = nm_opt_given(arguments, "seconds") != NULL;
    if (has_steps + has_bars + has_seconds > 1)
        return nm_report_fail(c->error, NEUME_BAD_USAGE,
                              "--length, --bars and --seconds: expected one of them");
    if (has_seconds && c->options.seconds <= 0)
        return nm_report_fail(c->error, NEUME_BAD_USAGE, "--seconds 0: expected a time above 0");
    if (has_bars || has_seconds)
        c->options.length_steps = 0;
    return NEUME_OK;
}

/* Short enough to be typed again. */
static neume_status settle_seed(composition *c) {
    static const nm_opt seed_option = {
        .name = "seed", .kind = NM_OPT_UNSIGNED, .size = sizeof(uint64_t)};
    if (c->settings->seed)
        return nm_opt_store(&seed_option, c->settings->seed, &c->options.seed, c->error);
    uint32_t random;
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        return nm_report_fail(c->error, NEUME_FAILED, "no random numbers: %s; expected --seed",
                              strerror(errno));
    c->options.seed = random;
    return NEUME_OK;
}

static bool is_folder(const char *path) {
    struct stat about;
    return path[strlen(path) - 1] == '/' || (stat(path, &about) == 0 && S_ISDIR(about.st_mode));
}

static neume_status check_output(const composition *c) {
    const char *output = c->settings->output;
    if (!output)
        return nm_report_fail(c->error, NEUME_BAD_USAGE,
                              "missing --output, expected the MIDI file to write");
    if (strcmp(output, "-") == 0 && (c->options.count > 1 || c->settings->general.json))
        return nm_report_fail(c->error, NEUME_BAD_USAGE, "--output -: expected a file name %s",
                              c->options.count > 1 ? "for several songs" : "beside --json");
    if (!is_folder(output))
        return nm_cli_check_output(output, c->error);
    if (mkdir(output, 0777) && errno != EEXIST)
        return nm_report_fail(c->error, NEUME_CANNOT_WRITE, "%s: cannot be made: %s", output,
                              strerror(errno));
    return NEUME_OK;
}

static int digits_of(size_t count) {
    return snprintf(NULL, 0, "%zu", count);
}

/* OUT.mid; of several OUT-01.mid, OUT-02.mid ...; in a folder song-1.mid. The caller frees. */
static char *song_path(const composition *c, size_t index) {
    const char *output = c->settings->output;
    const size_t count = c->options.count;
    char *path = NULL;
    const char *dot = strrchr(output, '.'), *slash = strrchr(output, '/');
    if (!dot || (slash && dot < slash) || dot == output)
        dot = output + strlen(output);
    int length;
    if (is_folder(output))
        length =
            asprintf(&path, "%s%ssong-%0*zu.mid", output,
                     output[strlen(output) - 1] == '/' ? "" : "/", digits_of(count), index + 1);
    else if (count == 1)
        length = asprintf(&path, "%s", output);
    else
        length = asprintf(&path, "%.*s-%0*zu%s", (int)(dot - output), output, digits_of(count),
                          index + 1, dot);
    return length < 0 ? NULL : path;
}

static json_t *labels_json(const neume_generate_options *o) {
    json_t *object = json_object();
    for (size_t i = 0; i < o->label_count; i++)
        if (json_object_set_new(object, o->labels[i].name, json_real(o->labels[i].weight))) {
            json_decref(object);
            return NULL;
        }
    return object;
}

static json_t *settings_json(const composition *c) {
    const neume_generate_options *o = &c->options;
    return json_pack(
        "{s:o, s:I, s:o, s:o, s:b, s:s, s:I, s:o, s:o, s:b, s:o, s:o, s:o, s:b}", "temperature",
        nm_report_json_number(o->sampling.temperature), "top_k", (json_int_t)o->sampling.top_k,
        "top_p", nm_report_json_number(o->sampling.top_p), "min_p",
        nm_report_json_number(o->sampling.min_p), "greedy", o->sampling.greedy, "precision",
        neume_precision_name(neume_model_precision(c->model, c->context, o->precision)), "length",
        (json_int_t)o->length_steps, "bars", nm_report_json_number(o->bars), "seconds",
        nm_report_json_number(o->seconds), "ending", o->allow_ending, "labels", labels_json(o),
        "tempo", o->tempo > 0 ? nm_report_json_number(o->tempo) : json_null(), "instrument",
        o->program < 0 ? json_null() : json_integer(o->program), "without_primer",
        o->without_primer);
}

static json_t *song_json(const composition *c, const char *path, const neume_song *song) {
    return json_pack("{s:o, s:I, s:o, s:I, s:I, s:o, s:o, s:b}", "file", nm_report_json_text(path),
                     "seed", (json_int_t)c->options.seed, "settings", settings_json(c), "steps",
                     (json_int_t)song->step_count, "notes", (json_int_t)song->note_count, "seconds",
                     nm_report_json_number(song->seconds), "log_probability",
                     nm_report_json_number(song->log_probability), "loop", song->is_loop);
}

static void print_song(const composition *c, const char *path, const neume_song *song) {
    char time[NM_REPORT_TEXT];
    FILE *stream = strcmp(path, "-") == 0 ? stderr : stdout;
    fprintf(stream, "%s: %zu %s%s, %zu notes, %s, seed %llu\n", path, song->step_count,
            neume_codec_step_unit(neume_model_codec(c->model)), song->step_count == 1 ? "" : "s",
            song->note_count, nm_report_duration(time, song->seconds),
            (unsigned long long)c->options.seed);
}

static void warn_of_loop(const char *path) {
    char line[512];
    snprintf(line, sizeof line,
             "%s: its end repeats itself; try another --seed or a higher --temperature", path);
    nm_report_line("generate", line);
}

static neume_status deliver(composition *c, const char *path, const neume_song *song) {
    const neume_status status = neume_midi_save(path, c->context, song->score, c->error);
    if (status)
        return status;
    if (song->is_loop)
        warn_of_loop(path);
    if (c->report) {
        if (json_array_append_new(c->report, song_json(c, path, song)))
            return nm_report_fail(c->error, NEUME_NO_MEMORY, "report: out of memory");
    } else if (!c->settings->is_quiet) {
        print_song(c, path, song);
    }
    return NEUME_OK;
}

static neume_status deliver_all(composition *c) {
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < c->options.count && !status; i++) {
        char *path = song_path(c, i);
        status = path ? deliver(c, path, &c->songs[i])
                      : nm_report_fail(c->error, NEUME_NO_MEMORY, "song: out of memory");
        free(path);
    }
    if (!status && c->report) {
        status = nm_report_json(stdout, c->report, c->error);
        c->report = NULL;
    }
    return status;
}

static neume_status settle_labels(composition *c) {
    if (!c->settings->label)
        return NEUME_OK;
    const neume_status status = nm_label_parse(&c->labels, c->model, c->settings->label, c->error);
    c->options.labels = c->labels.weights;
    c->options.label_count = c->labels.count;
    return status;
}

static neume_status compose(composition *c) {
    neume_sequence primer;
    neume_status status =
        nm_primer_make(&primer, c->context, neume_model_codec(c->model), c->settings, c->error);
    if (!status) {
        c->options.primer = primer.step_count ? &primer : NULL;
        c->songs = calloc(c->options.count, sizeof *c->songs);
        c->report = c->settings->general.json ? json_array() : NULL;
        if (!c->songs || (c->settings->general.json && !c->report))
            status = nm_report_fail(c->error, NEUME_NO_MEMORY, "songs: out of memory");
    }
    if (!status)
        status = neume_generate(c->songs, c->context, c->model, &c->options, c->error);
    if (!status)
        status = deliver_all(c);
    for (size_t i = 0; c->songs && i < c->options.count; i++)
        neume_song_clear(&c->songs[i]);
    json_decref(c->report);
    free(c->songs);
    neume_sequence_clear(c->context, &primer);
    return status;
}

static neume_status settle(composition *c, const nm_arguments *arguments) {
    neume_status status = check_primer(c->settings, c->error);
    if (!status)
        status = settle_length(c, arguments);
    if (!status)
        status = settle_seed(c);
    if (!status && c->settings->instrument)
        status = nm_instrument_find(&c->options.program, c->settings->instrument, c->error);
    return status ? status : check_output(c);
}

static neume_status run(void *settings, const nm_arguments *arguments, neume_error *error) {
    const generate_settings *s = settings;
    composition c = {.settings = s, .options = s->generate, .error = error};
    neume_status status = settle(&c, arguments);
    if (!status)
        status = nm_cli_context(&c.context, s->machine, NEUME_LOG_WARNING, error);
    if (!status)
        status = neume_model_load(&c.model, c.context, arguments->operands[0], error);
    if (!status)
        status = settle_labels(&c);
    if (!status)
        status = compose(&c);
    nm_label_clear(&c.labels);
    neume_model_free(c.model);
    neume_context_free(c.context);
    return status;
}

static const char *const examples[] = {
    "neume generate songs.neume -o song.mid",
    "one song of 500 words",
    "neume generate songs.neume -o many/ -n 20 --bars 32 --temperature 0.9",
    "twenty songs of 32 bars, many/song-01.mid and so on",
    "neume generate songs.neume -o next.mid --primer tune.mid --primer-bars 1-4 --instrument flute",
    "go on from the first four bars of a tune, on a flute",
    "neume generate styles.neume -o song.mid --label folk:2,chorales",
    "two parts of one style and one of another",
    NULL,
};

const nm_command nm_command_generate = {
    .name = "generate",
    .summary = "compose new music with a model: write MIDI files",
    .synopsis = "MODEL -o FILE [options]",
    .description =
        "Draws word after word from MODEL and writes the song as a MIDI file. A song is as long as "
        "is said; with --ending the model may end it earlier.\n"
        "The same model, seed and settings give the same bytes, on any number of threads. The seed "
        "is random where none is given, and printed.",
    .examples = examples,
    .options = &nm_generate_table,
    .settings_size = sizeof(generate_settings),
    .least_operands = 1,
    .most_operands = 1,
    .missing = "MODEL",
    .init = init,
    .run = run,
};
