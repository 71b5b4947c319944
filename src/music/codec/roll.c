/* SPDX-License-Identifier: ISC */
/* Codec "roll": a step is a cell of the grid, the set of the keys that sound in it and, where
 * onsets are kept, of those of them that are struck (a key that is only held: play 1, articulate
 * 0). It is told the cell of its bar. No vocabulary, no grammar: any sets can be said. */
#include "base/error.h"
#include "base/mem.h"
#include "music/codec_roll.h"

#include <stdio.h>
#include <string.h>

static neume_status check(const neume_codec_options *options, neume_error *error) {
    if (options->grid > NM_ROLL_MAX_GRID)
        return nm_fail(error, NEUME_BAD_USAGE, "a grid of %u cells a quarter: expected 1 to %d",
                       options->grid, NM_ROLL_MAX_GRID);
    return NEUME_OK;
}

static bool has_onsets(const neume_codec *codec) {
    return codec->options.onsets == NEUME_ONSETS_KEEP;
}

static nm_pitch_set set_of(const uint32_t *words) {
    return (nm_pitch_set){
        {words[0] | (uint64_t)words[1] << 32, words[2] | (uint64_t)words[3] << 32}};
}

static void put_set(uint32_t *words, const nm_pitch_set *set) {
    for (unsigned i = 0; i < NM_ROLL_WORDS; i++)
        words[i] = (uint32_t)(set->bits[i / 2] >> 32 * (i % 2));
}

/* Play, and articulate: nothing where onsets are dropped. */
typedef struct roll_step {
    nm_pitch_set play, articulate;
} roll_step;

static roll_step step_of(const neume_codec *codec, const uint32_t *words) {
    roll_step step = {.play = set_of(words)};
    if (has_onsets(codec))
        step.articulate = set_of(words + NM_ROLL_WORDS);
    return step;
}

static void put_step(uint32_t *words, const neume_codec *codec, const roll_step *step) {
    put_set(words, &step->play);
    if (has_onsets(codec))
        put_set(words + NM_ROLL_WORDS, &step->articulate);
}

static void write_step(char text[NM_MAX_WORD_TEXT], const neume_codec *codec,
                       const uint32_t *words) {
    const roll_step step = step_of(codec, words);
    size_t used = 0;
    strcpy(text, "_");
    for (unsigned key = 0; key < NM_PITCHES; key++) {
        const bool is_held = has_onsets(codec) && !nm_pitch_set_has(&step.articulate, key);
        if (nm_pitch_set_has(&step.play, key))
            used += (size_t)snprintf(text + used, NM_MAX_WORD_TEXT - used, "%s%u%s",
                                     used ? "." : "", key, is_held ? "-" : "");
    }
}

/* A MIDI number at the start of a text, of which it is taken; NM_PITCHES: there is none. */
static unsigned read_key(const char **text) {
    unsigned key = 0;
    const char *at = *text;
    for (; *at >= '0' && *at <= '9' && key < NM_PITCHES; at++)
        key = 10 * key + (unsigned)(*at - '0');
    const bool is_key = at > *text && key < NM_PITCHES;
    *text = at;
    return is_key ? key : NM_PITCHES;
}

static bool read_step(uint32_t *words, const neume_codec *codec, const char *text) {
    roll_step step = {0};
    bool is_read = strcmp(text, "_") == 0;
    while (!is_read) {
        const unsigned key = read_key(&text);
        if (key == NM_PITCHES)
            return false;
        nm_pitch_set_add(&step.play, key);
        if (has_onsets(codec) && *text == '-')
            text++;
        else
            nm_pitch_set_add(&step.articulate, key);
        is_read = *text == '\0';
        if (!is_read && *text++ != '.')
            return false;
    }
    put_step(words, codec, &step);
    return true;
}

static bool shift_step(uint32_t *out, const neume_codec *codec, const uint32_t *words, int shift) {
    roll_step step = step_of(codec, words);
    const unsigned lost =
        nm_pitch_set_transpose(&step.play, shift) + nm_pitch_set_transpose(&step.articulate, shift);
    put_step(out, codec, &step);
    return lost == 0;
}

static nm_pitch_set keys_of(const neume_pitch_range *range) {
    nm_pitch_set keys = {{0}};
    for (unsigned key = range->low; key <= range->high; key++)
        nm_pitch_set_add(&keys, key);
    return keys;
}

/* The cells of a roll, each told its number. */
static void encode_roll(nm_encoder *encoder, const nm_roll *roll) {
    const neume_codec *codec = encoder->codec;
    const nm_pitch_set range = keys_of(&codec->options.pitch_range);
    neume_sequence *sequence = encoder->sequence;
    nm_pitch_set before = {{0}};
    uint64_t beyond_range = 0;
    sequence->given = nm_alloc(codec->context, roll->frame_count, sizeof *sequence->given);
    encoder->failed = encoder->failed || !sequence->given;
    for (size_t t = 0; t < roll->frame_count && !encoder->failed; t++) {
        uint32_t words[2 * NM_ROLL_WORDS];
        const nm_pitch_set begun =
            roll->struck ? roll->struck[t] : nm_pitch_set_without(&roll->frames[t], &before);
        const nm_pitch_set beyond = nm_pitch_set_without(&begun, &range);
        beyond_range += nm_pitch_set_count(&beyond);
        sequence->note_count += nm_pitch_set_count(&begun) - nm_pitch_set_count(&beyond);
        put_step(words, codec, &(roll_step){roll->frames[t], begun});
        nm_encoder_push(encoder, words);
        sequence->given[t] = (uint32_t)t;
        before = roll->frames[t];
    }
    nm_encoder_omit(encoder, "beyond-pitch-range", beyond_range);
}

/* A roll of a score, told the cells of its bars, `given` [frame_count]. */
static void encode_bars(nm_encoder *encoder, const neume_score *score, nm_roll *roll,
                        uint32_t *given) {
    const neume_codec_options *options = &encoder->codec->options;
    nm_roll_number_cells(given, roll->frame_count, score, options->grid);
    const size_t lost = nm_roll_cut_metres(roll, given, score, options);
    nm_roll_cut_silence(roll);
    encode_roll(encoder, roll);
    if (!encoder->failed)
        memcpy(encoder->sequence->given, given, roll->frame_count * sizeof *given);
    nm_roll_omit(roll, encoder);
    nm_encoder_omit(encoder, "other-metres", lost);
}

static void encode(nm_encoder *encoder, const neume_score *score) {
    const neume_codec *codec = encoder->codec;
    const nm_roll_options options = {
        .grid = codec->options.grid, .has_onsets = has_onsets(codec), .encoder = encoder};
    nm_roll roll;
    encoder->failed = nm_roll_of_score(&roll, codec->context, score, &options) != NEUME_OK;
    if (encoder->failed)
        return;
    uint32_t *given = nm_alloc(codec->context, roll.frame_count, sizeof *given);
    encoder->failed = !given;
    if (given)
        encode_bars(encoder, score, &roll, given);
    nm_free(codec->context, given);
    nm_roll_clear(codec->context, &roll);
}

static neume_status decode_steps(nm_roll_writer *writer, const neume_codec *codec,
                                 const neume_sequence *sequence) {
    neume_status status = NEUME_OK;
    for (size_t t = 0; t < sequence->step_count && !status; t++) {
        const roll_step step = step_of(codec, sequence->words + t * sequence->width);
        status = nm_roll_write_frame(writer, &step.play, &step.articulate);
    }
    const nm_pitch_set none = {{0}};
    return status ? status : nm_roll_write_frame(writer, &none, &none);
}

static neume_status decode(neume_score *score, const neume_codec *codec,
                           const neume_sequence *sequence) {
    nm_roll_writer writer = {.score = score, .grid = codec->options.grid};
    const neume_codec_options *options = &codec->options;
    neume_status status = nm_codec_begin_score(score, nm_codec_usual_metre(options));
    if (!status)
        status = nm_roll_add_metres(score, sequence, options);
    return status ? status : decode_steps(&writer, codec, sequence);
}

static const char *const stream_names[] = {"play", "articulate"};

const nm_codec_kind nm_codec_roll = {
    .name = "roll",
    .heeds = NM_OPTION_PITCH_RANGE | NM_OPTION_ONSETS | NM_OPTION_METRES,
    .step_unit = "cell",
    .expects = "MIDI numbers of 0 to 127, as in 60.64-.67, or _ for none",
    .stream_count = 2,
    .stream_names = stream_names,
    .is_roll = true,
    .check = check,
    .write_step = write_step,
    .read_step = read_step,
    .shift_step = shift_step,
    .encode_roll = encode_roll,
    .encode = encode,
    .decode = decode,
};
