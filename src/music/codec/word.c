/* SPDX-License-Identifier: ISC */
/* Codec "word": a piece is a stream of events. The notes struck in one cell of the grid are one
 * word: a pitch ("E4") or a chord ("4.9"). No rests, durations or velocities. Onsets go to the
 * nearest cell, those half-way between two to the later one; nothing else is rounded. */
#include "base/error.h"
#include "music/codec/chord_event.h"

#include <math.h>

enum { MAX_SPACING_QUARTERS = 64 };

/* State 0, the begin: a piece has at least one word; state 1: any word, or the end. */
enum { CLASS_END, CLASS_UNKNOWN, CLASS_NOTES, CLASS_COUNT };
static bool allows(uint32_t state, uint32_t word_class) {
    return state == 1 || word_class != CLASS_END;
}

static uint32_t next_state(const nm_grammar *grammar, uint32_t state, uint32_t word_class) {
    (void)grammar;
    (void)state;
    return word_class != CLASS_END;
}

static uint32_t word_class(const neume_codec_options *options, unsigned stream, uint32_t word) {
    (void)options;
    (void)stream;
    return word < CLASS_NOTES ? word : CLASS_NOTES;
}

/* Decoded words must fall into different cells again. Their distance is the spacing in ticks,
 * rounded up or down; so that rounded down must be a cell (480 / grid ticks) at least. */
static neume_status check(const neume_codec_options *options, neume_error *error) {
    const double least = ceil((double)NM_TICKS_PER_QUARTER / options->grid) / NM_TICKS_PER_QUARTER;
    if (!(options->spacing_quarters >= least && options->spacing_quarters <= MAX_SPACING_QUARTERS))
        return nm_fail(error, NEUME_BAD_USAGE,
                       "a spacing of %g quarters: expected %g (a cell of the grid) to %d",
                       options->spacing_quarters, least, MAX_SPACING_QUARTERS);
    return NEUME_OK;
}

static bool spell(char word[NM_MAX_WORD_TEXT], const neume_codec_options *options, unsigned stream,
                  const char *text) {
    (void)stream;
    return nm_chord_respell(word, options, text);
}

static double universe(const neume_codec_options *options, unsigned stream) {
    (void)stream;
    return nm_chord_universe(options);
}

static bool transpose(char word[NM_MAX_WORD_TEXT], const neume_codec_options *options,
                      unsigned stream, const char *text, int semitones) {
    (void)stream;
    return nm_chord_transpose(word, text, options->voicing, semitones);
}

static double quarters(const neume_codec_options *options, unsigned stream, const char *text) {
    (void)stream;
    (void)text;
    return options->spacing_quarters;
}

/* The chord that is being gathered, and what could not be said so far. */
typedef struct chord_gathering {
    nm_encoder *encoder;
    nm_pitch_set chord;
    uint64_t cell;
    nm_chord_encoding chords;
} chord_gathering;

static void end_word(chord_gathering *gathering) {
    if (nm_pitch_set_is_empty(&gathering->chord))
        return;
    const uint32_t word = nm_chord_word(gathering->encoder, &gathering->chord, &gathering->chords);
    nm_encoder_push(gathering->encoder, &word);
    gathering->chord = (nm_pitch_set){{0}};
}

static void encode(nm_encoder *encoder, const neume_score *score) {
    const uint32_t grid = encoder->codec->options.grid;
    const uint32_t ticks_per_quarter = nm_score_quarter(score);
    chord_gathering gathering = {.encoder = encoder};
    size_t count;
    const neume_note *notes = neume_score_notes(score, &count);
    for (size_t i = 0; i < count; i++) {
        if (!nm_encoder_wants(encoder, &notes[i]))
            continue;
        const uint64_t cell = nm_grid_cell(notes[i].start_ticks, grid, ticks_per_quarter);
        if (cell != gathering.cell)
            end_word(&gathering);
        gathering.cell = cell;
        nm_chord_gather(&gathering.chord, notes[i].pitch, &gathering.chords);
    }
    end_word(&gathering);
    if (encoder->sequence->step_count)
        nm_encoder_push(encoder, &(uint32_t){NM_WORD_END});
    nm_chord_omit(encoder, &gathering.chords);
}

/* A word that is no chord (<end>, <unk>) is silence as long as a word. */
static neume_status decode(neume_score *score, const neume_codec *codec,
                           const neume_sequence *sequence) {
    const double spacing_ticks = codec->options.spacing_quarters * NM_TICKS_PER_QUARTER;
    neume_status status = nm_codec_begin_score(score, 4);
    for (size_t i = 0; i < sequence->step_count && !status; i++) {
        const uint64_t start = (uint64_t)llround((double)i * spacing_ticks);
        const uint64_t end = (uint64_t)llround((double)(i + 1) * spacing_ticks);
        const neume_note like = {.start_ticks = start, .duration_ticks = end - start};
        status = nm_chord_add_notes(score, neume_codec_word(codec, 0, sequence->words[i]), &like);
    }
    return status;
}

static const char *const stream_names[] = {"word"};

const nm_codec_kind nm_codec_word = {
    .name = "word",
    .heeds = NM_OPTION_VOICING | NM_OPTION_SPACING,
    .step_unit = "word",
    .expects = "a pitch such as E-4 or a chord such as 0.4.7 (with true pitches C4.E4.G4)",
    .stream_count = 1,
    .stream_names = stream_names,
    .check = check,
    .spell = spell,
    .universe = universe,
    .transpose = transpose,
    .quarters = quarters,
    .state_count = 2,
    .class_count = CLASS_COUNT,
    .allows = allows,
    .next_state = next_state,
    .word_class = word_class,
    .encode = encode,
    .decode = decode,
};
