/* SPDX-License-Identifier: ISC */
/* How good a run's weights are: validation, statistics of norms, the softmax temperature. */
#include "learn/run_init.h"
#include "learn/run_ranks.h"

#include "base/error.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

nm_means nm_means_of(const double *nats, const uint64_t *correct, uint64_t steps,
                     unsigned streams) {
    nm_means means = {.loss = steps ? 0 : NAN, .accuracy = steps ? 0 : NAN};
    for (unsigned s = 0; s < NEUME_MAX_STREAMS; s++) {
        const bool is_known = steps && s < streams;
        means.losses[s] = is_known ? nats[s] / (double)steps : NAN;
        means.accuracies[s] = is_known ? (double)correct[s] / (double)steps : NAN;
        means.loss += is_known ? means.losses[s] : 0;
        means.accuracy += is_known ? means.accuracies[s] / streams : 0;
    }
    return means;
}

nm_means nm_run_train_means(const nm_run *run) {
    const nm_run_state *state = &run->state;
    return nm_means_of(state->loss_sums, state->correct_sums, state->step_sum,
                       neume_codec_stream_count(run->corpus->codec));
}

/* The averaged weights have never seen a batch: their norms' statistics are taken anew from the
 * first training pieces. The state that training carries on is put back. */
enum { STATISTICS_BATCHES = 32 };

static neume_status estimate_on(nm_run *run, nm_batcher *batcher, real *weights) {
    size_t count;
    nm_batch batch;
    real *state = nm_network_state(&run->network, &count);
    real *kept = nm_alloc(run->context, count, sizeof *kept);
    if (!kept)
        return NEUME_NO_MEMORY;
    memcpy(kept, state, count * sizeof *kept);
    nm_network_pack(&run->network, weights);
    run->packed_for = 0;
    for (unsigned i = 0; i < STATISTICS_BATCHES && nm_batcher_next(batcher, &batch); i++) {
        nm_network_forward(&run->network, &batch, 0, NM_PASS_STATISTICS);
        nm_run_take_statistics(run, weights, (real)(1.0 / (i + 1)));
    }
    memcpy(state, kept, count * sizeof *kept);
    nm_free(run->context, kept);
    return NEUME_OK;
}

static neume_status estimate_statistics(nm_run *run, neume_error *error) {
    if (run->options.network.norm != NEUME_NORM_BATCH)
        return NEUME_OK;
    const nm_batcher_options options = {.codec = run->corpus->codec,
                                        .pieces = run->corpus->train,
                                        .piece_count = run->corpus->train_count,
                                        .B = run->options.batch,
                                        .T = run->options.steps,
                                        .has_labels = run->model->labels.count > 0,
                                        .masks = (const uint8_t *const *)run->masks};
    nm_batcher *batcher;
    neume_status status = nm_batcher_new(&batcher, run->context, &options);
    if (!status)
        status = estimate_on(run, batcher, run->average ? run->average : run->model->weights);
    nm_batcher_free(batcher);
    return status ? nm_fail_memory(error, "statistics") : NEUME_OK;
}

static neume_status score(nm_run *run, nm_means *out, const real *weights, neume_error *error) {
    const size_t count = run->corpus->valid_count;
    nm_score_sums total = {0};
    uint64_t correct[NEUME_MAX_STREAMS];
    const neume_status status = nm_run_score(run, weights, error);
    if (status)
        return status;
    for (size_t i = 0; i < count; i++)
        nm_score_sums_add(&total, &run->valid_sums[i]);
    for (unsigned s = 0; s < NEUME_MAX_STREAMS; s++)
        correct[s] = total.correct[s];
    *out = nm_means_of(total.nats, correct, total.steps, total.streams);
    if (!isfinite(out->loss))
        return nm_run_fail_not_finite(run->state.update, "validation's loss", error);
    return NEUME_OK;
}

static void note_best(nm_run *run) {
    nm_run_state *state = &run->state;
    state->best = state->last;
    state->worse = 0;
    state->temperature = 1;
    state->calibrated_loss = NAN;
    if (run->best)
        memcpy(run->best, nm_run_weights(run), nm_model_params(run->model)->size * sizeof(real));
}

/* The validation loss, or that of training where nothing is held out. */
static void note_plateau(nm_run *run) {
    nm_run_state *state = &run->state;
    const double loss = run->scorer ? state->last.valid.loss : state->last.train.loss;
    const neume_train_options *options = &run->options;
    if (options->schedule != NEUME_SCHEDULE_PLATEAU ||
        !nm_plateau_note(&state->plateau, &options->rates, loss))
        return;
    nm_log(run->context, NEUME_LOG_INFO,
           "plateau: no better loss for %llu validations: learning rate %.3g from update %llu on",
           (unsigned long long)options->rates.plateau_patience,
           nm_schedule_rate(options, state->planned, state->planned, state->plateau.drops),
           (unsigned long long)state->update + 1);
}

neume_status nm_run_validate(nm_run *run, neume_error *error) {
    nm_run_state *state = &run->state;
    nm_validation found = {.epoch = nm_run_epochs(run),
                           .update = state->update,
                           .train = nm_run_train_means(run),
                           .valid = nm_means_of(NULL, NULL, 0, 0)};
    neume_status status = estimate_statistics(run, error);
    if (!status && run->scorer)
        status = score(run, &found.valid, nm_run_weights(run), error);
    if (status)
        return status;
    state->last = found;
    note_plateau(run);
    state->validated = state->update;
    state->validated_epoch = found.epoch;
    state->step_sum = 0;
    state->norm_count = state->clipped_count = 0;
    state->norm_sum = state->norm_max = 0;
    memset(state->loss_sums, 0, sizeof state->loss_sums);
    memset(state->correct_sums, 0, sizeof state->correct_sums);
    if (!run->scorer || state->best.update == 0 || found.valid.loss < state->best.valid.loss)
        note_best(run);
    else
        state->worse++;
    return NEUME_OK;
}

static neume_status score_at(nm_run *run, double *loss, double temperature, neume_error *error) {
    nm_means means = {.loss = NAN};
    nm_scorer_set_temperature(run->scorer, temperature);
    const neume_status status = score(run, &means, nm_run_best_weights(run), error);
    nm_scorer_set_temperature(run->scorer, 1);
    *loss = means.loss;
    return status;
}

/* Where the parabola through three losses, the second at temperature 1, has its bottom. In the
 * inverse temperature the loss is convex, and close to a parabola. */
static double bottom_of(const double temperature[3], const double loss[3]) {
    const double left = 1 / temperature[0] - 1, right = 1 / temperature[2] - 1;
    const double a = (loss[0] - loss[1]) / left, b = (loss[2] - loss[1]) / right;
    const double bend = (a - b) / (left - right), slope = a - bend * left;
    return bend > 0 ? 1 / fmax(1 - slope / (2 * bend), 0.5) : 1;
}

neume_status nm_run_calibrate(nm_run *run, neume_error *error) {
    const double temperatures[3] = {0.85, 1, 1.2};
    double losses[3] = {0, run->state.best.valid.loss, 0}, loss = NAN;
    nm_run_state *state = &run->state;
    if (!run->scorer)
        return NEUME_OK;
    neume_status status = score_at(run, &losses[0], temperatures[0], error);
    if (!status)
        status = score_at(run, &losses[2], temperatures[2], error);
    if (status)
        return status;
    const double temperature = fmin(fmax(bottom_of(temperatures, losses), 0.7), 1.6);
    status = score_at(run, &loss, temperature, error);
    if (status)
        return status;
    const bool is_better = loss < losses[1];
    state->temperature = is_better ? temperature : 1;
    state->calibrated_loss = is_better ? loss : losses[1];
    return NEUME_OK;
}
