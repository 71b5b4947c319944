/* SPDX-License-Identifier: ISC */
/* Codec "stream": an event is four words side by side: the notes that one program strikes in one
 * cell of the grid, spelt as in codec "word"; the quarters since the event before it (since the
 * start, for the first); the quarters that the longest of its notes lasts; the program. Events are
 * in the order of (cell, program), so that the programs of a cell follow with offset 0. Times are
 * rounded to cells, half-way up, and written as reduced fractions: "0", "1/3", "1", "3/2". */
#include "base/error.h"
#include "music/codec/chord_event.h"

#include <stdio.h>
#include <string.h>

enum { NOTE, OFFSET, DURATION, INSTRUMENT, STREAMS };
enum {
    PROGRAMS = 128,
    MAX_QUARTERS = 64, /* 16 bars of 4/4: longer gaps and notes are said as this */
    KNOWN_VALUES = 256,
    CHANNELS = 16,
    DRUM_CHANNEL = 9
};

/* A decoded onset is the tick nearest to its cell; from cells of less than a tick it could not be
 * told which it was. */
static neume_status check(const neume_codec_options *options, neume_error *error) {
    if (options->grid > NM_TICKS_PER_QUARTER)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "a grid of %u cells a quarter: codec stream expected 1 to %d", options->grid,
                       NM_TICKS_PER_QUARTER);
    return NEUME_OK;
}

/* Grammar. A piece is note offset duration instrument, again and again, the end in all streams:
 *   0 1 2 3   an event; before the first note there is no <end>
 *   4         the note of a later event, or <end>
 *   5 6 7     the other streams of the end
 *   8         beyond the end: <end> alone, and 5 again */
enum { STATE_FIRST, STATE_NEXT = 4, STATE_ENDING = 5, STATE_ENDED = 8, STATE_COUNT };
enum { CLASS_END, CLASS_UNKNOWN, CLASS_WORDS, CLASS_COUNT };

static unsigned state_stream(uint32_t state) {
    return state % STREAMS;
}

static bool allows(uint32_t state, uint32_t word_class) {
    if (state == STATE_NEXT)
        return true;
    return state > STATE_NEXT ? word_class == CLASS_END : word_class != CLASS_END;
}

static uint32_t next_state(const nm_grammar *grammar, uint32_t state, uint32_t word_class) {
    (void)grammar;
    if (state_stream(state) != NOTE)
        return state + 1;
    return word_class == CLASS_END || state == STATE_ENDED ? (uint32_t)STATE_ENDING
                                                           : (uint32_t)STATE_FIRST + 1;
}

static uint32_t word_class(const neume_codec_options *options, unsigned stream, uint32_t word) {
    (void)options;
    (void)stream;
    return word < CLASS_WORDS ? word : CLASS_WORDS;
}

static uint32_t greatest_common_divisor(uint32_t a, uint32_t b) {
    while (b) {
        const uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static void spell_time(char word[NM_MAX_WORD_TEXT], uint32_t cells, uint32_t grid) {
    const uint32_t divisor = greatest_common_divisor(cells, grid);
    if (divisor == grid)
        snprintf(word, NM_MAX_WORD_TEXT, "%u", cells / divisor);
    else
        snprintf(word, NM_MAX_WORD_TEXT, "%u/%u", cells / divisor, grid / divisor);
}

/* Reads the digits at `*text`, which moves behind them; false where there are none or too many. */
static bool read_number(uint32_t *number, const char **text) {
    enum { MOST_DIGITS = 9 };
    const size_t size = strspn(*text, "0123456789");
    *number = 0;
    for (size_t i = 0; i < size && i < MOST_DIGITS; i++)
        *number = 10 * *number + (uint32_t)((*text)[i] - '0');
    *text += size;
    return size >= 1 && size <= MOST_DIGITS;
}

/* The cells that a number or fraction of quarters makes: a whole number, at most that of
 * MAX_QUARTERS. */
static bool read_time(uint32_t *cells, const char *text, uint32_t grid) {
    uint32_t numerator, denominator = 1;
    if (!read_number(&numerator, &text))
        return false;
    if (*text == '/') {
        text++;
        if (!read_number(&denominator, &text))
            return false;
    }
    const uint64_t product = (uint64_t)numerator * grid;
    if (*text || denominator == 0 || product % denominator != 0 ||
        product / denominator > (uint64_t)MAX_QUARTERS * grid)
        return false;
    *cells = (uint32_t)(product / denominator);
    return true;
}

static void spell_program(char word[NM_MAX_WORD_TEXT], uint32_t program) {
    snprintf(word, NM_MAX_WORD_TEXT, "p%u", program);
}

/* What stands for a number in another stream than the notes'. */
static void spell_value(char word[NM_MAX_WORD_TEXT], unsigned stream, uint32_t value,
                        uint32_t grid) {
    if (stream == INSTRUMENT)
        spell_program(word, value);
    else
        spell_time(word, value, grid);
}

static bool read_program(uint32_t *program, const char *text) {
    if (*text++ != 'p')
        return false;
    return read_number(program, &text) && !*text && *program < PROGRAMS;
}

/* And back. */
static bool read_value(uint32_t *value, unsigned stream, const char *text, uint32_t grid) {
    if (stream == INSTRUMENT)
        return read_program(value, text);
    return read_time(value, text, grid) && (stream == OFFSET || *value > 0);
}

static bool spell(char word[NM_MAX_WORD_TEXT], const neume_codec_options *options, unsigned stream,
                  const char *text) {
    uint32_t value;
    if (stream == NOTE)
        return nm_chord_respell(word, options, text);
    if (!read_value(&value, stream, text, options->grid))
        return false;
    spell_value(word, stream, value, options->grid);
    return true;
}

/* Offsets of 0 to 64 quarters in cells; durations likewise, but of a cell at least. */
static double universe(const neume_codec_options *options, unsigned stream) {
    const double cells = (double)MAX_QUARTERS * options->grid;
    const double counts[STREAMS] = {nm_chord_universe(options), cells + 1, cells, PROGRAMS};
    return counts[stream];
}

static bool transpose(char word[NM_MAX_WORD_TEXT], const neume_codec_options *options,
                      unsigned stream, const char *text, int semitones) {
    if (stream == NOTE)
        return nm_chord_transpose(word, text, options->voicing, semitones);
    strcpy(word, text);
    return true;
}

static double quarters(const neume_codec_options *options, unsigned stream, const char *text) {
    uint32_t cells;
    if (stream != OFFSET || !read_time(&cells, text, options->grid))
        return 0;
    return (double)cells / options->grid;
}

/* What is struck in the cell that is being gathered, by program. */
typedef struct gathering {
    nm_encoder *encoder;
    uint32_t ticks_per_quarter;
    uint64_t cell, last_cell; /* this one, and that of the event before it */
    nm_pitch_set programs;    /* that strike, as a set of numbers below 128 */
    nm_pitch_set chords[PROGRAMS];
    uint64_t longest_ticks[PROGRAMS];
    nm_chord_encoding chord_words;
    uint32_t known[STREAMS][KNOWN_VALUES]; /* words of values; NM_WORD_END: none yet */
    uint64_t long_gaps, long_notes;
} gathering;

/* Most values are small and come again and again: their words are kept. */
static uint32_t value_word(gathering *in, unsigned stream, uint32_t value) {
    uint32_t *known = value < KNOWN_VALUES ? &in->known[stream][value] : NULL;
    if (known && *known)
        return *known;
    char text[NM_MAX_WORD_TEXT];
    spell_value(text, stream, value, in->encoder->codec->options.grid);
    const uint32_t word = nm_encoder_word(in->encoder, stream, text);
    if (known)
        *known = word;
    return word;
}

static uint32_t offset_word(gathering *in) {
    const uint32_t most = MAX_QUARTERS * in->encoder->codec->options.grid;
    const uint64_t cells = in->cell - in->last_cell;
    in->long_gaps += cells > most;
    return value_word(in, OFFSET, cells > most ? most : (uint32_t)cells);
}

/* Whole quarters are looked at first: ticks of any number do not overflow then. */
static uint32_t duration_word(gathering *in, uint64_t ticks) {
    const uint32_t grid = in->encoder->codec->options.grid, most = MAX_QUARTERS * grid;
    const uint64_t cells = ticks / in->ticks_per_quarter > MAX_QUARTERS
                               ? most + 1
                               : nm_grid_cell(ticks, grid, in->ticks_per_quarter);
    in->long_notes += cells > most;
    const uint32_t said = cells > most ? most : (uint32_t)cells;
    return value_word(in, DURATION, said ? said : 1);
}

static void end_cell(gathering *in) {
    while (!nm_pitch_set_is_empty(&in->programs)) {
        const unsigned program = nm_pitch_set_take_lowest(&in->programs);
        uint32_t words[STREAMS];
        words[NOTE] = nm_chord_word(in->encoder, &in->chords[program], &in->chord_words);
        words[OFFSET] = offset_word(in);
        words[DURATION] = duration_word(in, in->longest_ticks[program]);
        words[INSTRUMENT] = value_word(in, INSTRUMENT, program);
        nm_encoder_push(in->encoder, words);
        in->last_cell = in->cell;
        in->chords[program] = (nm_pitch_set){{0}};
        in->longest_ticks[program] = 0;
    }
}

static void gather(gathering *in, const neume_note *note) {
    const unsigned program = note->program % PROGRAMS;
    nm_pitch_set_add(&in->programs, program);
    nm_chord_gather(&in->chords[program], note->pitch, &in->chord_words);
    if (in->longest_ticks[program] < note->duration_ticks)
        in->longest_ticks[program] = note->duration_ticks;
}

static void encode(nm_encoder *encoder, const neume_score *score) {
    const uint32_t grid = encoder->codec->options.grid;
    gathering in = {.encoder = encoder, .ticks_per_quarter = nm_score_quarter(score)};
    size_t count;
    const neume_note *notes = neume_score_notes(score, &count);
    for (size_t i = 0; i < count; i++) {
        if (!nm_encoder_wants(encoder, &notes[i]))
            continue;
        const uint64_t cell = nm_grid_cell(notes[i].start_ticks, grid, in.ticks_per_quarter);
        if (cell != in.cell)
            end_cell(&in);
        in.cell = cell;
        gather(&in, &notes[i]);
    }
    end_cell(&in);
    static const uint32_t end[STREAMS] = {NM_WORD_END, NM_WORD_END, NM_WORD_END, NM_WORD_END};
    if (encoder->sequence->step_count)
        nm_encoder_push(encoder, end);
    nm_chord_omit(encoder, &in.chord_words);
    nm_encoder_omit(encoder, "long-gaps", in.long_gaps);
    nm_encoder_omit(encoder, "long-notes", in.long_notes);
}

/* The programs of a decoded score in the order of their first events. Number k gets track k and a
 * channel of its own, as long as the 15 that are not the drums' last: then they go round. */
typedef struct parts {
    uint8_t number[PROGRAMS]; /* k + 1, or 0 */
    uint8_t count;
} parts;

static void set_part(neume_note *note, parts *all, uint32_t program) {
    if (!all->number[program])
        all->number[program] = ++all->count;
    const unsigned k = all->number[program] - 1u, channel = k % (CHANNELS - 1);
    note->track = (uint16_t)k;
    note->channel = (uint8_t)(channel + (channel >= DRUM_CHANNEL));
    note->program = (uint8_t)program;
}

/* The value of a stream's word, or `otherwise` where it has none, such as <unk>. */
static uint32_t value_of(const neume_codec *codec, unsigned stream, uint32_t word,
                         uint32_t otherwise) {
    const char *text = neume_codec_word(codec, stream, word);
    uint32_t value;
    return text && read_value(&value, stream, text, codec->options.grid) ? value : otherwise;
}

/* An event without a chord (<end>, <unk>) is silent, but its offset counts. What is unknown: an
 * offset is 0, a duration a quarter, an instrument program 0. A duration is rounded by itself, not
 * as the distance of two rounded ticks, so that encoding finds it again. */
static neume_status decode(neume_score *score, const neume_codec *codec,
                           const neume_sequence *sequence) {
    const uint32_t grid = codec->options.grid;
    parts all = {.count = 0};
    uint64_t cell = 0;
    neume_status status = nm_codec_begin_score(score, 4);
    for (size_t i = 0; i < sequence->step_count && !status; i++) {
        const uint32_t *words = sequence->words + i * STREAMS;
        const uint32_t duration = value_of(codec, DURATION, words[DURATION], grid);
        cell += value_of(codec, OFFSET, words[OFFSET], 0);
        neume_note like = {.start_ticks = nm_grid_cell(cell, NM_TICKS_PER_QUARTER, grid),
                           .duration_ticks = nm_grid_cell(duration, NM_TICKS_PER_QUARTER, grid)};
        set_part(&like, &all, value_of(codec, INSTRUMENT, words[INSTRUMENT], 0));
        status = nm_chord_add_notes(score, neume_codec_word(codec, NOTE, words[NOTE]), &like);
    }
    return status;
}

static const char *const stream_names[] = {"note", "offset", "duration", "instrument"};

const nm_codec_kind nm_codec_stream = {
    .name = "stream",
    .heeds = NM_OPTION_VOICING,
    .step_unit = "event",
    .expects = "a note such as E-4 or 0.4.7, an offset and a duration in quarters such as 1/2, an "
               "instrument p0 to p127",
    .stream_count = STREAMS,
    .stream_names = stream_names,
    .check = check,
    .spell = spell,
    .universe = universe,
    .transpose = transpose,
    .quarters = quarters,
    .state_count = STATE_COUNT,
    .class_count = CLASS_COUNT,
    .state_stream = state_stream,
    .allows = allows,
    .next_state = next_state,
    .word_class = word_class,
    .encode = encode,
    .decode = decode,
};
