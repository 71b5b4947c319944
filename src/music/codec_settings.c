/* SPDX-License-Identifier: ISC */
/* A codec as a text of settings and a list of words, for model files, and back. */
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "music/codec_kind.h"

#include <stdlib.h>
#include <string.h>

static const char *const voicings[] = {"classes", "pitches", NULL};
static const char *const rest_units[] = {"quarter", "sixteenth", NULL};
static const char *const orders[] = {"ascending", "descending", NULL};
static const char *const keeping[] = {"keep", "drop", NULL};
static const char *const timings[] = {"metrical", "performance", NULL};

static json_t *metres_json(const uint8_t *metres) {
    json_t *array = json_array();
    for (size_t i = 0; i < NEUME_MAX_METRES && metres[i]; i++)
        if (json_array_append_new(array, json_integer(metres[i]))) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *growth_json(const nm_growth *growth) {
    json_t *array = json_array();
    for (unsigned i = 0; array && i < growth->count; i++)
        if (json_array_append_new(array, json_integer(growth->begins[i]))) {
            json_decref(array);
            return NULL;
        }
    return array;
}

/* Adds the growths of all streams, where any has grown; false for want of memory. */
static bool put_growths(json_t *object, const neume_codec *codec) {
    unsigned count = 0;
    for (unsigned s = 0; s < codec->kind->stream_count; s++)
        count += codec->growths[s].count;
    if (count == 0)
        return true;
    json_t *streams = json_array();
    for (unsigned s = 0; s < codec->kind->stream_count; s++)
        if (json_array_append_new(streams, growth_json(&codec->growths[s]))) {
            json_decref(streams);
            return false;
        }
    return json_object_set_new(object, "grown", streams) == 0;
}

char *nm_codec_settings(const neume_codec *codec) {
    const neume_codec_options *options = &codec->options;
    json_t *object = json_pack(
        "{s:s, s:I, s:s, s:f, s:i, s:i, s:b, s:s, s:s, s:o, s:[i, i], s:s, s:s, s:s, s:[i, i]}",
        "name", options->name, "grid", (json_int_t)options->grid, "voicing",
        voicings[options->voicing], "spacing_quarters", options->spacing_quarters, "track",
        options->track, "program", options->program, "melody", (int)options->melody, "rest_unit",
        rest_units[options->rest_unit], "order", orders[options->order], "metres",
        metres_json(options->metres), "pitch_range", options->pitch_range.low,
        options->pitch_range.high, "onsets", keeping[options->onsets], "timing",
        timings[options->timing], "drums", keeping[options->drums], "shifts", codec->shift_low,
        codec->shift_high);
    const bool is_whole = object && put_growths(object, codec);
    char *text = is_whole ? json_dumps(object, JSON_REAL_PRECISION(17)) : NULL;
    char *copy = text ? nm_copy_text(codec->context, text, strlen(text)) : NULL;
    free(text);
    json_decref(object);
    return copy;
}

neume_status nm_codec_vocabulary(const neume_codec *codec, nm_buffer *out) {
    for (unsigned stream = 0; stream < codec->kind->stream_count; stream++)
        for (uint32_t word = 0; word < codec->vocabularies[stream].count; word++) {
            const char *text = codec->vocabularies[stream].texts[word];
            nm_write_bytes(out, text, strlen(text) + 1);
        }
    return out->failed ? NEUME_NO_MEMORY : NEUME_OK;
}

/* The index of a text among others, or of the NULL at their end. */
static unsigned choice_of(const char *const *choices, const char *text) {
    unsigned i = 0;
    while (choices[i] && strcmp(choices[i], text) != 0)
        i++;
    return i;
}

static bool read_metres(uint8_t *metres, const json_t *array) {
    if (!json_is_array(array) || json_array_size(array) > NEUME_MAX_METRES)
        return false;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_int_t numerator = json_integer_value(json_array_get(array, i));
        if (numerator < 1 || numerator > UINT8_MAX)
            return false;
        metres[i] = (uint8_t)numerator;
    }
    return true;
}

enum { SETTINGS = 15 };

/* What the settings say, as far as it can be said; the options' ranges are checked later. */
typedef struct stored_options {
    neume_codec_options options;
    int low, high; /* shifts */
    nm_growth growths[NEUME_MAX_STREAMS];
} stored_options;

static bool read_growth(nm_growth *out, const json_t *array) {
    if (!json_is_array(array) || json_array_size(array) > NM_MAX_GROWTHS)
        return false;
    for (out->count = 0; out->count < json_array_size(array); out->count++) {
        const json_int_t begin = json_integer_value(json_array_get(array, out->count));
        const json_int_t least =
            out->count ? (json_int_t)out->begins[out->count - 1] + 1 : (json_int_t)NM_WORD_FIRST;
        if (begin < least || begin > INT32_MAX)
            return false;
        out->begins[out->count] = (uint32_t)begin;
    }
    return true;
}

/* NULL: of a vocabulary that has never grown. */
static bool read_growths(nm_growth *out, const json_t *streams) {
    if (json_array_size(streams) > NEUME_MAX_STREAMS)
        return false;
    for (size_t s = 0; s < json_array_size(streams); s++)
        if (!read_growth(&out[s], json_array_get(streams, s)))
            return false;
    return !streams || json_is_array(streams);
}

static bool read_options(stored_options *out, const json_t *object, json_error_t *reason) {
    const char *voicing, *rest_unit, *order, *onsets, *timing, *drums;
    json_t *metres, *grown = NULL;
    json_int_t grid;
    int melody, lowest, highest;
    neume_codec_options *options = &out->options;
    *out = (stored_options){.options = neume_codec_options_default()};
    if (json_unpack_ex(
            (json_t *)(uintptr_t)object, reason, 0,
            "{s:s, s:I, s:s, s:F, s:i, s:i, s:b, s:s, s:s, s:o, s:[i, i!], s:s, s:s, s:s, "
            "s:[i, i!], s?:o}",
            "name", &options->name, "grid", &grid, "voicing", &voicing, "spacing_quarters",
            &options->spacing_quarters, "track", &options->track, "program", &options->program,
            "melody", &melody, "rest_unit", &rest_unit, "order", &order, "metres", &metres,
            "pitch_range", &lowest, &highest, "onsets", &onsets, "timing", &timing, "drums", &drums,
            "shifts", &out->low, &out->high, "grown", &grown) ||
        !read_growths(out->growths, grown))
        return false;
    /* JSON_STRICT forgets keys where memory runs out. */
    if (json_object_size(object) != SETTINGS + (size_t)(grown != NULL))
        return false;
    options->grid = grid < 0 || grid > UINT32_MAX ? UINT32_MAX : (uint32_t)grid;
    options->melody = melody != 0;
    options->voicing = (neume_voicing)choice_of(voicings, voicing);
    options->rest_unit = (neume_rest_unit)choice_of(rest_units, rest_unit);
    options->order = (neume_order)choice_of(orders, order);
    options->onsets = (neume_onsets)choice_of(keeping, onsets);
    options->timing = (neume_timing)choice_of(timings, timing);
    options->drums = (neume_drums)choice_of(keeping, drums);
    if (lowest < 0 || lowest > 127 || highest < 0 || highest > 127)
        return false;
    options->pitch_range = (neume_pitch_range){(uint8_t)lowest, (uint8_t)highest};
    return out->low <= 0 && out->low >= -NM_MAX_SHIFT && out->high >= 0 &&
           out->high <= NM_MAX_SHIFT && read_metres(options->metres, metres);
}

static neume_status take_growths(neume_codec *codec, const nm_growth *growths, neume_error *error) {
    for (unsigned s = 0; s < NEUME_MAX_STREAMS; s++) {
        const bool is_learnt = s < codec->kind->stream_count && !nm_codec_is_fixed(codec, s);
        if (growths[s].count && !is_learnt)
            return nm_fail(error, NEUME_BAD_MODEL,
                           "codec settings: stream %u has no vocabulary that can grow", s);
        codec->growths[s] = growths[s];
    }
    return NEUME_OK;
}

/* An open codec from the settings; nothing in them is trusted. Freed by the caller, also after
 * failure. */
static neume_status make_from_settings(neume_codec **out, neume_context *context,
                                       const json_t *object, neume_error *error) {
    stored_options read;
    neume_error refusal = {0};
    json_error_t reason = {0};
    const bool is_read = read_options(&read, object, &reason);
    if (!is_read && json_error_code(&reason) == json_error_out_of_memory)
        return nm_fail_memory(error, "codec settings");
    if (!is_read)
        return nm_fail(
            error, NEUME_BAD_MODEL,
            "codec settings: expected name, grid, voicing, spacing_quarters, track, "
            "program, melody, rest_unit, order, metres, pitch_range, onsets, timing, drums "
            "and shifts, nothing else");
    const neume_status status = neume_codec_new(out, context, &read.options, &refusal);
    if (status == NEUME_BAD_USAGE)
        return nm_fail(error, NEUME_BAD_MODEL, "codec settings: %s", refusal.line);
    if (status)
        return nm_fail_memory(error, "codec");
    nm_codec_set_shifts(*out, read.low, read.high);
    return take_growths(*out, read.growths, error);
}

/* Whether the order of the words begins anew behind those that the codec has. */
static bool is_growth(const neume_codec *codec, unsigned stream) {
    const nm_growth *growth = &codec->growths[stream];
    for (unsigned i = 0; i < growth->count; i++)
        if (growth->begins[i] == codec->vocabularies[stream].count)
            return true;
    return false;
}

/* Whether the codec could have written this word behind those that it has: in order, said in its
 * own spelling. */
static bool belongs(const neume_codec *codec, unsigned stream, const char *text) {
    const nm_vocabulary *words = &codec->vocabularies[stream];
    char spelt[NM_MAX_WORD_TEXT];
    if (nm_codec_is_fixed(codec, stream) || nm_vocabulary_find(words, text) != UINT32_MAX)
        return false;
    if (words->count > NM_WORD_FIRST && !is_growth(codec, stream) &&
        strcmp(words->texts[words->count - 1], text) >= 0)
        return false;
    return codec->kind->spell(spelt, &codec->options, stream, text) && strcmp(spelt, text) == 0;
}

/* Each growth brought words. */
static neume_status match_growth(const neume_codec *codec, unsigned stream, neume_error *error) {
    const nm_growth *growth = &codec->growths[stream];
    if (growth->count == 0 || growth->begins[growth->count - 1] < codec->vocabularies[stream].count)
        return NEUME_OK;
    return nm_fail(error, NEUME_BAD_MODEL, "vocabulary: stream %u has not grown at word %u", stream,
                   growth->begins[growth->count - 1]);
}

/* Takes the words of one stream from `*words`: those that it starts with, and those that follow up
 * to the next <end> or the end. */
static neume_status restore_stream(neume_codec *codec, unsigned stream, neume_bytes *words,
                                   neume_error *error) {
    const char *text = words->data;
    const char *const end = text + words->size_bytes;
    const uint32_t first = codec->vocabularies[stream].count;
    uint32_t index = 0;
    for (; text < end; index++, text += strlen(text) + 1) {
        const bool is_end = strcmp(text, codec->vocabularies[stream].texts[NM_WORD_END]) == 0;
        if (is_end && index > 0)
            break;
        if (index < first) {
            if (strcmp(text, codec->vocabularies[stream].texts[index]) != 0)
                break;
            continue;
        }
        if (!belongs(codec, stream, text))
            return nm_fail(error, NEUME_BAD_MODEL,
                           "vocabulary: word %u of stream %u is not one of the codec's, in order",
                           index, stream);
        if (nm_vocabulary_add(&codec->vocabularies[stream], text) == UINT32_MAX)
            return nm_fail_memory(error, "vocabulary");
    }
    if (index < first)
        return nm_fail(error, NEUME_BAD_MODEL, "vocabulary: stream %u does not start with %s",
                       stream, first > NM_WORD_FIRST ? "the codec's words" : "<end> and <unk>");
    *words = (neume_bytes){text, (size_t)(end - text)};
    return match_growth(codec, stream, error);
}

static neume_status restore_words(neume_codec *codec, neume_bytes words, neume_error *error) {
    const char *bytes = words.data;
    if (words.size_bytes == 0 || bytes[words.size_bytes - 1] != '\0')
        return nm_fail(error, NEUME_BAD_MODEL, "vocabulary: it does not end with a NUL");
    for (unsigned stream = 0; stream < codec->kind->stream_count; stream++) {
        const neume_status status = restore_stream(codec, stream, &words, error);
        if (status)
            return status;
    }
    if (words.size_bytes)
        return nm_fail(error, NEUME_BAD_MODEL, "vocabulary: more streams than the codec's %u",
                       codec->kind->stream_count);
    return NEUME_OK;
}

/* Takes the words of a codec that has any, and closes it. */
static neume_status restore_codec(neume_codec *codec, neume_bytes words, neume_error *error) {
    neume_status status = NEUME_OK;
    if (!codec->kind->is_roll)
        status = restore_words(codec, words, error);
    else if (words.size_bytes)
        status = nm_fail(error, NEUME_BAD_MODEL, "vocabulary: %zu bytes, expected none of a roll",
                         words.size_bytes);
    if (!status && nm_codec_seal(codec))
        status = nm_fail_memory(error, "codec");
    return status;
}

neume_status nm_codec_restore(neume_codec **out, neume_context *context, const char *settings,
                              neume_bytes vocabulary, neume_error *error) {
    *out = NULL;
    json_error_t reason;
    json_t *object;
    neume_status status =
        nm_json_parse(&object, settings, strlen(settings), JSON_REJECT_DUPLICATES, &reason);
    if (status == NEUME_NO_MEMORY)
        return nm_fail_memory(error, "codec settings");
    if (status)
        return nm_fail(error, NEUME_BAD_MODEL, "codec settings: no JSON object from line %d on",
                       reason.line);
    neume_codec *codec = NULL;
    status = make_from_settings(&codec, context, object, error);
    if (!status)
        status = restore_codec(codec, vocabulary, error);
    json_decref(object);
    if (status)
        neume_codec_free(codec);
    else
        *out = codec;
    return status;
}
