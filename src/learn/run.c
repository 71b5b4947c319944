/* SPDX-License-Identifier: ISC */
#include "learn/run.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/ranks.h"
#include "learn/run_init.h"
#include "learn/run_ranks.h"
#include "learn/settings.h"
#include "nn/ops.h"

#include <math.h>
#include <string.h>

static const nm_params *params_of(const nm_run *run) {
    return nm_model_params(run->model);
}

static size_t block_size(const nm_run *run) {
    return params_of(run)->size * sizeof(real);
}

static bool has_validation(const nm_run *run) {
    return run->scorer != NULL;
}

nm_products nm_products_of(neume_train_precision precision) {
    static const nm_products products[] = {[NEUME_TRAIN_FP32] = NM_PRODUCTS_FP32,
                                           [NEUME_TRAIN_FP16] = NM_PRODUCTS_FP16,
                                           [NEUME_TRAIN_BF16] = NM_PRODUCTS_BF16};
    return products[precision];
}

static neume_status make_model(nm_run *run, neume_error *error) {
    const neume_status status =
        nm_model_new(&run->model, run->corpus, run->options.preset, &run->options.network, error);
    return status ? status : nm_run_prepare_init(run, error);
}

static neume_status make_masks(nm_run *run, neume_error *error) {
    return nm_codec_all_masks(run->masks, run->context, run->corpus->codec)
               ? NEUME_OK
               : nm_fail_memory(error, "masks");
}

static neume_status make_batcher(nm_run *run, neume_error *error) {
    const bool is_roll = nm_codec_is_roll(run->corpus->codec);
    const nm_batcher_options options = {
        .codec = run->corpus->codec,
        .pieces = run->corpus->train,
        .piece_count = run->corpus->train_count,
        .B = run->options.batch,
        .T = run->options.steps,
        .queue_rows = nm_run_row_count(run),
        .first_row = nm_run_first_row(run),
        .is_endless = true,
        .seed = run->options.seed,
        .shifts = run->corpus->shifts,
        .keep_key = run->options.keep_key,
        .word_counts = is_roll ? NULL : (const uint64_t *const *)run->corpus->word_counts,
        .has_labels = run->model->labels.count > 0,
        .masks = (const uint8_t *const *)run->masks};
    const neume_status status = nm_batcher_new(&run->batcher, run->context, &options);
    if (status == NEUME_BAD_USAGE)
        return nm_fail(error, NEUME_BAD_INPUT, "corpus: no training piece has a step");
    return status ? nm_fail_memory(error, "batches") : NEUME_OK;
}

/* An overfitting run learns its batch as it is. */
static nm_noise noise_of(const neume_train_options *options) {
    const neume_regularisation *from = &options->regularisation;
    if (options->overfit)
        return (nm_noise){0};
    return (nm_noise){.input_dropout = (real)from->input_dropout,
                      .dropout = (real)from->dropout,
                      .feature_dropout = (real)from->feature_dropout,
                      .weight_drop = (real)from->weight_drop,
                      .label_smoothing = (real)from->label_smoothing,
                      .ar = (real)from->ar,
                      .tar = (real)from->tar};
}

static neume_status make_network(nm_run *run, neume_error *error) {
    const neume_train_options *options = &run->options;
    const nm_run_options of = {.max_T = options->steps,
                               .max_B = options->batch,
                               .for_training = true,
                               .products = nm_products_of(run->options.precision),
                               .noise = noise_of(options),
                               .seed = options->seed,
                               .all_rows = nm_run_row_count(run),
                               .first_row = nm_run_first_row(run),
                               .watch = nm_run_watch_gradient(run),
                               .moving_from = nm_frozen_first_moving(&run->frozen, params_of(run))};
    return nm_network_run_init(&run->network, run->context, &run->model->network, &of, error);
}

static neume_status make_scorer(nm_run *run, neume_error *error) {
    if (run->corpus->valid_count == 0 || run->options.overfit)
        return NEUME_OK;
    neume_status status =
        nm_scorer_new(&run->scorer, run->context, &run->model->network, run->corpus->codec, error);
    if (status)
        return status;
    if (nm_products_of(run->options.precision) == NM_PRODUCTS_FP32)
        nm_scorer_set_lender(run->scorer, run->network.stack);
    nm_scorer_set_stop(run->scorer, run->options.observer.should_stop, run->options.observer.data);
    return nm_run_make_scoring(run, error);
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
        nm_model_baseline(&sums, run->model, piece);
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

/* Which stream's loss ends the run. */
static neume_status find_until(nm_run *run, neume_error *error) {
    const char *name = run->options.until.stream;
    const neume_codec *codec = run->corpus->codec;
    const unsigned streams = neume_codec_stream_count(codec);
    while (name && run->until < streams &&
           strcmp(neume_codec_stream_name(codec, run->until), name) != 0)
        run->until++;
    if (run->until < streams)
        return NEUME_OK;
    return nm_fail(error, NEUME_BAD_USAGE, "until %s: the preset has no such loss, expected %s",
                   name, neume_codec_stream_name(codec, 0));
}

static neume_status check_precision(const nm_run *run, neume_error *error) {
    if (nm_ops_at(run->context, nm_products_of(run->options.precision)))
        return NEUME_OK;
    const bool is_half = run->options.precision == NEUME_TRAIN_FP16;
    return nm_fail(error, NEUME_BAD_USAGE,
                   "precision %s: it needs a processor with %s and kernels avx512, here they are "
                   "%s: train with precision fp32",
                   is_half ? "fp16" : "bf16", is_half ? "AVX512-FP16" : "AMX-BF16",
                   neume_context_isa_name(run->context));
}

neume_status nm_run_init(nm_run *run, neume_context *context, const neume_corpus *corpus,
                         const neume_train_options *options, neume_error *error) {
    *run = (nm_run){.context = context, .corpus = corpus, .options = *options};
    neume_status status = nm_settings_check(options, error);
    if (!status)
        status = find_until(run, error);
    if (!status)
        status = check_precision(run, error);
    if (!status && corpus->train_count == 0)
        status = nm_fail(error, NEUME_BAD_INPUT, "corpus: no piece to train on");
    status = nm_ranks_agree(context, status, error);
    if (status)
        return status;
    fit_batch(run);
    neume_status (*const steps[])(nm_run *, neume_error *) = {
        make_model,          make_masks,  make_batcher, make_network,
        nm_run_make_carried, make_scorer, make_blocks,  nm_run_make_sharing};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && !status; i++)
        status = steps[i](run, error);
    status = nm_ranks_agree(context, status, error);
    if (!status)
        status = nm_run_check_ranks(run, error);
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
    nm_frozen_clear(&run->frozen);
    nm_free_aligned(context, run->kept);
    nm_free_aligned(context, run->best);
    nm_free_aligned(context, run->average);
    for (unsigned i = 0; i < NM_MAX_MOMENTS; i++)
        nm_free_aligned(context, run->moments[i]);
    nm_free_aligned(context, run->gradient);
    nm_free(context, run->carried);
    nm_free(context, run->valid_sums);
    nm_run_clear_sharing(run);
    nm_scorer_free(run->scorer);
    nm_network_run_clear(&run->network);
    nm_batcher_free(run->batcher);
    for (unsigned s = 0; s < NEUME_MAX_STREAMS; s++)
        nm_free(context, run->masks[s]);
    neume_model_free(run->model);
    *run = (nm_run){.context = context};
}

static void zero_network_state(nm_run *run) {
    size_t count;
    real *state = nm_network_state(&run->network, &count);
    memset(state, 0, count * sizeof *state);
}

void nm_run_restart(nm_run *run) {
    const nm_means unknown = nm_means_of(NULL, NULL, 0, 0);
    const nm_validation none = {.train = unknown, .valid = unknown};
    run->state =
        (nm_run_state){.temperature = 1, .calibrated_loss = NAN, .last = none, .best = none};
    run->first.T = 0;
    run->packed_for = 0;
    run->sharing.begun_from = params_of(run)->size;
    nm_run_first_weights(run);
    for (unsigned i = 0; i < NM_MAX_MOMENTS; i++)
        if (run->moments[i])
            memset(run->moments[i], 0, block_size(run));
    if (run->average)
        memcpy(run->average, run->model->weights, block_size(run));
    nm_batcher_restart(run->batcher);
    zero_network_state(run);
}

/* An overfitting run sees its first batch from zero state over and over. */
static nm_batch next_batch(nm_run *run) {
    nm_batch batch;
    if (!run->options.overfit) {
        (void)nm_batcher_next(run->batcher, &batch);
        return batch;
    }
    if (run->first.T == 0)
        (void)nm_batcher_next(run->batcher, &run->first);
    zero_network_state(run);
    return run->first;
}

static nm_pass_sums sum_pass(const nm_run *run, const nm_batch *batch) {
    const size_t N = batch->T * run->options.batch;
    nm_pass_sums sums = {.all = 0};
    for (unsigned s = 0; s < neume_codec_stream_count(run->corpus->codec); s++) {
        const real *losses = nm_network_losses(&run->network, s);
        const uint8_t *right = nm_network_correct(&run->network, s);
        for (size_t i = 0; i < N; i++) {
            sums.nats[s] += losses[i];
            sums.correct[s] += batch->valid[i] && right[i];
        }
        sums.all += sums.nats[s];
    }
    return sums;
}

/* Of moments and average, skipped updates are none. */
static void apply_gradient(nm_run *run, uint64_t update, double norm) {
    const neume_train_options *options = &run->options;
    const uint64_t step = update - run->state.skipped;
    const bool is_clipped = options->clip > 0 && norm > options->clip;
    const double ranks = nm_rank_count(run->context);
    const nm_optim optim = {.kind = options->optimizer,
                            .learning_rate = run->state.learning_rate,
                            .weight_decay = options->weight_decay,
                            .gradient_factor = (is_clipped ? options->clip / norm : 1) / ranks,
                            .average_decay = nm_average_decay(options->ema, step),
                            .update = step,
                            .frozen = &run->frozen};
    const nm_optim_blocks blocks = {.weights = run->model->weights,
                                    .gradient = run->gradient,
                                    .state = {run->moments[0], run->moments[1]},
                                    .average = run->average};
    const nm_optim_update step_of = nm_optim_begin(&optim, params_of(run), &blocks);
    nm_network_renew(&run->network, &step_of, update + 1);
    run->packed_for = update + 1;
}

/* The weights as the last update left them are packed for this one, unless something else was
 * packed since. */
static void pack(nm_run *run, uint64_t update) {
    if (run->packed_for != update)
        nm_network_pack_noisy(&run->network, run->model->weights, update);
    run->packed_for = 0;
}

static void note_update(nm_run_state *state, const nm_pass_sums *sums, size_t steps) {
    state->update++;
    state->skipped_in_row = 0;
    state->step_sum += steps;
    for (unsigned s = 0; s < NEUME_MAX_STREAMS; s++) {
        state->loss_sums[s] += sums->nats[s];
        state->correct_sums[s] += sums->correct[s];
    }
}

static void note_norm(nm_run_state *state, double norm, double clip) {
    state->gradient_norm = norm;
    state->norm_count++;
    state->norm_sum += norm;
    state->norm_max = fmax(state->norm_max, norm);
    state->clipped_count += clip > 0 && norm > clip;
}

static double clipped_norm(const neume_train_options *options, double norm) {
    return options->clip > 0 && norm > options->clip ? options->clip : norm;
}

/* Moments are sums of squares: they must be finite too. */
static bool is_usable(const nm_run *run, double norm) {
    const double used = clipped_norm(&run->options, norm);
    return isfinite(norm) && isfinite((real)(used * used));
}

/* How fast the running statistics of batch norms follow the batches. */
static const real STATISTICS_SHARE = (real)0.1;

neume_status nm_run_update(nm_run *run, neume_error *error) {
    nm_run_state *state = &run->state;
    const uint64_t update = state->update + 1;
    const nm_batch batch = next_batch(run);
    const size_t steps = nm_batcher_valid_count(run->batcher); /* of each rank: no row pads */
    const unsigned ranks = nm_rank_count(run->context);
    nm_run_keep_carried(run);
    pack(run, update);
    nm_network_forward(&run->network, &batch, update, NM_PASS_TRAIN);
    nm_pass_sums sums = sum_pass(run, &batch);
    nm_network_backward(&run->network, &batch, (real)(1.0 / (double)steps), run->gradient);
    neume_status status = nm_run_share_update(run, &sums, error);
    if (status)
        return status;
    if (!isfinite(sums.all))
        return nm_run_refuse_update(run, "loss", error);
    nm_frozen_zero(&run->frozen, run->gradient);
    const double norm = nm_block_norm(run->context->pool, params_of(run), run->gradient) / ranks;
    if (!is_usable(run, norm))
        return nm_run_refuse_update(run, "gradient", error);
    nm_run_take_statistics(run, run->model->weights, STATISTICS_SHARE);
    status = nm_run_share_statistics(run, error);
    if (status)
        return status;
    state->learning_rate =
        nm_schedule_rate(&run->options, update, state->planned, state->plateau.drops) *
        nm_run_rate_factor(run);
    note_norm(state, norm, run->options.clip);
    apply_gradient(run, update, norm);
    note_update(state, &sums, steps * ranks);
    return NEUME_OK;
}

const real *nm_run_weights(const nm_run *run) {
    return run->average ? run->average : run->model->weights;
}

const real *nm_run_best_weights(const nm_run *run) {
    return run->best && run->state.best.update ? run->best : nm_run_weights(run);
}

uint64_t nm_run_updates_per_epoch(const nm_run *run) {
    const uint64_t steps_of_update = (uint64_t)nm_run_row_count(run) * run->options.steps;
    uint64_t steps = 0;
    for (size_t i = 0; i < run->corpus->train_count; i++)
        steps += run->corpus->train[i].sequence.step_count;
    return (steps + steps_of_update - 1) / steps_of_update;
}

uint64_t nm_run_epochs(const nm_run *run) {
    return run->options.overfit ? run->state.update / nm_run_updates_per_epoch(run)
                                : nm_batcher_epochs(run->batcher);
}
