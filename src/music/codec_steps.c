/* SPDX-License-Identifier: ISC */
/* Scores and texts to steps, and steps to scores: what all kinds of codec do alike. */
#include "base/error.h"
#include "base/mem.h"
#include "music/roll.h"

#include <stdio.h>
#include <string.h>

enum {
    SHOWN = 40,                           /* bytes of a word in an error */
    MOST_FOR_ONE_DIVISION = (1 << 30) - 1 /* of each number: what is divided is below 2^62 */
};

void neume_sequence_clear(neume_context *context, neume_sequence *sequence) {
    nm_free(context, sequence->given);
    nm_free(context, sequence->words);
    *sequence = (neume_sequence){0};
}

uint32_t nm_encoder_word(nm_encoder *encoder, unsigned stream, const char *text) {
    nm_vocabulary *vocabulary = &encoder->codec->vocabularies[stream];
    if (encoder->codec->is_closed || nm_codec_is_fixed(encoder->codec, stream)) {
        const uint32_t found = nm_vocabulary_find(vocabulary, text);
        return found == UINT32_MAX ? NM_WORD_UNKNOWN : found;
    }
    const uint32_t word = nm_vocabulary_add(vocabulary, text);
    encoder->failed = encoder->failed || word == UINT32_MAX;
    return word;
}

bool nm_encoder_grow(nm_encoder *encoder) {
    neume_sequence *sequence = encoder->sequence;
    const size_t count = (sequence->step_count + 1) * sequence->width;
    encoder->failed =
        encoder->failed || !nm_reserve(encoder->codec->context, &sequence->words,
                                       &encoder->capacity, count, sizeof *sequence->words);
    return !encoder->failed;
}

void nm_encoder_omit(nm_encoder *encoder, const char *what, uint64_t count) {
    neume_sequence *sequence = encoder->sequence;
    if (count && sequence->omission_count < NEUME_MAX_OMISSIONS)
        sequence->omissions[sequence->omission_count++] = (neume_omission){what, count};
}

bool nm_encoder_wants(nm_encoder *encoder, const neume_note *note) {
    const neume_codec_options *options = &encoder->codec->options;
    const bool says_drums = encoder->codec->kind->says_drums && options->drums == NEUME_DRUMS_KEEP;
    if (note->is_drum && !says_drums)
        encoder->drums++;
    else if (options->track >= 0 && note->track != options->track)
        encoder->other_tracks++;
    else if (options->program >= 0 && (note->is_drum || note->program != options->program))
        encoder->other_programs++;
    else
        return true;
    return false;
}

uint32_t nm_score_quarter(const neume_score *score) {
    const uint32_t declared = neume_score_ticks_per_quarter(score);
    return declared ? declared : NM_TICKS_PER_QUARTER;
}

bool nm_codec_keeps_metre(const neume_codec_options *options, unsigned numerator) {
    bool is_kept = options->metres[0] == 0;
    for (size_t i = 0; i < NEUME_MAX_METRES && options->metres[i]; i++)
        is_kept = is_kept || options->metres[i] == numerator;
    return is_kept;
}

uint16_t nm_codec_usual_metre(const neume_codec_options *options) {
    return nm_codec_keeps_metre(options, 4) ? 4 : options->metres[0];
}

uint64_t nm_grid_cell(uint64_t ticks, uint64_t grid, uint64_t ticks_per_quarter) {
    if ((ticks | grid | ticks_per_quarter) <= MOST_FOR_ONE_DIVISION)
        return (2 * ticks * grid + ticks_per_quarter) / (2 * ticks_per_quarter);
    const uint64_t quarter = ticks / ticks_per_quarter, rest = ticks % ticks_per_quarter;
    return quarter * grid + (2 * rest * grid + ticks_per_quarter) / (2 * ticks_per_quarter);
}

neume_status nm_codec_begin_score(neume_score *score, uint16_t numerator) {
    const neume_tempo tempo = {.microseconds_per_quarter = 500000};
    const neume_time_signature metre = {.numerator = numerator, .denominator = 4};
    const neume_status status = neume_score_add_tempo(score, &tempo);
    return status ? status : neume_score_add_time_signature(score, &metre);
}

/* How many words each stream has had, so that what a failed encoding has learnt can be forgotten.
 */
typedef struct word_counts {
    uint32_t of[NEUME_MAX_STREAMS];
} word_counts;

static word_counts count_words(const neume_codec *codec) {
    word_counts counts = {{0}};
    for (unsigned stream = 0; stream < codec->kind->stream_count; stream++)
        counts.of[stream] = codec->vocabularies[stream].count;
    return counts;
}

static void undo(nm_encoder *encoder, const word_counts *before) {
    neume_sequence_clear(encoder->codec->context, encoder->sequence);
    for (unsigned stream = 0; stream < encoder->codec->kind->stream_count; stream++)
        nm_vocabulary_truncate(&encoder->codec->vocabularies[stream], before->of[stream]);
}

neume_status neume_codec_encode(neume_sequence *out, neume_codec *codec, const neume_score *score,
                                neume_error *error) {
    *out = (neume_sequence){.width = neume_codec_width(codec)};
    const word_counts before = count_words(codec);
    nm_encoder encoder = {.codec = codec, .sequence = out};
    codec->kind->encode(&encoder, score);
    nm_encoder_omit(&encoder, "drums", encoder.drums);
    nm_encoder_omit(&encoder, "other-tracks", encoder.other_tracks);
    nm_encoder_omit(&encoder, "other-programs", encoder.other_programs);
    if (!encoder.failed)
        return NEUME_OK;
    undo(&encoder, &before);
    return nm_fail_memory(error, "encoding");
}

neume_status nm_codec_encode_roll(neume_sequence *out, neume_codec *codec, const nm_roll *roll) {
    *out = (neume_sequence){.width = neume_codec_width(codec)};
    nm_encoder encoder = {.codec = codec, .sequence = out};
    if (!codec->kind->encode_roll || neume_codec_stream_count(codec) > 1)
        return NEUME_BAD_USAGE;
    codec->kind->encode_roll(&encoder, roll);
    if (!encoder.failed)
        return NEUME_OK;
    neume_sequence_clear(codec->context, out);
    return NEUME_NO_MEMORY;
}

size_t neume_codec_write_step(const neume_codec *codec, const uint32_t *words, char *text,
                              size_t size) {
    char word[NM_MAX_WORD_TEXT];
    size_t used = 0;
    if (codec->kind->is_roll) {
        codec->kind->write_step(word, codec, words);
        return (size_t)snprintf(text, size, "%s", word);
    }
    for (unsigned stream = 0; stream < codec->kind->stream_count; stream++) {
        const size_t left = used < size ? size - used : 0;
        used += (size_t)snprintf(left ? text + used : NULL, left, "%s%s", stream ? " " : "",
                                 neume_codec_word(codec, stream, words[stream]));
    }
    return used;
}

static neume_status fail_word(const neume_codec *codec, const char *text, neume_error *error) {
    return nm_fail(error, NEUME_BAD_USAGE, "word \"%.*s\": expected %s", SHOWN, text,
                   codec->kind->expects);
}

static neume_status check_spelling(const char *text, const char *spelt, neume_error *error) {
    if (strcmp(spelt, text) == 0)
        return NEUME_OK;
    return nm_fail(error, NEUME_BAD_USAGE, "word \"%.*s\": expected the spelling \"%.*s\"", SHOWN,
                   text, SHOWN, spelt);
}

/* A step of a roll, which is one word of a text. */
static neume_status parse_set(const neume_codec *codec, uint32_t *words, const char *text,
                              neume_error *error) {
    char spelt[NM_MAX_WORD_TEXT];
    if (!codec->kind->read_step(words, codec, text))
        return fail_word(codec, text, error);
    codec->kind->write_step(spelt, codec, words);
    return check_spelling(text, spelt, error);
}

/* One word of a text: its id, learnt where the codec is open and can say it. */
static neume_status parse_word(nm_encoder *encoder, uint32_t *word, unsigned stream,
                               const char *text, neume_error *error) {
    const neume_codec *codec = encoder->codec;
    char spelt[NM_MAX_WORD_TEXT];
    *word = neume_codec_find(codec, stream, text);
    if (*word != NEUME_NO_WORD)
        return NEUME_OK;
    if (!codec->kind->spell || !codec->kind->spell(spelt, &codec->options, stream, text))
        return fail_word(codec, text, error);
    const neume_status status = check_spelling(text, spelt, error);
    if (status)
        return status;
    if (codec->is_closed)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "word \"%.*s\": the vocabulary does not have it, expected one of its words",
                       SHOWN, text);
    *word = nm_encoder_word(encoder, stream, text);
    return encoder->failed ? nm_fail_memory(error, "words") : NEUME_OK;
}

static neume_status parse_steps(nm_encoder *encoder, const char *text, neume_error *error) {
    static const char spaces[] = " \t\r\n\v\f";
    const neume_codec *codec = encoder->codec;
    const unsigned word_count = codec->kind->is_roll ? 1 : codec->kind->stream_count;
    uint32_t step[NEUME_MAX_STREAMS];
    unsigned stream = 0;
    for (text += strspn(text, spaces); *text; text += strspn(text, spaces)) {
        char word[NM_MAX_WORD_TEXT];
        const size_t size = strcspn(text, spaces);
        const size_t kept = size < sizeof word ? size : sizeof word - 1;
        memcpy(word, text, kept);
        word[kept] = '\0';
        const neume_status status = codec->kind->is_roll
                                        ? parse_set(codec, step, word, error)
                                        : parse_word(encoder, &step[stream], stream, word, error);
        if (status)
            return status;
        text += size;
        stream = (stream + 1) % word_count;
        if (stream == 0)
            nm_encoder_push(encoder, step);
    }
    if (stream)
        return nm_fail(error, NEUME_BAD_USAGE, "words: they end within a step, expected %u a step",
                       word_count);
    return encoder->failed ? nm_fail_memory(error, "words") : NEUME_OK;
}

/* Steps that nothing is given with count through the bars. */
static neume_status number_steps(nm_encoder *encoder, neume_error *error) {
    neume_sequence *sequence = encoder->sequence;
    sequence->given =
        nm_alloc(encoder->codec->context, sequence->step_count, sizeof *sequence->given);
    if (!sequence->given)
        return nm_fail_memory(error, "words");
    for (size_t step = 1; step < sequence->step_count; step++)
        sequence->given[step] = nm_codec_next_given(encoder->codec, sequence->given[step - 1]);
    return NEUME_OK;
}

/* The notes of a sequence are those that it decodes to, within the pitch range. */
static neume_status count_notes(neume_sequence *sequence, const neume_codec *codec,
                                neume_error *error) {
    const neume_pitch_range range = codec->options.pitch_range;
    neume_score *score;
    size_t count;
    if (neume_codec_decode(&score, codec, sequence))
        return nm_fail_memory(error, "words");
    const neume_note *notes = neume_score_notes(score, &count);
    for (size_t i = 0; i < count; i++)
        sequence->note_count += notes[i].pitch >= range.low && notes[i].pitch <= range.high;
    neume_score_free(score);
    return NEUME_OK;
}

neume_status neume_codec_parse(neume_sequence *out, neume_codec *codec, const char *text,
                               neume_error *error) {
    *out = (neume_sequence){.width = neume_codec_width(codec)};
    const word_counts before = count_words(codec);
    nm_encoder encoder = {.codec = codec, .sequence = out};
    neume_status status = parse_steps(&encoder, text, error);
    if (!status && codec->kind->is_roll)
        status = number_steps(&encoder, error);
    if (!status)
        status = count_notes(out, codec, error);
    if (status)
        undo(&encoder, &before);
    return status;
}

neume_status neume_codec_decode(neume_score **out, const neume_codec *codec,
                                const neume_sequence *sequence) {
    *out = NULL;
    neume_score *score;
    neume_status status = neume_score_new(&score, codec->context);
    if (status)
        return status;
    status = codec->kind->decode(score, codec, sequence);
    if (!status)
        status = neume_score_sort(score);
    if (status)
        neume_score_free(score);
    else
        *out = score;
    return status;
}
