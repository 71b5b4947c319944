/* SPDX-License-Identifier: ISC */
/* Codec "frame": a piece is the frames of a piano roll. A frame is the pitches that sound in it,
 * MIDI numbers in ascending (or descending) order, and "."; behind the last frame is <end>. No
 * onsets, no velocities. As each frame is said in one way only, the likelihood of its words is that
 * of the frame (Walder, Modelling Symbolic Music: Beyond the Piano Roll, 2016). */
#include "base/error.h"
#include "base/mem.h"
#include "music/codec_frame.h"

#include <stdio.h>
#include <string.h>

/* The begin: a piece has at least one frame; the begin of another frame; behind pitch number p of a
 * frame (STATE_PITCH + p); behind <end>. Each word is a class of its own. */
enum { STATE_BEGIN, STATE_FRAME, STATE_PITCH, STATE_ENDED = STATE_PITCH + NM_PITCHES, STATE_COUNT };

static bool allows(uint32_t state, uint32_t word) {
    if (state == STATE_ENDED || word == NM_WORD_END)
        return word == NM_WORD_END && (state == STATE_FRAME || state == STATE_ENDED);
    if (word == NM_WORD_UNKNOWN)
        return false;
    if (word == NM_FRAME_PERIOD || state < STATE_PITCH)
        return true;
    return word - NM_FRAME_PITCH > state - STATE_PITCH;
}

static uint32_t next_state(const nm_grammar *grammar, uint32_t state, uint32_t word) {
    (void)grammar;
    if (state == STATE_ENDED || word == NM_WORD_END)
        return STATE_ENDED;
    if (word == NM_WORD_UNKNOWN)
        return state;
    return word == NM_FRAME_PERIOD ? STATE_FRAME : word - NM_FRAME_PITCH + STATE_PITCH;
}

static uint32_t word_class(const neume_codec_options *options, unsigned stream, uint32_t word) {
    (void)options;
    (void)stream;
    return word;
}

static neume_status check(const neume_codec_options *options, neume_error *error) {
    if (options->grid > NM_ROLL_MAX_GRID)
        return nm_fail(error, NEUME_BAD_USAGE, "a grid of %u cells a quarter: expected 1 to %d",
                       options->grid, NM_ROLL_MAX_GRID);
    return NEUME_OK;
}

static void write_pitch(char word[NM_MAX_WORD_TEXT], unsigned pitch) {
    snprintf(word, NM_MAX_WORD_TEXT, "%u", pitch);
}

/* The MIDI number that a text is, with or without zeros before it; NM_PITCHES where it is none. */
static unsigned read_pitch(const char *text) {
    unsigned pitch = 0;
    if (!*text)
        return NM_PITCHES;
    for (; *text && pitch < NM_PITCHES; text++) {
        if (*text < '0' || *text > '9')
            return NM_PITCHES;
        pitch = 10 * pitch + (unsigned)(*text - '0');
    }
    return pitch < NM_PITCHES ? pitch : NM_PITCHES;
}

static bool fixed_word(char word[NM_MAX_WORD_TEXT], const neume_codec_options *options,
                       unsigned stream, uint32_t index) {
    const uint32_t id = NM_WORD_FIRST + index;
    (void)stream;
    if (id >= NM_FRAME_WORDS)
        return false;
    if (id == NM_FRAME_PERIOD)
        strcpy(word, ".");
    else
        write_pitch(word, nm_frame_mirror(options->order, id - NM_FRAME_PITCH));
    return true;
}

static bool spell(char word[NM_MAX_WORD_TEXT], const neume_codec_options *options, unsigned stream,
                  const char *text) {
    const unsigned pitch = read_pitch(text);
    (void)options;
    (void)stream;
    if (pitch == NM_PITCHES)
        return false;
    write_pitch(word, pitch);
    return true;
}

static bool transpose(char word[NM_MAX_WORD_TEXT], const neume_codec_options *options,
                      unsigned stream, const char *text, int semitones) {
    const unsigned pitch = read_pitch(text);
    const int moved = (int)pitch + semitones;
    (void)options;
    (void)stream;
    if (pitch == NM_PITCHES) {
        strcpy(word, text);
        return true;
    }
    if (moved < 0 || moved >= NM_PITCHES)
        return false;
    write_pitch(word, (unsigned)moved);
    return true;
}

static double quarters(const neume_codec_options *options, unsigned stream, const char *text) {
    (void)stream;
    return strcmp(text, ".") == 0 ? 1.0 / options->grid : 0;
}

static void push(nm_encoder *encoder, uint32_t word) {
    nm_encoder_push(encoder, &word);
}

static void encode_frame(nm_encoder *encoder, const nm_pitch_set *frame) {
    const neume_order order = encoder->codec->options.order;
    for (nm_pitch_set left = *frame; !nm_pitch_set_is_empty(&left);) {
        const unsigned pitch = order == NEUME_ORDER_DESCENDING ? nm_pitch_set_take_highest(&left)
                                                               : nm_pitch_set_take_lowest(&left);
        push(encoder, NM_FRAME_PITCH + nm_frame_mirror(order, pitch));
    }
    push(encoder, NM_FRAME_PERIOD);
}

static void encode_roll(nm_encoder *encoder, const nm_roll *roll) {
    nm_pitch_set before = {{0}};
    for (size_t t = 0; t < roll->frame_count; t++) {
        const nm_pitch_set begun = nm_pitch_set_without(&roll->frames[t], &before);
        encoder->sequence->note_count += nm_pitch_set_count(&begun);
        encode_frame(encoder, &roll->frames[t]);
        before = roll->frames[t];
    }
    if (roll->frame_count)
        push(encoder, NM_WORD_END);
}

static void encode(nm_encoder *encoder, const neume_score *score) {
    neume_context *context = encoder->codec->context;
    const nm_roll_options options = {.grid = encoder->codec->options.grid, .encoder = encoder};
    nm_roll roll;
    if (nm_roll_of_score(&roll, context, score, &options)) {
        encoder->failed = true;
        return;
    }
    nm_roll_cut_silence(&roll);
    encode_roll(encoder, &roll);
    nm_roll_omit(&roll, encoder);
    nm_roll_clear(context, &roll);
}

static neume_status decode_words(nm_roll_writer *writer, neume_order order,
                                 const neume_sequence *sequence) {
    const nm_pitch_set none = {{0}};
    nm_pitch_set frame = none;
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < sequence->step_count && !status; i++) {
        const uint32_t word = sequence->words[i];
        if (word == NM_FRAME_PERIOD) {
            status = nm_roll_write_frame(writer, &frame, &none);
            frame = none;
        } else if (word >= NM_FRAME_PITCH && word < NM_FRAME_WORDS) {
            nm_pitch_set_add(&frame, nm_frame_mirror(order, word - NM_FRAME_PITCH));
        }
    }
    if (!status && !nm_pitch_set_is_empty(&frame))
        status = nm_roll_write_frame(writer, &frame, &none);
    return status ? status : nm_roll_write_frame(writer, &none, &none);
}

/* A frame that is not ended is one all the same; <end> and <unk> say nothing. */
static neume_status decode(neume_score *score, const neume_codec *codec,
                           const neume_sequence *sequence) {
    nm_roll_writer writer = {.score = score, .grid = codec->options.grid};
    const neume_status status = nm_codec_begin_score(score, 4);
    return status ? status : decode_words(&writer, codec->options.order, sequence);
}

static const char *const stream_names[] = {"word"};

const nm_codec_kind nm_codec_frame = {
    .name = "frame",
    .heeds = NM_OPTION_ORDER,
    .step_unit = "word",
    .expects = "a MIDI number of 0 to 127, or . behind a frame",
    .stream_count = 1,
    .stream_names = stream_names,
    .check = check,
    .fixed_word = fixed_word,
    .spell = spell,
    .transpose = transpose,
    .quarters = quarters,
    .state_count = STATE_COUNT,
    .class_count = NM_FRAME_WORDS,
    .allows = allows,
    .next_state = next_state,
    .word_class = word_class,
    .feature_count = NM_FRAME_FEATURES,
    .feature_sizes = nm_frame_feature_sizes,
    .map_count = NM_FRAME_MAPS,
    .maps = nm_frame_maps,
    .track_begin = nm_frame_track_begin,
    .track = nm_frame_track,
    .read_side = nm_frame_read_side,
    .encode_roll = encode_roll,
    .encode = encode,
    .decode = decode,
};
