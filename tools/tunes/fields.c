/* SPDX-License-Identifier: ISC */
/* The fields of a tune: X T C O R N S Z M L Q K in its header, V between its notes. */
#include "parser.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char HEADER_FIELDS[] = "XTCORNSZMLQK";
static const char NEEDED_FIELDS[] = "XTMLQ"; /* before K: */

static bool is_power_of_two(unsigned n) {
    return n && !(n & (n - 1));
}

/* "3/4"; the whole note has to be a multiple of the denominator. */
static void fraction(parser *p, unsigned *numerator, unsigned *denominator) {
    const size_t start = p->position;
    *numerator = parser_number(p, 0);
    const bool has_slash = parser_accept(p, '/');
    *denominator = parser_number(p, 0);
    if (!has_slash || *numerator == 0 || *numerator > 64 || *denominator > 64 ||
        !is_power_of_two(*denominator))
        parser_fail(p, start, "no fraction of a whole note, expected one such as 3/4");
}

static uint32_t ticks(unsigned numerator, unsigned denominator) {
    return denominator ? 4u * TUNE_QUARTER_TICKS * numerator / denominator : 0;
}

static void read_title(parser *p) {
    if (p->tune->title[0] == '\0')
        snprintf(p->tune->title, sizeof p->tune->title, "%.*s", (int)(p->size - p->position),
                 p->line + p->position);
}

static void read_composer(parser *p) {
    snprintf(p->tune->composer, sizeof p->tune->composer, "%.*s", (int)(p->size - p->position),
             p->line + p->position);
}

static void read_metre(parser *p) {
    unsigned numerator = 4, denominator = 4;
    if (parser_accept(p, 'C')) {
        if (parser_accept(p, '|'))
            numerator = denominator = 2;
    } else {
        fraction(p, &numerator, &denominator);
    }
    p->tune->numerator = (uint16_t)numerator;
    p->tune->denominator = (uint16_t)denominator;
    p->tune->bar_ticks = ticks(numerator, denominator);
}

static void read_unit(parser *p) {
    unsigned numerator, denominator;
    fraction(p, &numerator, &denominator);
    p->tune->unit_ticks = ticks(numerator, denominator);
}

/* "1/4=120": beats a minute, and what a beat is. */
static void read_tempo(parser *p) {
    const size_t start = p->position;
    unsigned numerator, denominator;
    fraction(p, &numerator, &denominator);
    const bool has_sign = parser_accept(p, '=');
    const unsigned beats = parser_number(p, 0);
    if (!has_sign || beats < 20 || beats > 400) {
        parser_fail(p, start, "no tempo, expected one such as 1/4=120, from 20 to 400");
        return;
    }
    const double quarters = (double)beats * ticks(numerator, denominator) / TUNE_QUARTER_TICKS;
    p->tune->microseconds_per_quarter = (uint32_t)(60e6 / quarters + 0.5);
}

/* Sharps of the mode against the major key of the same tonic. */
static int mode_sharps(parser *p) {
    static const struct {
        char name[4];
        int sharps;
    } modes[] = {{"", 0},     {"maj", 0},  {"m", -3},   {"min", -3}, {"aeo", -3},
                 {"dor", -2}, {"mix", -1}, {"phr", -4}, {"lyd", 1},  {"ion", 0}};
    const char *name = p->line + p->position;
    const size_t size = p->size - p->position;
    for (size_t m = 0; m < sizeof modes / sizeof *modes; m++)
        if (strlen(modes[m].name) == size && strncasecmp(modes[m].name, name, size) == 0) {
            p->tune->is_minor = modes[m].sharps == -3;
            return modes[m].sharps;
        }
    parser_fail(p, p->position,
                "the mode '%.*s' is unknown, expected maj, m, min, dor, mix, phr, lyd or aeo",
                (int)size, name);
    return 0;
}

/* Sharps come in the order F C G D A E B, flats in the other; letters count from C. */
static void fill_key(parser *p) {
    static const uint8_t order[PARSER_LETTERS] = {3, 0, 4, 1, 5, 2, 6};
    for (int i = 0; i < p->tune->sharps; i++)
        p->key[order[i]] = 1;
    for (int i = 0; i < -p->tune->sharps; i++)
        p->key[order[PARSER_LETTERS - 1 - i]] = -1;
}

static void read_key(parser *p) {
    static const char tonics[] = "FCGDAEB"; /* in fifths from -1 */
    const size_t start = p->position;
    const char *tonic = parser_peek(p, 0) ? strchr(tonics, parser_peek(p, 0)) : NULL;
    if (!tonic) {
        parser_fail(p, start, "no key, expected one such as G, Bb, F#m or Ador");
        return;
    }
    p->position++;
    int sharps = (int)(tonic - tonics) - 1;
    if (parser_accept(p, '#'))
        sharps += 7;
    else if (parser_accept(p, 'b'))
        sharps -= 7;
    parser_skip_spaces(p);
    sharps += mode_sharps(p);
    if (sharps < -7 || sharps > 7)
        parser_fail(p, start, "the key has more than seven sharps or flats");
    for (const char *needed = NEEDED_FIELDS; *needed; needed++)
        if (!strchr(p->fields, *needed))
            parser_fail(p, 0,
                        "the header ends without the field %c:, expected it before K:", *needed);
    if (p->failed)
        return;
    p->tune->sharps = (int8_t)sharps;
    fill_key(p);
    p->in_body = true;
}

static void read_value(parser *p, char letter) {
    switch (letter) {
    case 'T':
        read_title(p);
        return;
    case 'C':
        read_composer(p);
        return;
    case 'M':
        read_metre(p);
        break;
    case 'L':
        read_unit(p);
        break;
    case 'Q':
        read_tempo(p);
        break;
    case 'K':
        read_key(p);
        return;
    default:
        return; /* words for the reader of the text */
    }
    if (!p->failed && p->position < p->size)
        parser_fail(p, p->position, "'%c' stands after the field %c:, expected its end",
                    p->line[p->position], letter);
}

static void read_header_field(parser *p, char letter) {
    const size_t count = strlen(p->fields);
    if (letter == 'X' && count > 0)
        parser_fail(p, 0, "a second tune starts, expected one tune a file");
    else if (letter != 'X' && count == 0)
        parser_fail(p, 0, "the text starts with %c:, expected X:", letter);
    else if (p->in_body)
        parser_fail(p, 0, "the field %c: stands after K:, expected V: or notes", letter);
    if (p->failed)
        return;
    if (!strchr(p->fields, letter))
        p->fields[count] = letter;
    read_value(p, letter);
}

static tune_voice *find_voice(parser *p, const char *name, size_t size) {
    for (unsigned v = 0; v < p->tune->voice_count; v++) {
        tune_voice *voice = &p->tune->voices[v];
        if (strlen(voice->name) == size && memcmp(voice->name, name, size) == 0)
            return voice;
    }
    return NULL;
}

/* "V:soprano": what follows belongs to this voice. */
static void read_voice(parser *p) {
    const char *name = p->line + p->position;
    const size_t size = p->size - p->position;
    for (size_t i = 0; i < size; i++)
        if (!isalnum((unsigned char)name[i]))
            parser_fail(p, p->position + i, "'%c' in a voice's name, expected letters and digits",
                        name[i]);
    if (size == 0 || size >= sizeof p->tune->voices[0].name)
        parser_fail(p, p->position, "the voice's name has %zu letters, expected 1 to 31", size);
    if (!p->in_body)
        parser_fail(p, 0, "the field V: stands in the header, expected it after K:");
    if (p->failed)
        return;
    p->voice = find_voice(p, name, size);
    if (p->voice)
        return;
    if (p->tune->voice_count == TUNE_MAX_VOICES) {
        parser_fail(p, 0, "too many voices, expected at most %d", TUNE_MAX_VOICES);
        return;
    }
    p->voice = &p->tune->voices[p->tune->voice_count++];
    memcpy(p->voice->name, name, size);
}

void parser_field(parser *p) {
    const char letter = p->line[0];
    p->position = 2;
    parser_skip_spaces(p);
    if (letter == 'V')
        read_voice(p);
    else if (strchr(HEADER_FIELDS, letter))
        read_header_field(p, letter);
    else
        parser_fail(p, 0, "the field %c: is unknown, expected one of %s or V", letter,
                    HEADER_FIELDS);
}
