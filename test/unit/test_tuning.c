/* SPDX-License-Identifier: ISC */
/* Trainings that start from a model: what they keep, where they go on, what they remember. */
#include "trainings.h"

#include "learn/model.h"
#include "nn/frozen.h"

/* A training's model, and a corpus of other pieces that was loaded for it. */
typedef struct tuning {
    session parent, child;
    neume_model *init;
} tuning;

static neume_status fill(nm_piece *pieces, size_t *count, size_t most, neume_codec *codec,
                         unsigned first) {
    neume_status status = NEUME_OK;
    for (; *count < most && !status; ++*count)
        status = add_piece(&pieces[*count], codec, first + (unsigned)*count);
    return status;
}

/* Six pieces that are new to the model, and one that it knows. */
static neume_status fill_for(neume_corpus *corpus, const neume_model *init) {
    const neume_codec_options options = neume_codec_options_default();
    corpus->train = nm_alloc(corpus->context, 7, sizeof *corpus->train);
    corpus->valid = nm_alloc(corpus->context, 2, sizeof *corpus->valid);
    if (!corpus->train || !corpus->valid)
        return NEUME_NO_MEMORY;
    corpus->init = init;
    neume_status status = neume_codec_new(&corpus->codec, corpus->context, &options, NULL);
    if (!status)
        status = nm_codec_begin_with(corpus->codec, init->codec, NULL);
    if (!status)
        status = fill(corpus->train, &corpus->train_count, 6, corpus->codec, 31);
    if (!status)
        status = add_piece(&corpus->train[corpus->train_count++], corpus->codec, 3);
    if (!status)
        status = fill(corpus->valid, &corpus->valid_count, 2, corpus->codec, 40);
    return status ? status : nm_corpus_close(corpus);
}

static neume_corpus *corpus_for(neume_context *context, const neume_model *init) {
    neume_corpus *corpus = nm_alloc(context, 1, sizeof *corpus);
    *corpus = (neume_corpus){.context = context, .owns_codec = true, .found.context = context};
    assert_int_equal(fill_for(corpus, init), NEUME_OK);
    return corpus;
}

static void begin_child(session *child, const neume_model *init, unsigned threads) {
    *child = (session){.context = test_context(threads, NEUME_ISA_C, NULL), .folder = new_folder()};
    child->corpus = corpus_for(child->context, init);
    child->options = small_options(&child->folder);
    child->options.network = init->network.options;
}

static void begin_with(tuning *t, neume_norm norm) {
    open_session(&t->parent, 1, NEUME_ISA_C);
    t->parent.options.network.norm = norm;
    train_well(&t->parent);
    assert_int_equal(
        neume_model_load(&t->init, t->parent.context, t->parent.folder.model, &t->parent.error),
        NEUME_OK);
    begin_child(&t->child, t->init, 1);
}

static void begin(tuning *t) {
    begin_with(t, NEUME_NORM_NONE);
}

static void end(tuning *t) {
    close_session(&t->child);
    neume_model_free(t->init);
    close_session(&t->parent);
}

static neume_model *model_at(const session *it, const char *path) {
    neume_model *model = NULL;
    neume_error error = {0};
    if (neume_model_load(&model, it->context, path, &error))
        fail_msg("%s", error.line);
    return model;
}

/* Rows of a tensor from `first` on are the same in both, starting at these rows. */
static bool have_same_rows(const neume_model *a, const neume_model *b, const char *name,
                           size_t rows) {
    const nm_param *of_a = nm_params_find(nm_model_params(a), name);
    const nm_param *of_b = nm_params_find(nm_model_params(b), name);
    return memcmp(a->weights + of_a->offset, b->weights + of_b->offset,
                  rows * of_a->columns * sizeof(real)) == 0;
}

static bool is_same_tensor(const neume_model *a, const neume_model *b, const char *name) {
    return have_same_rows(a, b, name, nm_params_find(nm_model_params(a), name)->rows);
}

static void expect_frozen(const tuning *t, const char *path) {
    neume_model *model = model_at(&t->child, path);
    const uint32_t known = neume_codec_word_count(t->init->codec, 0);
    assert_true(neume_codec_word_count(model->codec, 0) > known);
    assert_true(is_same_tensor(t->init, model, "lstm.0.weight_ih"));
    assert_true(is_same_tensor(t->init, model, "lstm.0.weight_hh"));
    assert_true(is_same_tensor(t->init, model, "lstm.0.bias"));
    assert_true(have_same_rows(t->init, model, "embed.weight", known));
    assert_true(have_same_rows(t->init, model, "head.0.weight", known));
    assert_false(is_same_tensor(t->init, model, "lstm.1.weight_hh"));
    assert_false(is_same_tensor(t->init, model, "trunk.weight"));
    neume_model_free(model);
}

static void frozen_layers_leave_the_training_as_they_came(void **state) {
    (void)state;
    for (neume_optimizer kind = 0; kind <= NEUME_OPTIMIZER_ADADELTA; kind++) {
        tuning t;
        begin(&t);
        t.child.options.optimizer = kind;
        t.child.options.freeze = "embed,lstm.0,head.0.weight";
        train_well(&t.child);
        expect_frozen(&t, t.child.folder.model);
        expect_frozen(&t, t.child.folder.last);
        end(&t);
    }
}

static void without_an_update_only_new_words_are_new(void **state) {
    (void)state;
    tuning t;
    begin(&t);
    t.child.options.learning_rate = 1e-30;
    t.child.options.ema = 0;
    t.child.options.max_updates = 1;
    train_well(&t.child);
    neume_model *model = model_at(&t.child, t.child.folder.last);
    const nm_params *params = nm_model_params(t.init);
    for (size_t p = 0; p < params->count; p++)
        if (!strstr(params->table[p].name, "embed") && !strstr(params->table[p].name, "head"))
            assert_true(is_same_tensor(t.init, model, params->table[p].name));
    assert_true(
        have_same_rows(t.init, model, "embed.weight", neume_codec_word_count(t.init->codec, 0)));
    neume_model_free(model);
    end(&t);
}

static void frozen_statistics_of_norms_stay_too(void **state) {
    (void)state;
    tuning t;
    begin_with(&t, NEUME_NORM_BATCH);
    t.child.options.freeze = "trunk.norm";
    train_well(&t.child);
    neume_model *model = model_at(&t.child, t.child.folder.last);
    assert_true(is_same_tensor(t.init, model, "trunk.norm.mean"));
    assert_true(is_same_tensor(t.init, model, "trunk.norm.variance"));
    assert_true(is_same_tensor(t.init, model, "trunk.norm.weight"));
    neume_model_free(model);
    t.child.options.freeze = NULL;
    t.child.options.force = true;
    train_well(&t.child);
    model = model_at(&t.child, t.child.folder.last);
    assert_false(is_same_tensor(t.init, model, "trunk.norm.mean"));
    neume_model_free(model);
    end(&t);
}

static void a_training_that_was_stopped_goes_on_to_the_same_bytes(void **state) {
    (void)state;
    tuning t;
    begin(&t);
    t.child.options.freeze = "lstm.0";
    train_well(&t.child);
    for (uint64_t stop = 1; stop < 20; stop += 3) {
        session parts;
        begin_child(&parts, t.init, 1 + stop % 2);
        parts.options.freeze = "lstm.0";
        parts.seen.stop_after = stop;
        assert_int_equal(train(&parts), NEUME_INTERRUPTED);
        parts.seen.stop_after = 0;
        parts.options.resume = true;
        train_well(&parts);
        assert_int_equal(parts.seen.updates, 20 - stop);
        assert_same_run(&t.child, &parts);
        close_session(&parts);
    }
    end(&t);
}

static void expect_changed(session *it) {
    assert_int_equal(train(it), NEUME_BAD_USAGE);
    assert_non_null(strstr(it->error.line, "m.neume.ckpt: the model that it starts from, or what "
                                           "is frozen, has changed since the run was started"));
}

static void goes_on_only_from_the_same_model_with_the_same_layers_frozen(void **state) {
    (void)state;
    tuning t;
    begin(&t);
    t.child.options.freeze = "lstm.0";
    t.child.seen.stop_after = 3;
    assert_int_equal(train(&t.child), NEUME_INTERRUPTED);
    t.child.options.resume = true;
    t.child.options.freeze = "lstm.1";
    expect_changed(&t.child);
    t.child.options.freeze = NULL;
    expect_changed(&t.child);
    t.child.options.freeze = "lstm.0.*";
    t.child.seen.stop_after = 6;
    assert_int_equal(train(&t.child), NEUME_INTERRUPTED);
    t.init->hash++;
    expect_changed(&t.child);
    t.child.corpus->init = NULL;
    t.child.options.freeze = NULL;
    expect_changed(&t.child);
    t.child.corpus->init = t.init;
    end(&t);
}

static void layers_are_frozen_only_of_a_model(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    it.options.freeze = "embed";
    assert_int_equal(train(&it), NEUME_BAD_USAGE);
    assert_non_null(strstr(it.error.line, "training starts from no model"));
    close_session(&it);
}

static void the_norm_of_a_gradient_is_that_of_what_moves(void **state) {
    (void)state;
    double norms[2];
    for (int i = 0; i < 2; i++) {
        tuning t;
        begin(&t);
        t.child.options.max_updates = 1;
        t.child.options.freeze = i ? "head,trunk" : NULL;
        train_well(&t.child);
        norms[i] = t.child.seen.last.gradient_norm;
        end(&t);
    }
    assert_true(norms[1] > 0 && norms[1] < 0.999 * norms[0]);
}

/* A word that occurs once stands in for <unk> at times; one that has been learnt does not. */
static void known_words_do_not_stand_in_for_unknown_ones(void **state) {
    (void)state;
    tuning t;
    begin(&t);
    const uint32_t known = neume_codec_word_count(t.init->codec, 0);
    const uint32_t all = neume_codec_word_count(t.child.corpus->codec, 0);
    size_t singles = 0;
    for (uint32_t w = 0; w < all; w++) {
        const bool is_single = t.child.corpus->word_counts[0][w] == 1;
        assert_false(is_single && w < known);
        singles += is_single;
    }
    assert_true(singles > 0);
    end(&t);
}

static void a_plan_counts_what_stays(void **state) {
    (void)state;
    tuning t;
    begin(&t);
    neume_train_estimate estimate;
    assert_int_equal(
        neume_train_plan(&estimate, t.child.context, t.child.corpus, &t.child.options, NULL),
        NEUME_OK);
    assert_int_equal(estimate.frozen_count, 0);
    t.child.options.freeze = "lstm.0,head.0.bias";
    assert_int_equal(
        neume_train_plan(&estimate, t.child.context, t.child.corpus, &t.child.options, NULL),
        NEUME_OK);
    assert_int_equal(estimate.frozen_count,
                     48 * (5 + 12 + 1) + neume_codec_word_count(t.init->codec, 0));
    end(&t);
}

static json_t *ancestry_of(const neume_model *model) {
    json_t *description = json_loads(neume_model_description(model), 0, NULL);
    json_t *ancestry = json_incref(json_object_get(description, "ancestry"));
    json_decref(description);
    return ancestry;
}

static void expect_generation(const json_t *ancestry, size_t at, const neume_model *model) {
    char hash[17];
    const json_t *generation = json_array_get(ancestry, at);
    json_t *said = json_loads(neume_model_description(model), 0, NULL);
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)neume_model_hash(model));
    assert_string_equal(json_string_value(json_object_get(generation, "hash")), hash);
    assert_true(
        json_equal(json_object_get(generation, "training"), json_object_get(said, "training")));
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(generation, "pieces"), "trained")),
        model->pieces.trained_count);
    json_decref(said);
}

/* The pieces of the parent have hashes 1 to 9 and 31, 32; those of the child 32 to 37, 4, and 41,
 * 42.
 */
static void a_model_remembers_all_that_it_was_made_from(void **state) {
    (void)state;
    tuning t;
    begin(&t);
    t.child.options.freeze = "lstm.0";
    train_well(&t.child);
    neume_model *child = model_at(&t.child, t.child.folder.model);
    session last;
    begin_child(&last, child, 1);
    train_well(&last);
    neume_model *grandchild = model_at(&last, last.folder.model);
    json_t *of_child = ancestry_of(child), *of_grandchild = ancestry_of(grandchild);
    assert_int_equal(json_array_size(of_child), 1);
    assert_int_equal(json_array_size(of_grandchild), 2);
    expect_generation(of_child, 0, t.init);
    expect_generation(of_grandchild, 0, t.init);
    expect_generation(of_grandchild, 1, child);
    assert_non_null(strstr(neume_model_description(child),
                           "\"frozen\":[\"lstm.0.weight_ih\",\"lstm.0.weight_hh\","
                           "\"lstm.0.bias\"]"));
    const neume_model *const models[] = {child, grandchild};
    for (size_t i = 0; i < 2; i++) {
        for (uint64_t hash = 1; hash <= 9; hash++)
            assert_int_equal(nm_model_split_of(models[i], hash), NEUME_SPLIT_TRAIN);
        assert_int_equal(nm_model_split_of(models[i], 31), NEUME_SPLIT_VALID);
        for (uint64_t hash = 32; hash <= 37; hash++)
            assert_int_equal(nm_model_split_of(models[i], hash), NEUME_SPLIT_TRAIN);
        assert_int_equal(nm_model_split_of(models[i], 41), NEUME_SPLIT_VALID);
        assert_int_equal(nm_model_split_of(models[i], 50), NEUME_SPLIT_NONE);
    }
    json_decref(of_child);
    json_decref(of_grandchild);
    neume_model_free(grandchild);
    close_session(&last);
    neume_model_free(child);
    end(&t);
}

static void expect_refused(const session *it, const char *from, const char *to,
                           const char *reason) {
    nm_buffer bytes = bytes_of(it->context, it->folder.model);
    char *at = memmem(bytes.data, bytes.size, from, strlen(from));
    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
    neume_error error = {0};
    neume_model *model = NULL;
    const neume_bytes part = {bytes.data, bytes.size};
    assert_int_equal(nm_file_write(it->folder.last, it->context, &part, 1, NULL), NEUME_OK);
    assert_int_equal(neume_model_load(&model, it->context, it->folder.last, &error),
                     NEUME_BAD_MODEL);
    if (!strstr(error.line, reason))
        fail_msg("%s", error.line);
    nm_buffer_clear(&bytes);
}

static void refuses_an_ancestry_that_is_not_whole(void **state) {
    (void)state;
    tuning t;
    begin(&t);
    t.child.options.max_updates = 1;
    train_well(&t.child);
    expect_refused(&t.child, "data.ancestors", "data.Ancestors", "it has no bytes data.ancestors");
    expect_refused(&t.child, "\\\"ancestry\\\":[{\\\"hash", "\\\"ancestry\\\":[{\\\"hAsh",
                   "its ancestry is not a list of models");
    end(&t);
}

static neume_status tune_once(neume_context *context, void *data) {
    const tuning *t = data;
    neume_corpus *corpus = nm_alloc(context, 1, sizeof *corpus);
    if (!corpus)
        return NEUME_NO_MEMORY;
    *corpus = (neume_corpus){.context = context, .owns_codec = true, .found.context = context};
    neume_status status = fill_for(corpus, t->init);
    if (!status) {
        neume_train_options options = t->child.options;
        options.max_updates = 3;
        options.force = true;
        options.freeze = "embed";
        neume_train_result result;
        status = neume_train(&result, context, corpus, &options, NULL);
    }
    neume_corpus_free(corpus);
    return status;
}

static void survives_each_failing_allocation(void **state) {
    (void)state;
    tuning t;
    begin(&t);
    test_each_allocation_failing(tune_once, &t);
    end(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frozen_layers_leave_the_training_as_they_came),
        cmocka_unit_test(without_an_update_only_new_words_are_new),
        cmocka_unit_test(frozen_statistics_of_norms_stay_too),
        cmocka_unit_test(a_training_that_was_stopped_goes_on_to_the_same_bytes),
        cmocka_unit_test(goes_on_only_from_the_same_model_with_the_same_layers_frozen),
        cmocka_unit_test(layers_are_frozen_only_of_a_model),
        cmocka_unit_test(the_norm_of_a_gradient_is_that_of_what_moves),
        cmocka_unit_test(known_words_do_not_stand_in_for_unknown_ones),
        cmocka_unit_test(a_plan_counts_what_stays),
        cmocka_unit_test(a_model_remembers_all_that_it_was_made_from),
        cmocka_unit_test(refuses_an_ancestry_that_is_not_whole),
        cmocka_unit_test(survives_each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
