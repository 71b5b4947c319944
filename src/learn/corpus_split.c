/* SPDX-License-Identifier: ISC */
#include "learn/corpus_split.h"

#include "base/mem.h"
#include "learn/corpus_alike.h"
#include "learn/corpus_init.h"
#include "learn/corpus_store.h"

#include <math.h>
#include <stdlib.h>

/* A piece's place in some order. */
typedef struct ranked {
    uint64_t rank;
    bool is_late; /* behind those of the same rank that are not */
    size_t piece;
} ranked;

static int by_rank(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    if (x->is_late != y->is_late)
        return x->is_late ? 1 : -1;
    return (x->piece > y->piece) - (x->piece < y->piece);
}

static neume_corpus_file *file_of(nm_corpus_reader *reader, size_t piece) {
    return &reader->corpus->files[reader->pieces[piece].file];
}

/* A training piece leaves where a validation piece or an earlier training piece has its words. */
static neume_status leave_out_duplicates(nm_corpus_reader *reader, ranked *order) {
    const size_t count = reader->piece_count;
    for (size_t i = 0; i < count; i++)
        order[i] =
            (ranked){reader->pieces[i].hash, reader->pieces[i].split == NEUME_SPLIT_TRAIN, i};
    qsort(order, count, sizeof *order, by_rank);
    for (size_t i = 1, first = 0; i < count; i++) {
        if (order[i].rank != order[first].rank)
            first = i;
        if (i == first || !order[i].is_late || reader->pieces[order[i].piece].is_given)
            continue;
        const bool is_valid = !order[first].is_late;
        reader->pieces[order[i].piece].split = NEUME_SPLIT_NONE;
        if (nm_corpus_set_status(reader->corpus, reader->pieces[order[i].piece].file,
                                 NEUME_FILE_DUPLICATE, "the same words as %s%s",
                                 file_of(reader, order[first].piece)->name,
                                 is_valid ? ", a validation piece" : ""))
            return NEUME_NO_MEMORY;
    }
    return NEUME_OK;
}

/* The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): a bijection whose every output bit
 * depends on every input bit. */
static uint64_t mix(uint64_t x) {
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

/* Pieces that may validate, in the order in which they are asked; those of a family have one rank.
 */
typedef struct candidates {
    ranked *order; /* [count] */
    size_t count;
} candidates;

static size_t family_end(const candidates *of, size_t begin) {
    size_t end = begin + 1;
    while (end < of->count && of->order[end].rank == of->order[begin].rank)
        end++;
    return end;
}

/* Whether the model that training starts from knows none of a family's pieces. */
static bool can_validate(const nm_corpus_reader *reader, const candidates *of, size_t begin,
                         size_t end) {
    for (size_t i = begin; i < end; i++)
        if (!nm_corpus_can_validate(reader->corpus, &reader->pieces[of->order[i].piece]))
            return false;
    return true;
}

/* Families validate as a whole, where that leaves `most` pieces of room; returns how many pieces
 * do. */
static size_t take_families(nm_corpus_reader *reader, const candidates *of, double below,
                            size_t most) {
    size_t taken = 0;
    for (size_t begin = 0, end; begin < of->count; begin = end) {
        end = family_end(of, begin);
        if ((double)of->order[begin].rank * 0x1p-64 >= below || end - begin > most - taken ||
            !can_validate(reader, of, begin, end))
            continue;
        taken += end - begin;
        for (size_t i = begin; i < end; i++)
            reader->pieces[of->order[i].piece].split = NEUME_SPLIT_VALID;
    }
    return taken;
}

static void take_first(nm_corpus_reader *reader, const candidates *of, size_t most) {
    size_t begin = 0, end = 0;
    for (; begin < of->count; begin = end) {
        end = family_end(of, begin);
        if (end - begin <= most && can_validate(reader, of, begin, end))
            break;
    }
    for (size_t i = begin; i < end && begin < of->count; i++)
        reader->pieces[of->order[i].piece].split = NEUME_SPLIT_VALID;
}

/* At least one piece validates where any shall, and never all. */
static void take_validation(nm_corpus_reader *reader, const candidates *of,
                            const neume_corpus_options *options) {
    const size_t room = of->count ? of->count - 1 : 0;
    if (options->valid_count > 0)
        (void)take_families(reader, of, INFINITY,
                            options->valid_count < room ? options->valid_count : room);
    else if (options->valid_fraction > 0 &&
             take_families(reader, of, options->valid_fraction, room) == 0)
        take_first(reader, of, room);
}

/* A family is asked by the least hash of its pieces. */
static void choose_validation(nm_corpus_reader *reader, ranked *order,
                              const neume_corpus_options *options) {
    candidates of = {.order = order};
    for (size_t i = 0; i < reader->piece_count; i++)
        if (reader->pieces[i].split == NEUME_SPLIT_TRAIN && !reader->pieces[i].is_given)
            order[of.count++] = (ranked){mix(nm_corpus_family_hash(reader, i)), false, i};
    qsort(order, of.count, sizeof *order, by_rank);
    take_validation(reader, &of, options);
}

neume_status nm_corpus_split(nm_corpus_reader *reader, const neume_corpus_options *options,
                             size_t first_valid) {
    neume_context *context = reader->corpus->context;
    ranked *order = nm_alloc(context, reader->piece_count, sizeof *order);
    if (!order)
        return NEUME_NO_MEMORY;
    for (size_t i = 0; i < reader->piece_count; i++)
        if (!reader->pieces[i].is_given)
            reader->pieces[i].split =
                reader->pieces[i].file < first_valid ? NEUME_SPLIT_TRAIN : NEUME_SPLIT_VALID;
    neume_status status = leave_out_duplicates(reader, order);
    if (!status)
        status = nm_corpus_find_alike(reader, options);
    if (!status && options->valid_from.count == 0)
        choose_validation(reader, order, options);
    nm_free(context, order);
    return status;
}

neume_status nm_corpus_share_out(nm_corpus_reader *reader) {
    neume_corpus *corpus = reader->corpus;
    size_t counts[NEUME_SPLIT_TEST + 1] = {0};
    for (size_t i = 0; i < reader->piece_count; i++)
        counts[reader->pieces[i].split]++;
    corpus->train = nm_alloc(corpus->context, counts[NEUME_SPLIT_TRAIN], sizeof *corpus->train);
    corpus->valid = nm_alloc(corpus->context, counts[NEUME_SPLIT_VALID], sizeof *corpus->valid);
    if (!corpus->train || !corpus->valid)
        return NEUME_NO_MEMORY;
    for (size_t i = 0; i < reader->piece_count; i++) {
        const neume_split split = reader->pieces[i].split;
        if (!reader->pieces[i].is_given) /* a benchmark set has pieces in every split */
            file_of(reader, i)->split = split;
        if (split != NEUME_SPLIT_TRAIN && split != NEUME_SPLIT_VALID)
            continue;
        if (split == NEUME_SPLIT_TRAIN)
            corpus->train[corpus->train_count++] = reader->pieces[i];
        else
            corpus->valid[corpus->valid_count++] = reader->pieces[i];
        reader->pieces[i].sequence = (neume_sequence){0};
        reader->pieces[i].is_stored = false;
    }
    return NEUME_OK;
}

/* Tables with an entry for each word of each stream, one stream after the other. */
typedef struct word_tables {
    uint64_t *counts;
    uint32_t *remap;
    const uint64_t *counts_of[NEUME_MAX_STREAMS];
    uint32_t *remap_of[NEUME_MAX_STREAMS];
    size_t begins[NEUME_MAX_STREAMS + 1];
} word_tables;

static neume_status word_tables_init(word_tables *tables, const neume_corpus *corpus) {
    const unsigned streams = neume_codec_stream_count(corpus->codec);
    for (unsigned s = 0; s < streams; s++)
        tables->begins[s + 1] = tables->begins[s] + neume_codec_word_count(corpus->codec, s);
    tables->counts = nm_alloc(corpus->context, tables->begins[streams], sizeof *tables->counts);
    tables->remap = nm_alloc(corpus->context, tables->begins[streams], sizeof *tables->remap);
    if (!tables->counts || !tables->remap)
        return NEUME_NO_MEMORY;
    for (unsigned s = 0; s < streams; s++) {
        tables->counts_of[s] = tables->counts + tables->begins[s];
        tables->remap_of[s] = tables->remap + tables->begins[s];
    }
    return NEUME_OK;
}

static void count_words(uint64_t *counts, const size_t *begins, const nm_piece *pieces,
                        size_t count) {
    for (size_t p = 0; p < count; p++) {
        const neume_sequence *sequence = &pieces[p].sequence;
        const uint32_t *words = sequence->words;
        for (size_t t = 0; t < sequence->step_count; t++, words += sequence->width)
            for (unsigned s = 0; s < sequence->width; s++)
                counts[begins[s] + words[s]]++;
    }
}

static void remap_piece(nm_piece *piece, uint32_t *const *remap) {
    const neume_sequence *sequence = &piece->sequence;
    uint32_t *words = sequence->words;
    for (size_t t = 0; t < sequence->step_count; t++, words += sequence->width)
        for (unsigned s = 0; s < sequence->width; s++)
            words[s] = remap[s][words[s]];
}

static neume_status remap_words(neume_corpus *corpus, nm_piece *pieces, size_t count,
                                uint32_t *const *remap) {
    neume_status status = NEUME_OK;
    for (size_t p = 0; p < count && !status; p++)
        if (pieces[p].is_stored)
            status = nm_corpus_store_remap(corpus, &pieces[p], remap);
        else
            remap_piece(&pieces[p], remap);
    return status;
}

/* Counts of the training pieces' words by their new ids. Words that a model brought have been
 * learnt: they do not stand in for <unk>. */
static bool note_counts(neume_corpus *corpus, const word_tables *tables) {
    for (unsigned s = 0; s < neume_codec_stream_count(corpus->codec); s++) {
        uint64_t *counts =
            nm_alloc(corpus->context, neume_codec_word_count(corpus->codec, s), sizeof *counts);
        if (!counts)
            return false;
        corpus->word_counts[s] = counts;
        for (size_t w = 0; w < tables->begins[s + 1] - tables->begins[s]; w++)
            counts[tables->remap_of[s][w]] += tables->counts_of[s][w];
        const neume_codec *known = corpus->init ? neume_model_codec(corpus->init) : NULL;
        for (uint32_t w = 0; known && w < neume_codec_word_count(known, s); w++)
            counts[w] += counts[w] == 1;
    }
    return true;
}

neume_status nm_corpus_close(neume_corpus *corpus) {
    word_tables tables = {0};
    nm_codec_set_shifts(corpus->codec, corpus->shifts.low, corpus->shifts.high);
    if (nm_codec_is_roll(corpus->codec)) /* it has no words to count */
        return nm_codec_close(corpus->codec, NULL, NULL);
    neume_status status = word_tables_init(&tables, corpus);
    if (!status) {
        count_words(tables.counts, tables.begins, corpus->train, corpus->train_count);
        status = nm_codec_close(corpus->codec, tables.counts_of, tables.remap_of);
    }
    if (!status)
        status = remap_words(corpus, corpus->train, corpus->train_count, tables.remap_of);
    if (!status)
        status = remap_words(corpus, corpus->valid, corpus->valid_count, tables.remap_of);
    if (!status && !note_counts(corpus, &tables))
        status = NEUME_NO_MEMORY;
    nm_free(corpus->context, tables.counts);
    nm_free(corpus->context, tables.remap);
    return status;
}
