/* SPDX-License-Identifier: ISC */
/* neume plot: the curves of run logs. */
#include "cli/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct plot_settings {
    nm_general general;
    const char *output; /* NULL: beside the first log */
    nm_plot_x x;
    neume_axis axis;
} plot_settings;

#define IN(member) NM_OPT_FIELD(plot_settings, member)

static const char *const x_choices[] = {"update", "epoch", "seconds", NULL};
static const char *const axis_choices[] = {"auto", "linear", "log", NULL};

static const nm_opt plot_options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = NM_OPT_TEXT,
     IN(output),
     .value = "FILE",
     .default_text = "RUN.png, beside the first log",
     .help = "the picture to write; its name ends in .png, .svg or .pdf"},
    {.name = "x",
     .letter = 'x',
     .kind = NM_OPT_CHOICE,
     IN(x),
     .choices = x_choices,
     .help = "what the curves run over; seconds are shown as minutes, hours or days where runs are "
             "long"},
    {.name = "loss-axis",
     .kind = NM_OPT_CHOICE,
     IN(axis),
     .choices = axis_choices,
     .help = "how losses are drawn; auto is logarithmic where they span more than a factor of 12"},
};

static const nm_opt_group groups[] = {
    {"Picture", plot_options, NM_OPT_COUNT(plot_options), 0},
    NM_JSON_GROUP,
    NM_HELP_GROUP,
};

static const nm_opt_table table = {groups, NM_OPT_COUNT(groups)};

static neume_status init(void *settings, const nm_arguments *arguments, neume_error *error) {
    (void)arguments;
    (void)error;
    *(plot_settings *)settings = (plot_settings){.x = NM_PLOT_BY_UPDATE};
    return NEUME_OK;
}

/* RUN.png of RUN.jsonl. The caller frees. */
static char *default_output(const char *log) {
    const char *slash = strrchr(log, '/'), *dot = strrchr(log, '.');
    const bool has_dot = dot && dot > (slash ? slash + 1 : log);
    char *path = NULL;
    const int stem = (int)(has_dot ? (size_t)(dot - log) : strlen(log));
    return asprintf(&path, "%.*s.png", strcmp(log, "-") == 0 ? 0 : stem, log) < 0 ? NULL : path;
}

static void warn(const char *path, size_t count, const char *what) {
    char line[512];
    snprintf(line, sizeof line, "%.300s: %zu line%s %s", path, count, count == 1 ? "" : "s", what);
    if (count)
        nm_report_line("plot", line);
}

static void warn_of(const char *path, const nm_plot_log *log) {
    warn(path, log->not_finite, "without a finite training loss, a gap in the curve");
    warn(path, log->others, "without a loss, left out");
    warn(path, log->is_cut ? 1 : 0, "without an end, the last, left out");
}

static void print_log(const char *path, const nm_plot_log *log) {
    char update[NM_REPORT_TEXT];
    printf("%s: %zu validation%s", path, log->count, log->count == 1 ? "" : "s");
    if (log->best != SIZE_MAX)
        printf(", best %.3f at update %s", log->columns[NM_PLOT_VALID][log->best],
               nm_report_count(update, (uint64_t)log->columns[NM_PLOT_UPDATE][log->best]));
    putchar('\n');
}

static json_t *log_json(const char *path, const nm_plot_log *log) {
    const bool has_best = log->best != SIZE_MAX;
    const double best = has_best ? log->columns[NM_PLOT_VALID][log->best] : NAN;
    const double update = has_best ? log->columns[NM_PLOT_UPDATE][log->best] : 0;
    return json_pack("{s:o, s:I, s:o, s:o, s:I, s:I}", "file", nm_report_json_text(path),
                     "validations", (json_int_t)log->count, "best_update",
                     has_best ? json_integer((json_int_t)update) : json_null(), "best_valid_loss",
                     nm_report_json_number(best), "not_finite", (json_int_t)log->not_finite,
                     "left_out", (json_int_t)(log->others + log->is_cut));
}

/* {picture, runs: [...]}; NULL: no memory. */
static json_t *plot_json(const char *picture, const nm_arguments *arguments,
                         const nm_plot_log *logs) {
    json_t *runs = json_array();
    int failed = 0;
    for (size_t i = 0; i < arguments->operand_count && !failed; i++)
        failed = json_array_append_new(runs, log_json(arguments->operands[i], &logs[i]));
    if (failed) {
        json_decref(runs);
        return NULL;
    }
    return json_pack("{s:o, s:o}", "picture", nm_report_json_text(picture), "runs", runs);
}

/* What was drawn. */
static neume_status tell(const char *path, const plot_settings *s, const nm_arguments *arguments,
                         const nm_plot_log *logs, neume_error *error) {
    for (size_t i = 0; i < arguments->operand_count; i++)
        warn_of(arguments->operands[i], &logs[i]);
    if (s->general.json)
        return nm_report_json(stdout, plot_json(path, arguments, logs), error);
    for (size_t i = 0; i < arguments->operand_count; i++)
        print_log(arguments->operands[i], &logs[i]);
    printf("Picture: %s\n", path);
    return NEUME_OK;
}

/* Logs of others may say nothing of epochs or seconds. */
static neume_status check_x(const nm_plot_log *log, const char *path, nm_plot_x x,
                            neume_error *error) {
    const double *values = log->columns[nm_plot_x_column(x)];
    for (size_t i = 0; i < log->count; i++)
        if (!isfinite(values[i]))
            return nm_report_fail(error, NEUME_BAD_INPUT,
                                  "%s: a line without \"%s\", expected another -x", path,
                                  x == NM_PLOT_BY_EPOCH ? "epoch" : "seconds");
    return NEUME_OK;
}

static neume_status read_all(nm_plot_log *logs, const nm_arguments *arguments, nm_plot_x x,
                             neume_error *error) {
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < arguments->operand_count && !status; i++) {
        status = nm_plot_log_read(&logs[i], arguments->operands[i], error);
        if (!status)
            status = check_x(&logs[i], arguments->operands[i], x, error);
    }
    return status;
}

static neume_status plot(const char *path, const plot_settings *s, const nm_arguments *arguments,
                         neume_error *error) {
    nm_plot_log logs[NM_PLOT_RUNS] = {{.count = 0}};
    const size_t count = arguments->operand_count;
    neume_context *context = NULL;
    neume_context_options one_thread = neume_context_options_default();
    one_thread.thread_count = 1;
    const nm_plot_settings settings = {.x = s->x, .axis = s->axis};
    neume_status status = read_all(logs, arguments, s->x, error);
    if (!status)
        status = nm_cli_context(&context, one_thread, NEUME_LOG_WARNING, error);
    if (!status)
        status = nm_plot_save(path, context, (nm_plot_logs){logs, count}, &settings, error);
    if (!status)
        status = tell(path, s, arguments, logs, error);
    for (size_t i = 0; i < count; i++)
        nm_plot_log_clear(&logs[i]);
    neume_context_free(context);
    return status;
}

static neume_status run(void *settings, const nm_arguments *arguments, neume_error *error) {
    const plot_settings *s = settings;
    neume_picture_format format;
    char *path = s->output ? strdup(s->output) : default_output(arguments->operands[0]);
    if (!path)
        return nm_report_fail(error, NEUME_NO_MEMORY, "picture: out of memory");
    neume_status status = nm_media_format(&format, path, error);
    if (!status)
        status = nm_cli_check_output(path, error);
    if (!status)
        status = plot(path, s, arguments, error);
    free(path);
    return status;
}

static const char *const examples[] = {
    "neume plot songs.jsonl",
    "songs.png: the losses of the run that neume train --log songs.jsonl wrote",
    "neume plot small.jsonl large.jsonl -o compare.pdf -x seconds",
    "two runs side by side, over their time",
    NULL,
};

const nm_command nm_command_plot = {
    .name = "plot",
    .summary = "draw the loss curves of run logs: write a picture",
    .synopsis = "RUN.jsonl... [-o FILE.png|.svg|.pdf] [options]",
    .description =
        "Reads run logs, which neume train --log writes, and draws their losses: a colour for each "
        "run, strong for validation, pale for training, the best validation marked. Below are the "
        "learning rate, where it changes, and the losses by stream, where there are several.\n"
        "A value that is missing or not finite leaves a gap. Logs of runs under way may be drawn.",
    .examples = examples,
    .options = &table,
    .settings_size = sizeof(plot_settings),
    .least_operands = 1,
    .most_operands = NM_PLOT_RUNS,
    .missing = "RUN.jsonl",
    .init = init,
    .run = run,
};
