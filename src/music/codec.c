/* SPDX-License-Identifier: ISC */
#include "music/codec.h"

#include "base/error.h"
#include "base/mem.h"
#include "music/codec_kind.h"

#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL /* words are short: a call takes as long as their hash */
#include <xxhash.h>

enum { MAX_GRID = 960, MAX_TRACK = 65535, MAX_PROGRAM = 127, SHOWN = 40 /* bytes of a bad word */ };

static const nm_codec_kind *const kinds[] = {&nm_codec_word,  &nm_codec_stream, &nm_codec_interval,
                                             &nm_codec_frame, &nm_codec_roll,   &nm_codec_event};

neume_codec_options neume_codec_options_default(void) {
    return (neume_codec_options){.name = "word",
                                 .grid = 12,
                                 .voicing = NEUME_VOICING_CLASSES,
                                 .spacing_quarters = 0.5,
                                 .track = -1,
                                 .program = -1,
                                 .pitch_range = {0, 127}};
}

static const nm_codec_kind *kind_of(const char *name) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (name && strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

/* What all kinds share; the rest is the kind's. */
static neume_status check_options(const neume_codec_options *options, neume_error *error) {
    if (options->grid < 1 || options->grid > MAX_GRID)
        return nm_fail(error, NEUME_BAD_USAGE, "a grid of %u cells a quarter: expected 1 to %d",
                       options->grid, MAX_GRID);
    if (options->voicing != NEUME_VOICING_CLASSES && options->voicing != NEUME_VOICING_PITCHES)
        return nm_fail(error, NEUME_BAD_USAGE, "voicing %d: expected classes or pitches",
                       (int)options->voicing);
    if ((unsigned)options->rest_unit > NEUME_REST_SIXTEENTH ||
        (unsigned)options->order > NEUME_ORDER_DESCENDING)
        return nm_fail(error, NEUME_BAD_USAGE, "rest unit %d, order %d: expected 0 or 1",
                       (int)options->rest_unit, (int)options->order);
    if ((unsigned)options->onsets > NEUME_ONSETS_DROP ||
        (unsigned)options->timing > NEUME_TIMING_PERFORMANCE ||
        (unsigned)options->drums > NEUME_DRUMS_DROP)
        return nm_fail(error, NEUME_BAD_USAGE, "onsets %d, timing %d, drums %d: expected 0 or 1",
                       (int)options->onsets, (int)options->timing, (int)options->drums);
    if (options->pitch_range.low > options->pitch_range.high || options->pitch_range.high > 127)
        return nm_fail(error, NEUME_BAD_USAGE, "pitch range %u-%u: expected 0 <= LO <= HI <= 127",
                       options->pitch_range.low, options->pitch_range.high);
    if (options->track < -1 || options->track > MAX_TRACK)
        return nm_fail(error, NEUME_BAD_USAGE, "track %d: expected 0 to %d", options->track,
                       MAX_TRACK);
    if (options->program < -1 || options->program > MAX_PROGRAM)
        return nm_fail(error, NEUME_BAD_USAGE, "program %d: expected 0 to %d", options->program,
                       MAX_PROGRAM);
    return NEUME_OK;
}

bool nm_codec_is_fixed(const neume_codec *codec, unsigned stream) {
    char word[NM_MAX_WORD_TEXT];
    if (codec->kind->is_roll)
        return true;
    return codec->kind->fixed_word && codec->kind->fixed_word(word, &codec->options, stream, 0);
}

bool nm_codec_start_vocabulary(const neume_codec *codec, unsigned stream,
                               nm_vocabulary *vocabulary) {
    char word[NM_MAX_WORD_TEXT];
    if (codec->kind->is_roll)
        return true;
    if (nm_vocabulary_add(vocabulary, "<end>") != NM_WORD_END ||
        nm_vocabulary_add(vocabulary, "<unk>") != NM_WORD_UNKNOWN)
        return false;
    if (!codec->kind->fixed_word)
        return true;
    for (uint32_t i = 0; codec->kind->fixed_word(word, &codec->options, stream, i); i++)
        if (nm_vocabulary_add(vocabulary, word) != NM_WORD_FIRST + i)
            return false;
    return true;
}

/* An option that a kind does not heed would be passed over in silence: it is refused. */
static neume_status check_heeded(const nm_codec_kind *kind, const neume_codec_options *options,
                                 neume_error *error) {
    const neume_codec_options usual = neume_codec_options_default();
    const struct {
        nm_codec_option option;
        const char *name;
        bool is_usual;
    } of[] = {
        {NM_OPTION_VOICING, "voicing", options->voicing == usual.voicing},
        {NM_OPTION_SPACING, "spacing", options->spacing_quarters == usual.spacing_quarters},
        {NM_OPTION_MELODY, "melody", options->melody == usual.melody},
        {NM_OPTION_REST_UNIT, "rest unit", options->rest_unit == usual.rest_unit},
        {NM_OPTION_METRES, "time signatures", options->metres[0] == usual.metres[0]},
        {NM_OPTION_ORDER, "order", options->order == usual.order},
        {NM_OPTION_PITCH_RANGE, "pitch range",
         options->pitch_range.low == usual.pitch_range.low &&
             options->pitch_range.high == usual.pitch_range.high},
        {NM_OPTION_ONSETS, "onsets", options->onsets == usual.onsets},
        {NM_OPTION_TIMING, "timing", options->timing == usual.timing},
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        if (!of[i].is_usual && !(kind->heeds & of[i].option))
            return nm_fail(error, NEUME_BAD_USAGE, "%s: codec %s has no such option", of[i].name,
                           kind->name);
    return NEUME_OK;
}

neume_status neume_codec_new(neume_codec **out, neume_context *context,
                             const neume_codec_options *options, neume_error *error) {
    *out = NULL;
    const nm_codec_kind *kind = kind_of(options->name);
    if (!kind)
        return nm_fail(error, NEUME_BAD_USAGE, "codec \"%.*s\": there is none of this name", SHOWN,
                       options->name ? options->name : "");
    neume_status status = check_options(options, error);
    if (!status)
        status = check_heeded(kind, options, error);
    if (!status)
        status = kind->check(options, error);
    if (status)
        return status;
    neume_codec *codec = nm_alloc(context, 1, sizeof *codec);
    if (!codec)
        return nm_fail_memory(error, "codec");
    *codec = (neume_codec){.context = context, .kind = kind, .options = *options};
    codec->options.name = kind->name;
    bool is_started = true;
    for (unsigned stream = 0; stream < kind->stream_count; stream++) {
        codec->vocabularies[stream] = nm_vocabulary_on(context);
        is_started =
            is_started && nm_codec_start_vocabulary(codec, stream, &codec->vocabularies[stream]);
    }
    if (!is_started) {
        neume_codec_free(codec);
        return nm_fail_memory(error, "codec");
    }
    *out = codec;
    return NEUME_OK;
}

void neume_codec_free(neume_codec *codec) {
    if (!codec)
        return;
    nm_codec_tables_clear(codec);
    for (unsigned stream = 0; stream < codec->kind->stream_count; stream++)
        nm_vocabulary_clear(&codec->vocabularies[stream]);
    nm_free(codec->context, codec);
}

const neume_codec_options *neume_codec_options_of(const neume_codec *codec) {
    return &codec->options;
}

unsigned neume_codec_stream_count(const neume_codec *codec) {
    const bool has_one = codec->kind->is_roll && codec->options.onsets == NEUME_ONSETS_DROP;
    return has_one ? 1 : codec->kind->stream_count;
}

bool nm_codec_is_roll(const neume_codec *codec) {
    return codec->kind->is_roll;
}

unsigned neume_codec_width(const neume_codec *codec) {
    return neume_codec_stream_count(codec) * (codec->kind->is_roll ? NM_ROLL_WORDS : 1);
}

const char *neume_codec_stream_name(const neume_codec *codec, unsigned stream) {
    return stream < neume_codec_stream_count(codec) ? codec->kind->stream_names[stream] : NULL;
}

const char *neume_codec_step_unit(const neume_codec *codec) {
    return codec->kind->step_unit;
}

uint32_t neume_codec_word_count(const neume_codec *codec, unsigned stream) {
    return stream < codec->kind->stream_count ? codec->vocabularies[stream].count : 0;
}

const char *neume_codec_word(const neume_codec *codec, unsigned stream, uint32_t word) {
    return word < neume_codec_word_count(codec, stream) ? codec->vocabularies[stream].texts[word]
                                                        : NULL;
}

uint32_t neume_codec_find(const neume_codec *codec, unsigned stream, const char *text) {
    if (stream >= codec->kind->stream_count)
        return NEUME_NO_WORD;
    return nm_vocabulary_find(&codec->vocabularies[stream], text);
}

uint32_t nm_codec_learn(neume_codec *codec, unsigned stream, const char *text) {
    return nm_vocabulary_add(&codec->vocabularies[stream], text);
}

bool nm_codec_can_say(const neume_codec *codec, unsigned stream, const char *text) {
    char spelt[NM_MAX_WORD_TEXT];
    if (nm_vocabulary_find(&codec->vocabularies[stream], text) != UINT32_MAX)
        return true;
    return !nm_codec_is_fixed(codec, stream) &&
           codec->kind->spell(spelt, &codec->options, stream, text) && strcmp(spelt, text) == 0;
}

bool nm_codec_is_closed(const neume_codec *codec) {
    return codec->is_closed;
}

double nm_codec_unseen_count(const neume_codec *codec, unsigned stream) {
    if (nm_codec_is_fixed(codec, stream))
        return 0;
    return codec->kind->universe(&codec->options, stream) -
           (codec->vocabularies[stream].count - NM_WORD_FIRST);
}

uint32_t nm_codec_next_given(const neume_codec *codec, uint32_t given) {
    return (given + 1) % (4 * codec->options.grid);
}

static uint64_t hash_roll(const neume_sequence *sequence) {
    const size_t count = sequence->step_count;
    const uint64_t hash =
        XXH3_64bits(sequence->words, count * sequence->width * sizeof *sequence->words);
    return XXH3_64bits_withSeed(sequence->given, count * sizeof *sequence->given, hash);
}

/* Each text with its NUL, seeded with the hash of those before. */
uint64_t nm_codec_hash(const neume_codec *codec, const neume_sequence *sequence) {
    const uint32_t *words = sequence->words;
    uint64_t hash = 0;
    if (codec->kind->is_roll)
        return hash_roll(sequence);
    for (size_t t = 0; t < sequence->step_count; t++, words += sequence->width)
        for (unsigned s = 0; s < sequence->width; s++) {
            const nm_vocabulary *of = &codec->vocabularies[s];
            const char *text = words[s] < of->count ? of->texts[words[s]] : NULL;
            hash = XXH3_64bits_withSeed(text ? text : "", text ? strlen(text) + 1 : 0, hash);
        }
    return hash;
}
