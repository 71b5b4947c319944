/* SPDX-License-Identifier: ISC */
/* The second half of a corpus: duplicates, the split, and the vocabulary of the training pieces. */
#ifndef NM_LEARN_CORPUS_SPLIT_H
#define NM_LEARN_CORPUS_SPLIT_H

#include "learn/corpus_read.h"

/* Says for each piece, in its file's `split`, where it goes. Pieces of files from `first_valid` on
 * are validation pieces as given. */
neume_status nm_corpus_split(nm_corpus_reader *reader, const neume_corpus_options *options,
                             size_t first_valid);

/* Moves the pieces into corpus->train and corpus->valid, as their files' splits say. */
neume_status nm_corpus_share_out(nm_corpus_reader *reader);

/* Closes the corpus's codec over its training pieces and puts all pieces into its words. */
neume_status nm_corpus_close(neume_corpus *corpus);

#endif
