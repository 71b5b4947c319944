/* SPDX-License-Identifier: ISC */
/* What the three files of the parser share: the line being read, and what the bar has said so far.
 * The first failure is kept; after it every reading function does nothing. */
#ifndef TUNES_PARSER_H
#define TUNES_PARSER_H

#include "tune.h"

enum { PARSER_LETTERS = 7, PARSER_OCTAVES = 11, PARSER_NO_ACCIDENTAL = 100 };

typedef struct parser {
    abc_tune *tune;
    tune_error *error;
    bool failed;

    const char *line;
    size_t size, position; /* of the line, in bytes */
    unsigned line_number;

    char fields[16]; /* letters of the header fields that were read */
    bool in_body;
    int8_t key[PARSER_LETTERS]; /* what the key does to C D E F G A B */

    tune_voice *voice;
    tune_bar bar;                                       /* being read */
    int8_t accidentals[PARSER_LETTERS][PARSER_OCTAVES]; /* in force in this bar */
    unsigned triplet_left;                              /* notes */
    unsigned next_numerator,
        next_denominator; /* of the note after a broken rhythm; 1/1 otherwise */
    bool is_in_repeat[TUNE_MAX_VOICES];
    uint8_t ending[TUNE_MAX_VOICES];
    bool opens_repeat[TUNE_MAX_VOICES]; /* the next bar of each voice does */
} parser;

/* Keeps the first failure, at byte `position` of the line. */
void parser_fail(parser *p, size_t position, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The byte at hand, `ahead` bytes further; 0 at the end of the line. */
char parser_peek(const parser *p, size_t ahead);
tune_place parser_place(const parser *p);
bool parser_accept(parser *p, char letter);
void parser_skip_spaces(parser *p);

/* Decimal digits; `absent` where there are none. Fails above 999. */
unsigned parser_number(parser *p, unsigned absent);

/* Room for one more element of `size` bytes in `*array`. */
bool parser_reserve(parser *p, void **array, size_t *capacity, size_t count, size_t size);

/* "X:1" and its like, the letter at hand. */
void parser_field(parser *p);

/* A line of notes and bar lines. */
void parser_music(parser *p);

#endif
