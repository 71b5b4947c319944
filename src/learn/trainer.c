/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/ranks.h"
#include "learn/checkpoint.h"
#include "learn/plan.h"
#include "learn/run_choose.h"
#include "learn/run_files.h"
#include "learn/run_init.h"
#include "learn/run_log.h"
#include "learn/run_ranks.h"
#include "learn/run_samples.h"

#include <math.h>
#include <string.h>

/* A run with its files and its clock. */
typedef struct trainer {
    nm_run run;
    nm_run_files files;
    nm_run_log log;
    double started;     /* by nm_clock, less the seconds of the parts before */
    double saved, cost; /* seconds at the last checkpoint, and those that it took */
    uint64_t saved_epoch, saved_update;
    bool best_is_saved;
    double line_seconds; /* at the last line of the log, for the speed */
    uint64_t line_update;
    bool is_time_over, is_save_due, is_to_stop; /* as the ranks last agreed */
    bool has_stopped;                           /* and saved */
} trainer;

static const neume_train_options *options_of(const trainer *it) {
    return &it->run.options;
}

static double seconds_now(const trainer *it) {
    return nm_clock() - it->started;
}

static bool is_writer(const trainer *it) {
    return nm_is_first_rank(it->run.context);
}

/* What the first rank alone did went as `status` says. */
static neume_status agree(const trainer *it, neume_status status, neume_error *error) {
    return nm_ranks_agree(it->run.context, status, error);
}

static void set_train(neume_train_progress *progress, nm_means means) {
    progress->train_loss = means.loss;
    progress->train_accuracy = means.accuracy;
    memcpy(progress->train_losses, means.losses, sizeof means.losses);
    memcpy(progress->train_accuracies, means.accuracies, sizeof means.accuracies);
}

static void set_valid(neume_train_progress *progress, const nm_means *means) {
    progress->valid_loss = means->loss;
    progress->valid_accuracy = means->accuracy;
    memcpy(progress->valid_losses, means->losses, sizeof means->losses);
    memcpy(progress->valid_accuracies, means->accuracies, sizeof means->accuracies);
}

static void set_norms(neume_train_progress *progress, const nm_run_state *state) {
    const double count = state->norm_count > 0 ? (double)state->norm_count : NAN;
    progress->gradient_norm = state->gradient_norm;
    progress->gradient_norm_mean = state->norm_sum / count;
    progress->gradient_norm_max = state->norm_count > 0 ? state->norm_max : NAN;
    progress->clipped = (double)state->clipped_count / count;
}

static neume_train_progress progress_of(const trainer *it) {
    const nm_run *run = &it->run;
    const nm_run_state *state = &run->state;
    const double seconds = seconds_now(it), since = seconds - it->line_seconds;
    const double steps = (double)(state->update - it->line_update) *
                         (double)(nm_run_row_count(run) * options_of(it)->steps);
    neume_train_progress progress = {.epoch = nm_run_epochs(run),
                                     .update = state->update,
                                     .planned_updates = state->planned,
                                     .seconds = seconds,
                                     .stream_count = neume_codec_stream_count(run->corpus->codec),
                                     .steps_per_second = since > 0 ? steps / since : 0,
                                     .learning_rate = state->learning_rate,
                                     .skipped = state->skipped};
    set_norms(&progress, state);
    set_train(&progress, nm_run_train_means(run));
    set_valid(&progress, &state->last.valid);
    return progress;
}

static void tell(const trainer *it, const neume_train_progress *progress) {
    const neume_train_observer *observer = &options_of(it)->observer;
    if (observer->progress)
        observer->progress(observer->data, progress);
}

static bool is_asked_to_stop(const trainer *it) {
    const neume_train_observer *observer = &options_of(it)->observer;
    return observer->should_stop && observer->should_stop(observer->data);
}

static neume_status validate(trainer *it, neume_error *error) {
    const uint64_t before = it->run.state.validated_epoch;
    neume_train_progress progress = progress_of(it);
    neume_status status = nm_run_validate(&it->run, error);
    if (status)
        return status;
    const nm_run_state *state = &it->run.state;
    progress.is_validation = true;
    progress.is_best = state->best.update == state->update;
    set_valid(&progress, &state->last.valid);
    if (progress.is_best)
        it->best_is_saved = false;
    if (is_writer(it))
        status = nm_run_log_write(&it->log, &progress, it->run.corpus->codec, error);
    it->line_seconds = seconds_now(it);
    it->line_update = state->update;
    if (!status)
        tell(it, &progress);
    if (!status && is_writer(it))
        status = nm_run_samples_write(&it->run, before, error);
    return agree(it, status, error);
}

static neume_status save_results(const trainer *it, neume_error *error) {
    const nm_run *run = &it->run;
    const bool has_best = run->state.best.update > 0 && (!it->best_is_saved || !run->best);
    const neume_status status = nm_run_log_sync(&it->log, error);
    return status || !has_best ? status : nm_run_files_save_best(&it->files, run, error);
}

/* Log, model, checkpoint: what is written before the checkpoint is written again, the same, by a
 * run that goes on from the checkpoint before. */
static neume_status save(trainer *it, neume_error *error) {
    nm_run *run = &it->run;
    const double start = seconds_now(it);
    neume_status status = NEUME_OK;
    if (is_writer(it))
        status = save_results(it, error);
    status = agree(it, status, error);
    run->state.seconds = seconds_now(it);
    if (!status)
        status = nm_run_compare_weights(run, error);
    if (!status)
        status = nm_checkpoint_save(run, it->files.checkpoint, error);
    if (status)
        return status;
    it->best_is_saved = true;
    it->saved_epoch = nm_run_epochs(run);
    it->saved_update = run->state.update;
    it->saved = seconds_now(it);
    it->cost = it->saved - start;
    return NEUME_OK;
}

static neume_status save_with_last(trainer *it, neume_error *error) {
    neume_status status = NEUME_OK;
    if (is_writer(it))
        status = nm_run_files_save_last(&it->files, &it->run, error);
    status = agree(it, status, error);
    return status ? status : save(it, error);
}

static bool is_validation_due(const trainer *it) {
    const nm_run_state *state = &it->run.state;
    const uint64_t every = options_of(it)->valid_every;
    if (state->update == state->validated)
        return false;
    return every ? state->update % every == 0 : nm_run_epochs(&it->run) > state->validated_epoch;
}

/* Checkpoints of short epochs wait until saving has taken no more than a twentieth of the time. */
static bool is_save_due(const trainer *it) {
    const neume_train_options *options = options_of(it);
    const double since = seconds_now(it) - it->saved;
    if (options->save_seconds > 0 && since >= options->save_seconds)
        return true;
    return options->save_epochs && since >= 20 * it->cost &&
           nm_run_epochs(&it->run) >= it->saved_epoch + options->save_epochs;
}

/* Whether the training loss of the last validation is what was to be reached. */
static bool has_reached(const trainer *it) {
    const neume_until *until = &options_of(it)->until;
    const nm_run_state *state = &it->run.state;
    return until->stream && state->update == state->validated &&
           state->last.train.losses[it->run.until] <= until->loss;
}

static bool is_over(const trainer *it, neume_train_end *end) {
    const neume_train_options *options = options_of(it);
    const nm_run_state *state = &it->run.state;
    if (state->update >= state->planned)
        *end = NEUME_END_PLANNED;
    else if (options->patience && state->worse >= options->patience)
        *end = NEUME_END_PATIENCE;
    else if (has_reached(it))
        *end = NEUME_END_UNTIL;
    else if (it->is_time_over)
        *end = NEUME_END_TIME;
    else
        return false;
    return true;
}

static neume_status keep_epoch(trainer *it, neume_error *error) {
    nm_run_state *state = &it->run.state;
    const uint64_t epoch = nm_run_epochs(&it->run), before = state->kept_epoch;
    const uint64_t every = options_of(it)->keep_every;
    if (epoch / every == before / every)
        return NEUME_OK;
    state->kept_epoch = epoch;
    neume_status status = NEUME_OK;
    if (is_writer(it) && options_of(it)->keep)
        status = nm_run_files_keep(&it->files, &it->run, before, error);
    return agree(it, status, error);
}

/* What is due between two updates. All of it follows from the state, so that a run that was stopped
 * before it does it when it goes on. */
static neume_status between_updates(trainer *it, neume_error *error) {
    neume_status status = is_validation_due(it) ? validate(it, error) : NEUME_OK;
    if (!status)
        status = keep_epoch(it, error);
    return status;
}

static neume_status stop(trainer *it, neume_error *error) {
    it->has_stopped = true;
    const neume_status status = save_with_last(it, error);
    return status ? status
                  : nm_fail(error, NEUME_INTERRUPTED,
                            "training: interrupted after update %llu; --resume goes on",
                            (unsigned long long)it->run.state.update);
}

/* What clocks and signals say differs from rank to rank: all do as the first one's clock says, and
 * stop where one of them is asked to. */
static neume_status vote(trainer *it, neume_error *error) {
    uint8_t votes[NEUME_MAX_RANKS];
    const double limit = options_of(it)->time_limit;
    const bool is_over = limit > 0 && seconds_now(it) >= limit;
    const uint8_t mine = (uint8_t)(is_over | is_save_due(it) << 1 | is_asked_to_stop(it) << 2);
    const neume_status status = nm_ranks_gather(it->run.context, votes, &mine, 1, error);
    if (status)
        return status;
    it->is_time_over = votes[0] & 1;
    it->is_save_due = votes[0] & 2;
    it->is_to_stop = false;
    for (unsigned r = 0; r < nm_rank_count(it->run.context); r++)
        it->is_to_stop = it->is_to_stop || votes[r] & 4;
    return NEUME_OK;
}

/* One update, after what is due before it. */
static neume_status go_on_one(trainer *it, neume_error *error) {
    neume_status status = it->is_save_due ? save(it, error) : NEUME_OK;
    if (!status)
        status = nm_run_update(&it->run, error);
    if (status)
        return status;
    const neume_train_progress progress = progress_of(it);
    tell(it, &progress);
    return vote(it, error);
}

static neume_status train(trainer *it, neume_train_end *end, neume_error *error) {
    for (;;) {
        neume_status status = between_updates(it, error);
        if (!status)
            status = vote(it, error);
        if (status || is_over(it, end))
            return status;
        status = go_on_one(it, error);
        if (status || it->is_to_stop)
            return status ? status : stop(it, error);
    }
}

static neume_status finish(trainer *it, neume_error *error) {
    const nm_run_state *state = &it->run.state;
    neume_status status = state->validated == state->update ? NEUME_OK : validate(it, error);
    if (!status)
        status = nm_run_calibrate(&it->run, error);
    it->best_is_saved = false; /* its temperature is new */
    return status ? status : save_with_last(it, error);
}

static void fill_result(neume_train_result *out, const trainer *it) {
    const nm_run *run = &it->run;
    const nm_validation best = nm_run_files_best(run);
    out->epochs = nm_run_epochs(run);
    out->updates = run->state.update;
    out->best_update = best.update;
    out->skipped = run->state.skipped;
    out->seconds = seconds_now(it);
    out->train_loss = best.train.loss;
    out->valid_loss = best.valid.loss;
    out->valid_accuracy = best.valid.accuracy;
    out->temperature = run->state.temperature;
    out->calibrated_loss = run->state.calibrated_loss;
    out->uniform = run->uniform;
    out->unigram = run->unigram;
    out->trigram = run->trigram;
}

/* A run from its first update. The checkpoint of its start shows at once whether the files can be
 * written, and that a model that lies there is not of this run. Only then is the log of a run
 * before cut. */
static neume_status start_anew(trainer *it, neume_error *error) {
    neume_status status = nm_plan(&it->run, error);
    if (!status)
        status = nm_run_tell_first_loss(&it->run, error);
    if (!status && is_writer(it))
        status = nm_run_log_open(&it->log, options_of(it)->log, error);
    status = agree(it, status, error);
    if (!status)
        status = save(it, error);
    if (!status && is_writer(it))
        status = nm_run_log_cut(&it->log, it->run.context, 0, error);
    return agree(it, status, error);
}

static neume_status go_on(trainer *it, neume_error *error) {
    nm_run *run = &it->run;
    neume_status status = nm_checkpoint_load(run, it->files.checkpoint, error);
    if (status)
        return status;
    it->started -= run->state.seconds;
    it->saved = it->line_seconds = seconds_now(it);
    it->saved_epoch = nm_run_epochs(run);
    it->line_update = it->saved_update = run->state.update;
    status = nm_plan(run, error);
    if (!status && is_writer(it))
        status = nm_run_log_open(&it->log, options_of(it)->log, error);
    if (!status && is_writer(it))
        status = nm_run_log_cut(&it->log, run->context, run->state.update, error);
    return agree(it, status, error);
}

/* Whether a run that has just been loaded has nothing left to do. */
static bool is_done(const trainer *it, neume_train_end *end) {
    const nm_run_state *state = &it->run.state;
    const bool is_calibrated = !it->run.scorer || isfinite(state->calibrated_loss);
    return state->update == state->validated && is_calibrated && is_over(it, end);
}

/* Trains on from where the run stands, and writes what it ends with. */
static neume_status run_on(trainer *it, neume_train_result *out, neume_error *error) {
    neume_status status = train(it, &out->end, error);
    if (!status)
        status = finish(it, error);
    if (status == NEUME_INTERRUPTED && !it->has_stopped) /* within a validation */
        status = stop(it, error);
    if (status == NEUME_NOT_FINITE)
        nm_run_files_tell_kept(&it->files, it->saved_update, error);
    fill_result(out, it);
    return status;
}

/* A run with nothing left to do is left as it is; a model that was removed is written again. */
static neume_status leave(trainer *it, neume_train_result *out, neume_error *error) {
    if (out->end != NEUME_END_TIME)
        out->end = NEUME_END_ALREADY_DONE;
    fill_result(out, it);
    neume_status status = NEUME_OK;
    if (is_writer(it) && !nm_file_exists(it->files.model))
        status = nm_run_files_save_best(&it->files, &it->run, error);
    return agree(it, status, error);
}

static neume_status begin(trainer *it, neume_train_result *out, bool resumes, neume_error *error) {
    const nm_run_state *state = &it->run.state;
    if (is_writer(it))
        nm_run_files_remove_unfinished(&it->files);
    neume_status status = resumes ? go_on(it, error) : start_anew(it, error);
    if (!status)
        status = vote(it, error);
    if (status)
        return status;
    if (resumes && is_done(it, &out->end))
        return leave(it, out, error);
    if (resumes)
        nm_log(it->run.context, NEUME_LOG_INFO, "resumed: going on after update %llu of %llu",
               (unsigned long long)state->update, (unsigned long long)state->planned);
    return run_on(it, out, error);
}

static neume_status train_with_files(trainer *it, neume_train_result *out, bool resumes,
                                     neume_error *error) {
    neume_status status = begin(it, out, resumes, error);
    nm_run_log_close(&it->log);
    return status;
}

neume_status neume_train(neume_train_result *out, neume_context *context,
                         const neume_corpus *corpus, const neume_train_options *options,
                         neume_error *error) {
    trainer it = {.started = nm_clock(), .log.file = -1};
    nm_run_start start;
    *out = (neume_train_result){.train_loss = NAN,
                                .valid_loss = NAN,
                                .valid_accuracy = NAN,
                                .temperature = 1,
                                .calibrated_loss = NAN};
    if (!options->output || !*options->output)
        return nm_fail(error, NEUME_BAD_USAGE, "training: no path for the model");
    neume_status status = nm_run_files_init(&it.files, context, options->output, error);
    status = nm_ranks_agree(context, status, error);
    if (!status)
        status = nm_run_choose(&start, &it.files, options, error);
    if (!status && start == NM_RUN_IS_DONE) {
        status = nm_run_tell_of_model(out, &it.files, error);
    } else if (!status) {
        if (options->resume && start == NM_RUN_ANEW)
            nm_log(context, NEUME_LOG_INFO, "%s: no checkpoint and no model: starting anew",
                   options->output);
        status = nm_run_init(&it.run, context, corpus, options, error);
        if (!status)
            status = train_with_files(&it, out, start == NM_RUN_RESUMES, error);
        nm_run_clear(&it.run);
    }
    nm_run_files_clear(&it.files);
    return status;
}
