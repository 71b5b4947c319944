/* SPDX-License-Identifier: ISC */
/* What rolls are judged beside, as words are beside n-grams: how each key goes on, given its own
 * last two steps. A key's state is rest, held or struck (onsets dropped: rest or on); held comes
 * only behind a key that was on. Each has the probability (count + 1/2) / (sum of counts + A/2)
 * among the A states that are possible, so that every baseline sums to 1. */
#ifndef NM_LEARN_KEY_COUNTS_H
#define NM_LEARN_KEY_COUNTS_H

#include "learn/baseline.h"

enum { NM_KEYS = 128, NM_KEY_REST = 0, NM_KEY_HELD, NM_KEY_STRUCK, NM_KEY_STATES };

typedef struct nm_key_counts {
    uint64_t steps; /* of all pieces */
    /* [key][two steps back][one step back][state]; before a piece keys rest */
    uint64_t of[NM_KEYS][NM_KEY_STATES][NM_KEY_STATES][NM_KEY_STATES];
} nm_key_counts;

/* A key's state in a step of a roll; with onsets dropped a key that is on is held. */
unsigned nm_key_state(const neume_sequence *sequence, size_t step, unsigned key);

/* Counts one training piece. */
void nm_key_counts_add(nm_key_counts *counts, const neume_sequence *sequence);

/* Share of the steps in which a key is on: (count + 1/2) / (steps + 1). */
double nm_key_counts_on(const nm_key_counts *counts, unsigned key);

/* Adds a piece's negative log-likelihoods over the keys of the codec's pitch range. */
void nm_key_counts_score(nm_baseline_sums *sums, const nm_key_counts *counts,
                         const neume_codec *codec, const neume_sequence *sequence);

/* As bytes for a model file, and back: u64 little-endian, steps, then the counts in their order.
 * Reading fails with NEUME_BAD_MODEL where sums of counts could overflow. */
void nm_key_counts_write(const nm_key_counts *counts, nm_buffer *out);
neume_status nm_key_counts_read(nm_key_counts *out, neume_bytes bytes, neume_error *error);

#endif
