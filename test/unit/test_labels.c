/* SPDX-License-Identifier: ISC */
/* Labels of a corpus, by folders, and of the model that is made from it. */
#include "model_case.h"

static void make_folder(const test_folder *folder, const char *name) {
    assert_int_equal(mkdir(test_path(folder, name), 0755), 0);
}

/* Two styles, one of them in a folder within a folder, and a tune that lies beside them. */
static test_folder two_styles(void) {
    test_folder folder = test_folder_new(test_context(1, NEUME_ISA_C, NULL));
    make_folder(&folder, "jazz");
    make_folder(&folder, "jazz/late");
    make_folder(&folder, "caf\xE9");
    test_put_tune(&folder, "caf\xE9/a.mid", 1, 20);
    test_put_tune(&folder, "caf\xE9/b.mid", 2, 20);
    test_put_tune(&folder, "jazz/c.mid", 3, 20);
    test_put_tune(&folder, "jazz/late/d.mid", 4, 20);
    return folder;
}

static void folder_clear(const test_folder *folder) {
    test_folder_remove(folder);
    neume_context_free(folder->context);
}

static neume_corpus_options by_folder(void) {
    neume_corpus_options options = neume_corpus_options_default();
    options.labels = NEUME_LABELS_FOLDER;
    options.valid_fraction = 0;
    return options;
}

static neume_corpus *load(neume_context *context, const neume_corpus_options *options,
                          const char *const *paths, size_t count) {
    neume_corpus *corpus = NULL;
    neume_error error = {0};
    if (neume_corpus_load(&corpus, context, options, (neume_inputs){paths, count}, &error))
        fail_msg("%s", error.line);
    return corpus;
}

static void assert_label(const neume_corpus *corpus, size_t index, const char *name,
                         size_t pieces) {
    const neume_corpus_label label = neume_corpus_label_at(corpus, index);
    assert_string_equal(label.name, name);
    assert_int_equal(label.train_pieces, pieces);
}

static void a_label_is_the_first_folder_below_the_input(void **state) {
    (void)state;
    const test_folder folder = two_styles();
    const char *path = folder.path;
    const neume_corpus_options options = by_folder();
    neume_corpus *corpus = load(folder.context, &options, &path, 1);
    assert_int_equal(neume_corpus_label_count(corpus), 2);
    assert_label(corpus, 0, "caf\xC3\xA9", 2);
    assert_label(corpus, 1, "jazz", 2);
    for (size_t i = 0; i < corpus->train_count; i++) {
        const char *name = corpus->files[corpus->train[i].file].name;
        assert_int_equal(corpus->train[i].label, name[0] == 'j' ? 2 : 1);
    }
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

static void files_of_an_input_itself_have_its_name(void **state) {
    (void)state;
    const test_folder folder = two_styles();
    const neume_corpus_options options = by_folder();
    const char *paths[] = {test_path(&folder, "caf\xE9//"), test_path(&folder, "jazz")};
    neume_corpus *corpus = load(folder.context, &options, paths, 2);
    assert_int_equal(neume_corpus_label_count(corpus), 3);
    assert_label(corpus, 0, "caf\xC3\xA9", 2);
    assert_label(corpus, 1, "jazz", 1);
    assert_label(corpus, 2, "late", 1);
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

static void a_file_that_is_an_input_has_the_name_of_its_folder(void **state) {
    (void)state;
    const test_folder folder = two_styles();
    const neume_corpus_options options = by_folder();
    const char *path = test_path(&folder, "jazz/late/d.mid");
    neume_corpus *corpus = load(folder.context, &options, &path, 1);
    assert_label(corpus, 0, "late", 1);
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

static void a_label_that_nothing_was_trained_on_is_none(void **state) {
    (void)state;
    const test_folder folder = two_styles();
    neume_corpus_options options = by_folder();
    make_folder(&folder, "held");
    make_folder(&folder, "held/jazz");
    test_put_tune(&folder, "held/e.mid", 5, 20);
    test_put_tune(&folder, "held/jazz/f.mid", 6, 20);
    const char *path = test_path(&folder, "jazz"), *held[] = {test_path(&folder, "held")};
    options.valid_from = (neume_inputs){held, 1};
    neume_corpus *corpus = load(folder.context, &options, &path, 1);
    assert_int_equal(corpus->valid_count, 2);
    assert_int_equal(corpus->valid[0].label, 0);
    assert_int_equal(corpus->valid[1].label, 1);
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

static void without_the_option_there_are_none(void **state) {
    (void)state;
    const test_folder folder = two_styles();
    const char *path = folder.path;
    const neume_corpus_options options = neume_corpus_options_default();
    neume_corpus *corpus = load(folder.context, &options, &path, 1);
    assert_int_equal(neume_corpus_label_count(corpus), 0);
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

static void refuses_more_labels_than_there_may_be(void **state) {
    (void)state;
    const test_folder folder = test_folder_new(test_context(1, NEUME_ISA_C, NULL));
    const neume_corpus_options options = by_folder();
    const char *path = folder.path;
    neume_corpus *corpus = NULL;
    neume_error error = {0};
    for (unsigned i = 0; i <= NEUME_MAX_LABELS; i++) {
        char name[32];
        snprintf(name, sizeof name, "%u", i);
        make_folder(&folder, name);
        snprintf(name, sizeof name, "%u/t.mid", i);
        test_put_tune(&folder, name, i, 8);
        const neume_status status =
            neume_corpus_load(&corpus, folder.context, &options, (neume_inputs){&path, 1}, &error);
        assert_int_equal(status, i < NEUME_MAX_LABELS ? NEUME_OK : NEUME_BAD_USAGE);
        neume_corpus_free(corpus);
    }
    assert_non_null(strstr(error.line, "more than 64 folders"));
    folder_clear(&folder);
}

static void refuses_pieces_without_a_folder_that_has_a_name(void **state) {
    (void)state;
    const test_folder folder = two_styles();
    const neume_corpus_options options = by_folder();
    const char *path = test_path(&folder, "jazz/late/.");
    neume_corpus *corpus = NULL;
    neume_error error = {0};
    assert_int_equal(
        neume_corpus_load(&corpus, folder.context, &options, (neume_inputs){&path, 1}, &error),
        NEUME_BAD_USAGE);
    assert_non_null(strstr(error.line, "no piece lies in a folder with a name"));
    folder_clear(&folder);
}

static void refuses_labels_for_rolls(void **state) {
    (void)state;
    const test_folder folder = two_styles();
    neume_corpus_options options = by_folder();
    const char *path = folder.path;
    neume_corpus *corpus = NULL;
    neume_error error = {0};
    options.codec.name = "roll";
    options.codec.grid = 4;
    assert_int_equal(
        neume_corpus_load(&corpus, folder.context, &options, (neume_inputs){&path, 1}, &error),
        NEUME_BAD_USAGE);
    assert_non_null(strstr(error.line, "labels: a piano roll has no labels"));
    folder_clear(&folder);
}

static void the_hash_of_a_corpus_depends_on_its_labels(void **state) {
    (void)state;
    const test_folder folder = two_styles();
    const char *path = folder.path;
    neume_corpus_options options = by_folder();
    neume_corpus *with = load(folder.context, &options, &path, 1);
    options.labels = NEUME_LABELS_NONE;
    neume_corpus *without = load(folder.context, &options, &path, 1);
    const uint64_t before = nm_corpus_hash(with);
    assert_int_not_equal(before, nm_corpus_hash(without));
    with->train[0].label = 3 - with->train[0].label;
    assert_int_not_equal(before, nm_corpus_hash(with));
    neume_corpus_free(with);
    neume_corpus_free(without);
    folder_clear(&folder);
}

/* A model of two styles, saved. */
typedef struct style_case {
    test_folder folder, models;
    neume_corpus *corpus;
    neume_model *model;
    char path[128];
} style_case;

static style_case style_case_new(void) {
    style_case c = {.folder = two_styles()};
    const char *path = c.folder.path;
    const neume_corpus_options options = by_folder();
    c.models = test_folder_new(c.folder.context);
    snprintf(c.path, sizeof c.path, "%s/m.neume", c.models.path);
    c.corpus = load(c.folder.context, &options, &path, 1);
    assert_int_equal(model_case_model(&c.model, c.corpus), NEUME_OK);
    assert_int_equal(model_case_save(c.model, c.path), NEUME_OK);
    return c;
}

static void style_case_clear(style_case *c) {
    neume_model_free(c->model);
    neume_corpus_free(c->corpus);
    test_folder_remove(&c->models);
    folder_clear(&c->folder);
}

static void a_saved_model_has_its_labels(void **state) {
    (void)state;
    style_case c = style_case_new();
    neume_model *loaded;
    neume_error error = {0};
    if (neume_model_load(&loaded, c.folder.context, c.path, &error))
        fail_msg("%s", error.line);
    assert_int_equal(neume_model_label_count(loaded), 2);
    assert_string_equal(neume_model_label(loaded, 0), "caf\xC3\xA9");
    assert_string_equal(neume_model_label(loaded, 1), "jazz");
    assert_int_equal(loaded->network.stack.shape.feature_count, 1);
    assert_int_equal(loaded->network.stack.shape.features[0], 3);
    uint64_t hash, other;
    assert_int_equal(nm_model_hash_weights(&hash, loaded, loaded->weights), NEUME_OK);
    loaded->labels.names[1][0] = 'x';
    assert_int_equal(nm_model_hash_weights(&other, loaded, loaded->weights), NEUME_OK);
    assert_int_not_equal(hash, other);
    neume_model_free(loaded);
    style_case_clear(&c);
}

static void refuses_labels_that_are_no_list_in_order(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    static const char *const bad[] = {
        "[]", "{}", "[1]", "[\"\"]", "[\"b\",\"a\"]", "[\"a\",\"a\"]", "[\"a\",null]", "\"a\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nm_labels labels = {.count = 0};
        json_t *array = json_loads(bad[i], JSON_DECODE_ANY, NULL);
        assert_non_null(array);
        assert_int_equal(nm_labels_read(&labels, context, array), NEUME_BAD_MODEL);
        nm_labels_clear(&labels, context);
        json_decref(array);
    }
    neume_context_free(context);
}

static neume_status load_save_and_load(neume_context *context, void *data) {
    const style_case *c = data;
    const char *path = c->folder.path;
    const neume_corpus_options options = by_folder();
    neume_corpus *corpus = NULL;
    neume_model *made = NULL, *loaded = NULL;
    neume_status status =
        neume_corpus_load(&corpus, context, &options, (neume_inputs){&path, 1}, NULL);
    if (!status)
        status = model_case_model(&made, corpus);
    if (!status)
        status = neume_model_load(&loaded, context, c->path, NULL);
    neume_model_free(loaded);
    neume_model_free(made);
    neume_corpus_free(corpus);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    style_case c = style_case_new();
    test_each_allocation_failing(load_save_and_load, &c);
    style_case_clear(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_label_is_the_first_folder_below_the_input),
        cmocka_unit_test(files_of_an_input_itself_have_its_name),
        cmocka_unit_test(a_file_that_is_an_input_has_the_name_of_its_folder),
        cmocka_unit_test(a_label_that_nothing_was_trained_on_is_none),
        cmocka_unit_test(without_the_option_there_are_none),
        cmocka_unit_test(refuses_more_labels_than_there_may_be),
        cmocka_unit_test(refuses_pieces_without_a_folder_that_has_a_name),
        cmocka_unit_test(refuses_labels_for_rolls),
        cmocka_unit_test(the_hash_of_a_corpus_depends_on_its_labels),
        cmocka_unit_test(a_saved_model_has_its_labels),
        cmocka_unit_test(refuses_labels_that_are_no_list_in_order),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
