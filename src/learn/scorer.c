/* SPDX-License-Identifier: ISC */
#include "learn/scorer.h"

#include "base/error.h"
#include "base/mem.h"
#include "learn/batch.h"

#include <math.h>
#include <stdlib.h>

struct nm_scorer {
    neume_context *context;
    const nm_network *network;
    const neume_codec *codec;
    bool is_roll;
    uint8_t *masks[NEUME_MAX_STREAMS]; /* none of rolls */
    uint32_t low, high;                /* keys of rolls that are counted */
    real temperature;
    nm_precision precision;
    nm_network_run run;              /* of B rows */
    const nm_stack_run *lender;      /* or NULL */
    const nm_score_sink *sink;       /* or NULL */
    bool (*should_stop)(void *data); /* or NULL */
    void *stop_data;
    size_t B, T; /* B is 0 where there is no run yet */
};

enum { ROWS = 32, STEPS = 128, MAX_RUN_BYTES = 256 << 20 };

void nm_scorer_free(nm_scorer *scorer) {
    if (!scorer)
        return;
    nm_network_run_clear(&scorer->run);
    for (unsigned s = 0; s < NEUME_MAX_STREAMS; s++)
        nm_free(scorer->context, scorer->masks[s]);
    nm_free(scorer->context, scorer);
}

neume_status nm_scorer_new(nm_scorer **out, neume_context *context, const nm_network *network,
                           const neume_codec *codec, neume_error *error) {
    *out = NULL;
    nm_scorer *scorer = nm_alloc(context, 1, sizeof *scorer);
    if (!scorer)
        return nm_fail_memory(error, "likelihoods");
    *scorer = (nm_scorer){.context = context,
                          .network = network,
                          .codec = codec,
                          .temperature = 1,
                          .is_roll = nm_codec_is_roll(codec),
                          .high = NM_SET_KEYS - 1};
    if (!nm_codec_all_masks(scorer->masks, context, codec)) {
        nm_scorer_free(scorer);
        return nm_fail_memory(error, "likelihoods");
    }
    *out = scorer;
    return NEUME_OK;
}

/* A network run of a row for each piece, up to ROWS. A row's numbers depend neither on the number
 * of rows nor on that of steps at a time. */
static neume_status fit_run(nm_scorer *scorer, size_t count) {
    nm_run_options options = {.max_B = count < ROWS ? count : ROWS,
                              .max_T = STEPS,
                              .precision = scorer->precision,
                              .lender = scorer->precision == NM_FP32 ? scorer->lender : NULL};
    if (options.max_B == 0)
        options.max_B = 1;
    if (scorer->B == options.max_B)
        return NEUME_OK;
    while (options.max_T > 1 &&
           nm_network_run_bytes(scorer->context, scorer->network, &options) > MAX_RUN_BYTES)
        options.max_T /= 2;
    nm_network_run_clear(&scorer->run);
    scorer->B = 0;
    const neume_status status =
        nm_network_run_init(&scorer->run, scorer->context, scorer->network, &options, NULL);
    if (status)
        return status;
    scorer->B = options.max_B;
    scorer->T = options.max_T;
    return NEUME_OK;
}

void nm_scorer_set_temperature(nm_scorer *scorer, double temperature) {
    scorer->temperature = (real)temperature;
}

void nm_scorer_set_precision(nm_scorer *scorer, nm_precision precision) {
    nm_network_run_clear(&scorer->run);
    scorer->B = 0;
    scorer->precision = precision;
}

void nm_scorer_set_lender(nm_scorer *scorer, const nm_stack_run *lender) {
    scorer->lender = lender;
}

void nm_scorer_set_sink(nm_scorer *scorer, const nm_score_sink *sink) {
    scorer->sink = sink;
}

void nm_scorer_set_stop(nm_scorer *scorer, bool (*should_stop)(void *data), void *data) {
    scorer->should_stop = should_stop;
    scorer->stop_data = data;
}

void nm_scorer_count_keys(nm_scorer *scorer, uint32_t low, uint32_t high) {
    scorer->low = low;
    scorer->high = high;
}

void nm_scorer_forbid(nm_scorer *scorer, const uint8_t *never) {
    const size_t V = neume_codec_word_count(scorer->codec, 0);
    const size_t rules = nm_codec_grammar(scorer->codec)->rule_count;
    for (size_t i = 0; i < rules * V; i++)
        scorer->masks[0][i] = scorer->masks[0][i] && !never[i % V];
}

/* A run over some pieces: the longest first, so that the rows end together. */
typedef struct scoring {
    nm_scorer *scorer;
    nm_piece *pieces; /* [count] borrowed parts; `file` is the piece's place in `sums` */
    nm_score_sums *sums;
    double unseen[NEUME_MAX_STREAMS]; /* what an unknown word costs beside p(<unk>) */
    nm_batch batch;                   /* the last */
} scoring;

static int by_length(const void *a, const void *b) {
    const nm_piece *x = a, *y = b;
    if (x->sequence.step_count != y->sequence.step_count)
        return x->sequence.step_count > y->sequence.step_count ? -1 : 1;
    return (x->file > y->file) - (x->file < y->file);
}

static bool sort_pieces(scoring *to, const nm_piece *pieces, size_t count) {
    to->pieces = nm_alloc(to->scorer->context, count, sizeof *to->pieces);
    if (!to->pieces)
        return false;
    for (size_t i = 0; i < count; i++) {
        to->pieces[i] = pieces[i];
        to->pieces[i].file = i;
    }
    qsort(to->pieces, count, sizeof *to->pieces, by_length);
    return true;
}

/* A word that the vocabulary does not have is never counted as right: <unk> does not name it. */
static double add_word(const scoring *to, nm_score_sums *sum, unsigned stream, size_t n) {
    const bool is_unknown =
        !to->scorer->is_roll && to->batch.targets[stream].words[n] == NM_WORD_UNKNOWN;
    const double nats = (double)nm_network_losses(&to->scorer->run, stream)[n] +
                        (is_unknown ? to->unseen[stream] : 0);
    sum->unknown += is_unknown;
    sum->correct[stream] += nm_network_correct(&to->scorer->run, stream)[n] && !is_unknown;
    sum->nats[stream] += nats;
    return nats;
}

/* Adds the positions of the last batch to the sums of their pieces, step by step. */
static void add_batch(const scoring *to, const nm_batcher *batcher) {
    const uint32_t *owners = nm_batcher_pieces(batcher);
    const nm_score_sink *sink = to->scorer->sink;
    for (size_t n = 0; n < to->batch.T * to->scorer->B; n++) {
        if (!to->batch.valid[n])
            continue;
        const size_t piece = to->pieces[owners[n]].file;
        nm_score_sums *sum = &to->sums[piece];
        double nats = 0;
        for (unsigned s = 0; s < sum->streams; s++)
            nats += add_word(to, sum, s, n);
        if (sink)
            sink->take(sink->data, piece, sum->steps, nats);
        sum->steps++;
    }
}

static bool is_stopped(const nm_scorer *scorer) {
    return scorer->should_stop && scorer->should_stop(scorer->stop_data);
}

static neume_status score_batches(scoring *to, const real *weights, size_t count) {
    const nm_scorer *scorer = to->scorer;
    const nm_batcher_options options = {.codec = scorer->codec,
                                        .pieces = to->pieces,
                                        .piece_count = count,
                                        .B = scorer->B,
                                        .T = scorer->T,
                                        .has_labels = scorer->network->options.labels > 0,
                                        .masks = (const uint8_t *const *)scorer->masks};
    nm_batcher *batcher = NULL;
    neume_status status = nm_batcher_new(&batcher, scorer->context, &options);
    if (status)
        return status;
    nm_network_pack(&scorer->run, weights);
    nm_network_set_temperature(&scorer->run, scorer->temperature);
    if (scorer->is_roll)
        nm_network_count_keys(&scorer->run, scorer->low, scorer->high);
    while (!status && nm_batcher_next(batcher, &to->batch)) {
        nm_network_forward(&scorer->run, &to->batch, 0, NM_PASS_EVALUATE);
        add_batch(to, batcher);
        status = is_stopped(scorer) ? NEUME_INTERRUPTED : NEUME_OK;
    }
    nm_batcher_free(batcher);
    return status;
}

neume_status nm_scorer_run(nm_scorer *scorer, const real *weights, const nm_piece *pieces,
                           size_t count, nm_score_sums *sums) {
    const unsigned streams = neume_codec_stream_count(scorer->codec);
    scoring to = {.scorer = scorer, .sums = sums};
    for (unsigned s = 0; s < streams && !scorer->is_roll; s++)
        to.unseen[s] = log(fmax(nm_codec_unseen_count(scorer->codec, s), 1));
    for (size_t i = 0; i < count; i++)
        sums[i] = (nm_score_sums){
            .streams = streams, .pieces = 1, .notes = pieces[i].sequence.note_count};
    neume_status status = fit_run(scorer, count);
    if (!status)
        status = sort_pieces(&to, pieces, count) ? NEUME_OK : NEUME_NO_MEMORY;
    if (!status)
        status = score_batches(&to, weights, count);
    nm_free(scorer->context, to.pieces);
    return status;
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
