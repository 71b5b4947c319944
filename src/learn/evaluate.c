/* SPDX-License-Identifier: ISC */
#include "learn/evaluate.h"

#include "base/error.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

neume_evaluate_options neume_evaluate_options_default(void) {
    return (neume_evaluate_options){.reading = neume_midi_read_options_default(),
                                    .split = NEUME_SPLIT_TEST,
                                    .precision = NEUME_PRECISION_FP32};
}

/* Sums over some pieces. */
typedef struct tally {
    nm_score_sums model;
    nm_baseline_sums baselines;
} tally;

static void tally_add(tally *to, const tally *from) {
    nm_score_sums_add(&to->model, &from->model);
    to->baselines.uniform += from->baselines.uniform;
    to->baselines.unigram += from->baselines.unigram;
    to->baselines.trigram += from->baselines.trigram;
}

static double share(double sum, size_t count) {
    return count ? sum / (double)count : NAN;
}

static neume_likelihood likelihood_of(const tally *from) {
    const nm_score_sums *sums = &from->model;
    neume_likelihood likelihood = {.piece_count = sums->pieces,
                                   .step_count = sums->steps,
                                   .note_count = sums->notes,
                                   .nats_per_step = share(nm_score_nats(sums), sums->steps),
                                   .nats_per_note = share(nm_score_nats(sums), sums->notes),
                                   .accuracy = share(nm_score_correct(sums), sums->steps),
                                   .unknown_share =
                                       share((double)sums->unknown, sums->steps * sums->streams),
                                   .uniform = share(from->baselines.uniform, sums->steps),
                                   .unigram = share(from->baselines.unigram, sums->steps),
                                   .trigram = share(from->baselines.trigram, sums->steps),
                                   .stream_count = sums->streams};
    for (unsigned s = 0; s < sums->streams; s++) {
        likelihood.stream_nats[s] = share(sums->nats[s], sums->steps);
        likelihood.stream_accuracies[s] = share((double)sums->correct[s], sums->steps);
    }
    return likelihood;
}

neume_status nm_scorer_of(nm_scorer **out, neume_context *context, const neume_model *model,
                          const neume_evaluate_options *options, neume_error *error) {
    nm_precision precision;
    *out = NULL;
    neume_status status = nm_model_precision(&precision, model, context, options->precision, error);
    if (!status)
        status = nm_scorer_new(out, context, &model->network, model->codec, error);
    if (status)
        return status;
    nm_scorer_set_precision(*out, precision);
    if (options->calibrated)
        nm_scorer_set_temperature(*out, model->temperature);
    return NEUME_OK;
}

static neume_status score_pieces(nm_score_sums *sums, const neume_corpus *corpus,
                                 const neume_model *model, const neume_evaluate_options *options,
                                 neume_error *error) {
    nm_scorer *scorer;
    neume_status status = nm_scorer_of(&scorer, corpus->context, model, options, error);
    if (status)
        return status;
    if (nm_scorer_run(scorer, model->weights, corpus->train, corpus->train_count, sums))
        status = nm_fail_memory(error, "likelihoods");
    nm_scorer_free(scorer);
    return status;
}

/* Piece after piece, as training adds up its validation: the same sums to the bit. */
static void add_up(neume_evaluation *out, const neume_corpus *corpus, const neume_model *model,
                   const nm_score_sums *sums) {
    tally all = {0}, splits[3];
    memset(splits, 0, sizeof splits);
    for (size_t i = 0; i < corpus->train_count; i++) {
        const nm_piece *piece = &corpus->train[i];
        const neume_split split = nm_model_split_of(model, piece->hash);
        if (!piece->is_given) /* a benchmark set may have pieces in every split */
            corpus->files[piece->file].split = split;
        nm_score_sums_add(&splits[split].model, &sums[i]);
        nm_model_baseline(&splits[split].baselines, model, &piece->sequence);
    }
    for (size_t s = 0; s < sizeof splits / sizeof *splits; s++)
        tally_add(&all, &splits[s]);
    out->all = likelihood_of(&all);
    out->trained = likelihood_of(&splits[NEUME_SPLIT_TRAIN]);
    out->validated = likelihood_of(&splits[NEUME_SPLIT_VALID]);
    out->unseen = likelihood_of(&splits[NEUME_SPLIT_NONE]);
}

neume_status neume_evaluate(neume_evaluation *out, neume_context *context, const neume_model *model,
                            const neume_evaluate_options *options, neume_error *error) {
    const tally none = {0};
    const neume_likelihood unknown = likelihood_of(&none);
    *out = (neume_evaluation){unknown, unknown, unknown, unknown, NULL};
    neume_status status =
        nm_corpus_load_as_given(&out->files, context, model->codec, options, error);
    if (status)
        return status;
    neume_corpus *corpus = out->files;
    if (corpus->train_count == 0)
        return nm_corpus_fail_unusable(corpus, error);
    nm_labels_tell(&model->labels, corpus->train, corpus->train_count);
    nm_score_sums *sums = nm_alloc(context, corpus->train_count, sizeof *sums);
    if (!sums)
        return nm_fail_memory(error, "likelihoods");
    status = score_pieces(sums, corpus, model, options, error);
    if (!status)
        add_up(out, corpus, model, sums);
    nm_free(context, sums);
    return status;
}

void neume_evaluation_clear(neume_evaluation *evaluation) {
    neume_corpus_free(evaluation->files);
    evaluation->files = NULL;
}
