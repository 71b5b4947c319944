/* SPDX-License-Identifier: ISC */
#include "music/codec.h"

#include "base/error.h"
#include "base/mem.h"
#include "music/codec_kind.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { MAX_GRID = 960, MAX_TRACK = 65535, MAX_PROGRAM = 127, SHOWN = 40 /* bytes of a bad word */ };

static const nm_codec_kind *const kinds[] = {&nm_codec_word};

neume_codec_options neume_codec_options_default(void) {
    return (neume_codec_options){.name = "word",
                                 .grid = 12,
                                 .voicing = NEUME_VOICING_CLASSES,
                                 .spacing_quarters = 0.5,
                                 .track = -1,
                                 .program = -1};
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
    if (options->track < -1 || options->track > MAX_TRACK)
        return nm_fail(error, NEUME_BAD_USAGE, "track %d: expected 0 to %d", options->track,
                       MAX_TRACK);
    if (options->program < -1 || options->program > MAX_PROGRAM)
        return nm_fail(error, NEUME_BAD_USAGE, "program %d: expected 0 to %d", options->program,
                       MAX_PROGRAM);
    return NEUME_OK;
}

/* Every learnt vocabulary starts with <end> and <unk>. */
static bool start_vocabulary(nm_vocabulary *vocabulary) {
    return nm_vocabulary_add(vocabulary, "<end>") == NM_WORD_END &&
           nm_vocabulary_add(vocabulary, "<unk>") == NM_WORD_UNKNOWN;
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
        is_started = is_started && start_vocabulary(&codec->vocabularies[stream]);
    }
    if (!is_started) {
        neume_codec_free(codec);
        return nm_fail_memory(error, "codec");
    }
    *out = codec;
    return NEUME_OK;
}

static void clear_grammar(nm_grammar *grammar, const neume_codec *codec) {
    for (unsigned stream = 0; stream < codec->kind->stream_count; stream++)
        nm_free(codec->context, (void *)(uintptr_t)grammar->word_class[stream]);
    *grammar = (nm_grammar){0};
}

void neume_codec_free(neume_codec *codec) {
    if (!codec)
        return;
    clear_grammar(&codec->grammar, codec);
    for (unsigned stream = 0; stream < codec->kind->stream_count; stream++)
        nm_vocabulary_clear(&codec->vocabularies[stream]);
    nm_free(codec->context, codec);
}

const neume_codec_options *neume_codec_options_of(const neume_codec *codec) {
    return &codec->options;
}

unsigned neume_codec_stream_count(const neume_codec *codec) {
    return codec->kind->stream_count;
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

/* The grammar's tables and the class of every word: what a closed codec has besides. */
static neume_status make_grammar(nm_grammar *out, const neume_codec *codec,
                                 const nm_vocabulary *vocabularies) {
    *out = codec->kind->grammar;
    for (unsigned stream = 0; stream < codec->kind->stream_count; stream++) {
        const uint32_t count = vocabularies[stream].count;
        uint32_t *classes = nm_alloc(codec->context, count, sizeof *classes);
        if (!classes) {
            clear_grammar(out, codec);
            return NEUME_NO_MEMORY;
        }
        for (uint32_t word = 0; word < count; word++)
            classes[word] = codec->kind->word_class(stream, word);
        out->word_class[stream] = classes;
    }
    return NEUME_OK;
}

const nm_grammar *nm_codec_grammar(const neume_codec *codec) {
    return &codec->grammar;
}

uint8_t *nm_codec_masks(neume_context *context, const neume_codec *codec, unsigned stream) {
    const nm_grammar *grammar = &codec->grammar;
    const size_t count = codec->vocabularies[stream].count;
    uint8_t *masks = nm_alloc(context, grammar->state_count * count, 1);
    if (!masks)
        return NULL;
    for (uint32_t state = 0; state < grammar->state_count; state++) {
        const uint8_t *allowed = grammar->allowed + state * grammar->class_count;
        for (size_t word = 0; word < count && grammar->stream[state] == stream; word++)
            masks[state * count + word] = allowed[grammar->word_class[stream][word]];
    }
    return masks;
}

static int compare_texts(const void *a, const void *b) {
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}

/* The words kept, sorted, in a vocabulary of their own. */
static neume_status sort_vocabulary(nm_vocabulary *out, const nm_vocabulary *words,
                                    const uint64_t *counts) {
    *out = nm_vocabulary_on(words->context);
    const char **texts = nm_alloc(words->context, words->count, sizeof *texts);
    if (!texts)
        return NEUME_NO_MEMORY;
    size_t kept = 0;
    for (uint32_t word = NM_WORD_FIRST; word < words->count; word++)
        if (counts[word])
            texts[kept++] = words->texts[word];
    qsort(texts, kept, sizeof *texts, compare_texts);
    bool is_made = start_vocabulary(out);
    for (size_t i = 0; i < kept && is_made; i++)
        is_made = nm_vocabulary_add(out, texts[i]) != UINT32_MAX;
    nm_free(words->context, texts);
    return is_made ? NEUME_OK : NEUME_NO_MEMORY;
}

static void map_words(uint32_t *remap, const nm_vocabulary *from, const nm_vocabulary *to) {
    for (uint32_t word = 0; word < from->count; word++) {
        const uint32_t found = nm_vocabulary_find(to, from->texts[word]);
        remap[word] = found == UINT32_MAX ? NM_WORD_UNKNOWN : found;
    }
}

neume_status nm_codec_close(neume_codec *codec, const uint64_t *const *counts,
                            uint32_t *const *remap) {
    const unsigned stream_count = codec->kind->stream_count;
    nm_vocabulary sorted[NEUME_MAX_STREAMS] = {{0}};
    neume_status status = NEUME_OK;
    for (unsigned s = 0; s < stream_count && !status; s++)
        status = sort_vocabulary(&sorted[s], &codec->vocabularies[s], counts[s]);
    if (!status)
        status = make_grammar(&codec->grammar, codec, sorted);
    for (unsigned s = 0; s < stream_count; s++) {
        nm_vocabulary *unneeded = status ? &sorted[s] : &codec->vocabularies[s];
        if (!status)
            map_words(remap[s], &codec->vocabularies[s], &sorted[s]);
        nm_vocabulary_clear(unneeded);
        if (!status)
            codec->vocabularies[s] = sorted[s];
    }
    codec->is_closed = !status;
    return status;
}

neume_status nm_codec_seal(neume_codec *codec) {
    const neume_status status = make_grammar(&codec->grammar, codec, codec->vocabularies);
    codec->is_closed = !status;
    return status;
}

bool nm_codec_is_closed(const neume_codec *codec) {
    return codec->is_closed;
}

double nm_codec_unseen_count(const neume_codec *codec, unsigned stream) {
    return codec->kind->universe(&codec->options, stream) -
           (codec->vocabularies[stream].count - NM_WORD_FIRST);
}

double nm_codec_step_quarters(const neume_codec *codec) {
    return codec->kind->step_quarters(&codec->options);
}

/* Each text with its NUL, seeded with the hash of those before. */
uint64_t nm_codec_hash(const neume_codec *codec, const neume_sequence *sequence) {
    const size_t count = sequence->step_count * sequence->stream_count;
    uint64_t hash = 0;
    for (size_t i = 0; i < count; i++) {
        const unsigned stream = (unsigned)(i % sequence->stream_count);
        const char *text = neume_codec_word(codec, stream, sequence->words[i]);
        hash = XXH3_64bits_withSeed(text ? text : "", text ? strlen(text) + 1 : 0, hash);
    }
    return hash;
}
