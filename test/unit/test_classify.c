/* SPDX-License-Identifier: ISC */
#include "folder.h"

#include "learn/model.h"

#include <neume/evaluate.h>
#include <neume/train.h>

#include <math.h>

enum { TUNES = 6 };

/* Tunes of two styles, one of which is an octave lower, and a model that a moment of training
 * taught to tell them apart. */
typedef struct style_case {
    test_folder folder, models;
    neume_corpus *corpus;
    neume_model *model;
    char path[128];
} style_case;

/* The name of the file says the style: "low/3.mid". */
static void put_tune(const test_folder *folder, const char *name, unsigned seed) {
    uint8_t bytes[512];
    const size_t size = test_tune(bytes, seed, 30, 0);
    const uint8_t lower = strncmp(name, "low", 3) == 0 ? 12 : 0;
    for (size_t i = 0; i < 30; i++) {
        bytes[24 + 9 * i] = (uint8_t)(bytes[24 + 9 * i] - lower);
        bytes[29 + 9 * i] = (uint8_t)(bytes[29 + 9 * i] - lower);
    }
    test_put(folder, name, bytes, size);
}

static void put_styles(const test_folder *folder, unsigned first) {
    static const char *const styles[] = {"high", "low"};
    for (size_t s = 0; s < 2; s++) {
        assert_int_equal(mkdir(test_path(folder, styles[s]), 0755), 0);
        for (unsigned i = 0; i < TUNES; i++) {
            char name[32];
            snprintf(name, sizeof name, "%s/%u.mid", styles[s], i);
            put_tune(folder, name, first + i);
        }
    }
}

static void train(style_case *c) {
    neume_train_options options;
    neume_corpus_options corpus = neume_corpus_options_default();
    neume_train_result result;
    const char *path = c->folder.path;
    neume_error error = {0};
    assert_int_equal(neume_train_options_preset(&options, &corpus, "chords", &error), NEUME_OK);
    corpus.labels = NEUME_LABELS_FOLDER;
    corpus.valid_fraction = 0;
    options.network = (neume_network_options){.embed = 6, .layers = {12}, .layer_count = 1};
    options.regularisation = (neume_regularisation){.dropout = 0};
    options.batch = 4;
    options.steps = 16;
    options.learning_rate = 0.03;
    options.max_updates = 80;
    options.output = c->path;
    if (neume_corpus_load(&c->corpus, c->folder.context, &corpus, (neume_inputs){&path, 1},
                          &error) ||
        neume_train(&result, c->folder.context, c->corpus, &options, &error) ||
        neume_model_load(&c->model, c->folder.context, c->path, &error))
        fail_msg("%s", error.line);
}

static style_case style_case_new(void) {
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    style_case c = {.folder = test_folder_new(context), .models = test_folder_new(context)};
    snprintf(c.path, sizeof c.path, "%s/m.neume", c.models.path);
    put_styles(&c.folder, 1);
    train(&c);
    return c;
}

static void style_case_clear(style_case *c) {
    neume_model_free(c->model);
    neume_corpus_free(c->corpus);
    test_folder_remove(&c->folder);
    test_folder_remove(&c->models);
    neume_context_free(c->folder.context);
}

static neume_status classify(neume_classification *out, const style_case *c, neume_context *context,
                             const char *path) {
    neume_evaluate_options options = neume_evaluate_options_default();
    options.inputs = (neume_inputs){&path, 1};
    return neume_classify(out, context, c->model, &options, NULL);
}

static void tells_two_styles_apart(void **state) {
    (void)state;
    style_case c = style_case_new();
    test_folder held = test_folder_new(c.folder.context);
    neume_classification found;
    put_styles(&held, 50);
    assert_int_equal(classify(&found, &c, held.context, held.path), NEUME_OK);
    assert_int_equal(found.piece_count, 2 * TUNES);
    assert_int_equal(found.labelled, 2 * TUNES);
    assert_int_equal(found.right, 2 * TUNES);
    assert_int_equal(found.commonest, TUNES);
    const size_t expected[] = {TUNES, 0, 0, TUNES};
    assert_memory_equal(found.confusion, expected, sizeof expected);
    for (size_t i = 0; i < found.piece_count; i++) {
        const neume_classified *piece = &found.pieces[i];
        assert_int_equal(piece->truth, strstr(piece->path, "/low/") != NULL);
        assert_int_equal(piece->guess, piece->truth);
        assert_true(piece->nats_per_step[piece->guess] < piece->nats_per_step[1 - piece->guess]);
    }
    neume_classification_clear(c.folder.context, &found);
    test_folder_remove(&held);
    style_case_clear(&c);
}

static void the_nats_of_the_true_label_are_those_of_an_evaluation(void **state) {
    (void)state;
    style_case c = style_case_new();
    const char *path = test_path(&c.folder, "low/2.mid");
    neume_classification found;
    neume_evaluation e;
    neume_evaluate_options options = neume_evaluate_options_default();
    options.inputs = (neume_inputs){&path, 1};
    assert_int_equal(classify(&found, &c, c.folder.context, path), NEUME_OK);
    assert_int_equal(neume_evaluate(&e, c.folder.context, c.model, &options, NULL), NEUME_OK);
    assert_int_equal(found.pieces[0].truth, 1);
    assert_true(e.all.nats_per_step == found.nats_per_step[1]);
    neume_evaluation_clear(&e);
    neume_classification_clear(c.folder.context, &found);
    style_case_clear(&c);
}

static void folders_that_the_model_does_not_know_are_not_counted(void **state) {
    (void)state;
    style_case c = style_case_new();
    neume_classification found;
    assert_int_equal(mkdir(test_path(&c.folder, "other"), 0755), 0);
    put_tune(&c.folder, "other/a.mid", 90);
    assert_int_equal(classify(&found, &c, c.folder.context, c.folder.path), NEUME_OK);
    assert_int_equal(found.piece_count, 2 * TUNES + 1);
    assert_int_equal(found.labelled, 2 * TUNES);
    assert_int_equal(found.pieces[2 * TUNES].truth, NEUME_NO_LABEL);
    assert_true(found.pieces[2 * TUNES].guess < 2);
    neume_classification_clear(c.folder.context, &found);
    style_case_clear(&c);
}

static void refuses_a_model_without_labels(void **state) {
    (void)state;
    style_case c = style_case_new();
    neume_classification found;
    nm_labels_clear(&c.model->labels, c.folder.context);
    assert_int_equal(classify(&found, &c, c.folder.context, c.folder.path), NEUME_BAD_USAGE);
    neume_classification_clear(c.folder.context, &found);
    style_case_clear(&c);
}

static neume_status load_and_classify(neume_context *context, void *data) {
    const style_case *c = data;
    style_case own = {.model = NULL};
    neume_classification found = {.files = NULL};
    neume_status status = neume_model_load(&own.model, context, c->path, NULL);
    if (!status)
        status = classify(&found, &own, context, test_path(&c->folder, "low"));
    neume_classification_clear(context, &found);
    neume_model_free(own.model);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    style_case c = style_case_new();
    test_each_allocation_failing(load_and_classify, &c);
    style_case_clear(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_two_styles_apart),
        cmocka_unit_test(the_nats_of_the_true_label_are_those_of_an_evaluation),
        cmocka_unit_test(folders_that_the_model_does_not_know_are_not_counted),
        cmocka_unit_test(refuses_a_model_without_labels),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
