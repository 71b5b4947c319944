/* SPDX-License-Identifier: ISC */
/* The first half of a corpus: from found files to encoded pieces, each file by itself; what is
 * wrong with one is written into its entry. */
#ifndef NM_LEARN_CORPUS_READ_H
#define NM_LEARN_CORPUS_READ_H

#include "learn/corpus.h"

enum { NM_LOOK_BYTES = 8192 }; /* enough to tell what a file is */

typedef struct nm_cache nm_cache;

/* Pieces of the same notes. */
typedef struct nm_family {
    bool has_pieces;
    size_t first_piece;
    uint64_t least_hash; /* of its pieces */
} nm_family;

typedef struct nm_corpus_reader {
    neume_corpus *corpus; /* whose files are filled in */
    neume_codec *codec;   /* open: it learns the words that it meets */
    neume_midi_read_options midi;
    bool wants_prints; /* by which pieces of the same notes are found */
    size_t min_steps, max_steps;
    nm_cache *cache;   /* NULL: none */
    bool verifies;     /* that a file has the bytes that the cache knows */
    neume_split split; /* the only one wanted of benchmark files; NEUME_SPLIT_NONE: all */
    int transpose;     /* semitones by which every piece is moved before it becomes words */
    nm_buffer bytes;   /* of the file being read */
    nm_piece *pieces; /* what could be used, in the order of the files; words as `codec` has them */
    size_t piece_count, piece_capacity;
    size_t *family;      /* [file_count] which of the families a file is of; NULL: not asked */
    nm_family *families; /* [file_count] */
} nm_corpus_reader;

/* Finds everything below the inputs, and makes room for its entries. May be called once. */
neume_status nm_corpus_find(neume_corpus *corpus, neume_inputs inputs, neume_inputs more,
                            size_t *first_of_more, neume_error *error);

/* Gives the options of codecs "frame" and "roll" the grid of the first benchmark file that was
 * found; "roll" then drops onsets, which no benchmark file holds. */
neume_status nm_corpus_fit_grid(nm_corpus_reader *reader, neume_codec_options *options,
                                neume_error *error);

/* Reads every file, on all threads of the context. Fails with NEUME_NO_MEMORY only. */
neume_status nm_corpus_read(nm_corpus_reader *reader, neume_error *error);

/* Reads one file: into its entry, and into a piece where it can be used. Fails with NEUME_NO_MEMORY
 * only. */
neume_status nm_corpus_read_file(nm_corpus_reader *reader, size_t file);
void nm_corpus_reader_clear(nm_corpus_reader *reader);

/* Reads a benchmark file into pieces. Fails with NEUME_NO_MEMORY only. */
neume_status nm_corpus_read_benchmark(nm_corpus_reader *reader, size_t file);

/* Takes over a piece, whose words leave memory where the corpus has a spool; `piece` is then empty.
 * False for want of memory: nothing has changed. */
bool nm_corpus_add(nm_corpus_reader *reader, nm_piece *piece);

/* The entry of a file that failed; the reason does not repeat the path. */
neume_status nm_corpus_skip(neume_corpus *corpus, size_t file, const neume_error *why);

/* A new entry's state: its status, and one line that says why; "" for none. */
neume_status nm_corpus_set_status(neume_corpus *corpus, size_t file, neume_file_status status,
                                  const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
