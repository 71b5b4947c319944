/* SPDX-License-Identifier: ISC */
#include "trainings.h"

#include <neume/generate.h>

#include <stdlib.h>

/* A session whose run samples every `every` epochs; 0: never. */
static void open_sampled(session *it, char *stem, uint64_t every) {
    open_session(it, 1, NEUME_ISA_C);
    snprintf(stem, 64, "%s/s-", it->folder.path);
    it->options.sample_epochs = every;
    it->options.samples = stem;
    it->options.keep = UINT64_MAX;
}

static void name_of(char *path, const char *stem, unsigned epoch) {
    snprintf(path, 96, "%se%04u.mid", stem, epoch);
}

static unsigned count_samples(const char *stem, unsigned epochs) {
    unsigned count = 0;
    for (unsigned epoch = 1; epoch <= epochs; epoch++) {
        char path[96];
        name_of(path, stem, epoch);
        count += nm_file_exists(path);
    }
    return count;
}

static void a_sample_is_what_the_kept_model_composes(void **state) {
    (void)state;
    session it;
    char stem[64], path[96], kept[96];
    open_sampled(&it, stem, 2);
    it.options.max_updates = 60;
    train_well(&it);
    assert_true(it.result.epochs >= 4);
    assert_int_equal(count_samples(stem, (unsigned)it.result.epochs), it.result.epochs / 2);
    name_of(path, stem, 2);
    snprintf(kept, sizeof kept, "%s/m.e0002.neume", it.folder.path);
    neume_model *model;
    neume_song song;
    neume_generate_options options = neume_generate_options_default();
    options.seed = it.options.seed;
    options.length_steps = 0;
    options.seconds = 30;
    assert_int_equal(neume_model_load(&model, it.context, kept, NULL), NEUME_OK);
    assert_int_equal(neume_generate(&song, it.context, model, &options, NULL), NEUME_OK);
    snprintf(kept, sizeof kept, "%s/again.mid", it.folder.path);
    assert_int_equal(neume_midi_save(kept, it.context, song.score, NULL), NEUME_OK);
    assert_true(is_same_file(it.context, kept, path));
    neume_song_clear(&song);
    neume_model_free(model);
    close_session(&it);
}

static void samples_change_nothing_of_a_run(void **state) {
    (void)state;
    session with, without;
    char stem[64], other[64];
    open_sampled(&with, stem, 1);
    open_sampled(&without, other, 0);
    train_well(&with);
    train_well(&without);
    assert_same_run(&with, &without);
    assert_int_equal(count_samples(other, 100), 0);
    assert_int_equal(count_samples(stem, 100), with.result.epochs);
    close_session(&with);
    close_session(&without);
}

/* Stopped after each update in turn, also between an epoch's last update and its validation. */
static void a_resumed_run_leaves_the_same_samples(void **state) {
    (void)state;
    session whole;
    char stem[64];
    open_sampled(&whole, stem, 1);
    train_well(&whole);
    const unsigned epochs = (unsigned)whole.result.epochs;
    for (uint64_t update = 1; update < whole.result.updates; update++) {
        session parts;
        char other[64];
        open_sampled(&parts, other, 1);
        parts.seen.stop_after = update;
        assert_int_equal(train(&parts), NEUME_INTERRUPTED);
        parts.seen.stop_after = 0;
        parts.options.resume = true;
        train_well(&parts);
        assert_same_run(&whole, &parts);
        for (unsigned epoch = 1; epoch <= epochs; epoch++) {
            char a[96], b[96];
            name_of(a, stem, epoch);
            name_of(b, other, epoch);
            assert_true(is_same_file(whole.context, a, b));
        }
        close_session(&parts);
    }
    close_session(&whole);
}

static void samples_come_with_the_first_validation_after_their_epoch(void **state) {
    (void)state;
    session it;
    char stem[64];
    open_sampled(&it, stem, 1);
    it.options.valid_every = it.options.max_updates = 20;
    train_well(&it);
    char path[96];
    name_of(path, stem, (unsigned)it.result.epochs);
    assert_true(nm_file_exists(path));
    assert_int_equal(count_samples(stem, 100), 1);
    close_session(&it);
}

static void a_sample_that_cannot_be_written_stops_the_run(void **state) {
    (void)state;
    session it;
    char stem[64];
    open_sampled(&it, stem, 1);
    it.options.samples = "/nowhere/at-all/s-";
    assert_int_equal(train(&it), NEUME_CANNOT_WRITE);
    assert_non_null(strstr(it.error.line, "/nowhere/at-all/s-e0001.mid"));
    it.options.samples = NULL;
    assert_int_equal(train(&it), NEUME_BAD_USAGE);
    close_session(&it);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_is_what_the_kept_model_composes),
        cmocka_unit_test(samples_change_nothing_of_a_run),
        cmocka_unit_test(a_resumed_run_leaves_the_same_samples),
        cmocka_unit_test(samples_come_with_the_first_validation_after_their_epoch),
        cmocka_unit_test(a_sample_that_cannot_be_written_stops_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
