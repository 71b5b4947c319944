/* SPDX-License-Identifier: ISC */
#include "test_codec.h"

/* Closes `codec` over the words that `text` has alone. */
static void close_over(const fixture *f, const char *text) {
    neume_sequence sequence = {0};
    assert_int_equal(neume_codec_parse(&sequence, f->codec, text, NULL), NEUME_OK);
    const uint32_t count = neume_codec_word_count(f->codec, 0);
    uint64_t *counts = nm_alloc(f->context, count, sizeof *counts);
    uint32_t *remap = nm_alloc(f->context, count, sizeof *remap);
    for (size_t i = 0; i < sequence.step_count; i++)
        counts[sequence.words[i]]++;
    assert_int_equal(
        nm_codec_close(f->codec, (const uint64_t *const[]){counts}, (uint32_t *const[]){remap}),
        NEUME_OK);
    nm_free(f->context, counts);
    nm_free(f->context, remap);
    neume_sequence_clear(f->context, &sequence);
}

static fixture grown_from(const neume_codec *known, const char *text) {
    fixture f = open_codec(*neume_codec_options_of(known));
    assert_int_equal(nm_codec_begin_with(f.codec, known, NULL), NEUME_OK);
    close_over(&f, text);
    return f;
}

static void assert_words(const neume_codec *codec, const char *const *words, uint32_t count) {
    assert_int_equal(neume_codec_word_count(codec, 0), count);
    for (uint32_t i = 0; i < count; i++)
        assert_string_equal(neume_codec_word(codec, 0, i), words[i]);
}

static void known_words_keep_their_places_and_new_ones_stand_behind(void **state) {
    (void)state;
    static const char *const words[] = {"<end>", "<unk>", "D4", "G4", "A4", "B4", "E4", "C4", "F4"};
    fixture parent = open_codec(neume_codec_options_default());
    close_over(&parent, "G4 D4");
    assert_words(parent.codec, words, 4);
    fixture child = grown_from(parent.codec, "E4 G4 B4 A4");
    assert_words(child.codec, words, 7);
    fixture grandchild = grown_from(child.codec, "F4 C4 E4");
    assert_words(grandchild.codec, words, 9);
    assert_true(nm_codec_unseen_count(child.codec, 0) ==
                nm_codec_unseen_count(parent.codec, 0) - 3);
    close_fixture(&grandchild);
    close_fixture(&child);
    close_fixture(&parent);
}

static void a_grown_vocabulary_is_the_same_again_from_a_file(void **state) {
    (void)state;
    fixture parent = open_codec(neume_codec_options_default());
    close_over(&parent, "G4 D4");
    fixture child = grown_from(parent.codec, "E4 A4");
    fixture grandchild = grown_from(child.codec, "C4 A4 B4");
    char *settings = nm_codec_settings(grandchild.codec);
    assert_non_null(strstr(settings, "\"grown\": [[4, 6]]"));
    nm_buffer words = nm_buffer_on(parent.context);
    assert_int_equal(nm_codec_vocabulary(grandchild.codec, &words), NEUME_OK);
    neume_codec *again = NULL;
    neume_error error = {0};
    if (nm_codec_restore(&again, parent.context, settings, (neume_bytes){words.data, words.size},
                         &error))
        fail_msg("%s", error.line);
    static const char *const expected[] = {"<end>", "<unk>", "D4", "G4", "A4", "E4", "B4", "C4"};
    assert_words(again, expected, 8);
    char *settings_again = nm_codec_settings(again);
    assert_string_equal(settings_again, settings);
    nm_free(parent.context, settings_again);
    nm_free(grandchild.context, settings);
    neume_codec_free(again);
    nm_buffer_clear(&words);
    close_fixture(&grandchild);
    close_fixture(&child);
    close_fixture(&parent);
}

static void a_vocabulary_that_needs_no_new_words_has_not_grown(void **state) {
    (void)state;
    fixture parent = open_codec(neume_codec_options_default());
    close_over(&parent, "G4 D4 E4");
    fixture child = grown_from(parent.codec, "E4");
    char *before = nm_codec_settings(parent.codec), *after = nm_codec_settings(child.codec);
    assert_string_equal(before, after);
    assert_int_equal(neume_codec_word_count(child.codec, 0), 5);
    nm_free(parent.context, before);
    nm_free(child.context, after);
    close_fixture(&child);
    close_fixture(&parent);
}

static void known_words_know_their_other_keys(void **state) {
    (void)state;
    fixture parent = open_codec(neume_codec_options_default());
    close_over(&parent, "G4 D4");
    fixture child = open_codec(neume_codec_options_default());
    assert_int_equal(nm_codec_begin_with(child.codec, parent.codec, NULL), NEUME_OK);
    nm_codec_set_shifts(child.codec, 0, 2);
    close_over(&child, "C4");
    static const char *const words[] = {"<end>", "<unk>", "D4", "G4", "C#4", "C4"};
    assert_words(child.codec, words, 6);
    assert_int_equal(nm_codec_shifted(child.codec, 0, 5, 2), 2);
    assert_int_equal(nm_codec_shifted(child.codec, 0, 3, 1), NEUME_NO_WORD);
    close_fixture(&child);
    close_fixture(&parent);
}

static void fixed_vocabularies_stay_as_they_are(void **state) {
    (void)state;
    neume_codec_options options = neume_codec_options_default();
    options.name = "event";
    fixture parent = open_codec(options), child = open_codec(options);
    close_vocabulary(&parent, NULL);
    assert_int_equal(nm_codec_begin_with(child.codec, parent.codec, NULL), NEUME_OK);
    close_vocabulary(&child, NULL);
    assert_int_equal(neume_codec_word_count(child.codec, 0),
                     neume_codec_word_count(parent.codec, 0));
    close_fixture(&child);
    close_fixture(&parent);
}

static void a_vocabulary_grows_only_so_often(void **state) {
    (void)state;
    static const char *const names[] = {"C", "D", "E", "F", "G", "A", "B"};
    fixture f = open_codec(neume_codec_options_default());
    close_over(&f, "C-1");
    for (int i = 0; i < NM_MAX_GROWTHS; i++) {
        char word[16];
        snprintf(word, sizeof word, "%s%d", names[i % 7], i / 7 + 1);
        const fixture grown = grown_from(f.codec, word);
        close_fixture(&f);
        f = grown;
    }
    neume_error error = {0};
    fixture more = open_codec(neume_codec_options_default());
    assert_int_equal(nm_codec_begin_with(more.codec, f.codec, &error), NEUME_BAD_USAGE);
    assert_string_equal(error.line, "vocabulary: it has grown 32 times already");
    close_fixture(&more);
    close_fixture(&f);
}

#define SETTINGS(codec, grown)                                                                     \
    "{\"name\": \"" codec "\", \"grid\": 12, \"voicing\": \"classes\", "                           \
    "\"spacing_quarters\": 0.5, \"track\": -1, \"program\": -1, \"melody\": false, "               \
    "\"rest_unit\": \"quarter\", \"order\": \"ascending\", \"metres\": [], "                       \
    "\"pitch_range\": [0, 127], \"onsets\": \"keep\", \"timing\": \"metrical\", "                  \
    "\"drums\": \"keep\", \"shifts\": [0, 0], \"grown\": " grown "}"

static void refuses_growths_that_no_codec_writes(void **state) {
    (void)state;
    static const char words[] = "<end>\0<unk>\0D4\0G4\0A4\0E4";
    static const char *const bad[] = {
        SETTINGS("word", "1"),          SETTINGS("word", "[1]"),
        SETTINGS("word", "[[1]]"),      SETTINGS("word", "[[]]"),
        SETTINGS("word", "[[3]]"),      SETTINGS("word", "[[4, 6]]"),
        SETTINGS("word", "[[4, 4]]"),   SETTINGS("word", "[[5]]"),
        SETTINGS("word", "[[4], [4]]"), SETTINGS("word", "[[\"four\"]]"),
        SETTINGS("event", "[[4]]")};
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    neume_codec *codec = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (nm_codec_restore(&codec, context, bad[i], (neume_bytes){words, sizeof words}, NULL) !=
            NEUME_BAD_MODEL)
            fail_msg("case %zu: %s", i, bad[i]);
    static const char twice[] = "<end>\0<unk>\0D4\0G4\0D4\0E4";
    const char *good = SETTINGS("word", "[[4]]");
    assert_int_equal(
        nm_codec_restore(&codec, context, good, (neume_bytes){twice, sizeof twice}, NULL),
        NEUME_BAD_MODEL);
    assert_int_equal(
        nm_codec_restore(&codec, context, good, (neume_bytes){words, sizeof words}, NULL),
        NEUME_OK);
    neume_codec_free(codec);
    neume_context_free(context);
}

static neume_status grow(neume_context *context, void *data) {
    neume_codec *codec = NULL;
    const neume_codec *known = data;
    uint64_t counts[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    uint32_t remap[8];
    neume_status status = neume_codec_new(&codec, context, neume_codec_options_of(known), NULL);
    if (!status)
        status = nm_codec_begin_with(codec, known, NULL);
    if (!status && nm_codec_learn(codec, 0, "A4") == NEUME_NO_WORD)
        status = NEUME_NO_MEMORY;
    if (!status)
        status =
            nm_codec_close(codec, (const uint64_t *const[]){counts}, (uint32_t *const[]){remap});
    if (!status)
        assert_int_equal(neume_codec_find(codec, 0, "A4"), 4);
    neume_codec_free(codec);
    return status;
}

static void survives_each_failing_allocation(void **state) {
    (void)state;
    fixture parent = open_codec(neume_codec_options_default());
    close_over(&parent, "G4 D4");
    test_each_allocation_failing(grow, parent.codec);
    close_fixture(&parent);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_words_keep_their_places_and_new_ones_stand_behind),
        cmocka_unit_test(a_grown_vocabulary_is_the_same_again_from_a_file),
        cmocka_unit_test(a_vocabulary_that_needs_no_new_words_has_not_grown),
        cmocka_unit_test(known_words_know_their_other_keys),
        cmocka_unit_test(fixed_vocabularies_stay_as_they_are),
        cmocka_unit_test(a_vocabulary_grows_only_so_often),
        cmocka_unit_test(refuses_growths_that_no_codec_writes),
        cmocka_unit_test(survives_each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
