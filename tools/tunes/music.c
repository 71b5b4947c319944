/* SPDX-License-Identifier: ISC */
/* A line of music: notes, chords, rests, bar lines, repeats, endings, triplets. */
#include "parser.h"

#include <ctype.h>
#include <string.h>

/* What a bar line means for the bar before it and for the bar after it. */
typedef struct bar_line {
    char text[4];
    bool closes_repeat, ends_section, opens_repeat;
} bar_line;

static const bar_line BAR_LINES[] = {{"|", false, false, false}, {"||", false, true, false},
                                     {"|]", false, true, false}, {"|:", false, true, true},
                                     {":|", true, true, false},  {"::", true, true, true}};

static unsigned voice_index(const parser *p) {
    return (unsigned)(p->voice - p->tune->voices);
}

/* A tune of one voice needs no V: line. */
static void need_voice(parser *p) {
    if (p->voice)
        return;
    p->tune->voice_count = 1;
    p->voice = &p->tune->voices[0];
}

static void start_bar(parser *p) {
    const unsigned v = voice_index(p);
    if (p->bar.event_count)
        return;
    p->bar = (tune_bar){.place = parser_place(p),
                        .first_event = p->voice->event_count,
                        .ending = p->ending[v],
                        .opens_repeat = p->opens_repeat[v]};
    p->opens_repeat[v] = false;
    memset(p->accidentals, PARSER_NO_ACCIDENTAL, sizeof p->accidentals);
}

static void add_event(parser *p, const tune_event *event) {
    tune_voice *voice = p->voice;
    if (p->failed || !parser_reserve(p, (void **)&voice->events, &voice->event_capacity,
                                     voice->event_count, sizeof *voice->events))
        return;
    voice->events[voice->event_count++] = *event;
    p->bar.event_count++;
}

/* The open bar, if it has notes, becomes the voice's last. */
static void close_bar(parser *p) {
    tune_voice *voice = p->voice;
    if (p->triplet_left)
        parser_fail(p, p->position, "the bar ends inside a triplet, expected %u more notes",
                    p->triplet_left);
    if (p->next_numerator != p->next_denominator)
        parser_fail(p, p->position, "the bar ends after '>' or '<', expected a note");
    if (p->bar.event_count == 0 || p->failed ||
        !parser_reserve(p, (void **)&voice->bars, &voice->bar_capacity, voice->bar_count,
                        sizeof *voice->bars))
        return;
    for (size_t e = p->bar.first_event; e < voice->event_count; e++)
        p->bar.length_ticks += voice->events[e].duration_ticks;
    voice->bars[voice->bar_count++] = p->bar;
    p->bar.event_count = 0;
}

/* A repeat is opened once and closed once; a first ending closes it. */
static void check_repeat(parser *p, const bar_line *line, size_t start) {
    const unsigned v = voice_index(p);
    if (line->closes_repeat && !p->is_in_repeat[v])
        parser_fail(p, start, "'%s' closes a repeat, expected '|:' before it", line->text);
    if (line->opens_repeat && !line->closes_repeat && p->is_in_repeat[v])
        parser_fail(p, start, "'|:' stands inside a repeat, expected ':|' before it");
    if (p->ending[v] == 1 && line->ends_section && strcmp(line->text, ":|") != 0)
        parser_fail(p, start, "'%s' stands in the first ending, expected ':|2'", line->text);
}

static void apply_bar_line(parser *p, const bar_line *line, size_t start) {
    const unsigned v = voice_index(p);
    check_repeat(p, line, start);
    close_bar(p);
    if (p->failed)
        return;
    if (p->voice->bar_count) {
        tune_bar *before = &p->voice->bars[p->voice->bar_count - 1];
        before->closes_repeat |= line->closes_repeat;
        before->ends_section |= line->ends_section;
    } else if (line->closes_repeat) {
        parser_fail(p, start, "'%s' stands before the first note", line->text);
    }
    if (line->closes_repeat || line->opens_repeat)
        p->is_in_repeat[v] = line->opens_repeat;
    p->opens_repeat[v] |= line->opens_repeat;
    if (line->ends_section && p->ending[v] == 2)
        p->ending[v] = 0;
}

/* The digit after a bar line: "|1", ":|2", also "[1". */
static void read_ending(parser *p) {
    const unsigned v = voice_index(p);
    const size_t start = p->position;
    if (parser_peek(p, 0) == '[' && isdigit((unsigned char)parser_peek(p, 1)))
        p->position++;
    const unsigned number = parser_number(p, 0);
    if (p->ending[v] == 1 && p->voice->bars[p->voice->bar_count - 1].closes_repeat) {
        if (number != 2)
            parser_fail(p, start, "the first ending is over, expected '2' after ':|'");
    } else if (number == 1 && !p->is_in_repeat[v]) {
        parser_fail(p, start, "a first ending outside of a repeat, expected '|:' before it");
    } else if (number == 1 && p->ending[v] == 1) {
        parser_fail(p, start, "a first ending inside a first ending, expected ':|2'");
    } else if (number > 1) {
        parser_fail(p, start, "ending %u, expected 1, or 2 after the ':|' of a first", number);
    }
    if (number)
        p->ending[v] = (uint8_t)number;
}

static void read_bar_line(parser *p) {
    const size_t start = p->position;
    size_t size = 0;
    while (parser_peek(p, size) && strchr("|:]", parser_peek(p, size)))
        size++;
    for (size_t i = 0; i < sizeof BAR_LINES / sizeof *BAR_LINES; i++) {
        const bar_line *line = &BAR_LINES[i];
        if (strlen(line->text) != size || memcmp(line->text, p->line + start, size) != 0)
            continue;
        apply_bar_line(p, line, start);
        p->position += size;
        parser_skip_spaces(p);
        if (!p->failed)
            read_ending(p);
        return;
    }
    parser_fail(p, start,
                "the bar line '%.*s' is unknown, expected one of | || |] |: :| ::", (int)size,
                p->line + start);
}

/* `duration` times numerator / denominator, if that is a whole number of ticks. */
static uint32_t scaled(parser *p, uint32_t duration, unsigned numerator, unsigned denominator) {
    if (denominator == 0 || numerator == 0 || duration * numerator % denominator != 0) {
        parser_fail(p, p->position, "the note is too short or has no length");
        return 0;
    }
    return duration * numerator / denominator;
}

/* "3", "/", "3/2", "//": multiples of the unit; then what a triplet and a broken rhythm make of it.
 */
static uint32_t read_length(parser *p) {
    const unsigned numerator = parser_number(p, 1);
    unsigned denominator = 1;
    while (parser_accept(p, '/'))
        denominator *= parser_number(p, 2);
    if (numerator > 64 || denominator > 64)
        parser_fail(p, p->position, "the length is out of range, expected 64 to 1/64 units");
    uint32_t duration = scaled(p, p->tune->unit_ticks, numerator, denominator);
    if (p->triplet_left) {
        duration = scaled(p, duration, 2, 3);
        p->triplet_left--;
    }
    duration = scaled(p, duration, p->next_numerator, p->next_denominator);
    p->next_numerator = p->next_denominator = 1;
    return duration;
}

/* "a>b" lengthens a by half and halves b; "a<b" the other way round. */
static void read_broken_rhythm(parser *p, tune_event *event) {
    const bool is_long = parser_accept(p, '>');
    if (!is_long && !parser_accept(p, '<'))
        return;
    event->duration_ticks = scaled(p, event->duration_ticks, is_long ? 3 : 1, 2);
    p->next_numerator = is_long ? 1 : 3;
    p->next_denominator = 2;
}

/* Returns whether there is an accidental. */
static bool read_accidental(parser *p, int8_t *alteration) {
    *alteration = 0;
    if (parser_accept(p, '='))
        return true;
    const char sign = parser_peek(p, 0);
    if (sign != '^' && sign != '_')
        return false;
    while (parser_accept(p, sign))
        *alteration = (int8_t)(*alteration + (sign == '^' ? 1 : -1));
    if (*alteration > 2 || *alteration < -2)
        parser_fail(p, p->position, "more than two sharps or flats before a note");
    return true;
}

/* What a letter without an accidental means here. ABC programs disagree whether an accidental also
 * holds in other octaves: there it has to be written again. */
static int8_t alteration_in_force(parser *p, unsigned letter, unsigned octave) {
    const int8_t *row = p->accidentals[letter];
    if (row[octave] != PARSER_NO_ACCIDENTAL)
        return row[octave];
    for (unsigned other = 0; other < PARSER_OCTAVES; other++)
        if (row[other] != PARSER_NO_ACCIDENTAL)
            parser_fail(p, p->position,
                        "an accidental stands before this letter in another octave of the bar, "
                        "expected one here too");
    return p->key[letter];
}

/* "^c'": the MIDI pitch; C is 60, c is 72. */
static uint8_t read_pitch(parser *p) {
    static const char letters[] = "CDEFGAB";
    static const int8_t semitones[PARSER_LETTERS] = {0, 2, 4, 5, 7, 9, 11};
    const size_t start = p->position;
    int8_t alteration;
    const bool is_written = read_accidental(p, &alteration);
    const char name = parser_peek(p, 0);
    const char *letter = name ? strchr(letters, toupper((unsigned char)name)) : NULL;
    if (!letter) {
        parser_fail(p, p->position,
                    name ? "'%c' is no note, expected A to G, a to g, z, Z, '[', '(3' or a bar line"
                         : "the line ends, expected a note",
                    name);
        return 0;
    }
    p->position++;
    int octave = islower((unsigned char)name) ? 6 : 5;
    while (parser_peek(p, 0) && strchr(",'", parser_peek(p, 0)))
        octave += p->line[p->position++] == '\'' ? 1 : -1;
    const unsigned index = (unsigned)(letter - letters);
    if (octave < 0 || octave >= PARSER_OCTAVES) {
        parser_fail(p, start, "the note is out of MIDI's range");
        return 0;
    }
    if (is_written)
        p->accidentals[index][octave] = alteration;
    else
        alteration = alteration_in_force(p, index, (unsigned)octave);
    const int pitch = 12 * octave + semitones[index] + alteration;
    if (pitch < 0 || pitch > 127)
        parser_fail(p, start, "the note is out of MIDI's range");
    return (uint8_t)pitch;
}

static void read_chord(parser *p, tune_event *event) {
    const size_t start = p->position++;
    while (!p->failed && !parser_accept(p, ']')) {
        const size_t note = p->position;
        const uint8_t pitch = read_pitch(p);
        if (memchr(event->pitches, pitch, event->pitch_count))
            parser_fail(p, note, "the note stands twice in the chord");
        if (event->pitch_count == TUNE_MAX_CHORD)
            parser_fail(p, note, "the chord has too many notes, expected at most %d",
                        TUNE_MAX_CHORD);
        if (!p->failed)
            event->pitches[event->pitch_count++] = pitch;
    }
    if (event->pitch_count == 0)
        parser_fail(p, start, "the chord is empty, expected notes");
}

/* A note, a chord or a rest with its length, tie and broken rhythm. */
static void read_event(parser *p) {
    start_bar(p);
    tune_event event = {.place = parser_place(p)};
    const bool is_rest = parser_accept(p, 'z');
    if (!is_rest && parser_peek(p, 0) == '[')
        read_chord(p, &event);
    else if (!is_rest)
        event.pitches[event.pitch_count++] = read_pitch(p);
    event.duration_ticks = read_length(p);
    if (parser_peek(p, 0) == '-' && is_rest)
        parser_fail(p, p->position, "a tie after a rest, expected it after a note");
    event.is_tied = parser_accept(p, '-');
    read_broken_rhythm(p, &event);
    add_event(p, &event);
}

/* "Z4": rests of a whole bar each. */
static void read_bar_rests(parser *p) {
    const tune_event rest = {.place = parser_place(p), .duration_ticks = p->tune->bar_ticks};
    if (p->bar.event_count)
        parser_fail(p, p->position, "'Z' stands inside a bar, expected it after a bar line");
    p->position++;
    for (unsigned left = parser_number(p, 1); left > 0 && !p->failed; left--) {
        start_bar(p);
        add_event(p, &rest);
        if (left > 1)
            close_bar(p);
    }
    if (!p->failed && !strchr(" |:", parser_peek(p, 0)))
        parser_fail(p, p->position, "'%c' stands after 'Z', expected a bar line",
                    parser_peek(p, 0));
}

static void read_triplet(parser *p) {
    const size_t start = p->position++;
    if (p->triplet_left || parser_number(p, 0) != 3)
        parser_fail(p, start, "no slur or other tuplet is known, expected '(3' and three notes");
    p->triplet_left = 3;
}

void parser_music(parser *p) {
    need_voice(p);
    p->bar.event_count = 0;
    while (parser_peek(p, 0)) {
        const char letter = parser_peek(p, 0);
        if (letter == ' ')
            p->position++;
        else if (letter == '|' || letter == ':')
            read_bar_line(p);
        else if (letter == 'Z')
            read_bar_rests(p);
        else if (letter == '(')
            read_triplet(p);
        else
            read_event(p);
    }
    if (p->bar.event_count)
        parser_fail(p, p->position, "the line ends inside a bar, expected a bar line");
}
