/* SPDX-License-Identifier: ISC */
/* Benchmark sets as a corpus, and vocabularies of other keys. */
#include "folder.h"

#include "base/mem.h"
#include "learn/model.h"

#include <neume/evaluate.h>
#include <neume/train.h>

#include <math.h>

/* Two pieces to train on, of the same words; one to validate, the same again; two to test. */
static const char set[] =
    "{\"name\": \"small\", \"time_step\": \"one sixteenth note (a quarter of a quarter)\",\n"
    " \"train\": [[[60, 64], [60], []], [[60, 64], [60], []]],\n"
    " \"valid\": [[[60, 64], [60], []]],\n"
    " \"test\": [[[72], [72, 48]], [[0], [127]]]}\n";

static neume_corpus_options options_of(const char *preset) {
    neume_corpus_options corpus = neume_corpus_options_default();
    neume_train_options train;
    assert_int_equal(neume_train_options_preset(&train, &corpus, preset, NULL), NEUME_OK);
    return corpus;
}

static neume_corpus *load_with(const test_folder *folder, neume_corpus_options options) {
    const char *path = folder->path;
    neume_corpus *corpus = NULL;
    neume_error error = {0};
    if (neume_corpus_load(&corpus, folder->context, &options, (neume_inputs){&path, 1}, &error))
        fail_msg("%s", error.line);
    return corpus;
}

static const neume_corpus_file *file_of(const neume_corpus *corpus, const char *name) {
    for (size_t i = 0; i < neume_corpus_file_count(corpus); i++)
        if (strcmp(neume_corpus_file_at(corpus, i)->name, name) == 0)
            return neume_corpus_file_at(corpus, i);
    fail_msg("%s is not in the report", name);
    return NULL;
}

static test_folder folder_with_set(void) {
    test_folder folder = test_folder_new(test_context(1, NEUME_ISA_C, NULL));
    test_put(&folder, "set.json", set, sizeof set - 1);
    return folder;
}

static void put_text(const test_folder *folder, const char *name, const char *text) {
    test_put(folder, name, text, strlen(text));
}

static void folder_clear(test_folder *folder) {
    test_folder_remove(folder);
    neume_context_free(folder->context);
}

/* The words of a piece with spaces between. */
static const char *text_of(const neume_codec *codec, const nm_piece *piece) {
    static char text[512];
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < piece->sequence.step_count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? " " : "",
                                 neume_codec_word(codec, 0, piece->sequence.words[i]));
    return text;
}

static void a_benchmark_is_taken_as_given(void **state) {
    (void)state;
    test_folder folder = folder_with_set();
    neume_corpus_options options = options_of("frames");
    options.valid_fraction = 0.9; /* the set says itself what validates */
    options.min_steps = 100;
    neume_corpus *corpus = load_with(&folder, options);
    assert_int_equal(corpus->train_count, 2);
    assert_int_equal(corpus->valid_count, 1);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(text_of(corpus->codec, &corpus->train[i]), "60 64 . 60 . . <end>");
    assert_string_equal(text_of(corpus->codec, &corpus->valid[0]), "60 64 . 60 . . <end>");
    const neume_corpus_file *file = file_of(corpus, "set.json");
    assert_int_equal(file->status, NEUME_FILE_CLEAN);
    assert_string_equal(file->reason, "");
    assert_int_equal(file->step_count, 7 + 7 + 7 + 6 + 5);
    assert_int_equal(file->split, NEUME_SPLIT_NONE); /* it has them all */
    const neume_corpus_counts counts = neume_corpus_count(corpus);
    assert_true(counts.seen == 1 && counts.clean == 1 && counts.duplicate == 0);
    assert_true(counts.train_pieces == 2 && counts.valid_pieces == 1);
    assert_int_equal(counts.train_notes, 4);
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

static void the_grid_of_frames_is_that_of_the_set(void **state) {
    (void)state;
    test_folder folder = folder_with_set();
    assert_int_equal(options_of("frames").codec.grid, 2);
    neume_corpus *corpus = load_with(&folder, options_of("frames"));
    assert_int_equal(neume_codec_options_of(neume_corpus_codec(corpus))->grid, 4);
    neume_corpus_free(corpus);
    put_text(&folder, "set.json", "{\"name\": \"x\", \"time_step\": \"quarter\", \"train\": 1}");
    corpus = load_with(&folder, options_of("frames"));
    assert_int_equal(neume_codec_options_of(neume_corpus_codec(corpus))->grid, 2);
    const neume_corpus_file *file = file_of(corpus, "set.json");
    assert_int_equal(file->status, NEUME_FILE_SKIPPED);
    assert_non_null(strstr(file->reason, "\"train\""));
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

/* Frames of another length would be other music. */
static void a_set_of_another_grid_than_the_first_is_skipped(void **state) {
    (void)state;
    test_folder folder = folder_with_set();
    put_text(&folder, "zzz.json",
             "{\"name\": \"slow\", \"time_step\": \"one quarter note\", \"train\": [[[60]]], "
             "\"valid\": [], \"test\": []}");
    neume_corpus *corpus = load_with(&folder, options_of("frames"));
    const neume_corpus_file *file = file_of(corpus, "zzz.json");
    assert_int_equal(file->status, NEUME_FILE_SKIPPED);
    assert_string_equal(file->reason, "a benchmark set of 1 steps a quarter, expected 4");
    assert_int_equal(corpus->train_count, 2);
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

static void midi_files_beside_a_set_are_split_by_themselves(void **state) {
    (void)state;
    test_folder folder = folder_with_set();
    for (unsigned i = 0; i < 6; i++) {
        char name[16];
        snprintf(name, sizeof name, "%u.mid", i);
        test_put_tune(&folder, name, i / 2, 20); /* each twice */
    }
    neume_corpus_options options = options_of("frames");
    options.valid_count = 1;
    neume_corpus *corpus = load_with(&folder, options);
    assert_int_equal(corpus->train_count, 2 + 2);
    assert_int_equal(corpus->valid_count, 1 + 1);
    assert_int_equal(neume_corpus_count(corpus).duplicate, 3);
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

static void other_presets_skip_a_set_and_say_why(void **state) {
    (void)state;
    static const char *const presets[] = {"chords", "jazz", "streams", "intervals"};
    test_folder folder = folder_with_set();
    for (size_t i = 0; i < 4; i++) {
        neume_corpus *corpus = load_with(&folder, options_of(presets[i]));
        const neume_corpus_file *file = file_of(corpus, "set.json");
        assert_int_equal(file->status, NEUME_FILE_SKIPPED);
        assert_string_equal(
            file->reason, "a benchmark set of piano rolls, which only frames and biaxial can read");
        assert_int_equal(corpus->train_count, 0);
        neume_corpus_free(corpus);
    }
    folder_clear(&folder);
}

static neume_corpus_options rolls(void) {
    neume_corpus_options options = neume_corpus_options_default();
    options.codec.name = "roll";
    return options;
}

static void rolls_of_a_set_have_its_grid_and_no_onsets(void **state) {
    (void)state;
    static const uint32_t words[] = {0, 1 << 28, 1, 0, 0, 1 << 28, 0, 0, 0, 0, 0, 0};
    test_folder folder = folder_with_set();
    neume_corpus *corpus = load_with(&folder, rolls());
    const neume_codec_options *options = neume_codec_options_of(neume_corpus_codec(corpus));
    assert_int_equal(options->grid, 4);
    assert_int_equal(options->onsets, NEUME_ONSETS_DROP);
    assert_true(nm_codec_is_closed(corpus->codec));
    assert_int_equal(corpus->train_count, 2);
    assert_int_equal(corpus->valid_count, 1);
    for (size_t i = 0; i < 2; i++) {
        const neume_sequence *sequence = &corpus->train[i].sequence;
        assert_int_equal(sequence->step_count, 3);
        assert_memory_equal(sequence->words, words, sizeof words);
        for (uint32_t t = 0; t < 3; t++)
            assert_int_equal(sequence->given[t], t);
    }
    assert_int_equal(neume_corpus_count(corpus).train_notes, 4);
    assert_null(corpus->word_counts[0]);
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

/* A model of music with onsets cannot say how likely a set without them is. */
static void rolls_with_onsets_skip_a_set_and_say_why(void **state) {
    (void)state;
    test_folder folder = test_folder_new(test_context(1, NEUME_ISA_C, NULL));
    test_put_tune(&folder, "a.mid", 1, 12);
    test_put_tune(&folder, "b.mid", 2, 12);
    neume_corpus *corpus = load_with(&folder, rolls()), *given = NULL;
    neume_evaluate_options options = neume_evaluate_options_default();
    const char *path = folder.path;
    assert_int_equal(neume_codec_options_of(corpus->codec)->onsets, NEUME_ONSETS_KEEP);
    test_put(&folder, "set.json", set, sizeof set - 1);
    options.inputs = (neume_inputs){&path, 1};
    assert_int_equal(nm_corpus_load_as_given(&given, folder.context, corpus->codec, &options, NULL),
                     NEUME_OK);
    const neume_corpus_file *file = file_of(given, "set.json");
    assert_int_equal(file->status, NEUME_FILE_SKIPPED);
    assert_string_equal(file->reason, "a benchmark set, which holds no onsets, expected some");
    assert_int_equal(given->train_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const nm_piece *piece = &given->train[i];
        const bool is_valid = piece->hash == corpus->valid[0].hash;
        const nm_piece *same = is_valid ? &corpus->valid[0] : &corpus->train[0];
        assert_true(piece->hash == same->hash);
        assert_int_equal(piece->sequence.step_count, same->sequence.step_count);
        assert_memory_equal(piece->sequence.words, same->sequence.words,
                            same->sequence.step_count * 8 * sizeof(uint32_t));
        assert_memory_equal(piece->sequence.given, same->sequence.given,
                            same->sequence.step_count * sizeof(uint32_t));
    }
    neume_corpus_free(given);
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

static neume_model *small_model(const neume_corpus *corpus) {
    const neume_network_options network = {.embed = 4, .layers = {6}, .layer_count = 1};
    neume_model *model;
    neume_error error = {0};
    if (nm_model_new(&model, corpus, "frames", &network, &error))
        fail_msg("%s", error.line);
    nm_stack_init_weights(&model->network.stack, model->weights, 3);
    return model;
}

static void a_set_is_evaluated_by_the_part_that_is_asked_for(void **state) {
    (void)state;
    static const size_t pieces[] = {5, 2, 1, 2}, steps[] = {32, 14, 7, 11}; /* none: all */
    test_folder folder = folder_with_set();
    neume_corpus *corpus = load_with(&folder, options_of("frames"));
    neume_model *model = small_model(corpus);
    const char *path = folder.path;
    assert_int_equal(neume_evaluate_options_default().split, NEUME_SPLIT_TEST);
    for (neume_split split = NEUME_SPLIT_NONE; split <= NEUME_SPLIT_TEST; split++) {
        neume_evaluate_options options = neume_evaluate_options_default();
        neume_evaluation e;
        neume_error error = {0};
        options.inputs = (neume_inputs){&path, 1};
        options.split = split;
        if (neume_evaluate(&e, folder.context, model, &options, &error))
            fail_msg("%s", error.line);
        assert_int_equal(e.all.piece_count, pieces[split]);
        assert_int_equal(e.all.step_count, steps[split]);
        assert_true(e.all.nats_per_step > 0 && e.all.unknown_share == 0);
        assert_true(fabs(e.all.stream_nats[0] - e.all.nats_per_step) < 1e-12);
        neume_evaluation_clear(&e);
    }
    neume_model_free(model);
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

/* Every word in every key, as far as MIDI goes, and in these alone. */
static void the_vocabulary_has_the_words_of_all_keys(void **state) {
    (void)state;
    test_folder folder = test_folder_new(test_context(1, NEUME_ISA_C, NULL));
    uint8_t bytes[256];
    const size_t size = test_tune(bytes, 1, 2, 0);
    bytes[24] = bytes[29] = 126;
    bytes[33] = bytes[38] = 60;
    test_put(&folder, "two.mid", bytes, size);
    neume_corpus_options options = options_of("chords");
    options.valid_fraction = 0;
    options.transpose = (neume_shifts){-1, 2};
    neume_corpus *corpus = load_with(&folder, options);
    static const char *const words[] = {"<end>", "<unk>", "B3", "C#4", "C4",
                                        "D4",    "F#9",   "F9", "G9"};
    assert_int_equal(neume_codec_word_count(corpus->codec, 0), 9);
    for (uint32_t w = 0; w < 9; w++)
        assert_string_equal(neume_codec_word(corpus->codec, 0, w), words[w]);
    for (uint32_t w = 0; w < 9; w++) /* what was counted is what was read */
        assert_int_equal(corpus->word_counts[0][w],
                         w == 0 || strcmp(words[w], "C4") == 0 || strcmp(words[w], "F#9") == 0);
    assert_int_equal(corpus->shifts.low, -1);
    assert_int_equal(corpus->shifts.high, 2);
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

static void refuses_keys_that_are_none(void **state) {
    (void)state;
    test_folder folder = folder_with_set();
    static const neume_shifts bad[] = {{1, 2}, {-2, -1}, {-49, 0}, {0, 49}};
    for (size_t i = 0; i < 4; i++) {
        neume_corpus_options options = options_of("frames");
        const char *path = folder.path;
        neume_corpus *corpus;
        neume_error error = {0};
        options.transpose = bad[i];
        assert_int_equal(
            neume_corpus_load(&corpus, folder.context, &options, (neume_inputs){&path, 1}, &error),
            NEUME_BAD_USAGE);
        assert_null(corpus);
        assert_non_null(strstr(error.line, "semitones"));
    }
    folder_clear(&folder);
}

typedef struct loading {
    const char *path;
    neume_corpus_options options;
} loading;

static neume_status load_set(neume_context *context, void *data) {
    const loading *how = data;
    neume_corpus *corpus;
    const neume_status status =
        neume_corpus_load(&corpus, context, &how->options, (neume_inputs){&how->path, 1}, NULL);
    neume_corpus_free(corpus);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    test_folder folder = folder_with_set();
    test_put_tune(&folder, "a.mid", 1, 12);
    loading how[] = {{folder.path, options_of("frames")}, {folder.path, rolls()}};
    for (size_t i = 0; i < 2; i++)
        test_each_allocation_failing(load_set, &how[i]);
    folder_clear(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_benchmark_is_taken_as_given),
        cmocka_unit_test(the_grid_of_frames_is_that_of_the_set),
        cmocka_unit_test(a_set_of_another_grid_than_the_first_is_skipped),
        cmocka_unit_test(midi_files_beside_a_set_are_split_by_themselves),
        cmocka_unit_test(other_presets_skip_a_set_and_say_why),
        cmocka_unit_test(rolls_of_a_set_have_its_grid_and_no_onsets),
        cmocka_unit_test(rolls_with_onsets_skip_a_set_and_say_why),
        cmocka_unit_test(a_set_is_evaluated_by_the_part_that_is_asked_for),
        cmocka_unit_test(the_vocabulary_has_the_words_of_all_keys),
        cmocka_unit_test(refuses_keys_that_are_none),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
