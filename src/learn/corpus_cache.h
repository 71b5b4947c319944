/* SPDX-License-Identifier: ISC */
/* A corpus with a cache: where it lies, when it is used and when it is written. Nothing of it stops
 * a corpus from being read: the log says in one line what went wrong. */
#ifndef NM_LEARN_CORPUS_CACHE_H
#define NM_LEARN_CORPUS_CACHE_H

#include "learn/cache.h"

typedef struct nm_corpus_cache {
    nm_cache cache;
    char path[4096]; /* "": there is none */
    uint64_t key;
} nm_corpus_cache;

/* Opens the cache of the corpus's codec, options and inputs in the folder that the options name,
 * for a reader whose codec is open and whose files were found; and the corpus's spool in the same
 * folder. Fails for want of memory only. The caller closes, also after failure. */
neume_status nm_corpus_cache_open(nm_corpus_cache *out, nm_corpus_reader *reader,
                                  const neume_corpus_options *options, neume_inputs inputs);

/* Writes it anew where it is not what it should be: before pieces are split. */
void nm_corpus_cache_save(const nm_corpus_cache *cache, const nm_corpus_reader *reader);
void nm_corpus_cache_close(nm_corpus_cache *cache);

#endif
