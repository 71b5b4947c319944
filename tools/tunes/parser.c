/* SPDX-License-Identifier: ISC */
#include "parser.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void parser_fail(parser *p, size_t position, const char *format, ...) {
    if (p->failed)
        return;
    p->failed = true;
    p->error->place = (tune_place){p->line_number, (unsigned)position + 1};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(p->error->text, sizeof p->error->text, format, arguments);
    va_end(arguments);
}

char parser_peek(const parser *p, size_t ahead) {
    return !p->failed && ahead < p->size - p->position ? p->line[p->position + ahead] : 0;
}

tune_place parser_place(const parser *p) {
    return (tune_place){p->line_number, (unsigned)p->position + 1};
}

bool parser_accept(parser *p, char letter) {
    const bool is_there = parser_peek(p, 0) == letter;
    p->position += is_there;
    return is_there;
}

void parser_skip_spaces(parser *p) {
    while (parser_accept(p, ' '))
        ;
}

unsigned parser_number(parser *p, unsigned absent) {
    const size_t start = p->position;
    unsigned number = 0;
    while (isdigit((unsigned char)parser_peek(p, 0))) {
        number = number * 10 + (unsigned)(p->line[p->position++] - '0');
        if (number > 999)
            parser_fail(p, start, "the number is too large, expected at most 999");
    }
    return p->position > start ? number : absent;
}

bool parser_reserve(parser *p, void **array, size_t *capacity, size_t count, size_t size) {
    if (count < *capacity)
        return true;
    const size_t more = *capacity ? 2 * *capacity : 64;
    void *grown = realloc(*array, more * size);
    if (!grown) {
        parser_fail(p, p->position, "out of memory");
        return false;
    }
    *array = grown;
    *capacity = more;
    return true;
}

/* Moves to the next line, without its line feed, comment and trailing spaces; false at the end. */
static bool next_line(parser *p, const char **text, const char *end) {
    if (*text == end || p->failed)
        return false;
    const char *feed = memchr(*text, '\n', (size_t)(end - *text));
    const char *stop = feed ? feed : end;
    p->line = *text;
    *text = feed ? feed + 1 : end;
    const char *comment = memchr(p->line, '%', (size_t)(stop - p->line));
    if (comment)
        stop = comment;
    while (stop > p->line && (stop[-1] == ' ' || stop[-1] == '\r'))
        stop--;
    p->size = (size_t)(stop - p->line);
    p->position = 0;
    p->line_number++;
    return true;
}

static void read_line(parser *p) {
    if (p->size == 0)
        return;
    if (isalpha((unsigned char)p->line[0]) && parser_peek(p, 1) == ':' &&
        parser_peek(p, 2) != '|' && parser_peek(p, 2) != ':')
        parser_field(p);
    else if (p->in_body)
        parser_music(p);
    else
        parser_fail(p, 0, "music stands before the field K:, expected a header field");
}

/* What can only be seen at the end of the text. */
static void check_end(parser *p) {
    if (!p->in_body)
        parser_fail(p, p->position, "the text ends in the header, expected the field K:");
    for (unsigned v = 0; v < p->tune->voice_count; v++) {
        tune_voice *voice = &p->tune->voices[v];
        if (p->is_in_repeat[v])
            parser_fail(p, p->position, "the text ends inside a repeat, expected ':|'");
        if (voice->bar_count == 0)
            parser_fail(p, p->position, "voice '%s' has no bars", voice->name);
        else
            voice->bars[voice->bar_count - 1].ends_section = true;
    }
    if (p->tune->voice_count == 0)
        parser_fail(p, p->position, "the text ends, expected notes");
}

bool tune_parse(abc_tune *out, const char *text, size_t size_bytes, tune_error *error) {
    *out = (abc_tune){0};
    parser p = {.tune = out, .error = error, .next_numerator = 1, .next_denominator = 1};
    const char *end = text + size_bytes;
    while (next_line(&p, &text, end))
        read_line(&p);
    check_end(&p);
    if (p.failed)
        tune_clear(out);
    return !p.failed;
}

void tune_clear(abc_tune *tune) {
    for (unsigned v = 0; v < TUNE_MAX_VOICES; v++) {
        free(tune->voices[v].events);
        free(tune->voices[v].bars);
    }
    *tune = (abc_tune){0};
}
