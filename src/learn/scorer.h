/* SPDX-License-Identifier: ISC */
/* Exact likelihood of whole pieces under a network: the one place where validation and evaluation
 * get it from. */
#ifndef NM_LEARN_SCORER_H
#define NM_LEARN_SCORER_H

#include "learn/corpus.h"
#include "learn/network_run.h"

typedef struct nm_scorer nm_scorer;

/* Sums over pieces, by stream; nats include ln(unseen words) for every unknown one. */
typedef struct nm_score_sums {
    unsigned streams;
    size_t pieces, steps, notes, unknown;
    size_t correct[NEUME_MAX_STREAMS];
    double nats[NEUME_MAX_STREAMS];
} nm_score_sums;

/* Codec (closed) and network are borrowed as long as the scorer. */
neume_status nm_scorer_new(nm_scorer **out, neume_context *context, const nm_network *network,
                           const neume_codec *codec, neume_error *error);
void nm_scorer_free(nm_scorer *scorer);

/* Divides the logits; 1 at first. */
void nm_scorer_set_temperature(nm_scorer *scorer, double temperature);

/* Of the weights in the runs to come; NM_FP32 at first. */
void nm_scorer_set_precision(nm_scorer *scorer, nm_precision precision);

/* Whose packed weights the runs to come overwrite with theirs while they are at NM_FP32, as
 * `lender` of nm_run_options; NULL: none, as at first. Borrowed: as long as the scorer. */
void nm_scorer_set_lender(nm_scorer *scorer, const nm_stack_run *lender);

/* Takes words out of the masks of stream 0 for good: `never` [V], 1: no piece has this word. */
void nm_scorer_forbid(nm_scorer *scorer, const uint8_t *never);

/* Of rolls: counts only keys low..high. */
void nm_scorer_count_keys(nm_scorer *scorer, uint32_t low, uint32_t high);

/* Is given what each step costs, summed over its streams; the steps of a piece in their order. */
typedef struct nm_score_sink {
    void (*take)(void *data, size_t piece, size_t step, double nats);
    void *data;
} nm_score_sink;

/* For the runs to come; NULL: none, as at first. Borrowed: as long as the scorer. */
void nm_scorer_set_sink(nm_scorer *scorer, const nm_score_sink *sink);

/* Asked after each batch of the runs to come; NULL: not asked, as at first. */
void nm_scorer_set_stop(nm_scorer *scorer, bool (*should_stop)(void *data), void *data);

/* Each piece from zero state, with its label where the network knows labels, dropout off, sums in
 * double in the order of the pieces: `sums[i]` [count] gets piece i. The same for any number of
 * threads and any company of other pieces. Fails with NEUME_NO_MEMORY, and NEUME_INTERRUPTED where
 * it is asked to stop. */
neume_status nm_scorer_run(nm_scorer *scorer, const real *weights, const nm_piece *pieces,
                           size_t count, nm_score_sums *sums);
void nm_score_sums_add(nm_score_sums *total, const nm_score_sums *part);

/* Over all streams: nats, and right guesses as a share of a step. */
double nm_score_nats(const nm_score_sums *sums);
double nm_score_correct(const nm_score_sums *sums);

#endif
