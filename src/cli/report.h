/* SPDX-License-Identifier: ISC */
/* What the command says and how: errors, exit codes, sizes and times for people, JSON for programs.
 * Reports go to standard output, diagnostics to standard error. */
#ifndef NM_CLI_REPORT_H
#define NM_CLI_REPORT_H

#include <neume/context.h>

#include <jansson.h>
#include <stdio.h>

/* Fills `error` and returns `status`. */
neume_status nm_report_fail(neume_error *error, neume_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The documented exit code: 0..5, 130. */
int nm_report_exit_code(neume_status status);

/* Prints a line to standard error: "neume train: LINE"; control characters become '?'. On a
 * terminal it takes the place of a progress line. */
void nm_report_line(const char *command, const char *line);

/* Ends standard output: NEUME_CANNOT_WRITE where something of it was lost. */
neume_status nm_report_finish(neume_error *error);

enum { NM_REPORT_TEXT = 32 }; /* bytes that the following need */

/* "15.7 MB" */
const char *nm_report_size(char *out, double bytes);

/* "4.2 s", "1:04", "2:05:00" */
const char *nm_report_duration(char *out, double seconds);

/* "C4", with sharps */
const char *nm_report_pitch(char *out, int pitch);

/* "1,234,567" */
const char *nm_report_count(char *out, uint64_t count);

/* Whether `stream` is a terminal that knows escape sequences. */
bool nm_report_is_terminal(FILE *stream);

/* What takes the cursor to the begin of the line and clears it. */
#define NM_REPORT_CLEAR "\r\033[K"

/* Escape sequences where `stream` is a terminal that may be coloured (NO_COLOR, TERM=dumb), ""
 * elsewhere.
 */
typedef enum nm_style { NM_STYLE_PLAIN, NM_STYLE_BOLD, NM_STYLE_GOOD, NM_STYLE_BAD } nm_style;
const char *nm_report_style(FILE *stream, nm_style style);

/* "a" or "an", before this word. */
const char *nm_report_article(const char *word);

/* UTF-8 from `size` bytes in `charset` ("auto": UTF-8 if valid, else Latin-1); what is no text
 * becomes '?'. The caller frees; NULL: no memory. */
char *nm_report_utf8(const char *bytes, size_t size, const char *charset);

/* Whether the C library can read this charset. */
bool nm_report_has_charset(const char *charset);

/* JSON values: a text in any charset; a number, null where it is not finite. */
json_t *nm_report_json_text(const char *text);
json_t *nm_report_json_number(double value);

/* Takes over `value`, writes it to `stream`, indented. NEUME_NO_MEMORY where `value` is NULL;
 * NEUME_CANNOT_WRITE. */
neume_status nm_report_json(FILE *stream, json_t *value, neume_error *error);

/* The same into the file at `path`, at once or not at all. */
neume_status nm_report_json_save(const char *path, neume_context *context, json_t *value,
                                 neume_error *error);

#endif
