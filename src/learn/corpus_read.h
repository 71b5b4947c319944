/* SPDX-License-Identifier: ISC */
/* The first half of a corpus: from found files to encoded pieces, each file by itself; what is
 * wrong with one is written into its entry. */
#ifndef NM_LEARN_CORPUS_READ_H
#define NM_LEARN_CORPUS_READ_H

#include "learn/corpus.h"

typedef struct nm_corpus_reader {
    neume_corpus *corpus; /* whose files are filled in */
    neume_codec *codec;   /* open: it learns the words that it meets */
    neume_midi_read_options midi;
    size_t min_steps;
    nm_buffer bytes;  /* of the file being read */
    nm_piece *pieces; /* what could be used, in the order of the files; words as `codec` has them */
    size_t piece_count, piece_capacity;
} nm_corpus_reader;

/* Finds everything below the inputs, and makes room for its entries. May be called once. */
neume_status nm_corpus_find(neume_corpus *corpus, neume_inputs inputs, neume_inputs more,
                            size_t *first_of_more, neume_error *error);

/* Reads every file. Fails with NEUME_NO_MEMORY only. */
neume_status nm_corpus_read(nm_corpus_reader *reader, neume_error *error);
void nm_corpus_reader_clear(nm_corpus_reader *reader);

/* A new entry's state: its status, and one line that says why; "" for none. */
neume_status nm_corpus_set_status(neume_corpus *corpus, size_t file, neume_file_status status,
                                  const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
