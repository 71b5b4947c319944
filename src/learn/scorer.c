/* SPDX-License-Identifier: ISC */
#include "learn/scorer.h"

#include "base/error.h"
#include "base/mem.h"
#include "learn/batch.h"

#include <math.h>

struct nm_scorer {
    neume_context *context;
    const nm_stack *stack;
    const neume_codec *codec;
    uint8_t *masks;
    nm_stack_run *run;
    size_t B, T;
};

enum { ROWS = 32, STEPS = 128, MAX_RUN_BYTES = 256 << 20 };

/* The sizes depend on the network alone, so that a likelihood does not depend on the company. */
static nm_stack_run_options run_options(const neume_context *context, const nm_stack *stack) {
    nm_stack_run_options options = {.max_B = ROWS, .max_T = STEPS};
    while (options.max_T > 1 && nm_stack_run_bytes(context, stack, &options) > MAX_RUN_BYTES)
        options.max_T /= 2;
    return options;
}

void nm_scorer_free(nm_scorer *scorer) {
    if (!scorer)
        return;
    nm_stack_run_free(scorer->run);
    nm_free(scorer->context, scorer->masks);
    nm_free(scorer->context, scorer);
}

neume_status nm_scorer_new(nm_scorer **out, neume_context *context, const nm_stack *stack,
                           const neume_codec *codec, neume_error *error) {
    *out = NULL;
    const nm_stack_run_options options = run_options(context, stack);
    nm_scorer *scorer = nm_alloc(context, 1, sizeof *scorer);
    if (!scorer)
        return nm_fail_memory(error, "likelihoods");
    *scorer = (nm_scorer){.context = context,
                          .stack = stack,
                          .codec = codec,
                          .masks = nm_codec_masks(context, codec, 0),
                          .B = options.max_B,
                          .T = options.max_T};
    const neume_status status =
        scorer->masks ? nm_stack_run_new(&scorer->run, context, stack, &options, error)
                      : nm_fail_memory(error, "likelihoods");
    if (status)
        nm_scorer_free(scorer);
    else
        *out = scorer;
    return status;
}

/* Adds the positions of the last batch to the sums of their pieces, step by step. A word that the
 * vocabulary does not have is never counted as right: <unk> does not name it. */
static void add_batch(const nm_scorer *scorer, const nm_batcher *batcher,
                      const nm_stack_batch *batch, nm_score_sums *sums) {
    const double unseen = log(fmax(nm_codec_unseen_count(scorer->codec, 0), 1));
    const uint32_t *pieces = nm_batcher_pieces(batcher);
    const real *losses = nm_stack_losses(scorer->run);
    const uint8_t *correct = nm_stack_correct(scorer->run);
    for (size_t n = 0; n < batch->T * scorer->B; n++) {
        if (!batch->valid[n])
            continue;
        nm_score_sums *sum = &sums[pieces[n]];
        const bool is_unknown = batch->targets[n] == NM_WORD_UNKNOWN;
        sum->steps++;
        sum->unknown += is_unknown;
        sum->correct += correct[n] && !is_unknown;
        sum->nats += (double)losses[n] + (is_unknown ? unseen : 0);
    }
}

neume_status nm_scorer_run(nm_scorer *scorer, const real *weights, const nm_piece *pieces,
                           size_t count, nm_score_sums *sums) {
    const nm_batcher_options options = {.codec = scorer->codec,
                                        .pieces = pieces,
                                        .piece_count = count,
                                        .B = scorer->B,
                                        .T = scorer->T,
                                        .masks = scorer->masks};
    nm_batcher *batcher = NULL;
    nm_stack_batch batch;
    const neume_status status = nm_batcher_new(&batcher, scorer->context, &options);
    if (status)
        return status;
    for (size_t i = 0; i < count; i++)
        sums[i] = (nm_score_sums){.pieces = 1, .notes = pieces[i].sequence.note_count};
    nm_stack_run_pack(scorer->run, weights);
    while (nm_batcher_next(batcher, &batch)) {
        nm_stack_forward(scorer->run, &batch, 0, false);
        add_batch(scorer, batcher, &batch, sums);
    }
    nm_batcher_free(batcher);
    return NEUME_OK;
}

void nm_score_sums_add(nm_score_sums *total, const nm_score_sums *part) {
    total->pieces += part->pieces;
    total->steps += part->steps;
    total->notes += part->notes;
    total->correct += part->correct;
    total->unknown += part->unknown;
    total->nats += part->nats;
}
