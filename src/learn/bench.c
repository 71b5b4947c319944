/* SPDX-License-Identifier: ISC */
#include "learn/bench.h"

#include "base/clock.h"
#include "base/error.h"
#include "learn/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Names are stable: others compare them. A name without a precision stands for fp32. */
static const nm_bench_spec specs[] = {
    {.name = "parse.orchestra", .measure = nm_bench_parse, .is_orchestra = true},
    {.name = "parse.tunes", .measure = nm_bench_parse},
    {.name = "encode.word", .measure = nm_bench_encode, .preset = "chords"},
    {.name = "encode.event", .measure = nm_bench_encode, .preset = "events"},
    {.name = "encode.roll", .measure = nm_bench_encode, .preset = "biaxial"},
    {.name = "train.events", .measure = nm_bench_train, .preset = "events"},
    {.name = "train.chords", .measure = nm_bench_train, .preset = "chords"},
    {.name = "train.chords.fp16",
     .measure = nm_bench_train,
     .preset = "chords",
     .training = NEUME_TRAIN_FP16},
    {.name = "train.chords.bf16",
     .measure = nm_bench_train,
     .preset = "chords",
     .training = NEUME_TRAIN_BF16},
    {.name = "train.streams", .measure = nm_bench_train, .preset = "streams"},
    {.name = "train.frames", .measure = nm_bench_train, .preset = "frames"},
    {.name = "train.biaxial", .measure = nm_bench_train, .preset = "biaxial"},
    {.name = "generate.stack.1",
     .measure = nm_bench_generate,
     .preset = "chords",
     .is_large = true,
     .songs = 1},
    {.name = "generate.stack.1.bf16",
     .measure = nm_bench_generate,
     .preset = "chords",
     .is_large = true,
     .songs = 1,
     .precision = NM_BF16},
    {.name = "generate.stack.1.int8",
     .measure = nm_bench_generate,
     .preset = "chords",
     .is_large = true,
     .songs = 1,
     .precision = NM_INT8},
    {.name = "generate.stack.16",
     .measure = nm_bench_generate,
     .preset = "chords",
     .is_large = true,
     .songs = 16},
    {.name = "generate.biaxial.1", .measure = nm_bench_generate, .preset = "biaxial", .songs = 1},
    {.name = "generate.biaxial.16", .measure = nm_bench_generate, .preset = "biaxial", .songs = 16},
    {.name = "generate.biaxial.16.int8",
     .measure = nm_bench_generate,
     .preset = "biaxial",
     .songs = 16,
     .precision = NM_INT8},
};

enum { ROWS = sizeof specs / sizeof *specs };

const char *neume_bench_name(size_t index) {
    return index < ROWS ? specs[index].name : NULL;
}

neume_bench_options neume_bench_options_default(void) {
    return (neume_bench_options){.seconds = 1.2};
}

static bool is_wanted(const neume_bench_options *options, const char *name) {
    return !options->only || strncmp(name, options->only, strlen(options->only)) == 0;
}

static size_t count_wanted(const neume_bench_options *options) {
    size_t count = 0;
    for (size_t i = 0; i < ROWS; i++)
        count += is_wanted(options, specs[i].name);
    return count;
}

static neume_status fail_unknown(const char *only, neume_error *error) {
    char list[400] = "";
    size_t used = 0;
    for (size_t i = 0; i < ROWS && used < sizeof list; i++)
        used +=
            (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", specs[i].name);
    return nm_fail(error, NEUME_BAD_USAGE,
                   "row %.40s: there is none whose name begins so, expected one of %s", only, list);
}

static neume_status check_options(const neume_bench_options *options, neume_error *error) {
    if (!(options->seconds > 0))
        return nm_fail(error, NEUME_BAD_USAGE, "%g seconds for a row: expected a time above 0",
                       options->seconds);
    return count_wanted(options) ? NEUME_OK : fail_unknown(options->only, error);
}

/* What is left of the time that all rows may take, shared out among those to come: of a busy
 * machine the later ones have fewer rounds. Half of a row's share is for making and trying what it
 * measures. */
static double seconds_for_row(const neume_bench_options *options, double spent, size_t done,
                              size_t wanted) {
    static const double OVERRUN = 2, LEAST_SHARE = 0.05;
    const double left = OVERRUN * options->seconds * (double)wanted - spent;
    const double share = 0.5 * left / (double)(wanted - done);
    return fmax(LEAST_SHARE * options->seconds, fmin(options->seconds, share));
}

static bool is_there(const neume_context *context, const nm_bench_spec *spec) {
    if (nm_ops_at(context, nm_products_of(spec->training)))
        return true;
    nm_log(context, NEUME_LOG_WARNING,
           "%s: left out: kernels %s or this machine have no such products", spec->name,
           neume_context_isa_name(context));
    return false;
}

static neume_status measure_rows(nm_bench *bench, const neume_bench_options *options,
                                 neume_error *error) {
    const double start = nm_clock();
    const size_t wanted = count_wanted(options);
    size_t done = 0;
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < ROWS && !status; i++) {
        neume_bench_row row = {.name = specs[i].name};
        if (!is_wanted(options, specs[i].name))
            continue;
        bench->seconds = seconds_for_row(options, nm_clock() - start, done++, wanted);
        if (!is_there(bench->context, &specs[i]))
            continue;
        status = specs[i].measure(&row, bench, &specs[i], error);
        if (!status && options->row)
            options->row(options->data, &row);
    }
    return status;
}

neume_status neume_bench(neume_context *context, const neume_bench_options *options,
                         neume_error *error) {
    nm_bench bench = {.context = context};
    neume_status status = check_options(options, error);
    if (!status)
        status = nm_context_alone(&bench.alone, context, error);
    if (!status)
        status = measure_rows(&bench, options, error);
    neume_context_free(bench.alone);
    return status;
}
