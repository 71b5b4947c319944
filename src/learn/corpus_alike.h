/* SPDX-License-Identifier: ISC */
/* Near duplicates in a corpus: pieces of the same notes in another key, tempo, velocity, instrument
 * or under another name. */
#ifndef NM_LEARN_CORPUS_ALIKE_H
#define NM_LEARN_CORPUS_ALIKE_H

#include "learn/corpus_read.h"

/* Finds the families of the pieces that are in a split, names in each file the one that it is like,
 * and takes pieces out of training as the options want. Fails for want of memory only. */
neume_status nm_corpus_find_alike(nm_corpus_reader *reader, const neume_corpus_options *options);

/* The least hash of the piece's family: its own where it has none. */
uint64_t nm_corpus_family_hash(const nm_corpus_reader *reader, size_t piece);

#endif
