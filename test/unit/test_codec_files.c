/* SPDX-License-Identifier: ISC */
/* The codecs on every file of the shared music that can be read. */
#include "test_codec.h"

#include "base/file.h"

#include <neume/midi.h>

/* A codec, and what encoding has found in many files. */
typedef struct trial {
    fixture f;
    size_t files, steps, notes, omitted;
} trial;

/* What a codec shortens is not a note left out. */
static bool is_of_notes(const char *what) {
    return strncmp(what, "long-", 5) != 0;
}

/* Every note is either said or counted as left out. */
static void assert_notes_add_up(const neume_sequence *sequence, const neume_score *score) {
    size_t note_count, read = sequence->note_count;
    (void)neume_score_notes(score, &note_count);
    for (unsigned i = 0; i < sequence->omission_count; i++)
        if (is_of_notes(sequence->omissions[i].what))
            read += sequence->omissions[i].count;
    assert_int_equal(read, note_count);
}

/* Encodes, decodes, encodes again: the words are the same, and nothing more is left out. */
static void check_file(trial *t, const neume_score *score, const char *path) {
    neume_sequence words, again;
    neume_score *decoded;
    assert_int_equal(neume_codec_encode(&words, t->f.codec, score, NULL), NEUME_OK);
    assert_int_equal(neume_codec_decode(&decoded, t->f.codec, &words), NEUME_OK);
    assert_int_equal(neume_codec_encode(&again, t->f.codec, decoded, NULL), NEUME_OK);
    const size_t size = words.step_count * words.stream_count * sizeof *words.words;
    if (words.step_count != again.step_count || words.note_count != again.note_count ||
        (size && memcmp(words.words, again.words, size) != 0))
        fail_msg("%s: decoded, it has other words", path);
    assert_int_equal(again.omission_count, 0);
    assert_notes_add_up(&words, score);
    size_t note_count;
    (void)neume_score_notes(score, &note_count);
    t->files++;
    t->steps += words.step_count;
    t->notes += words.note_count;
    t->omitted += note_count - words.note_count;
    neume_score_free(decoded);
    neume_sequence_clear(t->f.context, &words);
    neume_sequence_clear(t->f.context, &again);
}

/* The same with a closed codec, for the grammar. */
static void check_grammar(trial *t, const neume_score *score, const char *path) {
    neume_sequence words;
    (void)path;
    assert_int_equal(neume_codec_encode(&words, t->f.codec, score, NULL), NEUME_OK);
    assert_grammatical(t->f.codec, &words);
    neume_sequence_clear(t->f.context, &words);
}

static void for_each_file(trial *t, const nm_file_list *list,
                          void (*check)(trial *t, const neume_score *score, const char *path)) {
    for (size_t i = 0; i < list->count; i++) {
        neume_score *score;
        if (neume_midi_load(&score, t->f.context, list->entries[i].path, NULL, NULL))
            continue;
        check(t, score, list->entries[i].path);
        neume_score_free(score);
    }
}

static void check_all_files(const char *folder, neume_codec_options options) {
    trial t = {.f = open_codec(options)};
    nm_file_list list = {.context = t.f.context};
    char path[4096];
    snprintf(path, sizeof path, "%s/data", folder);
    assert_int_equal(nm_file_list_add(&list, path), NEUME_OK);
    for_each_file(&t, &list, check_file);
    print_message("%s: %zu files: %zu %ss, %zu notes said, %zu left out; words:", options.name,
                  t.files, t.steps, neume_codec_step_unit(t.f.codec), t.notes, t.omitted);
    for (unsigned s = 0; s < neume_codec_stream_count(t.f.codec); s++)
        print_message(" %u", neume_codec_word_count(t.f.codec, s));
    print_message("\n");
    assert_true(t.files > 3000);
    close_vocabulary(&t.f, NULL);
    for_each_file(&t, &list, check_grammar);
    nm_file_list_clear(&list);
    close_fixture(&t.f);
}

/* In both voicings. */
static void every_shared_file_survives(neume_codec_options options) {
    const char *folder = test_shared();
    if (!folder)
        skip();
    options.voicing = NEUME_VOICING_CLASSES;
    check_all_files(folder, options);
    options.voicing = NEUME_VOICING_PITCHES;
    check_all_files(folder, options);
}

static void every_shared_file_survives_as_words(void **state) {
    (void)state;
    every_shared_file_survives(neume_codec_options_default());
}

static void every_shared_file_survives_as_streams(void **state) {
    (void)state;
    neume_codec_options options = neume_codec_options_default();
    options.name = "stream";
    options.grid = 24;
    every_shared_file_survives(options);
}

static void every_shared_file_survives_as_intervals(void **state) {
    (void)state;
    neume_codec_options options = neume_codec_options_default();
    options.name = "interval";
    options.grid = 4;
    const char *folder = test_shared();
    if (!folder)
        skip();
    check_all_files(folder, options);
}

static void every_shared_file_survives_as_frames(void **state) {
    (void)state;
    neume_codec_options options = neume_codec_options_default();
    options.name = "frame";
    options.grid = 4;
    options.order = NEUME_ORDER_DESCENDING;
    const char *folder = test_shared();
    if (!folder)
        skip();
    check_all_files(folder, options);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shared_file_survives_as_words),
        cmocka_unit_test(every_shared_file_survives_as_streams),
        cmocka_unit_test(every_shared_file_survives_as_intervals),
        cmocka_unit_test(every_shared_file_survives_as_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
