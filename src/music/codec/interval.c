/* SPDX-License-Identifier: ISC */
/* Codec "interval": the score as one stream of chords on a grid of sixteenths. A chord is its top
 * note's number, then each lower note as its interval from the top, in growing distance: 81 -12 -40
 * is 81, 69, 41. These words take no time. Rests lead from one chord to the next, the largest
 * first: r1..r4 quarters, x1..x3 sixteenths (rest unit "sixteenth": r1..r4 sixteenths, and no x). A
 * chord sounds to the next one, a whole at most; the rests behind the last one say how long it
 * sounds. Rests before the first keep its place in the bar. Stretches under time signatures that
 * the options leave out are cut out, and the music behind them moves up. */
#include "music/codec/interval.h"

#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>

/* Time in cells. A gap is at most 16 bars of 4/4. */
enum { WHOLE = 4 * NM_INTERVAL_GRID, LONGEST_GAP = 16 * WHOLE };

static neume_status check(const neume_codec_options *options, neume_error *error) {
    if (options->grid != NM_INTERVAL_GRID)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "a grid of %u cells a quarter: codec \"interval\" expects %d (sixteenths)",
                       options->grid, NM_INTERVAL_GRID);
    return NEUME_OK;
}

static bool fixed_word(char word[NM_MAX_WORD_TEXT], const neume_codec_options *options,
                       unsigned stream, uint32_t index) {
    (void)stream;
    const int id = (int)index + NM_WORD_FIRST;
    if (id < NM_INTERVAL_1)
        snprintf(word, NM_MAX_WORD_TEXT, "%d", id - NM_NOTE_0);
    else if (id < NM_REST_1)
        snprintf(word, NM_MAX_WORD_TEXT, "%d", NM_INTERVAL_1 - 1 - id);
    else if (id < NM_SIXTEENTH_1)
        snprintf(word, NM_MAX_WORD_TEXT, "r%d", id - NM_REST_1 + 1);
    else
        snprintf(word, NM_MAX_WORD_TEXT, "x%d", id - NM_SIXTEENTH_1 + 1);
    return id < (nm_interval_rest_cells(options) == 1 ? NM_SIXTEENTH_1 : NM_INTERVAL_WORDS);
}

/* Notes move. A chord whose lower notes leave MIDI's range is one that the grammar forbids. */
static bool transpose(char word[NM_MAX_WORD_TEXT], const neume_codec_options *options,
                      unsigned stream, const char *text, int semitones) {
    (void)options;
    (void)stream;
    const bool is_note = text[0] >= '0' && text[0] <= '9';
    const int moved = is_note ? atoi(text) + semitones : 0;
    if (is_note)
        snprintf(word, NM_MAX_WORD_TEXT, "%d", moved);
    else
        snprintf(word, NM_MAX_WORD_TEXT, "%s", text);
    return moved >= 0 && moved < NM_PITCHES;
}

static double quarters(const neume_codec_options *options, unsigned stream, const char *text) {
    (void)stream;
    if (text[0] != 'r' && text[0] != 'x')
        return 0;
    const double cells = text[0] == 'r' ? nm_interval_rest_cells(options) : 1;
    return cells * (text[1] - '0') / NM_INTERVAL_GRID;
}

/* The chord that is being gathered, and what could not be said so far. */
typedef struct chord_gathering {
    nm_encoder *encoder;
    nm_pitch_set set;
    int top;             /* -1: no note yet */
    uint64_t cell;       /* of its onset */
    uint64_t last_cell;  /* of the onset of the chord said before; 0 before the first */
    uint64_t cell_count; /* how long it sounds */
    uint64_t unisons, lower_voices, other_metres, long_gaps;
} chord_gathering;

static void push(nm_encoder *encoder, uint32_t word) {
    nm_encoder_push(encoder, &word);
}

static void push_rests(nm_encoder *encoder, uint32_t cells) {
    const uint32_t unit = nm_interval_rest_cells(&encoder->codec->options);
    for (; cells >= 4 * unit; cells -= 4 * unit)
        push(encoder, NM_REST_4);
    if (cells >= unit)
        push(encoder, NM_REST_1 + cells / unit - 1);
    if (cells % unit)
        push(encoder, NM_SIXTEENTH_1 + cells % unit - 1);
}

static void end_chord(chord_gathering *gathering) {
    nm_encoder *encoder = gathering->encoder;
    const uint64_t gap = gathering->cell - gathering->last_cell;
    if (gathering->top < 0)
        return;
    gathering->long_gaps += gap > LONGEST_GAP;
    push_rests(encoder, gap > LONGEST_GAP ? LONGEST_GAP : (uint32_t)gap);
    push(encoder, (uint32_t)(NM_NOTE_0 + gathering->top));
    encoder->sequence->note_count++;
    (void)nm_pitch_set_take_highest(&gathering->set);
    while (!nm_pitch_set_is_empty(&gathering->set)) {
        const int pitch = (int)nm_pitch_set_take_highest(&gathering->set);
        if (encoder->codec->options.melody) {
            gathering->lower_voices++;
            continue;
        }
        push(encoder, (uint32_t)(NM_INTERVAL_1 + gathering->top - pitch - 1));
        encoder->sequence->note_count++;
    }
    gathering->last_cell = gathering->cell;
    gathering->top = -1;
    gathering->cell_count = 0;
}

/* A chord sounds as long as its longest note, a melody as long as its top one. */
static void gather(chord_gathering *gathering, const neume_note *note, uint64_t cell_count) {
    const bool is_melody = gathering->encoder->codec->options.melody;
    const bool is_new_top = note->pitch > gathering->top;
    if (is_melody && is_new_top)
        gathering->cell_count = cell_count;
    else if (cell_count > gathering->cell_count && (!is_melody || note->pitch == gathering->top))
        gathering->cell_count = cell_count;
    gathering->unisons += nm_pitch_set_has(&gathering->set, note->pitch);
    nm_pitch_set_add(&gathering->set, note->pitch);
    if (is_new_top)
        gathering->top = note->pitch;
}

/* The time signature in force, and the time cut out before it. */
typedef struct metre_walk {
    const neume_time_signature *signatures; /* those to come */
    size_t count;
    bool is_kept;
    uint64_t start_cell; /* of the time signature in force */
    uint64_t cut_cells;
    uint32_t ticks_per_quarter;
} metre_walk;

static metre_walk walk_metres(const neume_codec_options *options, const neume_score *score) {
    metre_walk walk = {.is_kept = nm_codec_keeps_metre(options, 4),
                       .ticks_per_quarter = nm_score_quarter(score)};
    walk.signatures = neume_score_time_signatures(score, &walk.count);
    return walk;
}

static void go_to(metre_walk *walk, const neume_codec_options *options, uint64_t ticks) {
    for (; walk->count && walk->signatures->start_ticks <= ticks; walk->signatures++) {
        const uint64_t cell =
            nm_grid_cell(walk->signatures->start_ticks, NM_INTERVAL_GRID, walk->ticks_per_quarter);
        walk->cut_cells += walk->is_kept ? 0 : cell - walk->start_cell;
        walk->is_kept = nm_codec_keeps_metre(options, walk->signatures->numerator);
        walk->start_cell = cell;
        walk->count--;
    }
}

static void encode_note(chord_gathering *gathering, const metre_walk *walk,
                        const neume_note *note) {
    const uint64_t room = UINT64_MAX - note->start_ticks;
    const uint64_t duration = note->duration_ticks < room ? note->duration_ticks : room;
    const uint64_t start =
        nm_grid_cell(note->start_ticks, NM_INTERVAL_GRID, walk->ticks_per_quarter);
    const uint64_t end =
        nm_grid_cell(note->start_ticks + duration, NM_INTERVAL_GRID, walk->ticks_per_quarter);
    const uint64_t cell = start - walk->cut_cells;
    if (cell != gathering->cell)
        end_chord(gathering);
    gathering->cell = cell;
    gather(gathering, note, end > start ? end - start : 1);
}

static void encode(nm_encoder *encoder, const neume_score *score) {
    const neume_codec_options *options = &encoder->codec->options;
    metre_walk walk = walk_metres(options, score);
    chord_gathering gathering = {.encoder = encoder, .top = -1};
    size_t count;
    const neume_note *notes = neume_score_notes(score, &count);
    for (size_t i = 0; i < count; i++) {
        if (!nm_encoder_wants(encoder, &notes[i]))
            continue;
        go_to(&walk, options, notes[i].start_ticks);
        if (walk.is_kept)
            encode_note(&gathering, &walk, &notes[i]);
        else
            gathering.other_metres++;
    }
    if (gathering.top >= 0) {
        const uint64_t cells = gathering.cell_count;
        end_chord(&gathering);
        push_rests(encoder, cells < WHOLE ? (uint32_t)cells : WHOLE);
        push(encoder, NM_WORD_END);
    }
    nm_encoder_omit(encoder, "unisons", gathering.unisons);
    nm_encoder_omit(encoder, "lower-voices", gathering.lower_voices);
    nm_encoder_omit(encoder, "other-metres", gathering.other_metres);
    nm_encoder_omit(encoder, "long-gaps", gathering.long_gaps);
}

/* The chord that the words have said so far, and where they are. */
typedef struct reading {
    neume_score *score;
    nm_pitch_set set;
    int top; /* -1: no note yet */
    uint64_t onset, now;
} reading;

/* Adds the chord, to sound until now, and begins a new one. */
static neume_status add_chord(reading *r) {
    const uint64_t gap = r->now > r->onset ? r->now - r->onset : 1;
    const uint64_t cell_ticks = NM_TICKS_PER_QUARTER / NM_INTERVAL_GRID;
    neume_status status = NEUME_OK;
    if (r->top < 0)
        r->set = (nm_pitch_set){{0}};
    while (!nm_pitch_set_is_empty(&r->set) && !status) {
        const neume_note note = {.start_ticks = r->onset * cell_ticks,
                                 .duration_ticks = (gap < WHOLE ? gap : WHOLE) * cell_ticks,
                                 .pitch = (uint8_t)nm_pitch_set_take_lowest(&r->set),
                                 .velocity = 80};
        status = neume_score_add_note(r->score, &note);
    }
    r->top = -1;
    r->onset = r->now;
    return status;
}

static uint32_t cells_of(const neume_codec_options *options, uint32_t word) {
    if (word < NM_REST_1 || word >= NM_INTERVAL_WORDS)
        return 0;
    return word < NM_SIXTEENTH_1 ? (word - NM_REST_1 + 1) * nm_interval_rest_cells(options)
                                 : word - NM_SIXTEENTH_1 + 1;
}

/* A note joins the chord that no rest has ended and is its new top; an interval without a top, or
 * one that leads below 0, says nothing. */
static neume_status read_word(reading *r, const neume_codec_options *options, uint32_t word) {
    neume_status status = NEUME_OK;
    if (word >= NM_NOTE_0 && word < NM_INTERVAL_1) {
        if (r->now != r->onset)
            status = add_chord(r);
        r->top = (int)(word - NM_NOTE_0);
        nm_pitch_set_add(&r->set, (unsigned)r->top);
    } else if (word >= NM_INTERVAL_1 && word < NM_REST_1 && r->now == r->onset) {
        const int pitch = r->top - (int)(word - NM_INTERVAL_1 + 1);
        if (pitch >= 0)
            nm_pitch_set_add(&r->set, (unsigned)pitch);
    }
    r->now += cells_of(options, word);
    return status;
}

/* <end> ends the piece; <unk> says nothing. */
static neume_status decode(neume_score *score, const neume_codec *codec,
                           const neume_sequence *sequence) {
    reading r = {.score = score, .top = -1};
    neume_status status = nm_codec_begin_score(score, nm_codec_usual_metre(&codec->options));
    for (size_t i = 0; i < sequence->step_count && !status; i++) {
        if (sequence->words[i] == NM_WORD_END)
            break;
        status = read_word(&r, &codec->options, sequence->words[i]);
    }
    return status ? status : add_chord(&r);
}

static const char *const stream_names[] = {"word"};

const nm_codec_kind nm_codec_interval = {
    .name = "interval",
    .heeds = NM_OPTION_MELODY | NM_OPTION_REST_UNIT | NM_OPTION_METRES,
    .step_unit = "word",
    .expects =
        "a note 0 to 127, an interval -1 to -127, r1 to r4, or x1 to x3 where r1 is a quarter",
    .stream_count = 1,
    .stream_names = stream_names,
    .check = check,
    .fixed_word = fixed_word,
    .transpose = transpose,
    .quarters = quarters,
    .state_count = NM_INTERVAL_STATES,
    .class_count = NM_INTERVAL_CLASSES,
    .allows = nm_interval_allows,
    .next_state = nm_interval_next,
    .word_class = nm_interval_class,
    .encode = encode,
    .decode = decode,
};
