/* SPDX-License-Identifier: ISC */
#include "cli/report.h"

#include <neume/file.h>

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

neume_status nm_report_fail(neume_error *error, neume_status status, const char *format, ...) {
    va_list arguments;
    *error = (neume_error){.status = status};
    va_start(arguments, format);
    vsnprintf(error->line, sizeof error->line, format, arguments);
    va_end(arguments);
    return status;
}

int nm_report_exit_code(neume_status status) {
    switch (status) {
    case NEUME_OK:
        return 0;
    case NEUME_FAILED:
    case NEUME_NO_MEMORY:
    case NEUME_NOT_FINITE:
        return 1;
    case NEUME_BAD_USAGE:
        return 2;
    case NEUME_BAD_INPUT:
        return 3;
    case NEUME_BAD_MODEL:
        return 4;
    case NEUME_CANNOT_WRITE:
        return 5;
    case NEUME_INTERRUPTED:
        return 130;
    }
    return 1;
}

bool nm_report_is_terminal(FILE *stream) {
    const char *terminal = getenv("TERM");
    return terminal && strcmp(terminal, "dumb") != 0 && isatty(fileno(stream));
}

void nm_report_line(const char *command, const char *line) {
    char clean[sizeof((neume_error *)0)->line];
    snprintf(clean, sizeof clean, "%s", line);
    for (char *c = clean; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
    if (nm_report_is_terminal(stderr))
        fputs(NM_REPORT_CLEAR, stderr);
    if (command)
        fprintf(stderr, "neume %s: %s\n", command, clean);
    else
        fprintf(stderr, "neume: %s\n", clean);
}

/* A full disk shows when the buffer is flushed, a network's when the file is closed. */
neume_status nm_report_finish(neume_error *error) {
    errno = 0;
    const bool was_bad = ferror(stdout) != 0;
    const bool is_bad = fflush(stdout) != 0 || close(dup(STDOUT_FILENO)) != 0;
    if (!was_bad && !is_bad)
        return NEUME_OK;
    return nm_report_fail(error, NEUME_CANNOT_WRITE, "standard output: cannot be written%s%s",
                          errno ? ": " : "", errno ? strerror(errno) : "");
}

const char *nm_report_size(char *out, double bytes) {
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    unsigned unit = 0;
    for (; bytes >= 1000 && unit < 4; unit++)
        bytes /= 1000;
    snprintf(out, NM_REPORT_TEXT, unit && bytes < 100 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
    return out;
}

const char *nm_report_duration(char *out, double seconds) {
    if (!(seconds >= 0) || seconds > 1e15) {
        snprintf(out, NM_REPORT_TEXT, "?");
    } else if (seconds < 0.9995) {
        snprintf(out, NM_REPORT_TEXT, "%.3g ms", 1000 * seconds);
    } else if (seconds < 59.95) {
        snprintf(out, NM_REPORT_TEXT, "%.1f s", seconds);
    } else {
        const uint64_t whole = (uint64_t)llround(seconds);
        const unsigned minutes = (unsigned)(whole / 60 % 60), rest = (unsigned)(whole % 60);
        if (whole < 3600)
            snprintf(out, NM_REPORT_TEXT, "%u:%02u", minutes, rest);
        else
            snprintf(out, NM_REPORT_TEXT, "%llu:%02u:%02u", (unsigned long long)(whole / 3600),
                     minutes, rest);
    }
    return out;
}

const char *nm_report_pitch(char *out, int pitch) {
    static const char *const names[] = {"C",  "C#", "D",  "D#", "E",  "F",
                                        "F#", "G",  "G#", "A",  "A#", "B"};
    snprintf(out, NM_REPORT_TEXT, "%s%d", names[pitch % 12], pitch / 12 - 1);
    return out;
}

const char *nm_report_count(char *out, uint64_t count) {
    char digits[NM_REPORT_TEXT];
    const int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    char *to = out;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return out;
}

const char *nm_report_style(FILE *stream, nm_style style) {
    static const char *const sequences[] = {"\033[0m", "\033[1m", "\033[32m", "\033[31m"};
    const char *no_color = getenv("NO_COLOR");
    if ((no_color && *no_color) || !nm_report_is_terminal(stream))
        return "";
    return sequences[style];
}

json_t *nm_report_json_text(const char *text) {
    char *utf8 = nm_report_utf8(text, strlen(text), "auto");
    json_t *value = utf8 ? json_string(utf8) : NULL;
    free(utf8);
    return value;
}

json_t *nm_report_json_number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

neume_status nm_report_json(FILE *stream, json_t *value, neume_error *error) {
    if (!value)
        return nm_report_fail(error, NEUME_NO_MEMORY, "report: out of memory");
    errno = 0;
    const bool is_written =
        json_dumpf(value, stream, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0 &&
        fputc('\n', stream) != EOF;
    const int failure = errno;
    json_decref(value);
    if (is_written)
        return NEUME_OK;
    if (failure == ENOMEM)
        return nm_report_fail(error, NEUME_NO_MEMORY, "report: out of memory");
    return nm_report_fail(error, NEUME_CANNOT_WRITE, "report: cannot be written: %s",
                          strerror(failure));
}

neume_status nm_report_json_save(const char *path, neume_context *context, json_t *value,
                                 neume_error *error) {
    char *text = value ? json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) : NULL;
    json_decref(value);
    if (!text)
        return nm_report_fail(error, NEUME_NO_MEMORY, "%s: out of memory", path);
    const size_t length = strlen(text);
    text[length] = '\n'; /* in the place of the NUL */
    const neume_status status =
        neume_file_save(path, context, (neume_bytes){text, length + 1}, error);
    free(text);
    return status;
}

const char *nm_report_article(const char *word) {
    return strchr("aeiou", word[0]) ? "an" : "a";
}
