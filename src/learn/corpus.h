/* SPDX-License-Identifier: ISC */
/* The inside of neume_corpus: the pieces. */
#ifndef NM_LEARN_CORPUS_H
#define NM_LEARN_CORPUS_H

#include "base/file.h"
#include "base/spool.h"
#include "learn/labels.h"
#include "music/codec.h"
#include "music/fingerprint.h"

#include <neume/evaluate.h>

typedef struct nm_cache_entry nm_cache_entry;

struct nm_piece {
    neume_sequence sequence; /* in the closed vocabulary */
    uint64_t hash;
    size_t file;        /* index into the files */
    const char *folder; /* of its file. Borrowed: as long as the corpus */
    uint32_t label;     /* 1.. among the labels it was last told; 0: none of them */
    neume_split split;
    bool is_given;  /* its split is its file's own: of a benchmark */
    bool is_stored; /* its words are in the corpus's spool, from byte `place` on */
    uint64_t place;
};

/* Frees a piece's words where they are in memory. */
void nm_piece_clear(nm_piece *piece, neume_context *context);

/* What is known of a file beside what the public entry says. */
typedef struct nm_file_origin {
    bool has_midi_name;
    bool is_settled;  /* what became of it follows from its bytes and its name: worth a cache */
    uint64_t content; /* XXH3 of the bytes that were read */
    const nm_cache_entry *cached; /* what a cache knows of it; NULL: it has to be read */
} nm_file_origin;

struct neume_corpus {
    neume_context *context;
    neume_codec *codec;
    bool owns_codec;
    nm_file_list found;       /* owns the paths */
    neume_corpus_file *files; /* [file_count], one for each found */
    char **reasons;           /* [file_count] owned, NULL for "" */
    char **folders;           /* [file_count] owned */
    nm_fingerprint *prints;   /* [file_count] empty where there is no piece, or none was wanted */
    size_t file_count;
    nm_file_origin *origins;                  /* [file_count] */
    int64_t found_seconds, found_nanoseconds; /* when they were looked for */
    bool is_in_memory;                        /* the spool cannot take more */
    nm_spool spool;                           /* of the words of pieces that are not in memory */
    size_t notes_beyond;                      /* that a transposition took out of the pieces */
    nm_piece *train, *valid; /* in the order of the files; for an evaluation all are in `train` */
    size_t train_count, valid_count;
    uint64_t *word_counts[NEUME_MAX_STREAMS]; /* [V] of the training pieces: words of count 1 stand
                                                 in for <unk> at times; NULL of rolls */
    neume_shifts shifts;                      /* keys of the training pieces */
    nm_labels labels;        /* of the training pieces; none where not wanted; those of `init` */
    const neume_model *init; /* that a training on it starts from, or NULL */
};

/* Reads and encodes with a closed codec, keeping every piece as given: for evaluation and primers.
 */
neume_status nm_corpus_load_as_given(neume_corpus **out, neume_context *context, neume_codec *codec,
                                     const neume_evaluate_options *options, neume_error *error);

/* Fails with NEUME_BAD_INPUT: what became of the first file, and how many there are. */
neume_status nm_corpus_fail_unusable(const neume_corpus *corpus, neume_error *error);

/* The account of every file as JSON text: {seen, clean, repaired, skipped, duplicate, other, files:
 * [{file, status, reason, offset, notes, steps, split}]}; files are named relative to their INPUT.
 * Freed with nm_free; NULL for want of memory. */
char *nm_corpus_report(const neume_corpus *corpus);

/* A hash of the training and validation pieces, in order: a checkpoint goes on with the same corpus
 * only. */
uint64_t nm_corpus_hash(const neume_corpus *corpus);

/* Fails with NEUME_BAD_INPUT where the ranks have not found the same pieces. */
neume_status nm_corpus_compare(const neume_corpus *corpus, neume_error *error);

#endif
