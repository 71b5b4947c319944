/* SPDX-License-Identifier: ISC */
#include "learn/settings.h"

#include "base/error.h"
#include "learn/schedule.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BATCH = 65536, MAX_STEPS = 65536 };

typedef struct range {
    const char *name;
    double value, low, high;
    const char *expected;
} range;

static bool is_within(const range *of) {
    return of->value >= of->low && of->value <= of->high; /* false for NAN */
}

neume_status nm_settings_check(const neume_train_options *options, neume_error *error) {
    const double below_one = 1.0 - 1e-7;
    const neume_regularisation *noise = &options->regularisation;
    const range ranges[] = {
        {"batch", options->batch, 1, MAX_BATCH, "1 to 65536"},
        {"steps", options->steps, 1, MAX_STEPS, "1 to 65536"},
        {"dropout", noise->dropout, 0, below_one, "0 or more, below 1"},
        {"input dropout", noise->input_dropout, 0, below_one, "0 or more, below 1"},
        {"feature dropout", noise->feature_dropout, 0, below_one, "0 or more, below 1"},
        {"weight drop", noise->weight_drop, 0, below_one, "0 or more, below 1"},
        {"label smoothing", noise->label_smoothing, 0, below_one, "0 or more, below 1"},
        {"activation regularisation", noise->ar, 0, 1e6, "0 or more"},
        {"temporal activation regularisation", noise->tar, 0, 1e6, "0 or more"},
        {"share of pieces in their key", options->keep_key, 0, 1, "0 to 1"},
        {"learning rate", options->learning_rate, 1e-30, 1e6, "more than 0"},
        {"warmup", options->warmup, 0, 1, "0 to 1"},
        {"clip", options->clip, 0, 1e30, "0 or more"},
        {"weight decay", options->weight_decay, 0, 1e6, "0 or more"},
        {"ema", options->ema, 0, below_one, "0 or more, below 1"},
        {"time limit", options->time_limit, 0, 1e12, "0 or more seconds"},
        {"epochs between kept models", (double)options->keep_every, 1, 1e12, "1 or more"},
        {"save seconds", options->save_seconds, 0, 1e12, "0 or more"},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (!is_within(&ranges[i]))
            return nm_fail(error, NEUME_BAD_USAGE, "%s %g: expected %s", ranges[i].name,
                           ranges[i].value, ranges[i].expected);
    if (options->sample_epochs && !options->samples)
        return nm_fail(error, NEUME_BAD_USAGE, "samples: no path for them");
    if (!options->epochs && !options->max_updates && options->time_limit == 0 &&
        !options->usual_epochs)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "training would never end: expected epochs, updates or a time limit");
    return nm_schedule_check(options, error);
}

static const char *optimizer_name(neume_optimizer optimizer) {
    static const char *const names[] = {"adamw", "adam", "rmsprop", "sgd", "adadelta"};
    return names[optimizer];
}

static const char *precision_name(neume_train_precision precision) {
    static const char *const names[] = {"fp32", "fp16", "bf16"};
    return names[precision];
}

static const char *schedule_name(neume_schedule schedule) {
    static const char *const names[] = {"constant", "cosine", "step", "plateau"};
    return names[schedule];
}

static const char *scaling_name(neume_rate_scaling scaling) {
    static const char *const names[] = {"none", "linear", "sqrt"};
    return names[scaling];
}

/* 0.3f is written as 0.3. */
static double short_of(float value) {
    char digits[32];
    snprintf(digits, sizeof digits, "%.7g", (double)value);
    return strtod(digits, NULL);
}

static json_t *regularisation_json(const neume_regularisation *noise) {
    return json_pack(
        "{s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "input_dropout", short_of(noise->input_dropout),
        "dropout", short_of(noise->dropout), "feature_dropout", short_of(noise->feature_dropout),
        "weight_drop", short_of(noise->weight_drop), "label_smoothing",
        short_of(noise->label_smoothing), "ar", short_of(noise->ar), "tar", short_of(noise->tar));
}

/* Of the schedule's numbers only those that are looked at. */
static json_t *rates_json(const neume_train_options *options) {
    const neume_schedule_options *of = &options->rates;
    json_t *numbers = json_object(), *more = NULL;
    if (options->schedule == NEUME_SCHEDULE_STEP)
        more = json_pack("{s:o, s:f}", "step_every", nm_json_count(of->step_every), "step_factor",
                         of->step_factor);
    else if (options->schedule == NEUME_SCHEDULE_PLATEAU)
        more = json_pack("{s:o, s:f}", "plateau_patience", nm_json_count(of->plateau_patience),
                         "plateau_factor", of->plateau_factor);
    else if (options->schedule == NEUME_SCHEDULE_COSINE && of->restarts)
        more =
            json_pack("{s:o, s:f, s:f}", "restarts", nm_json_count(of->restarts), "restart_growth",
                      of->restart_growth, "restart_height", of->restart_height);
    else
        more = json_object();
    int failed = json_object_update(numbers, more);
    if (of->scaling)
        failed = failed || json_object_set_new(numbers, "rate_scaling",
                                               json_string(scaling_name(of->scaling)));
    if (of->lowest > 0)
        failed = failed || json_object_set_new(numbers, "lowest_rate", json_real(of->lowest));
    json_decref(more);
    if (!failed)
        return numbers;
    json_decref(numbers);
    return NULL;
}

json_t *nm_settings_json(const neume_train_options *options) {
    json_t *object = json_pack(
        "{s:I, s:I, s:o, s:f, s:s, s:f, s:s, s:f, s:f, s:f, s:f, s:s, s:b}", "batch",
        (json_int_t)options->batch, "steps", (json_int_t)options->steps, "seed",
        nm_json_count(options->seed), "keep_key", options->keep_key, "optimizer",
        optimizer_name(options->optimizer), "learning_rate", options->learning_rate, "schedule",
        schedule_name(options->schedule), "warmup", options->warmup, "clip", options->clip,
        "weight_decay", options->weight_decay, "ema", options->ema, "precision",
        precision_name(options->precision), "overfit", (int)options->overfit);
    json_t *noise = regularisation_json(&options->regularisation);
    json_t *rates = rates_json(options);
    const bool is_whole =
        json_object_update(object, noise) == 0 && json_object_update(object, rates) == 0;
    json_decref(rates);
    json_decref(noise);
    if (is_whole)
        return object;
    json_decref(object);
    return NULL;
}

/* The first key whose value is not the same in both; NULL: there is none. */
static const char *changed(const json_t *then, const json_t *now) {
    const json_t *const both[] = {now, then};
    for (size_t i = 0; i < 2; i++) {
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)(uintptr_t)both[i], key, value) {
            if (!json_equal(value, json_object_get(both[1 - i], key)))
                return key;
        }
    }
    return NULL;
}

neume_status nm_settings_match(const json_t *then, const neume_train_options *options,
                               const char *path, neume_error *error) {
    json_t *now = nm_settings_json(options);
    if (!now)
        return nm_fail_memory(error, path);
    const char *key = changed(then, now);
    neume_status status = NEUME_OK;
    if (key) {
        char *old = json_dumps(json_object_get(then, key), JSON_ENCODE_ANY);
        char *new = json_dumps(json_object_get(now, key), JSON_ENCODE_ANY);
        status = nm_fail(error, NEUME_BAD_USAGE,
                         "%s: the run was started with %s %s, now %s: go on with the same, or "
                         "start anew with --force",
                         path, key, old ? old : "none", new ? new : "none");
        free(new);
        free(old);
    }
    json_decref(now);
    return status;
}

json_t *nm_json_real(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

double nm_json_real_of(const json_t *value) {
    return json_is_number(value) ? json_number_value(value) : NAN;
}

json_t *nm_json_count(uint64_t value) {
    if (value <= INT64_MAX)
        return json_integer((json_int_t)value);
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, value);
    return json_string(digits);
}

bool nm_json_count_of(uint64_t *out, const json_t *value) {
    if (json_is_string(value)) {
        char *end;
        errno = 0;
        *out = strtoull(json_string_value(value), &end, 10);
        return errno == 0 && *end == '\0' && end != json_string_value(value);
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (uint64_t)json_integer_value(value);
    return true;
}
