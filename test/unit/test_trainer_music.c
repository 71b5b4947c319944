/* SPDX-License-Identifier: ISC */
/* Runs of several streams, of side features and of everything that regularises. */
#include "folder.h"
#include "music_sessions.h"

#include <neume/evaluate.h>
#include <neume/midi.h>

#include <math.h>

static void assert_goes_on(opening open, neume_isa isa) {
    session whole;
    open(&whole, 1, isa);
    train_well(&whole);
    assert_true(isfinite(whole.result.valid_loss));
    static const uint64_t stops[] = {1, 5, 10, 13};
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        session parts;
        open(&parts, 1 + (unsigned)i % 2, isa);
        parts.seen.stop_after = stops[i];
        assert_int_equal(train(&parts), NEUME_INTERRUPTED);
        parts.seen.stop_after = 0;
        parts.options.resume = true;
        train_well(&parts);
        assert_int_equal(parts.seen.updates, 20 - stops[i]);
        assert_same_run(&whole, &parts);
        close_session(&parts);
    }
    close_session(&whole);
}

static void streams_stopped_at_any_update_go_on_to_the_same_bytes(void **state) {
    assert_goes_on(open_streams, *(const neume_isa *)*state);
}

static void frames_stopped_at_any_update_go_on_to_the_same_bytes(void **state) {
    assert_goes_on(open_frames, *(const neume_isa *)*state);
}

static void rolls_stopped_at_any_update_go_on_to_the_same_bytes(void **state) {
    assert_goes_on(open_rolls, *(const neume_isa *)*state);
}

/* 10 updates that were all that was planned, and then 10 more. */
static void a_complete_run_that_goes_on_ends_as_if_it_had_been_longer(void **state) {
    (void)state;
    for (size_t i = 0; i < OPENINGS; i++) {
        session whole, parts;
        openings[i](&whole, 1, NEUME_ISA_C);
        openings[i](&parts, 1, NEUME_ISA_C);
        whole.options.schedule = parts.options.schedule = NEUME_SCHEDULE_CONSTANT;
        whole.options.warmup = parts.options.warmup = 0;
        whole.options.valid_every = parts.options.valid_every = 5;
        train_well(&whole);
        parts.options.max_updates = 10;
        train_well(&parts);
        parts.options.max_updates = 20;
        parts.options.resume = true;
        train_well(&parts);
        assert_int_equal(parts.seen.updates, 10);
        assert_same_run(&whole, &parts);
        close_session(&parts);
        close_session(&whole);
    }
}

static void one_thread_and_two_leave_the_same_bytes(void **state) {
    for (size_t i = 0; i < OPENINGS; i++) {
        session one, two;
        openings[i](&one, 1, *(const neume_isa *)*state);
        openings[i](&two, 2, *(const neume_isa *)*state);
        train_well(&one);
        train_well(&two);
        assert_same_run(&one, &two);
        close_session(&one);
        close_session(&two);
    }
}

static uint64_t last_hash(const session *it) {
    neume_model *model;
    assert_int_equal(neume_model_load(&model, it->context, it->folder.last, NULL), NEUME_OK);
    const uint64_t hash = neume_model_hash(model);
    neume_model_free(model);
    return hash;
}

/* A validation, and the statistics that are taken for it, leave the training as it was. */
static void how_often_a_run_validates_changes_no_weight(void **state) {
    (void)state;
    for (size_t i = 0; i < OPENINGS; i++) {
        uint64_t hashes[2];
        for (unsigned often = 0; often < 2; often++) {
            session it;
            openings[i](&it, 1, NEUME_ISA_C);
            it.options.valid_every = often ? 3 : 20;
            train_well(&it);
            hashes[often] = last_hash(&it);
            close_session(&it);
        }
        assert_true(hashes[0] == hashes[1]);
    }
}

/* Each by itself. */
static void every_regularisation_has_its_effect_on_the_weights(void **state) {
    (void)state;
    static const neume_regularisation all[] = {
        {.dropout = 0},
        {.input_dropout = 0.3f},
        {.dropout = 0.3f},
        {.weight_drop = 0.3f},
        {.label_smoothing = 0.3f},
        {.ar = 1},
        {.tar = 1},
        {.feature_dropout = 0.3f},
    };
    enum { COUNT = sizeof all / sizeof *all };
    uint64_t hashes[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        session it;
        open_frames(&it, 1, NEUME_ISA_C);
        it.options.max_updates = 3;
        it.options.regularisation = all[i];
        train_well(&it);
        hashes[i] = last_hash(&it);
        for (size_t other = 0; other < i; other++)
            assert_true(hashes[i] != hashes[other]);
        close_session(&it);
    }
}

static void refuses_to_go_on_with_other_regularisation(void **state) {
    (void)state;
    session it;
    open_frames(&it, 1, NEUME_ISA_C);
    it.seen.stop_after = 2;
    assert_int_equal(train(&it), NEUME_INTERRUPTED);
    it.options.resume = true;
    it.options.regularisation.tar = 3;
    assert_int_equal(train(&it), NEUME_BAD_USAGE);
    assert_non_null(strstr(it.error.line, "tar"));
    it.options.regularisation.tar = 2;
    it.options.keep_key = 0.5;
    assert_int_equal(train(&it), NEUME_BAD_USAGE);
    assert_non_null(strstr(it.error.line, "keep_key"));
    close_session(&it);
}

static double sum_of(const json_t *values) {
    const char *key;
    json_t *value;
    double sum = 0;
    json_object_foreach((json_t *)(uintptr_t)values, key, value) {
        sum += json_real_value(value);
    }
    return sum;
}

static void the_log_says_losses_by_stream(void **state) {
    (void)state;
    session it;
    open_streams(&it, 1, NEUME_ISA_C);
    train_well(&it);
    json_t *lines = log_of(&it), *line;
    size_t index;
    static const char *const streams[] = {"note", "offset", "duration", "instrument"};
    static const char *const keys[] = {"losses", "valid_losses", "accuracies", "valid_accuracies"};
    json_array_foreach(lines, index, line) {
        for (size_t k = 0; k < 4; k++) {
            const json_t *values = json_object_get(line, keys[k]);
            assert_int_equal(json_object_size(values), 4);
            for (size_t s = 0; s < 4; s++)
                assert_true(json_is_real(json_object_get(values, streams[s])));
        }
        const double train = json_real_value(json_object_get(line, "train_loss"));
        const double valid = json_real_value(json_object_get(line, "valid_loss"));
        assert_true(fabs(sum_of(json_object_get(line, "losses")) - train) < 1e-9);
        assert_true(fabs(sum_of(json_object_get(line, "valid_losses")) - valid) < 1e-9);
        const double right = json_real_value(json_object_get(line, "valid_accuracy"));
        assert_true(fabs(sum_of(json_object_get(line, "valid_accuracies")) / 4 - right) < 1e-9);
    }
    assert_true(index >= 2);
    assert_int_equal(it.seen.last.stream_count, 4);
    json_decref(lines);
    close_session(&it);
}

static void a_training_loss_that_is_reached_ends_the_run(void **state) {
    (void)state;
    session it;
    open_streams(&it, 1, NEUME_ISA_C);
    it.options.valid_every = 4;
    it.options.max_updates = 2000;
    it.options.learning_rate = 0.02;
    it.options.until = (neume_until){"instrument", 0.64};
    train_well(&it);
    assert_int_equal(it.result.end, NEUME_END_UNTIL);
    assert_true(it.result.updates < 2000 && it.result.updates % 4 == 0);
    assert_true(it.seen.last.train_losses[3] <= 0.64);
    json_t *lines = log_of(&it), *line;
    size_t index;
    json_array_foreach(lines, index, line) {
        const json_t *losses = json_object_get(line, "losses");
        const bool is_last = index + 1 == json_array_size(lines);
        assert_int_equal(json_real_value(json_object_get(losses, "instrument")) <= 0.64, is_last);
    }
    json_decref(lines);
    it.options.resume = true;
    train_well(&it);
    assert_int_equal(it.result.end, NEUME_END_ALREADY_DONE);
    assert_int_equal(it.seen.updates, 0);
    close_session(&it);
}

static void a_loss_that_is_not_reached_ends_nothing(void **state) {
    (void)state;
    session it;
    open_streams(&it, 1, NEUME_ISA_C);
    it.options.until = (neume_until){"note", 1e-9};
    train_well(&it);
    assert_int_equal(it.result.end, NEUME_END_PLANNED);
    close_session(&it);
}

static void refuses_a_loss_that_the_preset_does_not_have(void **state) {
    (void)state;
    session it;
    open_streams(&it, 1, NEUME_ISA_C);
    it.options.until = (neume_until){"word", 1};
    assert_int_equal(train(&it), NEUME_BAD_USAGE);
    assert_non_null(strstr(it.error.line, "until word"));
    assert_non_null(strstr(it.error.line, "note"));
    assert_false(nm_file_exists(it.folder.checkpoint));
    close_session(&it);
}

/* Learns its few pieces by heart, so that it is much too sure of itself. */
static void open_overconfident(session *it, const char *preset) {
    open_music(it, 1, NEUME_ISA_AUTO, preset);
    it->options.regularisation = (neume_regularisation){0};
    it->options.network = (neume_network_options){.embed = 12, .layers = {24}, .layer_count = 1};
    if (strcmp(preset, "biaxial") == 0)
        it->options.network = (neume_network_options){
            .time_layers = {9}, .time_count = 1, .note_layers = {6}, .note_count = 1};
    it->options.learning_rate = 0.03;
    it->options.weight_decay = 0;
    it->options.ema = 0;
    it->options.valid_every = 60;
    it->options.max_updates = 60;
}

static void the_temperature_makes_the_validation_pieces_likelier(void **state) {
    (void)state;
    static const char *const presets[] = {"streams", "frames", "intervals", "chords"};
    for (size_t i = 0; i < 4; i++) {
        session it;
        neume_model *model;
        open_overconfident(&it, presets[i]);
        train_well(&it);
        assert_true(it.result.calibrated_loss <= it.result.valid_loss);
        assert_true(it.result.temperature >= 0.7 && it.result.temperature <= 1.6);
        assert_int_equal(neume_model_load(&model, it.context, it.folder.model, NULL), NEUME_OK);
        assert_true(neume_model_temperature(model) == it.result.temperature);
        neume_model_free(model);
        close_session(&it);
    }
}

static void a_model_that_is_too_sure_gets_a_temperature_above_one(void **state) {
    (void)state;
    session it;
    open_overconfident(&it, "chords");
    train_well(&it);
    assert_true(it.result.temperature > 1.02);
    assert_true(it.result.calibrated_loss < it.result.valid_loss);
    close_session(&it);
}

static void without_validation_pieces_no_temperature_is_tuned(void **state) {
    (void)state;
    session it;
    open_streams(&it, 1, NEUME_ISA_C);
    music_plan plan = music_plan_of("streams");
    plan.valid = 0;
    neume_corpus_free(it.corpus);
    it.corpus = music_corpus(it.context, &plan);
    train_well(&it);
    assert_true(it.result.temperature == 1);
    assert_true(isnan(it.result.calibrated_loss));
    assert_true(is_same_file(it.context, it.folder.model, it.folder.last));
    close_session(&it);
}

/* A temperature belongs to the weights that it was tuned for. */
static void the_last_model_has_no_temperature_of_another(void **state) {
    (void)state;
    session it;
    neume_model *model;
    open_overconfident(&it, "chords");
    it.options.valid_every = 20;
    it.options.max_updates = 200;
    train_well(&it);
    assert_true(it.result.best_update < it.result.updates);
    assert_int_equal(neume_model_load(&model, it.context, it.folder.last, NULL), NEUME_OK);
    assert_true(neume_model_temperature(model) == 1);
    neume_model_free(model);
    close_session(&it);
}

/* Music as MIDI files, from which training and evaluation read alike. */
static void put_music(const test_folder *folder, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        char name[16];
        neume_score *score = music_score(folder->context, i, 20);
        snprintf(name, sizeof name, "%u.mid", i);
        assert_int_equal(neume_midi_save(test_path(folder, name), folder->context, score, NULL),
                         NEUME_OK);
        neume_score_free(score);
    }
}

static neume_likelihood validated(const session *it, const test_folder *folder, bool calibrated) {
    const char *path = folder->path;
    neume_evaluate_options options = neume_evaluate_options_default();
    neume_evaluation e;
    neume_model *model;
    neume_error error = {0};
    options.inputs = (neume_inputs){&path, 1};
    options.calibrated = calibrated;
    assert_int_equal(neume_model_load(&model, it->context, it->folder.model, NULL), NEUME_OK);
    if (neume_evaluate(&e, it->context, model, &options, &error))
        fail_msg("%s", error.line);
    const neume_likelihood found = e.validated;
    neume_evaluation_clear(&e);
    neume_model_free(model);
    return found;
}

static void evaluating_finds_the_losses_that_training_ended_with(void **state) {
    (void)state;
    static const char *const presets[] = {"streams", "frames", "intervals", "biaxial"};
    for (size_t i = 0; i < 4; i++) {
        session it;
        open_overconfident(&it, presets[i]);
        test_folder folder = test_folder_new(it.context);
        neume_corpus_options options = neume_corpus_options_default();
        neume_train_options unused;
        const char *path = folder.path;
        put_music(&folder, 8);
        neume_corpus_free(it.corpus);
        assert_int_equal(neume_train_options_preset(&unused, &options, presets[i], NULL), NEUME_OK);
        options.valid_count = 2;
        assert_int_equal(
            neume_corpus_load(&it.corpus, it.context, &options, (neume_inputs){&path, 1}, NULL),
            NEUME_OK);
        train_well(&it);
        const neume_likelihood plain = validated(&it, &folder, false);
        const neume_likelihood calibrated = validated(&it, &folder, true);
        assert_int_equal(plain.piece_count, 2);
        /* streams are added up before or after the division by the steps */
        assert_true(fabs(plain.nats_per_step - it.result.valid_loss) < 1e-13);
        assert_true(fabs(calibrated.nats_per_step - it.result.calibrated_loss) < 1e-13);
        assert_true(fabs(plain.accuracy - it.result.valid_accuracy) < 1e-12);
        assert_true(plain.trigram == it.result.trigram);
        test_folder_remove(&folder);
        close_session(&it);
    }
}

int main(void) {
    static neume_isa plain = NEUME_ISA_C, fastest = NEUME_ISA_AUTO;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(streams_stopped_at_any_update_go_on_to_the_same_bytes, &plain),
        cmocka_unit_test_prestate(streams_stopped_at_any_update_go_on_to_the_same_bytes, &fastest),
        cmocka_unit_test_prestate(frames_stopped_at_any_update_go_on_to_the_same_bytes, &plain),
        cmocka_unit_test_prestate(frames_stopped_at_any_update_go_on_to_the_same_bytes, &fastest),
        cmocka_unit_test_prestate(rolls_stopped_at_any_update_go_on_to_the_same_bytes, &plain),
        cmocka_unit_test_prestate(rolls_stopped_at_any_update_go_on_to_the_same_bytes, &fastest),
        cmocka_unit_test(a_complete_run_that_goes_on_ends_as_if_it_had_been_longer),
        cmocka_unit_test_prestate(one_thread_and_two_leave_the_same_bytes, &plain),
        cmocka_unit_test_prestate(one_thread_and_two_leave_the_same_bytes, &fastest),
        cmocka_unit_test(how_often_a_run_validates_changes_no_weight),
        cmocka_unit_test(every_regularisation_has_its_effect_on_the_weights),
        cmocka_unit_test(refuses_to_go_on_with_other_regularisation),
        cmocka_unit_test(the_log_says_losses_by_stream),
        cmocka_unit_test(a_training_loss_that_is_reached_ends_the_run),
        cmocka_unit_test(a_loss_that_is_not_reached_ends_nothing),
        cmocka_unit_test(refuses_a_loss_that_the_preset_does_not_have),
        cmocka_unit_test(the_temperature_makes_the_validation_pieces_likelier),
        cmocka_unit_test(a_model_that_is_too_sure_gets_a_temperature_above_one),
        cmocka_unit_test(without_validation_pieces_no_temperature_is_tuned),
        cmocka_unit_test(the_last_model_has_no_temperature_of_another),
        cmocka_unit_test(evaluating_finds_the_losses_that_training_ended_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
