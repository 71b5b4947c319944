/* SPDX-License-Identifier: ISC */
/* Which pieces of a corpus are held out where the training starts from a model. */
#include "folder.h"

#include "learn/model.h"

/* Tunes `first`.. of a folder of their own. */
static test_folder tunes(neume_context *context, unsigned first, unsigned count) {
    test_folder folder = test_folder_new(context);
    for (unsigned i = first; i < first + count; i++) {
        char name[32];
        snprintf(name, sizeof name, "%u.mid", i);
        test_put_tune(&folder, name, i, 40);
    }
    return folder;
}

static neume_corpus *load(neume_context *context, const neume_corpus_options *options,
                          const test_folder *folder) {
    const char *path = folder->path;
    neume_corpus *corpus = NULL;
    neume_error error = {0};
    if (neume_corpus_load(&corpus, context, options, (neume_inputs){&path, 1}, &error))
        fail_msg("%s", error.line);
    return corpus;
}

static neume_model *model_of(const neume_corpus *corpus) {
    neume_model *model = NULL;
    const neume_network_options network = {.embed = 3, .layers = {4}, .layer_count = 1};
    assert_int_equal(nm_model_new(&model, corpus, "chords", &network, NULL), NEUME_OK);
    return model;
}

/* Of ten tunes eight are known, and two of those that are not can be held out. */
static void what_an_ancestor_was_trained_on_is_not_held_out(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    const test_folder some = tunes(context, 0, 8), all = tunes(context, 0, 10);
    neume_corpus_options options = neume_corpus_options_default();
    options.valid_fraction = 0;
    neume_corpus *before = load(context, &options, &some);
    neume_model *init = model_of(before);
    options.valid_count = 9;
    options.init = init;
    neume_corpus *after = load(context, &options, &all);
    assert_int_equal(after->valid_count, 2);
    assert_int_equal(after->train_count, 8);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(nm_model_split_of(init, after->valid[i].hash), NEUME_SPLIT_NONE);
    neume_corpus_free(after);
    options.valid_count = 0;
    options.valid_fraction = 1e-9; /* the first that can */
    after = load(context, &options, &all);
    assert_int_equal(after->valid_count, 1);
    assert_int_equal(nm_model_split_of(init, after->valid[0].hash), NEUME_SPLIT_NONE);
    neume_corpus_free(after);
    after = load(context, &options, &some);
    assert_int_equal(after->valid_count, 0);
    neume_corpus_free(after);
    neume_model_free(init);
    neume_corpus_free(before);
    test_folder_remove(&some);
    test_folder_remove(&all);
    neume_context_free(context);
}

/* The same tune two semitones higher. */
static void put_higher(const test_folder *folder, unsigned seed, unsigned count) {
    uint8_t bytes[64 + 9 * 200];
    char name[32];
    const size_t size = test_tune(bytes, seed, count, 0);
    for (unsigned i = 0; i < count; i++) {
        bytes[22 + 9 * i + 2] += 2;
        bytes[22 + 9 * i + 7] += 2;
    }
    snprintf(name, sizeof name, "%u-higher.mid", seed);
    test_put(folder, name, bytes, size);
}

/* Four tunes are known, and in the corpus in two keys; two are not. */
static void nor_is_what_is_like_that(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    const test_folder some = tunes(context, 0, 4), all = tunes(context, 0, 6);
    for (unsigned i = 0; i < 4; i++)
        put_higher(&all, i, 40);
    neume_corpus_options options = neume_corpus_options_default();
    options.valid_fraction = 0;
    neume_corpus *before = load(context, &options, &some);
    neume_model *init = model_of(before);
    options.valid_count = 9;
    options.init = init;
    neume_corpus *after = load(context, &options, &all);
    assert_int_equal(after->train_count, 8);
    assert_int_equal(after->valid_count, 2);
    neume_corpus_free(after);
    neume_model_free(init);
    neume_corpus_free(before);
    test_folder_remove(&some);
    test_folder_remove(&all);
    neume_context_free(context);
}

static void count_warnings(void *data, neume_log_level level, const char *line) {
    unsigned *count = data;
    *count += level == NEUME_LOG_WARNING && strstr(line, "2 of 3 validation pieces") != NULL;
}

static void given_validation_pieces_that_it_knows_are_said(void **state) {
    (void)state;
    unsigned warnings = 0;
    neume_context *context = NULL;
    neume_context_options machine = neume_context_options_default();
    machine.log = count_warnings;
    machine.log_data = &warnings;
    assert_int_equal(neume_context_new(&context, &machine, NULL), NEUME_OK);
    const test_folder some = tunes(context, 0, 4), more = tunes(context, 5, 3);
    const test_folder held = tunes(context, 2, 3);
    const char *valid = held.path;
    neume_corpus_options options = neume_corpus_options_default();
    options.valid_fraction = 0;
    neume_corpus *before = load(context, &options, &some);
    neume_model *init = model_of(before);
    options.init = init;
    options.valid_from = (neume_inputs){&valid, 1};
    neume_corpus *after = load(context, &options, &more);
    assert_int_equal(after->valid_count, 3);
    assert_int_equal(warnings, 1);
    neume_corpus_free(after);
    neume_model_free(init);
    neume_corpus_free(before);
    test_folder_remove(&some);
    test_folder_remove(&more);
    test_folder_remove(&held);
    neume_context_free(context);
}

static void refuses_a_codec_that_is_not_the_models(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    const test_folder some = tunes(context, 0, 3);
    const char *path = some.path;
    neume_corpus_options options = neume_corpus_options_default();
    neume_corpus *before = load(context, &options, &some), *after = NULL;
    neume_model *init = model_of(before);
    neume_error error = {0};
    options.init = init;
    options.codec.grid = 24;
    assert_int_equal(neume_corpus_load(&after, context, &options, (neume_inputs){&path, 1}, &error),
                     NEUME_BAD_USAGE);
    assert_string_equal(error.line, "codec: grid 24, but the model that training starts from has "
                                    "12: expected the same");
    neume_model_free(init);
    neume_corpus_free(before);
    test_folder_remove(&some);
    neume_context_free(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_ancestor_was_trained_on_is_not_held_out),
        cmocka_unit_test(nor_is_what_is_like_that),
        cmocka_unit_test(given_validation_pieces_that_it_knows_are_said),
        cmocka_unit_test(refuses_a_codec_that_is_not_the_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
