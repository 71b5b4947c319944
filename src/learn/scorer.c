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
    uint8_t *masks[NEUME_MAX_STREAMS];
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
    for (unsigned s = 0; s < NEUME_MAX_STREAMS; s++)
        nm_free(scorer->context, scorer->masks[s]);
    nm_free(scorer->context, scorer);
}

static bool make_masks(nm_scorer *scorer) {
    for (unsigned s = 0; s < neume_codec_stream_count(scorer->codec); s++)
        if (!(scorer->masks[s] = nm_codec_masks(scorer->context, scorer->codec, s)))
            return false;
    return true;
}

neume_status nm_scorer_new(nm_scorer **out, neume_context *context, const nm_stack *stack,
                           const neume_codec *codec, neume_error *error) {
    *out = NULL;
    const nm_stack_run_options options = run_options(context, stack);
    nm_scorer *scorer = nm_alloc(context, 1, sizeof *scorer);
    if (!scorer)
        return nm_fail_memory(error, "likelihoods");
    *scorer = (nm_scorer){
        .context = context, .stack = stack, .codec = codec, .B = options.max_B, .T = options.max_T};
    const neume_status status =
        make_masks(scorer) ? nm_stack_run_new(&scorer->run, context, stack, &options, error)
                           : nm_fail_memory(error, "likelihoods");
    if (status)
        nm_scorer_free(scorer);
    else
        *out = scorer;
    return status;
}

void nm_scorer_set_temperature(nm_scorer *scorer, double temperature) {
    nm_stack_run_set_temperature(scorer->run, (real)temperature);
}

void nm_scorer_forbid(nm_scorer *scorer, const uint8_t *never) {
    const size_t V = neume_codec_word_count(scorer->codec, 0);
    const size_t states = nm_codec_grammar(scorer->codec)->state_count;
    for (size_t i = 0; i < states * V; i++)
        scorer->masks[0][i] = scorer->masks[0][i] && !never[i % V];
}

/* A run over some pieces. */
typedef struct scoring {
    const nm_scorer *scorer;
    nm_score_sums *sums;
    const nm_score_sink *sink;
    double unseen[NEUME_MAX_STREAMS]; /* what an unknown word costs beside p(<unk>) */
} scoring;

/* A word that the vocabulary does not have is never counted as right: <unk> does not name it. */
static double add_word(const scoring *to, nm_score_sums *sum, const nm_stack_batch *batch,
                       unsigned stream, size_t n) {
    const bool is_unknown = batch->targets[stream].words[n] == NM_WORD_UNKNOWN;
    const double nats =
        (double)nm_stack_losses(to->scorer->run, stream)[n] + (is_unknown ? to->unseen[stream] : 0);
    sum->unknown += is_unknown;
    sum->correct[stream] += nm_stack_correct(to->scorer->run, stream)[n] && !is_unknown;
    sum->nats[stream] += nats;
    return nats;
}

/* Adds the positions of the last batch to the sums of their pieces, step by step. */
static void add_batch(const scoring *to, const nm_batcher *batcher, const nm_stack_batch *batch) {
    const uint32_t *pieces = nm_batcher_pieces(batcher);
    for (size_t n = 0; n < batch->T * to->scorer->B; n++) {
        if (!batch->valid[n])
            continue;
        nm_score_sums *sum = &to->sums[pieces[n]];
        double nats = 0;
        for (unsigned s = 0; s < sum->streams; s++)
            nats += add_word(to, sum, batch, s, n);
        if (to->sink)
            to->sink->take(to->sink->data, pieces[n], sum->steps, nats);
        sum->steps++;
    }
}

static void score_batches(const scoring *to, nm_batcher *batcher, const real *weights) {
    nm_stack_batch batch;
    nm_stack_run_pack(to->scorer->run, weights);
    while (nm_batcher_next(batcher, &batch)) {
        nm_stack_forward(to->scorer->run, &batch, 0, NM_PASS_EVALUATE);
        add_batch(to, batcher, &batch);
    }
}

neume_status nm_scorer_run(nm_scorer *scorer, const real *weights, const nm_piece *pieces,
                           size_t count, nm_score_sums *sums, const nm_score_sink *sink) {
    const unsigned streams = neume_codec_stream_count(scorer->codec);
    const nm_batcher_options options = {.codec = scorer->codec,
                                        .pieces = pieces,
                                        .piece_count = count,
                                        .B = scorer->B,
                                        .T = scorer->T,
                                        .masks = (const uint8_t *const *)scorer->masks};
    scoring to = {.scorer = scorer, .sums = sums, .sink = sink};
    nm_batcher *batcher = NULL;
    const neume_status status = nm_batcher_new(&batcher, scorer->context, &options);
    if (status)
        return status;
    for (unsigned s = 0; s < streams; s++)
        to.unseen[s] = log(fmax(nm_codec_unseen_count(scorer->codec, s), 1));
    for (size_t i = 0; i < count; i++)
        sums[i] = (nm_score_sums){
            .streams = streams, .pieces = 1, .notes = pieces[i].sequence.note_count};
    score_batches(&to, batcher, weights);
    nm_batcher_free(batcher);
    return NEUME_OK;
}

void nm_score_sums_add(nm_score_sums *total, const nm_score_sums *part) {
    total->streams = part->streams > total->streams ? part->streams : total->streams;
    total->pieces += part->pieces;
    total->steps += part->steps;
    total->notes += part->notes;
    total->unknown += part->unknown;
    for (unsigned s = 0; s < NEUME_MAX_STREAMS; s++) {
        total->correct[s] += part->correct[s];
        total->nats[s] += part->nats[s];
    }
}

double nm_score_nats(const nm_score_sums *sums) {
    double nats = 0;
    for (unsigned s = 0; s < sums->streams; s++)
        nats += sums->nats[s];
    return nats;
}

double nm_score_correct(const nm_score_sums *sums) {
    double correct = 0;
    for (unsigned s = 0; s < sums->streams; s++)
        correct += (double)sums->correct[s];
    return sums->streams ? correct / sums->streams : 0;
}
