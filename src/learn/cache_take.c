/* SPDX-License-Identifier: ISC */
/* What a cache knows of a file, into a corpus. */
#include "base/mem.h"
#include "learn/cache.h"

#include <xxhash.h>

bool nm_cache_verify(const nm_cache_entry *entry, nm_corpus_reader *reader, size_t file) {
    const char *path = reader->corpus->files[file].path;
    reader->bytes.size = 0;
    const neume_status status =
        entry->status == NEUME_FILE_OTHER
            ? nm_file_read_start(&reader->bytes, path, NM_LOOK_BYTES, NULL)
            : nm_file_read(&reader->bytes, path, reader->midi.max_file_bytes, NULL);
    return !status && XXH3_64bits(reader->bytes.data, reader->bytes.size) == entry->content;
}

static uint32_t unpacked(const uint8_t *bytes, size_t size) {
    uint32_t number = 0;
    for (size_t i = size; i-- > 0;)
        number = number << 8 | bytes[i];
    return number;
}

/* The word of the corpus's codec. NEUME_BAD_INPUT: there is no such word. */
static neume_status translate(uint32_t *word, nm_cache *cache, neume_codec *codec,
                              unsigned stream) {
    if (nm_codec_is_roll(codec))
        return NEUME_OK;
    if (*word >= cache->word_counts[stream])
        return NEUME_BAD_INPUT;
    uint32_t *known = &cache->known[stream][*word];
    const char *text = cache->words[stream][*word];
    if (*known == NEUME_NO_WORD && !nm_codec_can_say(codec, stream, text))
        return NEUME_BAD_INPUT;
    if (*known == NEUME_NO_WORD)
        *known = nm_codec_learn(codec, stream, text);
    *word = *known;
    return *known == NEUME_NO_WORD ? NEUME_NO_MEMORY : NEUME_OK;
}

static neume_status unpack(neume_sequence *out, nm_cache *cache, neume_codec *codec, size_t size) {
    const uint8_t *from = cache->bytes.data;
    uint32_t *word = out->words;
    neume_status status = NEUME_OK;
    for (size_t t = 0; t < out->step_count; t++)
        for (unsigned s = 0; s < out->width && !status; s++, word++, from += size) {
            *word = unpacked(from, size);
            status = translate(word, cache, codec, s);
        }
    for (size_t t = 0; t < out->step_count && out->given && !status; t++, from += size)
        out->given[t] = unpacked(from, size);
    return status;
}

static neume_status read_piece(neume_sequence *out, nm_cache *cache, neume_codec *codec,
                               const nm_cache_entry *entry) {
    const size_t steps = (size_t)entry->step_count;
    *out = (neume_sequence){
        .step_count = steps, .width = cache->width, .note_count = (size_t)entry->note_count};
    if (!nm_reserve(cache->context, &cache->bytes.data, &cache->bytes.capacity,
                    steps * nm_cache_numbers(cache) * entry->number_bytes, 1))
        return NEUME_NO_MEMORY;
    if (!nm_cache_read(cache, cache->words_begin + entry->words_at, cache->bytes.data,
                       steps * nm_cache_numbers(cache) * entry->number_bytes))
        return NEUME_BAD_INPUT;
    out->words = nm_alloc(cache->context, steps * out->width, sizeof *out->words);
    if (cache->has_given)
        out->given = nm_alloc(cache->context, steps, sizeof *out->given);
    if (!out->words || (cache->has_given && !out->given))
        return NEUME_NO_MEMORY;
    return unpack(out, cache, codec, entry->number_bytes);
}

static neume_status fill_in(neume_corpus *corpus, size_t file, const nm_cache *cache,
                            const nm_cache_entry *entry) {
    neume_corpus_file *to = &corpus->files[file];
    to->note_count = (size_t)entry->note_count;
    to->step_count = (size_t)entry->step_count;
    to->hash = entry->hash;
    corpus->prints[file] = entry->print;
    corpus->origins[file].is_settled = true;
    corpus->origins[file].content = entry->content;
    const neume_status status = nm_corpus_set_status(corpus, file, (neume_file_status)entry->status,
                                                     "%s", cache->texts + entry->reason_at);
    to->has_offset = entry->has_offset;
    to->offset = entry->offset;
    return status;
}

neume_status nm_cache_take(nm_corpus_reader *reader, size_t file) {
    nm_cache *cache = reader->cache;
    const nm_cache_entry *entry = reader->corpus->origins[file].cached;
    nm_piece piece = {.hash = entry->hash, .file = file};
    neume_status status = NEUME_OK;
    if (entry->number_bytes > 0)
        status = read_piece(&piece.sequence, cache, reader->codec, entry);
    if (!status)
        status = fill_in(reader->corpus, file, cache, entry);
    if (!status && entry->number_bytes > 0 && !nm_corpus_add(reader, &piece))
        status = NEUME_NO_MEMORY;
    neume_sequence_clear(cache->context, &piece.sequence);
    return status;
}
