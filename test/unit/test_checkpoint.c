/* SPDX-License-Identifier: ISC */
#include "trainings.h"

static void a_run_stopped_at_any_update_goes_on_to_the_same_bytes(void **state) {
    const neume_isa isa = *(const neume_isa *)*state;
    session whole;
    open_session(&whole, 1, isa);
    train_well(&whole);
    for (uint64_t stop = 1; stop < 20; stop++) {
        session parts;
        open_session(&parts, 1 + stop % 2, isa);
        parts.seen.stop_after = stop;
        assert_int_equal(train(&parts), NEUME_INTERRUPTED);
        assert_int_equal(parts.result.updates, stop);
        parts.seen.stop_after = 0;
        parts.options.resume = true;
        train_well(&parts);
        assert_int_equal(parts.seen.updates, 20 - stop);
        assert_same_run(&whole, &parts);
        close_session(&parts);
    }
    close_session(&whole);
}

static void choose_constant(neume_train_options *options) {
    options->schedule = NEUME_SCHEDULE_CONSTANT;
}

static void choose_cosine(neume_train_options *options) {
    options->schedule = NEUME_SCHEDULE_COSINE;
}

static void choose_restarts(neume_train_options *options) {
    options->rates.restarts = 2;
    options->rates.restart_height = 0.5;
    options->rates.lowest = 1e-4;
}

static void choose_steps(neume_train_options *options) {
    options->schedule = NEUME_SCHEDULE_STEP;
    options->rates.step_every = 3;
}

/* So high a rate that validations get worse, and the rate drops. */
static void choose_plateau(neume_train_options *options) {
    options->schedule = NEUME_SCHEDULE_PLATEAU;
    options->rates.plateau_patience = 2;
    options->learning_rate = 0.5;
    options->ema = 0;
}

typedef void (*choice)(neume_train_options *options);

static const choice schedules[] = {choose_constant, choose_cosine, choose_restarts, choose_steps,
                                   choose_plateau};
enum { SCHEDULES = sizeof schedules / sizeof schedules[0] };

static size_t count_rates(const session *it) {
    json_t *lines = log_of(it), *line;
    size_t index, count = 0;
    double last = 0;
    json_array_foreach(lines, index, line) {
        const double rate = json_real_value(json_object_get(line, "learning_rate"));
        count += rate != last;
        last = rate;
    }
    json_decref(lines);
    return count;
}

static void set_schedule(neume_train_options *options, choice choose) {
    options->valid_every = 1;
    options->warmup = 0;
    choose(options);
}

static void open_schedule(session *it, choice choose) {
    open_session(it, 1, NEUME_ISA_C);
    set_schedule(&it->options, choose);
}

static void every_schedule_goes_on_from_its_middle(void **state) {
    (void)state;
    for (size_t i = 0; i < SCHEDULES; i++) {
        session whole;
        open_schedule(&whole, schedules[i]);
        train_well(&whole);
        assert_true(i == 0 || count_rates(&whole) >= 3);
        for (uint64_t stop = 1; stop < 20; stop++) {
            session parts;
            open_schedule(&parts, schedules[i]);
            parts.seen.stop_after = stop;
            assert_int_equal(train(&parts), NEUME_INTERRUPTED);
            parts.seen.stop_after = 0;
            parts.options.resume = true;
            train_well(&parts);
            assert_same_run(&whole, &parts);
            close_session(&parts);
        }
        close_session(&whole);
    }
}

/* A number that only one of the two has is another setting too. */
static void refuses_to_go_on_with_another_schedule(void **state) {
    (void)state;
    for (size_t i = 0; i < SCHEDULES; i++)
        for (size_t k = 0; k < SCHEDULES; k++) {
            session it;
            open_schedule(&it, schedules[i]);
            it.seen.stop_after = 3;
            assert_int_equal(train(&it), NEUME_INTERRUPTED);
            it.options = small_options(&it.folder);
            set_schedule(&it.options, schedules[k]);
            it.options.resume = true;
            assert_int_equal(train(&it), i == k ? NEUME_INTERRUPTED : NEUME_BAD_USAGE);
            close_session(&it);
        }
}

static void copy_file(const session *it, const char *to, const char *from) {
    nm_buffer bytes = bytes_of(it->context, from);
    const neume_bytes part = {bytes.data, bytes.size};
    assert_int_equal(nm_file_write(to, it->context, &part, 1, NULL), NEUME_OK);
    nm_buffer_clear(&bytes);
}

static void files_newer_than_the_checkpoint_are_written_again_the_same(void **state) {
    (void)state;
    session whole, killed;
    open_session(&whole, 1, NEUME_ISA_C);
    train_well(&whole);
    open_session(&killed, 1, NEUME_ISA_C);
    char kept[64];
    snprintf(kept, sizeof kept, "%s/kept", killed.folder.path);
    killed.seen.stop_after = 9;
    assert_int_equal(train(&killed), NEUME_INTERRUPTED);
    copy_file(&killed, kept, killed.folder.checkpoint);
    killed.seen.stop_after = 17;
    killed.options.resume = true;
    assert_int_equal(train(&killed), NEUME_INTERRUPTED);
    copy_file(&killed, killed.folder.checkpoint, kept);
    FILE *log = fopen(killed.folder.log, "a");
    fputs("{\"epoch\":9,\"upd", log);
    fclose(log);
    killed.seen.stop_after = 0;
    train_well(&killed);
    assert_same_run(&whole, &killed);
    close_session(&killed);
    close_session(&whole);
}

static void a_best_model_from_before_the_stop_is_written_again(void **state) {
    (void)state;
    session whole, parts;
    open_session(&whole, 1, NEUME_ISA_C);
    open_session(&parts, 1, NEUME_ISA_C);
    session *const both[] = {&whole, &parts};
    for (size_t i = 0; i < 2; i++) {
        both[i]->options.valid_every = 5;
        both[i]->options.max_updates = 5000;
        both[i]->options.learning_rate = 0.05;
        both[i]->options.regularisation.dropout = 0;
        both[i]->options.ema = 0;
        both[i]->options.patience = 3;
    }
    train_well(&whole);
    assert_int_equal(whole.result.end, NEUME_END_PATIENCE);
    parts.seen.stop_after = whole.result.best_update + 8;
    assert_int_equal(train(&parts), NEUME_INTERRUPTED);
    assert_int_equal(unlink(parts.folder.model), 0);
    parts.seen.stop_after = 0;
    parts.options.resume = true;
    train_well(&parts);
    assert_same_run(&whole, &parts);
    close_session(&parts);
    close_session(&whole);
}

static void an_overfitting_run_goes_on_to_the_same_bytes(void **state) {
    (void)state;
    session whole, parts;
    open_session(&whole, 1, NEUME_ISA_C);
    open_session(&parts, 1, NEUME_ISA_C);
    whole.options.overfit = parts.options.overfit = true;
    train_well(&whole);
    parts.seen.stop_after = 11;
    assert_int_equal(train(&parts), NEUME_INTERRUPTED);
    parts.seen.stop_after = 0;
    parts.options.resume = true;
    train_well(&parts);
    assert_true(is_same_file(whole.context, whole.folder.model, parts.folder.model));
    close_session(&parts);
    close_session(&whole);
}

static void a_complete_run_is_left_as_it_is(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    train_well(&it);
    const double loss = it.result.valid_loss;
    it.options.resume = true;
    train_well(&it);
    assert_int_equal(it.result.end, NEUME_END_ALREADY_DONE);
    assert_int_equal(it.seen.updates, 0);
    assert_true(it.result.valid_loss == loss);
    assert_int_equal(unlink(it.folder.checkpoint), 0);
    train_well(&it);
    assert_int_equal(it.result.end, NEUME_END_ALREADY_DONE);
    assert_true(it.result.valid_loss == loss);
    close_session(&it);
}

static void more_updates_go_on_with_a_complete_run(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    train_well(&it);
    it.options.resume = true;
    it.options.max_updates = 25;
    train_well(&it);
    assert_int_equal(it.seen.updates, 5);
    close_session(&it);
}

static void nothing_to_resume_starts_anew(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    it.options.resume = true;
    train_well(&it);
    assert_int_equal(it.seen.updates, 20);
    close_session(&it);
}

static void stop_early(session *it) {
    open_session(it, 1, NEUME_ISA_C);
    it->seen.stop_after = 3;
    assert_int_equal(train(it), NEUME_INTERRUPTED);
    it->options.resume = true;
    it->seen.stop_after = 0;
}

static void refuses_to_go_on_with_another_corpus(void **state) {
    (void)state;
    session it;
    stop_early(&it);
    neume_corpus_free(it.corpus);
    it.corpus = test_corpus(it.context, TRAIN_PIECES - 1, VALID_PIECES);
    assert_int_equal(train(&it), NEUME_BAD_USAGE);
    assert_non_null(strstr(it.error.line, "corpus"));
    close_session(&it);
}

static void refuses_to_go_on_with_another_network_or_setting(void **state) {
    (void)state;
    session it;
    stop_early(&it);
    const neume_train_options good = it.options;
    it.options.network.layers[0] = 13;
    assert_int_equal(train(&it), NEUME_BAD_USAGE);
    assert_non_null(strstr(it.error.line, "network"));
    it.options = good;
    it.options.learning_rate *= 2;
    assert_int_equal(train(&it), NEUME_BAD_USAGE);
    assert_non_null(strstr(it.error.line, "learning_rate"));
    it.options = good;
    train_well(&it);
    close_session(&it);
}

static void refuses_to_go_on_with_other_kernels(void **state) {
    (void)state;
    session it;
    stop_early(&it);
    neume_context *other = test_context(1, NEUME_ISA_BASELINE, NULL);
    neume_corpus *corpus = test_corpus(other, TRAIN_PIECES, VALID_PIECES);
    assert_int_equal(neume_train(&it.result, other, corpus, &it.options, &it.error),
                     NEUME_BAD_USAGE);
    assert_non_null(strstr(it.error.line, "--isa c"));
    neume_corpus_free(corpus);
    neume_context_free(other);
    close_session(&it);
}

static void a_damaged_checkpoint_is_refused_in_one_line(void **state) {
    (void)state;
    session it;
    stop_early(&it);
    assert_int_equal(truncate(it.folder.checkpoint, 1000), 0);
    assert_int_equal(train(&it), NEUME_BAD_MODEL);
    assert_non_null(strstr(it.error.line, it.folder.checkpoint));
    close_session(&it);
}

static void a_model_in_the_place_of_a_checkpoint_is_refused(void **state) {
    (void)state;
    session it;
    stop_early(&it);
    copy_file(&it, it.folder.checkpoint, it.folder.last);
    assert_int_equal(train(&it), NEUME_BAD_MODEL);
    close_session(&it);
}

/* Asked to stop for the first time by the answer to this question. */
typedef struct questions {
    uint64_t asked, stop_at;
} questions;

static bool answer(void *data) {
    questions *it = data;
    return ++it->asked >= it->stop_at;
}

static neume_status train_asking(session *it, questions *of) {
    of->asked = 0;
    it->options.observer = (neume_train_observer){.should_stop = answer, .data = of};
    return neume_train(&it->result, it->context, it->corpus, &it->options, &it->error);
}

/* After updates, in the middle of validations, at the end, while the temperature is looked for. */
static void asked_to_stop_at_any_moment_a_run_goes_on_as_if_nothing_had_happened(void **state) {
    (void)state;
    session whole;
    questions none = {.stop_at = UINT64_MAX};
    open_session(&whole, 1, NEUME_ISA_C);
    whole.options.save_epochs = 0;
    assert_int_equal(train_asking(&whole, &none), NEUME_OK);
    const uint64_t updates = whole.result.updates, questions_in_all = none.asked;
    assert_true(questions_in_all > 2 * updates + 4); /* some within validations */
    for (uint64_t stop_at = 1; stop_at <= questions_in_all; stop_at++) {
        session parts;
        questions once = {.stop_at = stop_at};
        open_session(&parts, 1, NEUME_ISA_C);
        parts.options.save_epochs = 0;
        const neume_status status = train_asking(&parts, &once);
        if (status != NEUME_INTERRUPTED) /* asked before the last update ended, answered after */
            assert_int_equal(status, NEUME_OK);
        parts.options.resume = true;
        assert_int_equal(train_asking(&parts, &none), NEUME_OK);
        if (!is_same_file(whole.context, whole.folder.model, parts.folder.model) ||
            !is_same_file(whole.context, whole.folder.last, parts.folder.last))
            fail_msg("stopped at question %llu of %llu", (unsigned long long)stop_at,
                     (unsigned long long)questions_in_all);
        close_session(&parts);
    }
    close_session(&whole);
}

int main(void) {
    static neume_isa plain = NEUME_ISA_C, fastest = NEUME_ISA_AUTO;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(a_run_stopped_at_any_update_goes_on_to_the_same_bytes, &plain),
        cmocka_unit_test_prestate(a_run_stopped_at_any_update_goes_on_to_the_same_bytes, &fastest),
        cmocka_unit_test(every_schedule_goes_on_from_its_middle),
        cmocka_unit_test(refuses_to_go_on_with_another_schedule),
        cmocka_unit_test(files_newer_than_the_checkpoint_are_written_again_the_same),
        cmocka_unit_test(a_best_model_from_before_the_stop_is_written_again),
        cmocka_unit_test(an_overfitting_run_goes_on_to_the_same_bytes),
        cmocka_unit_test(a_complete_run_is_left_as_it_is),
        cmocka_unit_test(more_updates_go_on_with_a_complete_run),
        cmocka_unit_test(nothing_to_resume_starts_anew),
        cmocka_unit_test(refuses_to_go_on_with_another_corpus),
        cmocka_unit_test(refuses_to_go_on_with_another_network_or_setting),
        cmocka_unit_test(refuses_to_go_on_with_other_kernels),
        cmocka_unit_test(a_damaged_checkpoint_is_refused_in_one_line),
        cmocka_unit_test(a_model_in_the_place_of_a_checkpoint_is_refused),
        cmocka_unit_test(asked_to_stop_at_any_moment_a_run_goes_on_as_if_nothing_had_happened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
