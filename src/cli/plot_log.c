/* SPDX-License-Identifier: ISC */
/* Run logs as columns of numbers. */
#include "cli/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(nm_plot_log *log) {
    if (log->count < log->capacity)
        return true;
    const size_t capacity = log->capacity ? 2 * log->capacity : 64;
    for (unsigned c = 0; c < NM_PLOT_COLUMNS; c++) {
        double *grown = realloc(log->columns[c], capacity * sizeof *grown);
        if (!grown)
            return false;
        log->columns[c] = grown;
    }
    log->capacity = capacity;
    return true;
}

/* Others write numbers that JSON does not have, NaN and Infinity, outside of texts: they become
 * texts, which are no numbers. */
static void replace_no_numbers(char *line, size_t size) {
    static const char *const words[] = {"-Infinity", "Infinity", "NaN"};
    bool is_text = false;
    for (size_t i = 0; i < size; i++) {
        if (line[i] == '"' && (i == 0 || line[i - 1] != '\\'))
            is_text = !is_text;
        for (unsigned w = 0; w < 3 && !is_text; w++) {
            const size_t length = strlen(words[w]);
            if (size - i < length || memcmp(line + i, words[w], length) != 0)
                continue;
            memset(line + i, ' ', length);
            line[i] = line[i + 1] = '"';
            i += length - 1;
        }
    }
}

static double number_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* The stream of this name, a new one where there is none; NEUME_MAX_STREAMS: no room. */
static unsigned stream_of(nm_plot_log *log, const char *name) {
    for (unsigned s = 0; s < log->stream_count; s++)
        if (strcmp(log->streams[s], name) == 0)
            return s;
    if (log->stream_count == NEUME_MAX_STREAMS)
        return NEUME_MAX_STREAMS;
    snprintf(log->streams[log->stream_count], NM_PLOT_NAME, "%s", name);
    return log->stream_count++;
}

/* Columns base + s from an object of numbers by stream. */
static void take_streams(nm_plot_log *log, json_t *object, unsigned base) {
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        const unsigned s = stream_of(log, name);
        if (s < NEUME_MAX_STREAMS && json_is_number(value))
            log->columns[base + s][log->count] = json_number_value(value);
    }
}

static void take_line(nm_plot_log *log, const json_t *object) {
    static const char *const keys[] = {"update",     "epoch",      "seconds",
                                       "train_loss", "valid_loss", "learning_rate"};
    for (unsigned c = 0; c < NM_PLOT_COLUMNS; c++)
        log->columns[c][log->count] = NAN;
    for (unsigned c = 0; c < sizeof keys / sizeof keys[0]; c++)
        log->columns[c][log->count] = number_of(object, keys[c]);
    take_streams(log, json_object_get(object, "losses"), NM_PLOT_STREAM_TRAIN);
    take_streams(log, json_object_get(object, "valid_losses"), NM_PLOT_STREAM_VALID);
    const double valid = log->columns[NM_PLOT_VALID][log->count];
    const double *all = log->columns[NM_PLOT_VALID];
    if (isfinite(valid) && (log->best == SIZE_MAX || valid < all[log->best]))
        log->best = log->count;
    log->not_finite += !isfinite(log->columns[NM_PLOT_TRAIN][log->count]);
    log->count++;
}

static bool has_loss(const json_t *object) {
    return json_object_get(object, "train_loss") || json_object_get(object, "valid_loss");
}

/* Where the update stands: it never falls. */
static bool is_in_order(const nm_plot_log *log, const json_t *object) {
    const double update = number_of(object, "update");
    return update >= 0 &&
           (log->count == 0 || update >= log->columns[NM_PLOT_UPDATE][log->count - 1]);
}

static neume_status read_line(nm_plot_log *log, char *line, size_t size, neume_error *error) {
    replace_no_numbers(line, size);
    json_error_t why = {.line = 0};
    json_t *object = json_loadb(line, size, 0, &why);
    neume_status status = NEUME_OK;
    if (!object && json_error_code(&why) == json_error_out_of_memory)
        status = nm_report_fail(error, NEUME_NO_MEMORY, "out of memory");
    else if (!json_is_integer(json_object_get(object, "update")))
        status = nm_report_fail(error, NEUME_BAD_INPUT,
                                "expected a run log of neume train --log, such as {\"update\": 20, "
                                "\"train_loss\": 2.5, ...}");
    else if (!has_loss(object))
        log->others++;
    else if (!is_in_order(log, object))
        status = nm_report_fail(error, NEUME_BAD_INPUT,
                                "its update comes before that of the line above, expected a log of "
                                "one run");
    else if (!make_room(log))
        status = nm_report_fail(error, NEUME_NO_MEMORY, "out of memory");
    else
        take_line(log, object);
    json_decref(object);
    return status;
}

static neume_status read_lines(nm_plot_log *log, char *text, size_t size, neume_error *error) {
    size_t number = 0;
    neume_status status = NEUME_OK;
    for (char *line = text, *end; line < text + size && !status; line = end + 1) {
        end = memchr(line, '\n', (size_t)(text + size - line));
        log->is_cut = !end;
        number++;
        if (!end)
            break;
        if (strspn(line, " \t\r") < (size_t)(end - line))
            status = read_line(log, line, (size_t)(end - line), error);
    }
    if (!status)
        return status;
    char reason[sizeof error->line];
    memcpy(reason, error->line, sizeof reason);
    return nm_report_fail(error, status, "line %zu: %.400s", number, reason);
}

static size_t length_of_stem(const char *base) {
    const char *dot = strrchr(base, '.');
    return dot && dot != base ? (size_t)(dot - base) : strlen(base);
}

/* The folder of a run.jsonl, the file's name without its end of others. */
static void name_log(nm_plot_log *log, const char *path) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    size_t length = length_of_stem(base);
    if (slash && slash > path && strcmp(base, "run.jsonl") == 0) {
        base = slash;
        while (base > path && base[-1] != '/')
            base--;
        length = (size_t)(slash - base);
    }
    snprintf(log->name, sizeof log->name, "%.*s", (int)(length < 60 ? length : 60), base);
    if (strcmp(path, "-") == 0)
        snprintf(log->name, sizeof log->name, "standard input");
}

neume_status nm_plot_log_read(nm_plot_log *out, const char *path, neume_error *error) {
    char *text;
    size_t size;
    *out = (nm_plot_log){.best = SIZE_MAX};
    name_log(out, path);
    neume_status status = nm_cli_read_all(&text, &size, path, error);
    if (status)
        return status;
    status = read_lines(out, text, size, error);
    free(text);
    if (!status && out->count == 0)
        status = nm_report_fail(error, NEUME_BAD_INPUT,
                                "no validation, expected a run log of neume train --log");
    if (!status)
        return status;
    char reason[sizeof error->line];
    memcpy(reason, error->line, sizeof reason);
    return nm_report_fail(error, status, "%.100s: %.400s", path, reason);
}

void nm_plot_log_clear(nm_plot_log *log) {
    for (unsigned c = 0; c < NM_PLOT_COLUMNS; c++)
        free(log->columns[c]);
    *log = (nm_plot_log){.best = SIZE_MAX};
}
