/* SPDX-License-Identifier: ISC */
#include "trainings.h"

#include "learn/model.h"

#include <math.h>

static void a_run_leaves_best_last_checkpoint_and_log(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    it.options.max_updates = 40;
    train_well(&it);
    assert_int_equal(it.result.end, NEUME_END_PLANNED);
    assert_int_equal(it.result.updates, 40);
    assert_int_equal(it.seen.updates, 40);
    assert_true(it.result.best_update > 0 && it.result.best_update <= 40);
    assert_true(it.result.valid_loss < it.result.uniform);
    assert_true(it.result.trigram < it.result.unigram && it.result.unigram < it.result.uniform);
    const char *const files[] = {it.folder.model, it.folder.last, it.folder.checkpoint};
    const neume_file_kind kinds[] = {NEUME_KIND_MODEL, NEUME_KIND_MODEL, NEUME_KIND_CHECKPOINT};
    for (size_t i = 0; i < 3; i++) {
        neume_file_kind kind;
        assert_int_equal(neume_file_kind_of(&kind, it.context, files[i], NULL), NEUME_OK);
        assert_int_equal(kind, kinds[i]);
    }
    close_session(&it);
}

static void the_log_has_a_line_a_validation_with_the_agreed_keys(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    train_well(&it);
    json_t *lines = log_of(&it);
    assert_int_equal(json_array_size(lines), it.seen.validations);
    assert_true(it.seen.validations >= 2);
    static const char *const keys[] = {"epoch",
                                       "update",
                                       "seconds",
                                       "train_loss",
                                       "valid_loss",
                                       "train_accuracy",
                                       "valid_accuracy",
                                       "losses",
                                       "valid_losses",
                                       "accuracies",
                                       "valid_accuracies",
                                       "steps_per_second",
                                       "learning_rate",
                                       "gradient_norm",
                                       "gradient_norm_mean",
                                       "gradient_norm_max",
                                       "clipped",
                                       "skipped"};
    enum { KEYS = sizeof keys / sizeof keys[0] };
    static const char *const by_stream[][2] = {{"losses", "train_loss"},
                                               {"valid_losses", "valid_loss"},
                                               {"accuracies", "train_accuracy"},
                                               {"valid_accuracies", "valid_accuracy"}};
    size_t index;
    json_t *line;
    json_int_t update = 0;
    json_array_foreach(lines, index, line) {
        assert_int_equal(json_object_size(line), KEYS);
        for (size_t k = 0; k < KEYS; k++)
            assert_non_null(json_object_get(line, keys[k]));
        for (size_t k = 0; k < 4; k++) {
            const json_t *values = json_object_get(line, by_stream[k][0]);
            assert_int_equal(json_object_size(values), 1);
            assert_true(json_equal(json_object_get(values, "word"),
                                   json_object_get(line, by_stream[k][1])));
        }
        assert_true(json_integer_value(json_object_get(line, "update")) > update);
        update = json_integer_value(json_object_get(line, "update"));
    }
    assert_int_equal(update, it.result.updates);
    json_decref(lines);
    close_session(&it);
}

/* Norms of the updates since the last validation, and what the log should say of them. */
typedef struct norms {
    unsigned count, clipped, lines;
    double sum, max;
} norms;

static void check_norms(void *data, const neume_train_progress *progress) {
    norms *seen = data;
    if (!progress->is_validation) {
        seen->count++;
        seen->clipped += progress->gradient_norm > 0.5;
        seen->sum += progress->gradient_norm;
        seen->max = fmax(seen->max, progress->gradient_norm);
        return;
    }
    assert_int_equal(seen->count, 4);
    assert_true(fabs(progress->gradient_norm_mean - seen->sum / 4) < 1e-12);
    assert_true(progress->gradient_norm_max == seen->max);
    assert_true(progress->clipped == seen->clipped / 4.0);
    *seen = (norms){.lines = seen->lines + 1};
}

static void a_validation_tells_mean_and_largest_norm_since_the_one_before(void **state) {
    (void)state;
    session it;
    norms seen = {0};
    open_session(&it, 1, NEUME_ISA_C);
    it.options.valid_every = 4;
    it.options.clip = 0.5;
    it.options.observer = (neume_train_observer){.progress = check_norms, .data = &seen};
    assert_int_equal(neume_train(&it.result, it.context, it.corpus, &it.options, NULL), NEUME_OK);
    assert_int_equal(seen.lines, 5);
    close_session(&it);
}

static void the_best_model_is_that_of_the_lowest_validation(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    it.options.max_updates = 60;
    it.options.learning_rate = 0.05;
    it.options.ema = 0;
    train_well(&it);
    json_t *lines = log_of(&it);
    size_t index;
    json_t *line;
    double lowest = INFINITY;
    json_array_foreach(lines, index, line) {
        lowest = fmin(lowest, json_real_value(json_object_get(line, "valid_loss")));
    }
    assert_true(it.result.valid_loss == lowest);
    json_decref(lines);
    close_session(&it);
}

static void one_thread_and_two_leave_the_same_bytes(void **state) {
    session one, two;
    open_session(&one, 1, *(const neume_isa *)*state);
    open_session(&two, 2, *(const neume_isa *)*state);
    train_well(&one);
    train_well(&two);
    assert_same_run(&one, &two);
    close_session(&one);
    close_session(&two);
}

/* The weights that a run of so many updates leaves, and the network's. */
static neume_model *last_after(uint64_t updates, double ema) {
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    it.options.schedule = NEUME_SCHEDULE_CONSTANT;
    it.options.warmup = 0;
    it.options.max_updates = updates;
    it.options.ema = ema;
    train_well(&it);
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    neume_model *model = NULL;
    assert_int_equal(neume_model_load(&model, context, it.folder.last, NULL), NEUME_OK);
    close_session(&it);
    return model;
}

static void free_with_context(neume_model *model) {
    neume_context *context = model->context;
    neume_model_free(model);
    neume_context_free(context);
}

static void averages_weights_with_a_decay_that_grows(void **state) {
    (void)state;
    neume_model *averaged = last_after(3, 0.25);
    const size_t size = nm_model_params(averaged)->size;
    real *expected = nm_params_block_new(nm_model_params(averaged), averaged->context);
    nm_stack_init_weights(&averaged->network.stack, expected, 1);
    static const double decays[] = {2.0 / 11, 0.25, 0.25};
    for (uint64_t t = 1; t <= 3; t++) {
        neume_model *raw = last_after(t, 0);
        for (size_t i = 0; i < size; i++)
            expected[i] =
                (real)(decays[t - 1] * expected[i] + (1 - decays[t - 1]) * raw->weights[i]);
        free_with_context(raw);
    }
    for (size_t i = 0; i < size; i++)
        assert_true(fabs(averaged->weights[i] - expected[i]) < 1e-6);
    nm_free_aligned(averaged->context, expected);
    free_with_context(averaged);
}

static void epochs_plan_the_updates_and_end_the_run(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    it.options.max_updates = 0;
    it.options.epochs = 3;
    train_well(&it);
    assert_int_equal(it.result.epochs, 3);
    assert_int_equal(it.result.updates, it.seen.last.planned_updates);
    it.options.force = true;
    it.options.epochs = 0;
    it.options.usual_epochs = 2;
    train_well(&it);
    assert_int_equal(it.result.epochs, 2);
    close_session(&it);
}

static void validates_as_often_as_told(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    it.options.valid_every = 6;
    train_well(&it);
    assert_int_equal(it.seen.validations, 4); /* after 6, 12, 18 and at the end */
    close_session(&it);
}

static void stops_when_validation_no_longer_improves(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    it.options.max_updates = 5000;
    it.options.valid_every = 5;
    it.options.learning_rate = 0.05;
    it.options.regularisation.dropout = 0;
    it.options.ema = 0;
    it.options.patience = 3;
    train_well(&it);
    assert_int_equal(it.result.end, NEUME_END_PATIENCE);
    assert_int_equal(it.result.updates, it.result.best_update + 15);
    it.options.resume = true;
    train_well(&it);
    assert_int_equal(it.result.end, NEUME_END_ALREADY_DONE);
    it.options.patience = 4;
    train_well(&it);
    assert_true(it.seen.updates > 0);
    close_session(&it);
}

static void a_time_limit_ends_a_run_that_a_longer_one_goes_on_with(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    it.options.max_updates = 1000000;
    it.options.time_limit = 0.2;
    train_well(&it);
    assert_int_equal(it.result.end, NEUME_END_TIME);
    const uint64_t updates = it.result.updates;
    assert_int_equal(it.seen.validations > 0, 1);
    it.options.resume = true;
    train_well(&it);
    assert_int_equal(it.seen.updates, 0);
    it.options.time_limit = it.result.seconds + 0.2;
    train_well(&it);
    assert_int_equal(it.result.end, NEUME_END_TIME);
    assert_true(it.result.updates > updates);
    close_session(&it);
}

static uint64_t model_hash(const session *it, const char *path) {
    neume_model *model = NULL;
    assert_int_equal(neume_model_load(&model, it->context, path, NULL), NEUME_OK);
    const uint64_t hash = neume_model_hash(model);
    neume_model_free(model);
    return hash;
}

static void a_time_limit_alone_plans_the_schedule(void **state) {
    (void)state;
    session timed, counted;
    open_session(&timed, 1, NEUME_ISA_C);
    timed.options.max_updates = 0;
    timed.options.time_limit = 0.5;
    timed.options.warmup = 0;
    train_well(&timed);
    assert_true(timed.seen.last.planned_updates >= timed.result.updates);
    assert_true(timed.result.updates > 0);
    open_session(&counted, 1, NEUME_ISA_C);
    counted.options.max_updates = timed.seen.last.planned_updates;
    counted.options.warmup = 0;
    counted.seen.stop_after = timed.result.updates;
    (void)train(&counted);
    assert_int_equal(counted.result.updates, timed.result.updates);
    assert_int_equal(model_hash(&counted, counted.folder.last),
                     model_hash(&timed, timed.folder.last));
    close_session(&counted);
    close_session(&timed);
}

static void learns_its_first_batch_by_heart(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_AUTO);
    it.options.network =
        (neume_network_options){.embed = 16, .layers = {32}, .layer_count = 1, .trunk = 0};
    it.options.regularisation.dropout = 0.5f;
    it.options.overfit = true;
    it.options.batch = 1; /* rows that begin alike could not be told apart */
    it.options.max_updates = 400;
    it.options.learning_rate = 0.02;
    it.options.weight_decay = 0;
    train_well(&it);
    assert_true(it.result.train_loss < 0.05);
    assert_true(isnan(it.result.valid_loss));
    close_session(&it);
}

static void without_validation_pieces_the_best_is_the_last(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    neume_corpus_free(it.corpus);
    it.corpus = test_corpus(it.context, TRAIN_PIECES, 0);
    train_well(&it);
    assert_true(isnan(it.result.valid_loss) && isnan(it.result.trigram));
    assert_int_equal(it.result.best_update, 20);
    assert_true(is_same_file(it.context, it.folder.model, it.folder.last));
    json_t *lines = log_of(&it);
    assert_true(json_is_null(json_object_get(json_array_get(lines, 0), "valid_loss")));
    json_decref(lines);
    close_session(&it);
}

/* Whether the model of an epoch lies beside. */
static bool is_kept(const session *it, unsigned epoch) {
    char name[64];
    snprintf(name, sizeof name, "%s/m.e%04u.neume", it->folder.path, epoch);
    return nm_file_exists(name);
}

static void keeps_the_models_of_the_last_epochs(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    it.options.max_updates = 0;
    it.options.epochs = 6;
    it.options.keep = 2;
    train_well(&it);
    size_t kept = 0;
    for (unsigned epoch = 1; epoch <= 6; epoch++) {
        assert_true(!is_kept(&it, epoch) || epoch > 4);
        kept += is_kept(&it, epoch);
    }
    assert_in_range(kept, 1, 2);
    close_session(&it);
}

static void keeps_models_of_every_so_many_epochs(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    it.options.max_updates = 0;
    it.options.epochs = 9;
    it.options.keep = UINT64_MAX;
    it.options.keep_every = 3;
    train_well(&it);
    unsigned kept[4] = {0};
    for (unsigned epoch = 1; epoch <= 11; epoch++)
        kept[epoch / 3] += is_kept(&it, epoch);
    assert_int_equal(kept[0], 0);
    assert_int_equal(kept[1], 1);
    assert_int_equal(kept[2], 1);
    assert_int_equal(kept[3], 1);
    close_session(&it);
}

static void a_model_that_is_there_is_overwritten_only_by_force(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    train_well(&it);
    assert_int_equal(train(&it), NEUME_BAD_USAGE);
    assert_non_null(strstr(it.error.line, it.folder.path));
    assert_non_null(strstr(it.error.line, "--force"));
    it.options.force = true;
    train_well(&it);
    assert_int_equal(it.seen.updates, 20);
    close_session(&it);
}

static void a_folder_that_cannot_be_written_is_found_before_training(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    it.options.output = "/proc/no-such-folder/m.neume";
    assert_int_equal(train(&it), NEUME_CANNOT_WRITE);
    assert_int_equal(it.seen.updates, 0);
    it.options.output = it.folder.model;
    it.options.log = "/proc/no-such-folder/log";
    assert_int_equal(train(&it), NEUME_CANNOT_WRITE);
    assert_int_equal(it.seen.updates, 0);
    close_session(&it);
}

static void a_loss_that_is_not_finite_ends_the_run_and_spares_the_checkpoint(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    it.options.learning_rate = 1e6;
    it.options.weight_decay = 1e6;
    it.options.warmup = 0;
    it.options.clip = 0;
    assert_int_equal(train(&it), NEUME_NOT_FINITE);
    assert_non_null(strstr(it.error.line, "update"));
    assert_non_null(strstr(it.error.line, "m.neume.ckpt of update 0 is kept"));
    nm_buffer checkpoint = bytes_of(it.context, it.folder.checkpoint);
    assert_true(checkpoint.size > 0);
    nm_buffer_clear(&checkpoint);
    it.options.resume = true;
    assert_int_equal(train(&it), NEUME_NOT_FINITE);
    close_session(&it);
}

static void nothing_to_train_on_is_bad_input(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    neume_corpus_free(it.corpus);
    it.corpus = test_corpus(it.context, 0, 0);
    assert_int_equal(train(&it), NEUME_BAD_INPUT);
    close_session(&it);
}

static void fewer_pieces_than_rows_make_fewer_rows(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    neume_corpus_free(it.corpus);
    it.corpus = test_corpus(it.context, 1, 0);
    it.options.max_updates = 3;
    train_well(&it);
    assert_true(it.result.epochs >= 1);
    close_session(&it);
}

static void plans_parameters_memory_and_time(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    neume_train_estimate estimate;
    assert_int_equal(neume_train_plan(&estimate, it.context, it.corpus, &it.options, &it.error),
                     NEUME_OK);
    const size_t V = neume_codec_word_count(it.corpus->codec, 0);
    assert_int_equal(estimate.parameter_count, (V + 1) * 5 + 48 * (5 + 12 + 1) + 32 * (12 + 8 + 1) +
                                                   6 * (8 + 1) + V * (6 + 1));
    assert_true(estimate.memory_bytes > 6 * estimate.parameter_count * sizeof(float));
    assert_true(estimate.seconds_per_update > 0);
    size_t steps = 0;
    for (size_t i = 0; i < it.corpus->train_count; i++)
        steps += it.corpus->train[i].sequence.step_count;
    assert_int_equal(estimate.updates_per_epoch, (steps + 27) / 28);
    assert_false(nm_file_exists(it.folder.model));
    close_session(&it);
}

static neume_status train_once(neume_context *context, void *data) {
    run_folder *folder = data;
    neume_corpus *corpus = nm_alloc(context, 1, sizeof *corpus);
    if (!corpus)
        return NEUME_NO_MEMORY;
    *corpus = (neume_corpus){.context = context, .owns_codec = true, .found.context = context};
    neume_status status = fill_corpus(corpus, 3, 1);
    if (!status) {
        neume_train_options options = small_options(folder);
        options.max_updates = 4;
        options.resume = nm_file_exists(folder->checkpoint);
        options.force = true;
        neume_train_result result;
        status = neume_train(&result, context, corpus, &options, NULL);
    }
    neume_corpus_free(corpus);
    return status;
}

static void survives_each_failing_allocation(void **state) {
    (void)state;
    run_folder folder = new_folder();
    test_each_allocation_failing(train_once, &folder);
    remove_folder(&folder);
}

int main(void) {
    static neume_isa plain = NEUME_ISA_C, fastest = NEUME_ISA_AUTO;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_leaves_best_last_checkpoint_and_log),
        cmocka_unit_test(the_log_has_a_line_a_validation_with_the_agreed_keys),
        cmocka_unit_test(a_validation_tells_mean_and_largest_norm_since_the_one_before),
        cmocka_unit_test(the_best_model_is_that_of_the_lowest_validation),
        cmocka_unit_test_prestate(one_thread_and_two_leave_the_same_bytes, &plain),
        cmocka_unit_test_prestate(one_thread_and_two_leave_the_same_bytes, &fastest),
        cmocka_unit_test(averages_weights_with_a_decay_that_grows),
        cmocka_unit_test(epochs_plan_the_updates_and_end_the_run),
        cmocka_unit_test(validates_as_often_as_told),
        cmocka_unit_test(stops_when_validation_no_longer_improves),
        cmocka_unit_test(a_time_limit_ends_a_run_that_a_longer_one_goes_on_with),
        cmocka_unit_test(a_time_limit_alone_plans_the_schedule),
        cmocka_unit_test(learns_its_first_batch_by_heart),
        cmocka_unit_test(without_validation_pieces_the_best_is_the_last),
        cmocka_unit_test(keeps_the_models_of_the_last_epochs),
        cmocka_unit_test(keeps_models_of_every_so_many_epochs),
        cmocka_unit_test(a_model_that_is_there_is_overwritten_only_by_force),
        cmocka_unit_test(a_folder_that_cannot_be_written_is_found_before_training),
        cmocka_unit_test(a_loss_that_is_not_finite_ends_the_run_and_spares_the_checkpoint),
        cmocka_unit_test(nothing_to_train_on_is_bad_input),
        cmocka_unit_test(fewer_pieces_than_rows_make_fewer_rows),
        cmocka_unit_test(plans_parameters_memory_and_time),
        cmocka_unit_test(survives_each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
