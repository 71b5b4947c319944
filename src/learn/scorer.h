/* SPDX-License-Identifier: ISC */
/* Exact likelihood of whole pieces under a network: the one place where validation and evaluation
 * get it from. */
#ifndef NM_LEARN_SCORER_H
#define NM_LEARN_SCORER_H

#include "learn/corpus.h"
#include "nn/stack.h"

typedef struct nm_scorer nm_scorer;

/* Sums over pieces; nats include ln(unseen words) for every unknown one. */
typedef struct nm_score_sums {
    size_t pieces, steps, notes, correct, unknown;
    double nats;
} nm_score_sums;

/* Codec (closed) and network are borrowed as long as the scorer. */
neume_status nm_scorer_new(nm_scorer **out, neume_context *context, const nm_stack *stack,
                           const neume_codec *codec, neume_error *error);
void nm_scorer_free(nm_scorer *scorer);

/* Each piece from zero state, dropout off, sums in double in the order of the pieces: `sums[i]`
 * [count] gets piece i. The same for any number of threads and any company of other pieces. */
neume_status nm_scorer_run(nm_scorer *scorer, const real *weights, const nm_piece *pieces,
                           size_t count, nm_score_sums *sums);
void nm_score_sums_add(nm_score_sums *total, const nm_score_sums *part);

#endif
