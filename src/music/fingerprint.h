/* SPDX-License-Identifier: ISC */
/* What stays of a piece in every key, tempo, velocity, instrument and division of the quarter: by
 * it pieces of the same notes are found. Not a hash: a few notes more or less change a little of
 * it. */
#ifndef NM_MUSIC_FINGERPRINT_H
#define NM_MUSIC_FINGERPRINT_H

#include <neume/score.h>

/* A piece is the multiset of its shingles: NM_SHINGLE chords in a row, by their intervals and the
 * proportions of the times between them. Each falls into one of the bins by its hash, and a bin
 * keeps the least (one permutation hashing: Li, Owen, Zhang, NIPS 2012), so that of two pieces as
 * many bins are equal as they have shingles in common (Broder 1997). */
enum { NM_SHINGLE = 4, NM_FINGERPRINT_BINS = 64 };

typedef struct nm_fingerprint {
    uint16_t bins[NM_FINGERPRINT_BINS]; /* 0: empty */
} nm_fingerprint;

/* Of the notes of a sorted score, drums too. Fails for want of memory only. */
neume_status nm_fingerprint_of_score(nm_fingerprint *out, neume_context *context,
                                     const neume_score *score);

/* The share of the shingles that both have among those that either has, 0..1; 0 where one is too
 * short to tell. */
double nm_fingerprint_likeness(const nm_fingerprint *a, const nm_fingerprint *b);

#endif
