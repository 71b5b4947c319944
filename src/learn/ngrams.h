/* SPDX-License-Identifier: ISC */
/* The inside of nm_ngrams: counts, and the smoothed distributions made of them. */
#ifndef NM_LEARN_NGRAMS_H
#define NM_LEARN_NGRAMS_H

#include "learn/baseline.h"

enum { NM_WORD_BITS = 21 };
#define NM_WORD_MASK ((UINT64_C(1) << NM_WORD_BITS) - 1)

/* An n-gram: its words packed, the oldest in the highest bits; and how often it was seen. */
typedef struct nm_counted {
    uint64_t key, count;
} nm_counted;

typedef struct nm_counted_list {
    nm_counted *items;
    size_t count, capacity;
} nm_counted_list;

/* One order of the model, n > 1: contexts, ascending, each with the words that followed it. */
typedef struct nm_ngram_level {
    size_t context_count;
    uint64_t *contexts; /* [context_count] */
    size_t *begins;     /* [context_count + 1] into words and shares */
    double *backoffs;   /* [context_count] g: what is left to the order below */
    uint32_t *words;    /* ascending within a context */
    double *shares;     /* (c - D(c)) / c(context) */
} nm_ngram_level;

struct nm_ngrams {
    neume_context *context;
    uint32_t vocabulary;
    nm_counted_list triples; /* as added; after finish ascending and each but once */
    size_t merge_at; /* so many of them are put together, so that they grow with those that differ,
                        not with the music */
    bool is_finished;
    double unseen;                /* s */
    double *unigram;              /* [V], over the known words */
    double *p1;                   /* [V], over the known words */
    nm_ngram_level pairs, triads; /* p2, p3 */
};

/* Room for the triples of a file. */
bool nm_ngrams_reserve(nm_ngrams *ngrams, size_t count);

#endif
