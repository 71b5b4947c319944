/* SPDX-License-Identifier: ISC */
#include "learn/plan.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/resident.h"
#include "learn/run_ranks.h"
#include "learn/settings.h"

#include <inttypes.h>
#include <math.h>

neume_status nm_plan_measure(nm_plan_times *out, nm_run *run, double seconds, neume_error *error) {
    *out = (nm_plan_times){0};
    run->state.planned = 1;
    neume_status status = nm_run_update(run, error); /* touches the memory for the first time */
    unsigned count = 0;
    double start = 0, now = 0;
    if (!status)
        status = nm_run_clock(&start, run, error);
    for (now = start; !status && (count == 0 || now - start < seconds); count++) {
        status = nm_run_update(run, error);
        if (!status)
            status = nm_run_clock(&now, run, error);
    }
    if (!status) {
        out->update = (now - start) / count;
        status = nm_run_validate(run, error);
    }
    if (!status)
        status = nm_run_clock(&start, run, error);
    out->validation = start - now;
    nm_run_restart(run);
    return status;
}

/* Seconds of an update with its share of the validations. */
static neume_status measure_both(double *out, nm_run *run, neume_error *error) {
    nm_plan_times times;
    const neume_status status =
        nm_plan_measure(&times, run, fmin(2, 0.02 * run->options.time_limit), error);
    const uint64_t every =
        run->options.valid_every ? run->options.valid_every : nm_run_updates_per_epoch(run);
    *out = times.update + times.validation / (double)every;
    return status;
}

/* A plan that ends a little early has its low learning rates; one that is cut off has not. */
static const double SHARE_OF_LIMIT = 0.94;

static neume_status plan_for_time(nm_run *run, neume_error *error) {
    nm_run_state *state = &run->state;
    const double limit = run->options.time_limit;
    double spent = state->seconds, each, start, now;
    neume_status status = nm_run_clock(&start, run, error);
    if (status)
        return status;
    if (state->update > 0) {
        each = spent / (double)state->update;
    } else {
        status = measure_both(&each, run, error);
        if (!status)
            status = nm_run_clock(&now, run, error);
        if (status)
            return status;
        spent += now - start;
    }
    const double left = SHARE_OF_LIMIT * limit - spent;
    state->planned = state->update + (left > each ? (uint64_t)(left / each) : 1);
    state->planned_for = limit;
    if (state->update > 0)
        nm_log(run->context, NEUME_LOG_INFO, "planned anew: %" PRIu64 " updates in %g seconds",
               state->planned, limit);
    else
        nm_log(run->context, NEUME_LOG_INFO,
               "planned: %" PRIu64 " updates in %g seconds; --max-updates %" PRIu64
               " repeats this run",
               state->planned, limit, state->planned);
    return NEUME_OK;
}

static neume_status plan_for_epochs(nm_run *run, uint64_t epochs, neume_error *error) {
    nm_run_state *state = &run->state;
    state->planned = epochs * nm_run_updates_per_epoch(run);
    if (!run->options.overfit && nm_batcher_plan(&state->planned, run->batcher, epochs))
        return nm_fail_memory(error, "plan");
    return NEUME_OK;
}

static neume_status plan_from_options(nm_run *run, neume_error *error) {
    const neume_train_options *options = &run->options;
    nm_run_state *state = &run->state;
    const bool is_counted = options->epochs || options->max_updates;
    if (!is_counted && options->time_limit > 0)
        return state->planned_for == options->time_limit ? NEUME_OK : plan_for_time(run, error);
    const uint64_t epochs = is_counted ? options->epochs : options->usual_epochs;
    neume_status status = NEUME_OK;
    if (epochs)
        status = plan_for_epochs(run, epochs, error);
    if (options->max_updates && (!epochs || options->max_updates < state->planned))
        state->planned = options->max_updates;
    state->planned_for = 0;
    return status;
}

neume_status nm_plan(nm_run *run, neume_error *error) {
    const neume_status status = plan_from_options(run, error);
    if (run->state.planned < run->state.update)
        run->state.planned = run->state.update;
    return status;
}

/* Whether the run ends after a number of updates that is known before. */
static bool ends_by_count(const neume_train_options *options) {
    return options->epochs || options->max_updates || options->time_limit == 0;
}

/* Those on the way, one at the end, and those at other temperatures. */
static double count_validations(const nm_run *run) {
    enum { CALIBRATION = 3 };
    const uint64_t every =
        run->options.valid_every ? run->options.valid_every : nm_run_updates_per_epoch(run);
    return ceil((double)run->state.planned / (double)every) + (run->scorer ? CALIBRATION : 0);
}

static neume_status estimate(neume_train_estimate *out, nm_run *run, const nm_plan_times *times,
                             double setup, neume_error *error) {
    const double limit = run->options.time_limit;
    out->memory_bytes = nm_resident_peak();
    out->parameter_count = neume_model_parameter_count(run->model);
    out->frozen_count = nm_frozen_size(&run->frozen);
    out->updates_per_epoch = nm_run_updates_per_epoch(run);
    out->seconds_per_update = times->update;
    out->seconds_per_validation = times->validation;
    out->seconds = limit;
    if (!ends_by_count(&run->options))
        return NEUME_OK;
    const neume_status status = nm_plan(run, error);
    const double seconds = setup + (double)run->state.planned * times->update +
                           count_validations(run) * times->validation;
    out->updates = run->state.planned;
    out->seconds = limit > 0 ? fmin(seconds, limit) : seconds;
    return status;
}

/* Long enough for some updates of the largest presets. */
static const double PROBE_SECONDS = 2;

neume_status neume_train_plan(neume_train_estimate *out, neume_context *context,
                              const neume_corpus *corpus, const neume_train_options *options,
                              neume_error *error) {
    *out = (neume_train_estimate){0};
    const double start = nm_clock();
    nm_run run;
    nm_plan_times times;
    neume_status status = nm_run_init(&run, context, corpus, options, error);
    const double setup = nm_clock() - start;
    if (!status)
        status = nm_plan_measure(&times, &run, PROBE_SECONDS, error);
    if (!status)
        status = estimate(out, &run, &times, setup, error);
    nm_run_clear(&run);
    return status;
}
