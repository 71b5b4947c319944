/* SPDX-License-Identifier: ISC */
/* Baselines that any model must beat: uniform, unigram, and an interpolated Kneser-Ney trigram,
 * over the same words under the same masks (renormalised over the allowed words) and with the same
 * <unk>. Source: Chen, Goodman, "An empirical study of smoothing techniques for language modeling",
 * 1998. */
#ifndef NM_LEARN_BASELINE_H
#define NM_LEARN_BASELINE_H

#include "base/bytes.h"
#include "music/codec.h"

/* Counts of words, pairs and triples of the training pieces. Each piece starts behind two begin
 * words (V). */
typedef struct nm_ngrams nm_ngrams;

neume_status nm_ngrams_new(nm_ngrams **out, neume_context *context, uint32_t vocabulary);
void nm_ngrams_free(nm_ngrams *ngrams);

/* Counts one training piece (its words, <end> included). */
neume_status nm_ngrams_add(nm_ngrams *ngrams, const uint32_t *words, size_t count);

/* To be called after the last nm_ngrams_add and before a likelihood. */
neume_status nm_ngrams_finish(nm_ngrams *ngrams);

/* As bytes for a model file, and back. */
neume_status nm_ngrams_write(const nm_ngrams *ngrams, nm_buffer *out);
neume_status nm_ngrams_read(nm_ngrams **out, neume_context *context, uint32_t vocabulary,
                            neume_bytes bytes, neume_error *error);

typedef struct nm_baseline_sums {
    double uniform, unigram, trigram; /* nats, summed */
} nm_baseline_sums;

/* Adds a piece's negative log-likelihoods. `codec` gives grammar and the cost of unknown words. */
void nm_baseline_add(nm_baseline_sums *sums, const nm_ngrams *ngrams, const neume_codec *codec,
                     const uint32_t *words, size_t count);

#endif
