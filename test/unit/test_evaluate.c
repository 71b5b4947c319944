/* SPDX-License-Identifier: ISC */
#include "model_case.h"

#include "learn/scorer.h"

#include <math.h>
#include <neume/evaluate.h>
#include <neume/train.h>

static neume_status evaluate(neume_evaluation *out, const model_case *c, const char *path,
                             neume_error *error) {
    neume_evaluate_options options = neume_evaluate_options_default();
    options.inputs = (neume_inputs){&path, 1};
    return neume_evaluate(out, c->folder.context, c->model, &options, error);
}

/* Seven pieces to train on, three to validate, one copy of one of each, two that are new; one of
 * the new has a pitch that the model does not know. */
static model_case case_with_more_files(void) {
    model_case c = model_case_new();
    uint8_t bytes[512];
    bool has_copy[3] = {0};
    for (size_t i = 0; i < c.corpus->file_count; i++) {
        const neume_split split = c.corpus->files[i].split;
        char name[64];
        snprintf(name, sizeof name, "copy-of-%s", c.corpus->files[i].name);
        nm_buffer file = nm_buffer_on(c.folder.context);
        assert_int_equal(nm_file_read(&file, c.corpus->files[i].path, 4096, NULL), NEUME_OK);
        if (!has_copy[split])
            test_put(&c.folder, name, file.data, file.size);
        has_copy[split] = true;
        nm_buffer_clear(&file);
    }
    test_put_tune(&c.folder, "new.mid", 50, 30);
    const size_t size = test_tune(bytes, 51, 30, 0);
    bytes[24] = bytes[29] = 100;
    test_put(&c.folder, "new-high.mid", bytes, size);
    test_put(&c.folder, "broken.mid", "MThd", 4);
    return c;
}

static bool is_near(double a, double b) {
    return fabs(a - b) < 1e-12 * fabs(b);
}

static double nats(const neume_likelihood *of) {
    return of->nats_per_step * (double)of->step_count;
}

static void sums_by_what_the_model_has_seen(void **state) {
    (void)state;
    model_case c = case_with_more_files();
    neume_evaluation e;
    assert_int_equal(evaluate(&e, &c, c.folder.path, NULL), NEUME_OK);
    assert_int_equal(e.trained.piece_count, 8);
    assert_int_equal(e.validated.piece_count, 4);
    assert_int_equal(e.unseen.piece_count, 2);
    assert_int_equal(e.all.piece_count, 14);
    assert_int_equal(e.unseen.step_count, 62);
    assert_int_equal(e.unseen.note_count, 60);
    assert_true(is_near(e.unseen.unknown_share, 1.0 / 62));
    assert_true(e.trained.unknown_share == 0);
    assert_true(is_near(nats(&e.all), nats(&e.trained) + nats(&e.validated) + nats(&e.unseen)));
    assert_true(is_near(e.unseen.nats_per_note * 60, nats(&e.unseen)));
    assert_int_equal(neume_corpus_count(e.files).skipped, 1);
    for (size_t i = 0; i < neume_corpus_file_count(e.files); i++) {
        const neume_corpus_file *file = neume_corpus_file_at(e.files, i);
        if (strncmp(file->name, "new", 3) == 0)
            assert_int_equal(file->split, NEUME_SPLIT_NONE);
    }
    neume_evaluation_clear(&e);
    model_case_clear(&c);
}

/* A tune on one channel as it is, moved, and as a file of its own in that key. */
static void moved_pieces_are_those_of_another_key(void **state) {
    (void)state;
    model_case c = model_case_new();
    uint8_t bytes[512];
    const size_t size = test_tune(bytes, 70, 20, 0);
    neume_evaluate_options options = neume_evaluate_options_default();
    neume_evaluation moved, written;
    neume_error error = {0};
    const char *path = test_path(&c.models, "a.mid"), *other = test_path(&c.models, "b.mid");
    test_put(&c.models, "a.mid", bytes, size);
    for (unsigned i = 0; i < 20; i++) { /* pitch and pitch of a note's nine bytes */
        bytes[22 + 9 * i + 2] -= 3;
        bytes[22 + 9 * i + 7] -= 3;
    }
    test_put(&c.models, "b.mid", bytes, size);
    options.inputs = (neume_inputs){&path, 1};
    options.transpose = -3;
    assert_int_equal(neume_evaluate(&moved, c.folder.context, c.model, &options, NULL), NEUME_OK);
    assert_int_equal(evaluate(&written, &c, other, NULL), NEUME_OK);
    assert_int_equal(moved.all.note_count, 20);
    assert_true(moved.all.nats_per_step == written.all.nats_per_step);
    assert_int_equal(neume_corpus_count(moved.files).notes_beyond, 0);
    neume_evaluation_clear(&moved);
    neume_evaluation_clear(&written);
    options.transpose = 48; /* of 60..82 those of 80 and more are lost */
    assert_int_equal(neume_evaluate(&moved, c.folder.context, c.model, &options, NULL), NEUME_OK);
    const size_t beyond = neume_corpus_count(moved.files).notes_beyond;
    assert_true(beyond > 0);
    assert_int_equal(moved.all.note_count, 20 - beyond);
    neume_evaluation_clear(&moved);
    options.transpose = 49;
    assert_int_equal(neume_evaluate(&moved, c.folder.context, c.model, &options, &error),
                     NEUME_BAD_USAGE);
    assert_string_equal(error.line, "transposition by 49 semitones: expected -48 to 48");
    model_case_clear(&c);
}

static void baselines_stand_beside_the_model(void **state) {
    (void)state;
    model_case c = case_with_more_files();
    neume_evaluation e;
    assert_int_equal(evaluate(&e, &c, c.folder.path, NULL), NEUME_OK);
    const double words = neume_codec_word_count(c.model->codec, 0);
    const double steps = (double)e.trained.step_count, pieces = (double)e.trained.piece_count;
    const double uniform = log(words) + pieces / steps * (log(words - 1) - log(words));
    assert_true(is_near(e.trained.uniform, uniform));
    assert_true(e.trained.unigram < uniform && e.trained.trigram < e.trained.unigram);
    neume_evaluation_clear(&e);
    model_case_clear(&c);
}

static void the_validated_pieces_have_the_loss_that_training_saw(void **state) {
    (void)state;
    model_case c = model_case_new();
    neume_evaluation e;
    nm_scorer *scorer;
    nm_score_sums sums[3], total = {0};
    assert_int_equal(evaluate(&e, &c, c.folder.path, NULL), NEUME_OK);
    assert_int_equal(
        nm_scorer_new(&scorer, c.folder.context, &c.model->network, c.corpus->codec, NULL),
        NEUME_OK);
    assert_int_equal(nm_scorer_run(scorer, c.model->weights, c.corpus->valid, 3, sums), NEUME_OK);
    for (size_t i = 0; i < 3; i++)
        nm_score_sums_add(&total, &sums[i]);
    const double loss = nm_score_nats(&total) / (double)total.steps;
    assert_memory_equal(&e.validated.nats_per_step, &loss, sizeof loss);
    nm_scorer_free(scorer);
    neume_evaluation_clear(&e);
    model_case_clear(&c);
}

static neume_train_result train(const model_case *c) {
    neume_train_options options;
    neume_corpus_options corpus;
    neume_train_result result = {0};
    neume_error error = {0};
    assert_int_equal(neume_train_options_preset(&options, &corpus, "chords", &error), NEUME_OK);
    options.network = (neume_network_options){.embed = 4, .layers = {8}, .layer_count = 1};
    options.batch = 4;
    options.steps = 16;
    options.epochs = 0;
    options.max_updates = 12;
    options.output = c->path;
    options.force = true;
    if (neume_train(&result, c->folder.context, c->corpus, &options, &error))
        fail_msg("%s", error.line);
    return result;
}

static void a_trained_model_has_the_held_out_loss_that_its_training_ended_with(void **state) {
    (void)state;
    model_case c = model_case_new();
    const neume_train_result result = train(&c);
    neume_evaluation e;
    neume_model_free(c.model);
    c.model = NULL;
    assert_int_equal(neume_model_load(&c.model, c.folder.context, c.path, NULL), NEUME_OK);
    assert_int_equal(evaluate(&e, &c, c.folder.path, NULL), NEUME_OK);
    assert_memory_equal(&e.validated.nats_per_step, &result.valid_loss, sizeof result.valid_loss);
    assert_memory_equal(&e.validated.trigram, &result.trigram, sizeof result.trigram);
    assert_memory_equal(&e.validated.unigram, &result.unigram, sizeof result.unigram);
    assert_int_equal(e.unseen.piece_count, 0);
    neume_evaluation_clear(&e);
    model_case_clear(&c);
}

static void says_why_nothing_could_be_evaluated(void **state) {
    (void)state;
    model_case c = model_case_new();
    neume_evaluation e;
    neume_error error = {0};
    assert_int_equal(evaluate(&e, &c, "/nowhere/at/all", &error), NEUME_BAD_INPUT);
    assert_non_null(strstr(error.line, "/nowhere/at/all: No such file"));
    assert_int_equal(neume_corpus_count(e.files).skipped, 1);
    assert_true(isnan(e.all.nats_per_step) && isnan(e.unseen.trigram));
    neume_evaluation_clear(&e);
    model_case_clear(&c);
}

static neume_status load_and_evaluate(neume_context *context, void *data) {
    const model_case *c = data;
    const char *path = c->folder.path;
    neume_evaluate_options options = neume_evaluate_options_default();
    neume_model *model = NULL;
    neume_evaluation e = {.files = NULL};
    options.inputs = (neume_inputs){&path, 1};
    neume_status status = neume_model_load(&model, context, c->path, NULL);
    if (!status)
        status = neume_evaluate(&e, context, model, &options, NULL);
    neume_evaluation_clear(&e);
    neume_model_free(model);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    model_case c = model_case_new();
    test_each_allocation_failing(load_and_evaluate, &c);
    model_case_clear(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_by_what_the_model_has_seen),
        cmocka_unit_test(moved_pieces_are_those_of_another_key),
        cmocka_unit_test(baselines_stand_beside_the_model),
        cmocka_unit_test(the_validated_pieces_have_the_loss_that_training_saw),
        cmocka_unit_test(a_trained_model_has_the_held_out_loss_that_its_training_ended_with),
        cmocka_unit_test(says_why_nothing_could_be_evaluated),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
