/* SPDX-License-Identifier: ISC */
#include "learn/plan.h"

#include "base/clock.h"
#include "base/error.h"
#include "learn/settings.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

neume_status nm_plan_measure(nm_plan_times *out, nm_run *run, double seconds, neume_error *error) {
    *out = (nm_plan_times){0};
    run->state.planned = 1;
    neume_status status = nm_run_update(run, error); /* touches the memory for the first time */
    double start = nm_clock();
    unsigned count = 0;
    while (!status && (count == 0 || nm_clock() - start < seconds)) {
        status = nm_run_update(run, error);
        count++;
    }
    if (!status) {
        out->update = (nm_clock() - start) / count;
        start = nm_clock();
        status = nm_run_validate(run, error);
        out->validation = nm_clock() - start;
    }
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
    const double limit = run->options.time_limit, start = nm_clock();
    double spent = state->seconds, each;
    if (state->update > 0) {
        each = spent / (double)state->update;
    } else {
        const neume_status status = measure_both(&each, run, error);
        if (status)
            return status;
        spent += nm_clock() - start;
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

/* Counts what is allocated: each block begins with its size. */
typedef struct tally {
    neume_allocator allocator;
    size_t now, peak;
} tally;

enum { HEADER = 2 * sizeof(size_t) }; /* keeps the alignment of the block */

static void *count_memory(void *data, void *block, size_t size) {
    tally *counted = data;
    char *start = block ? (char *)block - HEADER : NULL;
    size_t before = 0, whole = 0;
    if (start)
        memcpy(&before, start, sizeof before);
    if (size && __builtin_add_overflow(size, HEADER, &whole))
        return NULL;
    start = counted->allocator.reallocate(counted->allocator.data, start, whole);
    if (size && !start)
        return NULL;
    counted->now += size - before;
    if (counted->now > counted->peak)
        counted->peak = counted->now;
    if (!size)
        return NULL;
    memcpy(start, &size, sizeof size);
    return start + HEADER;
}

neume_status neume_train_plan(neume_train_estimate *out, neume_context *context,
                              const neume_corpus *corpus, const neume_train_options *options,
                              neume_error *error) {
    *out = (neume_train_estimate){0};
    tally counted = {.allocator = context->allocator};
    neume_context counting = *context;
    counting.allocator = (neume_allocator){count_memory, &counted};
    nm_run run;
    neume_status status = nm_run_init(&run, &counting, corpus, options, error);
    nm_plan_times times;
    if (!status)
        status = nm_plan_measure(&times, &run, 0.5, error);
    if (!status) {
        out->seconds_per_update = times.update;
        out->parameter_count = neume_model_parameter_count(run.model);
        out->frozen_count = nm_frozen_size(&run.frozen);
        out->updates_per_epoch = nm_run_updates_per_epoch(&run);
        /* The model is made with the corpus's context. */
        out->memory_bytes = counted.peak + nm_model_params(run.model)->size * sizeof(real);
        if (corpus->init)
            out->memory_bytes += nm_model_params(corpus->init)->size * sizeof(real);
    }
    nm_run_clear(&run);
    return status;
}
