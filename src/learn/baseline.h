/* SPDX-License-Identifier: ISC */
/* Baselines that any model must beat: uniform, unigram, and an interpolated modified Kneser-Ney
 * trigram, over the same words under the same masks (renormalised over the allowed words) and with
 * the same <unk>. Each sums to 1 over the allowed words in every context. Source: Chen, Goodman,
 * "An empirical study of smoothing techniques for language modeling", TR-10-98, 1998, section 4.
 *
 *   trigram  p(w|uv) = (1 - s) p3(w|uv) for a known word, s for <unk>, where s is the share of the
 *            training words that were seen once (Good, 1953), the chance of an unseen word;
 *   p3(w|uv) = (c(uvw) - D(c)) / c(uv.) + g(uv) p2(w|v);   g(uv) = sum over w of D(c(uvw)) / c(uv.)
 *   p2(w|v)  = the same with c(vw) = number of different words before vw, and p1 below it; behind
 *            the begin, which has nothing before it, with the count of vw itself;
 *   p1(w)    = the same with c(w) = number of different words before w, and 1/(V-1) below it;
 *   unigram  as p1, with the counts of the words themselves. */
#ifndef NM_LEARN_BASELINE_H
#define NM_LEARN_BASELINE_H

#include "base/bytes.h"
#include "music/codec.h"

/* Counts of words, pairs and triples of the training pieces. Each piece starts behind two begin
 * words (V). */
typedef struct nm_ngrams nm_ngrams;

enum { NM_MAX_NGRAM_WORDS = (1 << 21) - 1 }; /* V is below; a triple is packed into 63 bits */

/* Fails with NEUME_BAD_USAGE where `vocabulary` is less than 2 or more than NM_MAX_NGRAM_WORDS. */
neume_status nm_ngrams_new(nm_ngrams **out, neume_context *context, uint32_t vocabulary);
void nm_ngrams_free(nm_ngrams *ngrams);

/* One stream's words of a piece, `stride` apart. */
typedef struct nm_line {
    const uint32_t *words;
    size_t count, stride;
} nm_line;

nm_line nm_line_of(const neume_sequence *sequence, unsigned stream);

/* Counts one training piece (its words, <end> included). */
neume_status nm_ngrams_add(nm_ngrams *ngrams, nm_line line);

/* To be called after the last nm_ngrams_add and before a likelihood. */
neume_status nm_ngrams_finish(nm_ngrams *ngrams);

/* As bytes for a model file, and back (finished). The format: the number of different triples; then
 * for each, ascending, its packed key's difference from the one before and its count; all as
 * LEB128.
 */
neume_status nm_ngrams_write(const nm_ngrams *ngrams, nm_buffer *out);
neume_status nm_ngrams_read(nm_ngrams **out, neume_context *context, uint32_t vocabulary,
                            neume_bytes bytes, neume_error *error);

typedef struct nm_baseline_sums {
    double uniform, unigram, trigram; /* nats, summed */
} nm_baseline_sums;

/* What may be said in a state of the grammar, and how much of each distribution that is. */
typedef struct nm_ngram_mask {
    const uint32_t *word_class; /* [V] */
    const uint8_t *allowed;     /* [classes], 1: allowed */
    double word_count;          /* allowed words */
    double unigram, p1;         /* their shares of the unigram and of p1, <unk> left out */
} nm_ngram_mask;

nm_ngram_mask nm_ngram_mask_of(const nm_ngrams *ngrams, const uint32_t *word_class,
                               const uint8_t *allowed);

/* Adds the negative log-likelihood of the word at `at`, which is allowed. */
void nm_ngrams_score(nm_baseline_sums *sums, const nm_ngrams *ngrams, const nm_ngram_mask *mask,
                     nm_line line, size_t at);

/* Adds a piece's negative log-likelihoods, summed over its streams, each by its own n-grams [S].
 * `codec` gives grammar and the cost of unknown words. */
void nm_baseline_add(nm_baseline_sums *sums, nm_ngrams *const *ngrams, const neume_codec *codec,
                     const neume_sequence *sequence);

#endif
