/* SPDX-License-Identifier: ISC */
/* Rows of what networks do: whole updates, and whole steps of composing. */
#include "base/error.h"
#include "learn/bench.h"
#include "learn/bench_music.h"
#include "learn/roll_composer.h"
#include "learn/run.h"
#include "nn/narrow.h"
#include "nn/work.h"

/* Pieces to train on; words of the large stack, with <end> and <unk>; steps of a song. */
enum { TUNES = 64, CHORDS = 398, SONG_STEPS = 32, PLANNED_UPDATES = 1000 };

/* 6.5 million weights in its products: larger than a core's own cache. */
static const neume_network_options large_stack = {
    .embed = 512, .layers = {512, 512, 512}, .layer_count = 3};

static nm_work work_of(const nm_network *network) {
    return network->is_biaxial ? nm_biaxial_work(&network->biaxial.shape)
                               : nm_stack_work(&network->stack.shape);
}

/* What a row's network is made of. */
typedef struct materials {
    neume_train_options options;
    nm_bench_music music;
    neume_corpus *corpus;
} materials;

static neume_status gather(materials *m, neume_context *context, const nm_bench_spec *spec,
                           neume_error *error) {
    neume_corpus_options corpus = neume_corpus_options_default();
    *m = (materials){.corpus = NULL};
    neume_status status = neume_train_options_preset(&m->options, &corpus, spec->preset, error);
    if (status)
        return status;
    m->options.precision = spec->training;
    if (spec->is_large)
        m->options.network = large_stack;
    status = spec->is_large ? nm_bench_chords(&m->music, context, CHORDS)
                            : nm_bench_tunes(&m->music, context, TUNES);
    if (status)
        return nm_fail_memory(error, "music");
    return nm_bench_corpus_new(&m->corpus, context, &corpus, &m->music, error);
}

static void clear(materials *m, neume_context *context) {
    neume_corpus_free(m->corpus);
    nm_bench_music_clear(&m->music, context);
}

static neume_status update(void *data, neume_error *error) {
    return nm_run_update(data, error);
}

static neume_status measure_run(neume_bench_row *row, const nm_bench *bench, nm_run *run,
                                neume_error *error) {
    const double steps = (double)run->options.batch * run->options.steps;
    const nm_bench_work work = {.context = bench->context,
                                .unit = "steps/s",
                                .turn = update,
                                .data = run,
                                .units = steps,
                                .flop = work_of(&run->model->network).training * steps,
                                .products = nm_products_of(run->options.precision)};
    run->state.planned = PLANNED_UPDATES;
    return nm_bench_measure(row, &work, bench->seconds, error);
}

neume_status nm_bench_train(neume_bench_row *row, const nm_bench *bench, const nm_bench_spec *spec,
                            neume_error *error) {
    materials m;
    nm_run run = {.context = bench->context};
    neume_status status = gather(&m, bench->context, spec, error);
    if (!status)
        status = nm_run_init(&run, bench->context, m.corpus, &m.options, error);
    if (!status)
        status = measure_run(row, bench, &run, error);
    nm_run_clear(&run);
    clear(&m, bench->context);
    return status;
}

/* One of the two. */
typedef struct composing {
    nm_composer *words;
    nm_roll_composer *rolls;
} composing;

static neume_status compose(void *data, neume_error *error) {
    const composing *c = data;
    return c->rolls ? nm_roll_composer_run(c->rolls, 0, error)
                    : nm_composer_run(c->words, 0, error);
}

static neume_status measure_model(neume_bench_row *row, const nm_bench *bench,
                                  const nm_bench_spec *spec, const neume_model *model,
                                  neume_error *error) {
    neume_context *context = bench->context;
    const nm_composer_plan plan = {.sampling = neume_sampling_default(),
                                   .seed = 1,
                                   .step_count = SONG_STEPS,
                                   .precision = spec->precision};
    const nm_work asked = work_of(&model->network);
    const double bytes = nm_weight_bytes(spec->precision), steps = SONG_STEPS * (double)spec->songs;
    composing c = {0};
    const nm_bench_work work = {.context = context,
                                .unit = "steps/s",
                                .turn = compose,
                                .data = &c,
                                .units = steps,
                                .flop = asked.forward * steps,
                                .has_bytes = spec->precision == NM_INT8,
                                .read_bytes = asked.weights_read * bytes * SONG_STEPS,
                                .held_bytes = (size_t)(asked.weights * bytes)};
    neume_status status = model->network.is_biaxial
                              ? nm_roll_composer_new(&c.rolls, context, model, &plan, spec->songs)
                              : nm_composer_new(&c.words, context, model, &plan, spec->songs);
    status = status ? nm_fail_memory(error, "composer")
                    : nm_bench_measure(row, &work, bench->seconds, error);
    nm_composer_free(c.words);
    nm_roll_composer_free(c.rolls);
    return status;
}

neume_status nm_bench_generate(neume_bench_row *row, const nm_bench *bench,
                               const nm_bench_spec *spec, neume_error *error) {
    materials m;
    neume_model *model = NULL;
    neume_status status = gather(&m, bench->context, spec, error);
    if (!status)
        status = nm_model_new(&model, m.corpus, spec->preset, &m.options.network, error);
    if (!status) {
        nm_network_init_weights(&model->network, model->weights, m.options.seed);
        status = measure_model(row, bench, spec, model, error);
    }
    neume_model_free(model);
    clear(&m, bench->context);
    return status;
}
