/* SPDX-License-Identifier: ISC */
/* The parts of an update, in the order in which they are done, as CSV for `scaling`:
 *
 *     update_phases PRESET BATCH THREADS INPUT...
 *
 * preset,batch,steps,threads,part,bytes,seconds; `bytes` of gradients that are done when the part
 * ends; medians of ROUNDS. BATCH 0 is the preset's. */
#include "measure.h"

#include "learn/run.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 15, MAX_MOMENTS = 24 };

/* Seconds at which parts of a backward ended. */
typedef struct clockwork {
    const neume_context *context;
    double ends[MAX_MOMENTS];
    size_t offsets[MAX_MOMENTS];
    unsigned count, parts; /* parts: of the backward that is timed */
} clockwork;

static void check(neume_status status, const neume_error *error) {
    if (!status)
        return;
    fprintf(stderr, "update_phases: %s\n", error->line);
    exit(1);
}

static void note_end(void *data, size_t offset) {
    clockwork *at = data;
    if (at->count < MAX_MOMENTS) {
        at->offsets[at->count] = offset;
        at->ends[at->count++] = bench_seconds(at->context);
    }
}

static neume_corpus *load(neume_context *context, neume_train_options *train, char **argv,
                          size_t inputs) {
    neume_corpus_options options = neume_corpus_options_default();
    neume_corpus *corpus = NULL;
    neume_error error = {0};
    check(neume_train_options_preset(train, &options, argv[1], &error), &error);
    options.cache = NULL;
    check(neume_corpus_load(&corpus, context, &options,
                            (neume_inputs){(const char *const *)argv + 4, inputs}, &error),
          &error);
    return corpus;
}

/* The run's own network, but one that tells how far its backward is. */
static void watch(nm_run *run, clockwork *at) {
    const neume_regularisation *from = &run->options.regularisation;
    const nm_run_options options = {.max_T = run->options.steps,
                                    .max_B = run->options.batch,
                                    .for_training = true,
                                    .noise = {.input_dropout = from->input_dropout,
                                              .dropout = from->dropout,
                                              .feature_dropout = from->feature_dropout,
                                              .weight_drop = from->weight_drop},
                                    .watch = {note_end, at},
                                    .seed = run->options.seed};
    neume_error error = {0};
    nm_network_run_clear(&run->network);
    check(nm_network_run_init(&run->network, run->context, &run->model->network, &options, &error),
          &error);
}

/* Rows of parts: the last is what an update does besides. */
typedef double rounds[MAX_MOMENTS + 2][ROUNDS];

/* An update by hand as far as the backward, then one as a whole. Packing belongs to the end of the
 * one before. */
static void time_update(nm_run *run, clockwork *at, rounds seconds, int round) {
    neume_error error = {0};
    nm_batch batch;
    nm_network_pack_noisy(&run->network, run->model->weights, run->state.update + 1);
    double last = bench_seconds(run->context);
    const double start = last;
    (void)nm_batcher_next(run->batcher, &batch);
    nm_network_forward(&run->network, &batch, run->state.update + 1, NM_PASS_TRAIN);
    const double forwarded = bench_seconds(run->context);
    at->count = 0;
    nm_network_backward(&run->network, &batch, 1e-3f, run->gradient);
    note_end(at, 0);
    at->parts = at->count;
    seconds[0][round] = forwarded - start;
    last = forwarded;
    for (unsigned i = 0; i < at->parts; i++) {
        seconds[i + 1][round] = at->ends[i] - last;
        last = at->ends[i];
    }
    const double passes = last - start, begin = bench_seconds(run->context);
    check(nm_run_update(run, &error), &error);
    const double rest = bench_seconds(run->context) - begin - passes;
    seconds[MAX_MOMENTS + 1][round] = rest > 0 ? rest : 0;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_part(const nm_run *run, const char *part, size_t reals, double *seconds) {
    qsort(seconds, ROUNDS, sizeof *seconds, compare);
    printf("%s,%u,%u,%u,%s,%zu,%.6f\n", run->options.preset, run->options.batch, run->options.steps,
           neume_context_thread_count(run->context), part, reals * sizeof(real),
           seconds[ROUNDS / 2]);
}

/* A network that tells nothing on the way has one part, all of it. */
static const char *part_of(const clockwork *at, unsigned i) {
    if (at->parts == 1)
        return "all";
    return i == 0 ? "heads" : i + 1 == at->parts ? "input" : "layer";
}

static void measure(nm_run *run) {
    rounds seconds = {{0}};
    clockwork at = {.context = run->context};
    size_t end = nm_model_params(run->model)->size;
    watch(run, &at);
    for (int round = -1; round < ROUNDS; round++) /* the first warms up */
        time_update(run, &at, seconds, round < 0 ? 0 : round);
    print_part(run, "before", 0, seconds[0]);
    for (unsigned i = 0; i < at.parts; i++) {
        print_part(run, part_of(&at, i), end - at.offsets[i], seconds[i + 1]);
        end = at.offsets[i];
    }
    print_part(run, "after", 0, seconds[MAX_MOMENTS + 1]);
}

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "update_phases: expected PRESET BATCH THREADS INPUT...\n");
        return 2;
    }
    neume_context *context = bench_context((unsigned)strtoul(argv[3], NULL, 10), NEUME_ISA_AUTO);
    neume_train_options options;
    neume_error error = {0};
    nm_run run;
    neume_corpus *corpus = load(context, &options, argv, (size_t)argc - 4);
    const unsigned batch = (unsigned)strtoul(argv[2], NULL, 10);
    options.batch = batch ? batch : options.batch;
    check(nm_run_init(&run, context, corpus, &options, &error), &error);
    run.state.planned = 1000;
    measure(&run);
    nm_run_clear(&run);
    neume_corpus_free(corpus);
    neume_context_free(context);
    return 0;
}
