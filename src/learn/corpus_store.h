/* SPDX-License-Identifier: ISC */
/* The words of a corpus outside of memory: in a spool, mapped once all are there. Where that cannot
 * be made or has no room, the log says so once, and words stay in memory: results are the same. */
#ifndef NM_LEARN_CORPUS_STORE_H
#define NM_LEARN_CORPUS_STORE_H

#include "learn/corpus.h"

/* Says once why words stay in memory from now on. */
void nm_corpus_store_give_up(neume_corpus *corpus, const neume_error *why);

void nm_corpus_store_open(neume_corpus *corpus, const char *folder);

/* Takes a piece's words out of memory; they cannot be read before they are mapped. */
void nm_corpus_store_put(neume_corpus *corpus, nm_piece *piece);

/* Fails with NEUME_NO_MEMORY where there is no room for a map. */
neume_status nm_corpus_store_map(neume_corpus *corpus, nm_piece *pieces, size_t count);

/* Every word w of stream s of a stored piece becomes remap[s][w]. Fails with NEUME_NO_MEMORY. */
neume_status nm_corpus_store_remap(neume_corpus *corpus, nm_piece *piece, uint32_t *const *remap);

#endif
