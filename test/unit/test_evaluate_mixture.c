/* SPDX-License-Identifier: ISC */
/* Models and their mixture over files: which pieces count, and which give the weights. */
#include "folder.h"
#include "near.h"

#include "base/mem.h"
#include "learn/bl88.h"
#include "learn/model.h"
#include "learn/scorer.h"

/* A folder of tunes, a benchmark file of few frames, and models of random weights. */
typedef struct fixture {
    neume_context *context;
    test_folder tunes, other;
    char benchmark[128];
    neume_corpus *corpora[2]; /* of the tunes, the pitches of frames ascending, descending */
    neume_model *up, *down;
} fixture;

static const char benchmark_text[] =
    "{\"name\": \"few\", \"time_step\": \"one quarter note\",\n"
    " \"train\": [[[60,64],[60,64],[67],[]], [[62],[62,65],[],[60]]],\n"
    " \"valid\": [[[60,64],[67],[60,64]], [[72],[72],[71],[60,67]]],\n"
    " \"test\": [[[60],[60,64],[65]], [[64],[62]]]}\n";

static neume_corpus *load(neume_context *context, const test_folder *folder,
                          neume_codec_options codec) {
    const char *path = folder->path;
    neume_corpus_options options = neume_corpus_options_default();
    neume_corpus *corpus = NULL;
    neume_error error = {0};
    options.codec = codec;
    options.valid_count = 3;
    if (neume_corpus_load(&corpus, context, &options, (neume_inputs){&path, 1}, &error))
        fail_msg("%s", error.line);
    return corpus;
}

static neume_codec_options codec_options(const char *name, neume_order order) {
    neume_codec_options options = neume_codec_options_default();
    options.name = name;
    options.grid = strcmp(name, "frame") == 0 ? 1 : 12;
    options.order = order;
    return options;
}

static neume_model *model_of(const neume_corpus *corpus, uint64_t seed) {
    const neume_network_options network = {.embed = 4, .layers = {6}, .layer_count = 1};
    neume_model *model = NULL;
    assert_int_equal(nm_model_new(&model, corpus, "a preset", &network, NULL), NEUME_OK);
    nm_stack_init_weights(&model->network.stack, model->weights, seed);
    for (size_t i = 0; i < nm_model_params(model)->size; i++)
        model->weights[i] *= 2;
    model->temperature = 1.5;
    return model;
}

static fixture fixture_new(void) {
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    fixture f = {
        .context = context, .tunes = test_folder_new(context), .other = test_folder_new(context)};
    for (unsigned i = 0; i < 10; i++) {
        char name[32];
        snprintf(name, sizeof name, "%u.mid", i);
        test_put_tune(&f.tunes, name, i, 4 + i);
    }
    for (neume_order order = NEUME_ORDER_ASCENDING; order <= NEUME_ORDER_DESCENDING; order++)
        f.corpora[order] = load(context, &f.tunes, codec_options("frame", order));
    test_put(&f.other, "few.json", benchmark_text, sizeof benchmark_text - 1);
    snprintf(f.benchmark, sizeof f.benchmark, "%s/few.json", f.other.path);
    f.up = model_of(f.corpora[NEUME_ORDER_ASCENDING], 3);
    f.down = model_of(f.corpora[NEUME_ORDER_DESCENDING], 4);
    return f;
}

static void fixture_clear(fixture *f) {
    neume_model_free(f->up);
    neume_model_free(f->down);
    neume_corpus_free(f->corpora[0]);
    neume_corpus_free(f->corpora[1]);
    test_folder_remove(&f->tunes);
    test_folder_remove(&f->other);
    neume_context_free(f->context);
}

/* What is asked for: two models at most over one input. */
typedef struct request {
    const neume_model *models[2];
    const char *input, *valid_from;
    neume_protocol protocol;
    bool calibrated;
} request;

static neume_status ask(neume_mixture *out, neume_context *context, const request *r,
                        neume_error *error) {
    neume_mixture_options options = neume_mixture_options_default();
    options.pieces.inputs = (neume_inputs){&r->input, 1};
    options.pieces.calibrated = r->calibrated;
    options.protocol = r->protocol;
    options.valid_from = (neume_inputs){&r->valid_from, r->valid_from ? 1 : 0};
    return neume_mixture_evaluate(out, context, (neume_models){r->models, r->models[1] ? 2 : 1},
                                  &options, error);
}

static neume_mixture found(neume_context *context, request r) {
    neume_mixture mixture;
    neume_error error = {0};
    if (ask(&mixture, context, &r, &error))
        fail_msg("%s", error.line);
    return mixture;
}

static void assert_same(const neume_unit_likelihood *a, const neume_unit_likelihood *b) {
    assert_int_equal(a->unit_count, b->unit_count);
    assert_near(a->micro, b->micro, 1e-9);
    assert_near(a->micro_without_first, b->micro_without_first, 1e-9);
    assert_near(a->mean_of_sequences, b->mean_of_sequences, 1e-9);
}

static void a_test_part_is_counted_from_the_first_frame_without_ends(void **state) {
    (void)state;
    fixture f = fixture_new();
    neume_mixture m =
        found(f.context,
              (request){.models = {f.up}, .input = f.benchmark, .protocol = NEUME_PROTOCOL_BL88});
    assert_int_equal(m.mixture.all.piece_count, 2);
    assert_int_equal(m.mixture.all.unit_count, 5);
    assert_int_equal(m.mixture.unseen.piece_count, 2);
    assert_int_equal(m.mixture.valid.piece_count, 0);
    assert_true(isnan(m.mixture.valid.micro));
    assert_true(m.models[0].weight == 1);
    assert_same(&m.models[0].all, &m.mixture.all);
    assert_true(m.has_baselines);
    assert_near(m.baselines.half, 88 * log(2), 1e-12);
    assert_int_equal(m.left_out, 0);
    neume_mixture_clear(&m);
    fixture_clear(&f);
}

/* The scorer itself, told what the protocol leaves out: five frames. */
static void frames_of_88_keys_cost_what_the_scorer_says(void **state) {
    (void)state;
    fixture f = fixture_new();
    neume_evaluate_options options = neume_evaluate_options_default();
    const char *path = f.benchmark;
    uint8_t never[NM_FRAME_WORDS];
    nm_score_sums sums[2];
    neume_corpus *corpus;
    nm_scorer *scorer;
    options.inputs = (neume_inputs){&path, 1};
    nm_bl88_forbid(never, NEUME_ORDER_DESCENDING);
    assert_int_equal(nm_corpus_load_as_given(&corpus, f.context, f.down->codec, &options, NULL),
                     NEUME_OK);
    assert_int_equal(corpus->train_count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(nm_bl88_cut(&corpus->train[i].sequence, never), 0);
    assert_int_equal(nm_scorer_new(&scorer, f.context, &f.down->network, corpus->codec, NULL),
                     NEUME_OK);
    nm_scorer_forbid(scorer, never);
    assert_int_equal(nm_scorer_run(scorer, f.down->weights, corpus->train, 2, sums), NEUME_OK);
    neume_mixture m = found(
        f.context, (request){.models = {f.down}, .input = path, .protocol = NEUME_PROTOCOL_BL88});
    const double nats = nm_score_nats(&sums[0]) + nm_score_nats(&sums[1]);
    assert_near(m.mixture.all.micro, nats / 5, 1e-12);
    neume_mixture_clear(&m);
    nm_scorer_free(scorer);
    neume_corpus_free(corpus);
    fixture_clear(&f);
}

static void the_weights_are_from_the_valid_part(void **state) {
    (void)state;
    fixture f = fixture_new();
    neume_mixture m = found(
        f.context,
        (request){.models = {f.up, f.down}, .input = f.benchmark, .protocol = NEUME_PROTOCOL_BL88});
    assert_int_equal(m.weights_from, NEUME_WEIGHTS_VALID_PART);
    assert_int_equal(m.mixture.valid.piece_count, 2);
    assert_int_equal(m.mixture.valid.unit_count, 7);
    assert_near(m.models[0].weight + m.models[1].weight, 1, 1e-12);
    for (size_t i = 0; i < 2; i++)
        assert_true(m.mixture.valid.micro <= m.models[i].valid.micro + 1e-7);
    neume_mixture_clear(&m);
    fixture_clear(&f);
}

static void the_order_of_the_models_does_not_matter(void **state) {
    (void)state;
    fixture f = fixture_new();
    const request there = {
        .models = {f.up, f.down}, .input = f.benchmark, .protocol = NEUME_PROTOCOL_BL88};
    const request back = {
        .models = {f.down, f.up}, .input = f.benchmark, .protocol = NEUME_PROTOCOL_BL88};
    neume_mixture a = found(f.context, there), b = found(f.context, back);
    for (size_t i = 0; i < 2; i++) {
        assert_same(&a.models[i].all, &b.models[1 - i].all);
        assert_near(a.models[i].weight, b.models[1 - i].weight, 1e-5);
    }
    assert_near(a.mixture.all.micro, b.mixture.all.micro, 1e-5);
    neume_mixture_clear(&a);
    neume_mixture_clear(&b);
    fixture_clear(&f);
}

static void a_model_mixed_with_itself_is_itself(void **state) {
    (void)state;
    fixture f = fixture_new();
    neume_mixture m = found(
        f.context,
        (request){.models = {f.up, f.up}, .input = f.benchmark, .protocol = NEUME_PROTOCOL_BL88});
    assert_same(&m.mixture.all, &m.models[0].all);
    assert_near(m.models[0].weight, 0.5, 1e-12);
    neume_mixture_clear(&m);
    fixture_clear(&f);
}

/* Steps count the ends too; a model's units sum to what its words sum to. */
static void frames_sum_to_what_their_words_do(void **state) {
    (void)state;
    fixture f = fixture_new();
    neume_evaluate_options options = neume_evaluate_options_default();
    const char *path = f.benchmark;
    neume_evaluation e;
    options.inputs = (neume_inputs){&path, 1};
    neume_mixture m = found(f.context, (request){.models = {f.up, f.down}, .input = path});
    assert_int_equal(neume_evaluate(&e, f.context, f.up, &options, NULL), NEUME_OK);
    assert_int_equal(m.mixture.all.unit_count, 5 + 2);
    assert_near(m.models[0].all.micro * 7, e.all.nats_per_step * (double)e.all.step_count, 1e-9);
    assert_false(m.has_baselines);
    neume_evaluation_clear(&e);
    neume_mixture_clear(&m);
    fixture_clear(&f);
}

static void without_a_valid_part_pieces_that_all_validated_give_the_weights(void **state) {
    (void)state;
    fixture f = fixture_new();
    neume_mixture m = found(f.context, (request){.models = {f.up, f.down},
                                                 .input = f.tunes.path,
                                                 .protocol = NEUME_PROTOCOL_BL88});
    assert_int_equal(m.weights_from, NEUME_WEIGHTS_VALIDATED);
    assert_int_equal(m.mixture.valid.piece_count, 3);
    assert_int_equal(m.mixture.all.piece_count, 10);
    assert_int_equal(m.mixture.unseen.piece_count, 0);
    assert_true(isnan(m.mixture.unseen.micro));
    assert_false(m.has_baselines);
    neume_mixture_clear(&m);
    fixture_clear(&f);
}

static void without_any_the_weights_are_equal_or_those_of_a_folder(void **state) {
    (void)state;
    fixture f = fixture_new();
    const char *input = test_path(&f.other, "new.mid");
    test_put_tune(&f.other, "new.mid", 70, 20);
    neume_mixture m = found(f.context, (request){.models = {f.up, f.down}, .input = input});
    assert_int_equal(m.weights_from, NEUME_WEIGHTS_EQUAL);
    assert_true(m.models[0].weight == 0.5 && m.models[1].weight == 0.5);
    assert_int_equal(m.mixture.unseen.piece_count, 1);
    neume_mixture_clear(&m);
    m = found(f.context,
              (request){.models = {f.up, f.down}, .input = input, .valid_from = f.tunes.path});
    assert_int_equal(m.weights_from, NEUME_WEIGHTS_VALID_FROM);
    assert_int_equal(m.mixture.valid.piece_count, 10);
    assert_int_equal(neume_corpus_count(m.valid_files).clean, 10);
    neume_mixture_clear(&m);
    m = found(f.context,
              (request){.models = {f.up, f.down}, .input = input, .valid_from = f.benchmark});
    assert_int_equal(m.mixture.valid.piece_count, 2);
    neume_mixture_clear(&m);
    fixture_clear(&f);
}

static void the_temperature_of_each_model_applies_where_asked(void **state) {
    (void)state;
    fixture f = fixture_new();
    neume_mixture plain =
        found(f.context,
              (request){.models = {f.up}, .input = f.benchmark, .protocol = NEUME_PROTOCOL_BL88});
    neume_mixture tuned = found(f.context, (request){.models = {f.up},
                                                     .input = f.benchmark,
                                                     .protocol = NEUME_PROTOCOL_BL88,
                                                     .calibrated = true});
    assert_true(fabs(plain.mixture.all.micro - tuned.mixture.all.micro) > 1e-3);
    neume_mixture_clear(&plain);
    neume_mixture_clear(&tuned);
    fixture_clear(&f);
}

static void keys_beyond_the_piano_are_left_out(void **state) {
    (void)state;
    fixture f = fixture_new();
    uint8_t bytes[512];
    const size_t size = test_tune(bytes, 5, 8, 0);
    bytes[24] = bytes[29] = 120;
    test_put(&f.other, "high.mid", bytes, size);
    const char *input = test_path(&f.other, "high.mid");
    neume_mixture m = found(
        f.context, (request){.models = {f.up}, .input = input, .protocol = NEUME_PROTOCOL_BL88});
    assert_int_equal(m.left_out, 1);
    assert_int_equal(m.mixture.all.unit_count, 8);
    assert_true(isfinite(m.mixture.all.micro));
    neume_mixture_clear(&m);
    fixture_clear(&f);
}

static void assert_refused(neume_context *context, request r, neume_status status,
                           const char *line) {
    neume_mixture mixture;
    neume_error error = {0};
    assert_int_equal(ask(&mixture, context, &r, &error), status);
    assert_string_equal(error.line, line);
    neume_mixture_clear(&mixture);
}

static void refuses_models_that_do_not_go_together(void **state) {
    (void)state;
    fixture f = fixture_new();
    neume_codec_options fine = codec_options("frame", NEUME_ORDER_ASCENDING);
    fine.grid = 4;
    neume_corpus *words = load(f.context, &f.tunes, codec_options("word", 0));
    neume_corpus *grids = load(f.context, &f.tunes, fine);
    test_put_tune(&f.other, "only.mid", 90, 30);
    test_put_tune(&f.other, "more.mid", 91, 30);
    neume_corpus *others = load(f.context, &f.other, codec_options("word", 0));
    neume_model *chords = model_of(words, 1), *grid = model_of(grids, 1);
    neume_model *other = model_of(others, 1);
    const char *input = f.tunes.path;
    assert_refused(
        f.context, (request){.models = {chords}, .input = input, .protocol = NEUME_PROTOCOL_BL88},
        NEUME_BAD_USAGE, "protocol bl88: model 1 is of codec word, expected frame or roll");
    assert_refused(f.context, (request){.models = {f.up, chords}, .input = input}, NEUME_BAD_USAGE,
                   "model 2: of codec word, expected frame as the first: their frames are not the "
                   "same");
    assert_refused(f.context, (request){.models = {f.up, grid}, .input = input}, NEUME_BAD_USAGE,
                   "model 2: its codec has other settings than the first's, expected the same, for "
                   "a mixture is over the same frames");
    assert_refused(f.context, (request){.models = {chords, other}, .input = input}, NEUME_BAD_USAGE,
                   "model 2: has other words than the first, expected the same, for a mixture is "
                   "over the same words");
    neume_mixture m = found(f.context, (request){.models = {chords, chords}, .input = input});
    assert_same(&m.mixture.all, &m.models[1].all);
    neume_mixture_clear(&m);
    neume_model_free(chords);
    neume_model_free(grid);
    neume_model_free(other);
    neume_corpus_free(words);
    neume_corpus_free(grids);
    neume_corpus_free(others);
    fixture_clear(&f);
}

static void says_why_nothing_could_be_evaluated(void **state) {
    (void)state;
    fixture f = fixture_new();
    assert_refused(f.context, (request){.models = {f.up}, .input = "/nowhere/at/all"},
                   NEUME_BAD_INPUT,
                   "none of 1 files is usable; the first, /nowhere/at/all: No such file or "
                   "directory");
    assert_refused(
        f.context,
        (request){.models = {f.up, f.down}, .input = f.benchmark, .valid_from = "/nowhere/at/all"},
        NEUME_BAD_INPUT,
        "none of 1 validation files is usable; the first, /nowhere/at/all: No such file "
        "or directory");
    neume_mixture mixture;
    neume_error error = {0};
    const neume_mixture_options options = neume_mixture_options_default();
    assert_int_equal(
        neume_mixture_evaluate(&mixture, f.context, (neume_models){NULL, 0}, &options, &error),
        NEUME_BAD_USAGE);
    assert_string_equal(error.line, "0 models: expected 1 to 16");
    neume_mixture_clear(&mixture);
    fixture_clear(&f);
}

static neume_status evaluate(neume_context *context, void *data) {
    const fixture *f = data;
    const request r = {.models = {f->up, f->down},
                       .input = f->benchmark,
                       .valid_from = f->tunes.path,
                       .protocol = NEUME_PROTOCOL_BL88};
    neume_mixture mixture;
    const neume_status status = ask(&mixture, context, &r, NULL);
    neume_mixture_clear(&mixture);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    fixture f = fixture_new();
    test_each_allocation_failing(evaluate, &f);
    fixture_clear(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_test_part_is_counted_from_the_first_frame_without_ends),
        cmocka_unit_test(frames_of_88_keys_cost_what_the_scorer_says),
        cmocka_unit_test(the_weights_are_from_the_valid_part),
        cmocka_unit_test(the_order_of_the_models_does_not_matter),
        cmocka_unit_test(a_model_mixed_with_itself_is_itself),
        cmocka_unit_test(frames_sum_to_what_their_words_do),
        cmocka_unit_test(without_a_valid_part_pieces_that_all_validated_give_the_weights),
        cmocka_unit_test(without_any_the_weights_are_equal_or_those_of_a_folder),
        cmocka_unit_test(the_temperature_of_each_model_applies_where_asked),
        cmocka_unit_test(keys_beyond_the_piano_are_left_out),
        cmocka_unit_test(refuses_models_that_do_not_go_together),
        cmocka_unit_test(says_why_nothing_could_be_evaluated),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
