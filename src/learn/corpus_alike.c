/* SPDX-License-Identifier: ISC */
#include "learn/corpus_alike.h"

#include "base/mem.h"
#include "learn/families.h"

static neume_corpus_file *file_of(const nm_corpus_reader *reader, size_t piece) {
    return &reader->corpus->files[reader->pieces[piece].file];
}

static nm_family *family_of(const nm_corpus_reader *reader, size_t piece) {
    return &reader->families[reader->family[reader->pieces[piece].file]];
}

/* Pieces of benchmark files stay where they are. */
static bool is_in(const nm_corpus_reader *reader, size_t piece, neume_split split) {
    return reader->pieces[piece].split == split && !reader->pieces[piece].is_given;
}

/* The first of a family is a validation piece where one is given. */
static void gather(nm_corpus_reader *reader, neume_split split) {
    for (size_t i = 0; i < reader->piece_count; i++) {
        nm_family *family = family_of(reader, i);
        if (!is_in(reader, i, split))
            continue;
        if (!family->has_pieces)
            *family = (nm_family){true, i, reader->pieces[i].hash};
        if (reader->pieces[i].hash < family->least_hash)
            family->least_hash = reader->pieces[i].hash;
    }
}

static neume_status leave_out(nm_corpus_reader *reader, size_t piece, size_t first) {
    const bool is_valid = reader->pieces[first].split == NEUME_SPLIT_VALID;
    reader->pieces[piece].split = NEUME_SPLIT_NONE;
    return nm_corpus_set_status(reader->corpus, reader->pieces[piece].file, NEUME_FILE_DUPLICATE,
                                "the same notes as %s%s", file_of(reader, first)->name,
                                is_valid ? ", a validation piece" : "");
}

static neume_status account(nm_corpus_reader *reader, neume_near_duplicates wanted) {
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < reader->piece_count && !status; i++) {
        const size_t first = family_of(reader, i)->first_piece;
        const bool is_trained = is_in(reader, i, NEUME_SPLIT_TRAIN);
        if ((!is_trained && !is_in(reader, i, NEUME_SPLIT_VALID)) || first == i)
            continue;
        file_of(reader, i)->alike = file_of(reader, first)->name;
        if (is_trained &&
            (wanted == NEUME_NEAR_DROP || reader->pieces[first].split == NEUME_SPLIT_VALID))
            status = leave_out(reader, i, first);
    }
    return status;
}

neume_status nm_corpus_find_alike(nm_corpus_reader *reader, const neume_corpus_options *options) {
    neume_corpus *corpus = reader->corpus;
    if (!reader->wants_prints)
        return NEUME_OK;
    reader->family = nm_alloc(corpus->context, corpus->file_count, sizeof *reader->family);
    reader->families = nm_alloc(corpus->context, corpus->file_count, sizeof *reader->families);
    if (!reader->family || !reader->families ||
        nm_families_find(reader->family, corpus->context, corpus->prints, corpus->file_count))
        return NEUME_NO_MEMORY;
    gather(reader, NEUME_SPLIT_VALID);
    gather(reader, NEUME_SPLIT_TRAIN);
    return account(reader, options->near_duplicates);
}

uint64_t nm_corpus_family_hash(const nm_corpus_reader *reader, size_t piece) {
    return reader->families ? family_of(reader, piece)->least_hash : reader->pieces[piece].hash;
}
