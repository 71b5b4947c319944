/* SPDX-License-Identifier: ISC */
#include <neume/range_test.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/ranks.h"
#include "learn/range_curve.h"
#include "learn/run.h"

#include <math.h>
#include <string.h>

enum { LEAST_UPDATES = 10, MOST_UPDATES = 100000, USUAL_UPDATES = 200 };

struct neume_range_test {
    neume_context *context;
    neume_range_options options; /* with what was left to us */
    neume_range_point *points;   /* [options.updates] */
    size_t count;
    neume_range_end end;
    double started; /* by nm_clock */
};

static neume_status adopt(neume_range_test *test, neume_error *error) {
    neume_range_options *of = &test->options;
    of->low = of->low > 0 ? of->low : of->training->learning_rate / 1000;
    of->high = of->high > 0 ? of->high : of->training->learning_rate * 100;
    of->updates = of->updates ? of->updates : USUAL_UPDATES;
    if (!(of->low > 0 && of->low < of->high && of->high <= 1e6))
        return nm_fail(error, NEUME_BAD_USAGE,
                       "range test: rates %g to %g, expected a low one and a higher one", of->low,
                       of->high);
    if (of->updates < LEAST_UPDATES || of->updates > MOST_UPDATES)
        return nm_fail(error, NEUME_BAD_USAGE, "range test: %llu updates, expected %d to %d",
                       (unsigned long long)of->updates, LEAST_UPDATES, MOST_UPDATES);
    test->points = nm_alloc(test->context, of->updates, sizeof *test->points);
    return test->points ? NEUME_OK : nm_fail_memory(error, "range test");
}

/* rate = low (high / low)^(i / (n - 1)) */
static double rate_of(const neume_range_options *of, size_t i) {
    return of->low * pow(of->high / of->low, (double)i / (double)(of->updates - 1));
}

/* The update's own loss: without a validation the sums would go on. */
static neume_status update(nm_run *run, neume_range_point *out, neume_error *error) {
    nm_run_state *state = &run->state;
    state->step_sum = 0;
    memset(state->loss_sums, 0, sizeof state->loss_sums);
    memset(state->correct_sums, 0, sizeof state->correct_sums);
    run->options.learning_rate = out->learning_rate;
    const neume_status status = nm_run_update(run, error);
    out->loss = nm_run_train_means(run).loss;
    out->gradient_norm = state->gradient_norm;
    return status;
}

static void tell(const neume_range_test *test, const nm_run *run) {
    const neume_train_observer *observer = &test->options.training->observer;
    const neume_range_point *last = &test->points[test->count - 1];
    const neume_train_progress progress = {.epoch = nm_run_epochs(run),
                                           .update = run->state.update,
                                           .planned_updates = test->options.updates,
                                           .seconds = nm_clock() - test->started,
                                           .train_loss = last->smoothed,
                                           .valid_loss = NAN,
                                           .train_accuracy = NAN,
                                           .valid_accuracy = NAN,
                                           .learning_rate = last->learning_rate,
                                           .gradient_norm = last->gradient_norm};
    if (observer->progress)
        observer->progress(observer->data, &progress);
}

static bool is_asked_to_stop(const neume_range_test *test) {
    const neume_train_observer *observer = &test->options.training->observer;
    return observer->should_stop && observer->should_stop(observer->data);
}

static neume_status go_up(neume_range_test *test, nm_run *run, neume_error *error) {
    neume_range_point *points = test->points;
    while (test->count < test->options.updates) {
        neume_range_point *point = &points[test->count];
        *point = (neume_range_point){.learning_rate = rate_of(&test->options, test->count)};
        neume_status status = update(run, point, error);
        if (status == NEUME_NOT_FINITE) {
            test->end = NEUME_RANGE_NOT_FINITE;
            return NEUME_OK;
        }
        if (status)
            return status;
        test->count++;
        nm_range_smooth(points, test->count);
        tell(test, run);
        if (nm_range_has_diverged(points, test->count)) {
            test->end = NEUME_RANGE_DIVERGED;
            return NEUME_OK;
        }
        if (is_asked_to_stop(test))
            status = nm_fail(error, NEUME_INTERRUPTED, "range test: interrupted after update %zu",
                             test->count);
        status = nm_ranks_agree(test->context, status, error);
        if (status)
            return status;
    }
    return NEUME_OK;
}

/* The training's settings, as far as they shape an update. */
static neume_train_options options_of(const neume_range_test *test) {
    neume_train_options options = *test->options.training;
    options.schedule = NEUME_SCHEDULE_CONSTANT;
    options.rates = neume_schedule_options_default();
    options.warmup = 0;
    options.ema = 0;
    options.on_not_finite = NEUME_ON_NOT_FINITE_STOP;
    options.max_updates = test->options.updates;
    options.until = (neume_until){0};
    return options;
}

static neume_status measure(neume_range_test *test, const neume_corpus *corpus,
                            neume_error *error) {
    nm_run run;
    neume_status status = adopt(test, error);
    if (status)
        return status;
    const neume_train_options options = options_of(test);
    status = nm_run_init(&run, test->context, corpus, &options, error);
    run.state.planned = test->options.updates;
    test->started = nm_clock();
    if (!status)
        status = go_up(test, &run, error);
    nm_run_clear(&run);
    return status;
}

neume_status neume_range_test_new(neume_range_test **out, neume_context *context,
                                  const neume_corpus *corpus, const neume_range_options *options,
                                  neume_error *error) {
    *out = NULL;
    neume_range_test *test = nm_alloc(context, 1, sizeof *test);
    if (!test)
        return nm_fail_memory(error, "range test");
    *test = (neume_range_test){.context = context, .options = *options};
    const neume_status status = measure(test, corpus, error);
    if (status)
        neume_range_test_free(test);
    else
        *out = test;
    return status;
}

void neume_range_test_free(neume_range_test *test) {
    if (!test)
        return;
    nm_free(test->context, test->points);
    nm_free(test->context, test);
}

const neume_range_point *neume_range_test_points(const neume_range_test *test, size_t *count) {
    *count = test->count;
    return test->points;
}

neume_range_verdict neume_range_test_verdict(const neume_range_test *test) {
    neume_range_verdict verdict = nm_range_judge(test->points, test->count);
    verdict.end = test->end;
    return verdict;
}
