/* SPDX-License-Identifier: ISC */
#include "learn/run.h"

#include "base/error.h"
#include "base/mem.h"
#include "learn/schedule.h"
#include "learn/settings.h"

#include <math.h>
#include <string.h>

static const nm_params *params_of(const nm_run *run) {
    return &run->model->stack.params;
}

static size_t block_size(const nm_run *run) {
    return params_of(run)->size * sizeof(real);
}

static bool has_validation(const nm_run *run) {
    return run->scorer != NULL;
}

static neume_status make_model(nm_run *run, neume_error *error) {
    const neume_network_options *network = &run->options.network;
    nm_stack_shape shape = {.vocabulary =
                                neume_codec_word_count(neume_corpus_codec(run->corpus), 0),
                            .embed = network->embed,
                            .layer_count = network->layer_count,
                            .trunk = network->trunk};
    if (network->layer_count < 1 || network->layer_count > NEUME_MAX_LAYERS)
        return nm_fail(error, NEUME_BAD_USAGE, "%u layers: expected 1 to %d", network->layer_count,
                       NEUME_MAX_LAYERS);
    memcpy(shape.layers, network->layers, sizeof shape.layers);
    return nm_model_new(&run->model, run->corpus, run->options.preset, &shape, error);
}

static neume_status make_batcher(nm_run *run, neume_error *error) {
    const nm_batcher_options options = {.codec = run->corpus->codec,
                                        .pieces = run->corpus->train,
                                        .piece_count = run->corpus->train_count,
                                        .B = run->options.batch,
                                        .T = run->options.steps,
                                        .is_endless = true,
                                        .seed = run->options.seed,
                                        .word_counts = run->corpus->word_counts,
                                        .masks = run->model->masks};
    const neume_status status = nm_batcher_new(&run->batcher, run->context, &options);
    if (status == NEUME_BAD_USAGE)
        return nm_fail(error, NEUME_BAD_INPUT, "corpus: no training piece has a step");
    return status ? nm_fail_memory(error, "batches") : NEUME_OK;
}

static neume_status make_network(nm_run *run, neume_error *error) {
    const neume_train_options *options = &run->options;
    const nm_stack_run_options of = {.max_T = options->steps,
                                     .max_B = options->batch,
                                     .for_training = true,
                                     .dropout =
                                         options->overfit ? 0 : (real)options->network.dropout,
                                     .seed = options->seed};
    return nm_stack_run_new(&run->network, run->context, &run->model->stack, &of, error);
}

static neume_status make_scorer(nm_run *run, neume_error *error) {
    if (run->corpus->valid_count == 0 || run->options.overfit)
        return NEUME_OK;
    run->valid_sums = nm_alloc(run->context, run->corpus->valid_count, sizeof *run->valid_sums);
    if (!run->valid_sums)
        return nm_fail_memory(error, "validation");
    return nm_scorer_new(&run->scorer, run->context, &run->model->stack, run->corpus->codec, error);
}

static bool make_block(nm_run *run, real **block) {
    return (*block = nm_params_block_new(params_of(run), run->context)) != NULL;
}

static neume_status make_blocks(nm_run *run, neume_error *error) {
    const unsigned moments = nm_optim_state_count(run->options.optimizer);
    bool made = make_block(run, &run->gradient);
    for (unsigned i = 0; i < moments; i++)
        made = made && make_block(run, &run->moments[i]);
    if (run->options.ema > 0)
        made = made && make_block(run, &run->average);
    if (has_validation(run))
        made = made && make_block(run, &run->best);
    return made ? NEUME_OK : nm_fail_memory(error, "weights and their moments");
}

static void compute_baselines(nm_run *run) {
    run->uniform = run->unigram = run->trigram = NAN;
    if (!has_validation(run))
        return;
    nm_baseline_sums sums = {0};
    double steps = 0;
    for (size_t i = 0; i < run->corpus->valid_count; i++) {
        const neume_sequence *piece = &run->corpus->valid[i].sequence;
        nm_baseline_add(&sums, run->model->ngrams, run->corpus->codec, piece->words,
                        piece->step_count);
        steps += (double)piece->step_count;
    }
    run->uniform = sums.uniform / steps;
    run->unigram = sums.unigram / steps;
    run->trigram = sums.trigram / steps;
}

/* A row without a piece of its own would only repeat what another row sees. */
static void fit_batch(nm_run *run) {
    const size_t pieces = run->corpus->train_count;
    if (run->options.batch <= pieces)
        return;
    nm_log(run->context, NEUME_LOG_INFO, "batch: %zu of %u rows, one for each piece", pieces,
           run->options.batch);
    run->options.batch = (uint32_t)pieces;
}

neume_status nm_run_init(nm_run *run, neume_context *context, const neume_corpus *corpus,
                         const neume_train_options *options, neume_error *error) {
    *run = (nm_run){.context = context, .corpus = corpus, .options = *options};
    neume_status status = nm_settings_check(options, error);
    if (!status && corpus->train_count == 0)
        status = nm_fail(error, NEUME_BAD_INPUT, "corpus: no piece to train on");
    if (status)
        return status;
    fit_batch(run);
    neume_status (*const steps[])(nm_run *, neume_error *) = {
        make_model, make_batcher, make_network, make_scorer, make_blocks};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && !status; i++)
        status = steps[i](run, error);
    if (status) {
        nm_run_clear(run);
        return status;
    }
    compute_baselines(run);
    nm_run_restart(run);
    return NEUME_OK;
}

void nm_run_clear(nm_run *run) {
    neume_context *context = run->context;
    nm_free_aligned(context, run->best);
    nm_free_aligned(context, run->average);
    for (unsigned i = 0; i < NM_MAX_MOMENTS; i++)
        nm_free_aligned(context, run->moments[i]);
    nm_free_aligned(context, run->gradient);
    nm_free(context, run->valid_sums);
    nm_scorer_free(run->scorer);
    nm_stack_run_free(run->network);
    nm_batcher_free(run->batcher);
    neume_model_free(run->model);
    *run = (nm_run){.context = context};
}

static void zero_network_state(nm_run *run) {
    size_t count;
    real *state = nm_stack_run_state(run->network, &count);
    memset(state, 0, count * sizeof *state);
}

void nm_run_restart(nm_run *run) {
    const nm_validation none = {
        .train_loss = NAN, .train_accuracy = NAN, .valid_loss = NAN, .valid_accuracy = NAN};
    run->state = (nm_run_state){.last = none, .best = none};
    run->first.T = 0;
    nm_stack_init_weights(&run->model->stack, run->model->weights, run->options.seed);
    for (unsigned i = 0; i < NM_MAX_MOMENTS; i++)
        if (run->moments[i])
            memset(run->moments[i], 0, block_size(run));
    if (run->average)
        memcpy(run->average, run->model->weights, block_size(run));
    nm_batcher_restart(run->batcher);
    zero_network_state(run);
}

/* An overfitting run sees its first batch from zero state over and over. */
static nm_stack_batch next_batch(nm_run *run) {
    nm_stack_batch batch;
    if (!run->options.overfit) {
        (void)nm_batcher_next(run->batcher, &batch);
        return batch;
    }
    if (run->first.T == 0)
        (void)nm_batcher_next(run->batcher, &run->first);
    zero_network_state(run);
    return run->first;
}

static double sum_losses(nm_run *run, const nm_stack_batch *batch, uint64_t *correct) {
    const size_t N = batch->T * run->options.batch;
    const real *losses = nm_stack_losses(run->network);
    const uint8_t *right = nm_stack_correct(run->network);
    double sum = 0;
    for (size_t i = 0; i < N; i++) {
        sum += losses[i];
        *correct += batch->valid[i] && right[i];
    }
    return sum;
}

static void apply_gradient(nm_run *run, uint64_t update, double rate) {
    neume_context *context = run->context;
    const nm_optim optim = {.kind = run->options.optimizer,
                            .learning_rate = rate,
                            .weight_decay = run->options.weight_decay,
                            .update = update};
    nm_optim_step(context->pool, &optim, params_of(run), run->model->weights, run->gradient,
                  run->moments);
    if (run->average)
        nm_block_average(context->pool, params_of(run), run->average, run->model->weights,
                         nm_average_decay(run->options.ema, update));
}

static neume_status fail_not_finite(uint64_t update, const char *what, neume_error *error) {
    return nm_fail(error, NEUME_NOT_FINITE,
                   "training: the %s is not finite at update %llu: try a lower learning rate or "
                   "stronger clipping",
                   what, (unsigned long long)update);
}

neume_status nm_run_update(nm_run *run, neume_error *error) {
    nm_run_state *state = &run->state;
    nm_pool *pool = run->context->pool;
    const uint64_t update = state->update + 1;
    const nm_stack_batch batch = next_batch(run);
    const size_t steps = nm_batcher_valid_count(run->batcher);
    nm_stack_run_pack(run->network, run->model->weights);
    nm_stack_forward(run->network, &batch, update, true);
    uint64_t correct = 0;
    const double loss = sum_losses(run, &batch, &correct);
    if (!isfinite(loss))
        return fail_not_finite(update, "loss", error);
    memset(run->gradient, 0, block_size(run));
    nm_stack_backward(run->network, &batch, (real)(1.0 / (double)steps), run->gradient);
    const double norm = nm_block_norm(pool, params_of(run), run->gradient);
    if (!isfinite(norm))
        return fail_not_finite(update, "gradient", error);
    if (run->options.clip > 0 && norm > run->options.clip)
        nm_block_scale(pool, params_of(run), run->gradient, (real)(run->options.clip / norm));
    const double rate = nm_schedule_rate(&run->options, update, state->planned);
    apply_gradient(run, update, rate);
    state->update = update;
    state->loss_sum += loss;
    state->step_sum += steps;
    state->correct_sum += correct;
    state->learning_rate = rate;
    state->gradient_norm = norm;
    return NEUME_OK;
}

static neume_status score(nm_run *run, nm_validation *out, neume_error *error) {
    if (!has_validation(run))
        return NEUME_OK;
    const size_t count = run->corpus->valid_count;
    const neume_status status =
        nm_scorer_run(run->scorer, nm_run_weights(run), run->corpus->valid, count, run->valid_sums);
    if (status)
        return nm_fail_memory(error, "validation");
    nm_score_sums total = {0};
    for (size_t i = 0; i < count; i++)
        nm_score_sums_add(&total, &run->valid_sums[i]);
    out->valid_loss = total.nats / (double)total.steps;
    out->valid_accuracy = (double)total.correct / (double)total.steps;
    if (!isfinite(out->valid_loss))
        return fail_not_finite(run->state.update, "validation's loss", error);
    return NEUME_OK;
}

static void note_best(nm_run *run) {
    nm_run_state *state = &run->state;
    state->best = state->last;
    state->worse = 0;
    if (run->best)
        memcpy(run->best, nm_run_weights(run), block_size(run));
}

neume_status nm_run_validate(nm_run *run, neume_error *error) {
    nm_run_state *state = &run->state;
    nm_validation found = {.epoch = nm_run_epochs(run),
                           .update = state->update,
                           .train_loss = nm_run_train_loss(run),
                           .train_accuracy = nm_run_train_accuracy(run),
                           .valid_loss = NAN,
                           .valid_accuracy = NAN};
    const neume_status status = score(run, &found, error);
    if (status)
        return status;
    state->last = found;
    state->validated = state->update;
    state->validated_epoch = found.epoch;
    state->loss_sum = 0;
    state->step_sum = state->correct_sum = 0;
    if (!has_validation(run) || state->best.update == 0 ||
        found.valid_loss < state->best.valid_loss)
        note_best(run);
    else
        state->worse++;
    return NEUME_OK;
}

const real *nm_run_weights(const nm_run *run) {
    return run->average ? run->average : run->model->weights;
}

const real *nm_run_best_weights(const nm_run *run) {
    return run->best && run->state.best.update ? run->best : nm_run_weights(run);
}

uint64_t nm_run_updates_per_epoch(const nm_run *run) {
    const uint64_t steps_of_update = (uint64_t)run->options.batch * run->options.steps;
    uint64_t steps = 0;
    for (size_t i = 0; i < run->corpus->train_count; i++)
        steps += run->corpus->train[i].sequence.step_count;
    return (steps + steps_of_update - 1) / steps_of_update;
}

uint64_t nm_run_epochs(const nm_run *run) {
    return run->options.overfit ? run->state.update / nm_run_updates_per_epoch(run)
                                : nm_batcher_epochs(run->batcher);
}

double nm_run_train_loss(const nm_run *run) {
    return run->state.step_sum ? run->state.loss_sum / (double)run->state.step_sum : NAN;
}

double nm_run_train_accuracy(const nm_run *run) {
    return run->state.step_sum ? (double)run->state.correct_sum / (double)run->state.step_sum : NAN;
}
