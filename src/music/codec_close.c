/* SPDX-License-Identifier: ISC */
/* Closing a codec: its vocabularies sorted, and the tables that follow from them: the grammar, the
 * words of other keys, the time that words take. */
#include "base/error.h"
#include "base/mem.h"
#include "music/codec_kind.h"

#include <stdlib.h>
#include <string.h>

void nm_codec_tables_clear(neume_codec *codec) {
    nm_codec_grammar_clear(codec);
    for (unsigned stream = 0; stream < codec->kind->stream_count; stream++) {
        nm_free(codec->context, codec->shifted[stream]);
        nm_free(codec->context, codec->quarters[stream]);
        codec->shifted[stream] = NULL;
        codec->quarters[stream] = NULL;
    }
}

static bool time_words(neume_codec *codec, unsigned stream) {
    const nm_vocabulary *words = &codec->vocabularies[stream];
    if (!codec->kind->quarters)
        return true;
    double *quarters = nm_alloc(codec->context, words->count, sizeof *quarters);
    codec->quarters[stream] = quarters;
    for (uint32_t word = NM_WORD_FIRST; quarters && word < words->count; word++)
        quarters[word] = codec->kind->quarters(&codec->options, stream, words->texts[word]);
    return quarters != NULL;
}

/* The text of a word in another key; false where there is none. */
static bool shift_text(char out[NM_MAX_WORD_TEXT], const neume_codec *codec, unsigned stream,
                       const char *text, int shift) {
    if (shift == 0 || !codec->kind->transpose) {
        strcpy(out, text);
        return true;
    }
    return codec->kind->transpose(out, &codec->options, stream, text, shift);
}

static uint32_t shift_word(const neume_codec *codec, unsigned stream, uint32_t word, int shift) {
    char text[NM_MAX_WORD_TEXT];
    const nm_vocabulary *words = &codec->vocabularies[stream];
    if (word < NM_WORD_FIRST)
        return word;
    return shift_text(text, codec, stream, words->texts[word], shift)
               ? nm_vocabulary_find(words, text)
               : NEUME_NO_WORD;
}

static bool shift_words(neume_codec *codec, unsigned stream) {
    const uint32_t count = codec->vocabularies[stream].count;
    const size_t keys = (size_t)(codec->shift_high - codec->shift_low + 1);
    if (keys == 1)
        return true;
    uint32_t *shifted = nm_alloc(codec->context, keys * count, sizeof *shifted);
    codec->shifted[stream] = shifted;
    for (size_t key = 0; shifted && key < keys; key++)
        for (uint32_t word = 0; word < count; word++)
            shifted[key * count + word] =
                shift_word(codec, stream, word, codec->shift_low + (int)key);
    return shifted != NULL;
}

static bool make_tables(neume_codec *codec) {
    if (codec->kind->is_roll)
        return true;
    bool is_made = nm_codec_make_grammar(codec);
    for (unsigned stream = 0; stream < codec->kind->stream_count && is_made; stream++)
        is_made = time_words(codec, stream) && shift_words(codec, stream);
    return is_made;
}

neume_status nm_codec_seal(neume_codec *codec) {
    const bool is_made = make_tables(codec);
    codec->is_closed = is_made;
    if (is_made)
        return NEUME_OK;
    nm_codec_tables_clear(codec);
    return NEUME_NO_MEMORY;
}

void nm_codec_set_shifts(neume_codec *codec, int low, int high) {
    codec->shift_low = low < -NM_MAX_SHIFT ? -NM_MAX_SHIFT : low;
    codec->shift_high = high > NM_MAX_SHIFT ? NM_MAX_SHIFT : high;
}

void nm_codec_shifts(const neume_codec *codec, int *low, int *high) {
    *low = codec->shift_low;
    *high = codec->shift_high;
}

static bool is_within_shifts(const neume_codec *codec, int shift) {
    return shift == 0 || (shift >= codec->shift_low && shift <= codec->shift_high);
}

uint32_t nm_codec_shifted(const neume_codec *codec, unsigned stream, uint32_t word, int shift) {
    if (shift == 0)
        return word;
    if (!is_within_shifts(codec, shift))
        return NEUME_NO_WORD;
    const size_t key = (size_t)(shift - codec->shift_low);
    return codec->shifted[stream][key * codec->vocabularies[stream].count + word];
}

bool nm_codec_shift_step(const neume_codec *codec, uint32_t *out, const uint32_t *words,
                         int shift) {
    bool is_said = true;
    if (codec->kind->is_roll)
        return is_within_shifts(codec, shift) && codec->kind->shift_step(out, codec, words, shift);
    for (unsigned stream = 0; stream < codec->kind->stream_count; stream++) {
        out[stream] = nm_codec_shifted(codec, stream, words[stream], shift);
        is_said = is_said && out[stream] != NEUME_NO_WORD;
    }
    return is_said;
}

static int compare_texts(const void *a, const void *b) {
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}

/* The words kept of an open vocabulary, and these in the keys of the shifts. */
static bool gather_words(nm_vocabulary *out, const neume_codec *codec, unsigned stream,
                         const uint64_t *counts) {
    const nm_vocabulary *words = &codec->vocabularies[stream];
    char text[NM_MAX_WORD_TEXT];
    for (uint32_t word = NM_WORD_FIRST; word < words->count; word++)
        for (int shift = codec->shift_low; counts[word] && shift <= codec->shift_high; shift++)
            if (shift_text(text, codec, stream, words->texts[word], shift) &&
                nm_vocabulary_add(out, text) == UINT32_MAX)
                return false;
    return true;
}

/* <end> and <unk>, and the words that the codec was given. */
static bool begin_words(nm_vocabulary *out, const neume_codec *codec, unsigned stream) {
    const nm_vocabulary *words = &codec->vocabularies[stream];
    bool is_made = nm_codec_start_vocabulary(codec, stream, out);
    for (uint32_t word = NM_WORD_FIRST; word < codec->growths[stream].known && is_made; word++)
        is_made = nm_vocabulary_add(out, words->texts[word]) == word;
    return is_made;
}

/* The gathered words, sorted, behind those that it begins with. */
static bool sort_words(nm_vocabulary *out, const neume_codec *codec, unsigned stream,
                       const nm_vocabulary *gathered) {
    const char **texts = nm_alloc(codec->context, gathered->count, sizeof *texts);
    if (!texts)
        return false;
    for (uint32_t word = 0; word < gathered->count; word++)
        texts[word] = gathered->texts[word];
    qsort(texts, gathered->count, sizeof *texts, compare_texts);
    bool is_made = begin_words(out, codec, stream);
    for (uint32_t word = 0; word < gathered->count && is_made; word++)
        is_made = nm_vocabulary_add(out, texts[word]) != UINT32_MAX;
    nm_free(codec->context, texts);
    return is_made;
}

static bool close_vocabulary(nm_vocabulary *out, const neume_codec *codec, unsigned stream,
                             const uint64_t *counts) {
    *out = nm_vocabulary_on(codec->context);
    if (nm_codec_is_fixed(codec, stream))
        return nm_codec_start_vocabulary(codec, stream, out);
    nm_vocabulary gathered = nm_vocabulary_on(codec->context);
    const bool is_made =
        gather_words(&gathered, codec, stream, counts) && sort_words(out, codec, stream, &gathered);
    nm_vocabulary_clear(&gathered);
    return is_made;
}

/* Where the words that are new to what the codec was given begin. */
static void note_growth(neume_codec *codec) {
    for (unsigned s = 0; s < codec->kind->stream_count; s++) {
        nm_growth *growth = &codec->growths[s];
        if (growth->known && codec->vocabularies[s].count > growth->known)
            growth->begins[growth->count++] = growth->known;
        growth->known = 0;
    }
}

static void map_words(uint32_t *remap, const nm_vocabulary *from, const nm_vocabulary *to) {
    for (uint32_t word = 0; word < from->count; word++) {
        const uint32_t found = nm_vocabulary_find(to, from->texts[word]);
        remap[word] = found == UINT32_MAX ? NM_WORD_UNKNOWN : found;
    }
}

/* Puts the new vocabularies in the place of the old ones, which come out. */
static void exchange(neume_codec *codec, nm_vocabulary vocabularies[NEUME_MAX_STREAMS]) {
    for (unsigned s = 0; s < codec->kind->stream_count; s++) {
        const nm_vocabulary kept = codec->vocabularies[s];
        codec->vocabularies[s] = vocabularies[s];
        vocabularies[s] = kept;
    }
}

neume_status nm_codec_begin_with(neume_codec *codec, const neume_codec *known, neume_error *error) {
    for (unsigned s = 0; s < codec->kind->stream_count; s++) {
        nm_growth *growth = &codec->growths[s];
        if (codec->kind->is_roll || nm_codec_is_fixed(codec, s))
            continue;
        *growth = known->growths[s];
        if (growth->count == NM_MAX_GROWTHS)
            return nm_fail(error, NEUME_BAD_USAGE, "vocabulary: it has grown %d times already",
                           NM_MAX_GROWTHS);
        growth->known = known->vocabularies[s].count;
        for (uint32_t word = NM_WORD_FIRST; word < growth->known; word++)
            if (nm_vocabulary_add(&codec->vocabularies[s], known->vocabularies[s].texts[word]) !=
                word)
                return nm_fail_memory(error, "vocabulary");
    }
    return NEUME_OK;
}

neume_status nm_codec_close(neume_codec *codec, const uint64_t *const *counts,
                            uint32_t *const *remap) {
    const unsigned stream_count = codec->kind->stream_count;
    nm_vocabulary vocabularies[NEUME_MAX_STREAMS] = {{0}};
    if (codec->kind->is_roll)
        return nm_codec_seal(codec);
    bool is_made = true;
    for (unsigned s = 0; s < stream_count && is_made; s++)
        is_made = close_vocabulary(&vocabularies[s], codec, s, counts[s]);
    if (is_made) {
        exchange(codec, vocabularies);
        is_made = nm_codec_seal(codec) == NEUME_OK;
        if (is_made)
            note_growth(codec);
        else
            exchange(codec, vocabularies);
    }
    for (unsigned s = 0; s < stream_count; s++) {
        if (is_made)
            map_words(remap[s], &vocabularies[s], &codec->vocabularies[s]);
        nm_vocabulary_clear(&vocabularies[s]);
    }
    return is_made ? NEUME_OK : NEUME_NO_MEMORY;
}
