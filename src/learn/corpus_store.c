/* SPDX-License-Identifier: ISC */
#include "learn/corpus_store.h"

#include "base/mem.h"

#include <string.h>

void nm_piece_clear(nm_piece *piece, neume_context *context) {
    if (piece->is_stored)
        piece->sequence.words = piece->sequence.given = NULL;
    neume_sequence_clear(context, &piece->sequence);
    piece->is_stored = false;
}

void nm_corpus_store_give_up(neume_corpus *corpus, const neume_error *why) {
    if (!corpus->is_in_memory)
        nm_log(corpus->context, NEUME_LOG_WARNING, "cache: %s; words stay in memory", why->line);
    corpus->is_in_memory = true;
}

void nm_corpus_store_open(neume_corpus *corpus, const char *folder) {
    neume_error why = {0};
    if (nm_spool_open(&corpus->spool, folder, &why))
        nm_corpus_store_give_up(corpus, &why);
}

static size_t words_of(const nm_piece *piece) {
    return piece->sequence.step_count * piece->sequence.width;
}

void nm_corpus_store_put(neume_corpus *corpus, nm_piece *piece) {
    neume_sequence *sequence = &piece->sequence;
    neume_error why = {0};
    if (!corpus->spool.is_open || corpus->is_in_memory)
        return;
    const uint64_t place = corpus->spool.size;
    neume_status status = nm_spool_put(&corpus->spool, sequence->words,
                                       words_of(piece) * sizeof *sequence->words, &why);
    if (!status && sequence->given)
        status = nm_spool_put(&corpus->spool, sequence->given,
                              sequence->step_count * sizeof *sequence->given, &why);
    if (status) {
        nm_corpus_store_give_up(corpus, &why);
        return;
    }
    nm_free(corpus->context, sequence->words);
    nm_free(corpus->context, sequence->given);
    sequence->words = sequence->given = NULL;
    piece->is_stored = true;
    piece->place = place;
}

neume_status nm_corpus_store_map(neume_corpus *corpus, nm_piece *pieces, size_t count) {
    if (corpus->spool.is_open && nm_spool_map(&corpus->spool, NULL))
        return NEUME_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        neume_sequence *sequence = &pieces[i].sequence;
        if (!pieces[i].is_stored)
            continue;
        sequence->words = (uint32_t *)corpus->spool.map + pieces[i].place / sizeof(uint32_t);
        if (nm_codec_is_roll(corpus->codec))
            sequence->given = sequence->words + words_of(&pieces[i]);
    }
    return NEUME_OK;
}

/* A piece of its own again, where the spool can no longer be written. */
static neume_status bring_back(neume_corpus *corpus, nm_piece *piece) {
    const size_t count = words_of(piece);
    uint32_t *words = nm_alloc(corpus->context, count, sizeof *words);
    if (!words)
        return NEUME_NO_MEMORY;
    memcpy(words, piece->sequence.words, count * sizeof *words);
    piece->sequence.words = words;
    piece->is_stored = false;
    return NEUME_OK;
}

enum { BLOCK_WORDS = 1 << 14 };

/* From the begin of a step on. */
static void remap_from(nm_piece *piece, uint32_t *const *remap, size_t from) {
    for (size_t i = from; i < words_of(piece);)
        for (size_t s = 0; s < piece->sequence.width; s++, i++)
            piece->sequence.words[i] = remap[s][piece->sequence.words[i]];
}

neume_status nm_corpus_store_remap(neume_corpus *corpus, nm_piece *piece, uint32_t *const *remap) {
    uint32_t block[BLOCK_WORDS];
    const size_t count = words_of(piece), width = piece->sequence.width;
    const size_t whole = BLOCK_WORDS / width * width; /* steps */
    for (size_t at = 0, end; at < count; at = end) {
        neume_error why = {0};
        end = count - at < whole ? count : at + whole;
        for (size_t i = at; i < end;)
            for (size_t s = 0; s < width; s++, i++)
                block[i - at] = remap[s][piece->sequence.words[i]];
        if (!nm_spool_rewrite(&corpus->spool, piece->place + at * sizeof *block, block,
                              (end - at) * sizeof *block, &why))
            continue;
        nm_corpus_store_give_up(corpus, &why);
        if (bring_back(corpus, piece))
            return NEUME_NO_MEMORY;
        memcpy(piece->sequence.words + at, block, (end - at) * sizeof *block);
        remap_from(piece, remap, end);
        break;
    }
    return NEUME_OK;
}
