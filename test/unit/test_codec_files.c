/* SPDX-License-Identifier: ISC */
/* The codecs on every file of the shared music that can be read. */
#include "test_codec.h"

#include "base/file.h"

#include <neume/midi.h>

/* What encoding has found in many files. */
typedef struct totals {
    size_t files, words, notes, omitted;
} totals;

/* Encodes, decodes, encodes again: the words are the same, and nothing more is left out. A codec
 * of a fixed vocabulary is closed, and its grammar allows the words. */
static void check_file(const fixture *f, const neume_score *score, const char *path, totals *sum) {
    neume_sequence words, again;
    neume_score *decoded;
    assert_int_equal(neume_codec_encode(&words, f->codec, score, NULL), NEUME_OK);
    assert_int_equal(neume_codec_decode(&decoded, f->codec, &words), NEUME_OK);
    assert_int_equal(neume_codec_encode(&again, f->codec, decoded, NULL), NEUME_OK);
    if (words.step_count != again.step_count || words.note_count != again.note_count ||
        (words.step_count &&
         memcmp(words.words, again.words, words.step_count * sizeof *words.words) != 0))
        fail_msg("%s: decoded, it has other words", path);
    assert_int_equal(again.omission_count, 0);
    if (nm_codec_is_closed(f->codec))
        assert_grammatical(f, &words);
    size_t note_count, read = words.note_count;
    (void)neume_score_notes(score, &note_count);
    for (unsigned i = 0; i < words.omission_count; i++)
        read += words.omissions[i].count;
    assert_int_equal(read - omitted(&words, "long-gaps"), note_count);
    sum->files++;
    sum->words += words.step_count;
    sum->notes += words.note_count;
    sum->omitted += note_count - words.note_count;
    neume_score_free(decoded);
    neume_sequence_clear(f->context, &words);
    neume_sequence_clear(f->context, &again);
}

static void check_all_files(const char *folder, neume_codec_options options) {
    fixture f = open_codec(options);
    if (neume_codec_word_count(f.codec, 0) > NM_WORD_FIRST)
        close_vocabulary(&f, &(neume_sequence){0});
    nm_file_list list = {.context = f.context};
    char path[4096];
    totals sum = {0};
    snprintf(path, sizeof path, "%s/data", folder);
    assert_int_equal(nm_file_list_add(&list, path), NEUME_OK);
    for (size_t i = 0; i < list.count; i++) {
        neume_score *score;
        if (neume_midi_load(&score, f.context, list.entries[i].path, NULL, NULL))
            continue;
        check_file(&f, score, list.entries[i].path, &sum);
        neume_score_free(score);
    }
    print_message("%zu files: %zu words of %u, %zu notes said, %zu left out\n", sum.files,
                  sum.words, neume_codec_word_count(f.codec, 0), sum.notes, sum.omitted);
    assert_true(sum.files > 3000);
    nm_file_list_clear(&list);
    close_fixture(&f);
}

static void every_shared_file_survives_as_words(void **state) {
    (void)state;
    neume_codec_options options = neume_codec_options_default();
    const char *folder = test_shared();
    if (!folder)
        skip();
    check_all_files(folder, options);
    options.voicing = NEUME_VOICING_PITCHES;
    check_all_files(folder, options);
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
    options.melody = true;
    options.rest_unit = NEUME_REST_SIXTEENTH;
    options.metres[0] = 3;
    options.metres[1] = 2;
    check_all_files(folder, options);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shared_file_survives_as_words),
        cmocka_unit_test(every_shared_file_survives_as_intervals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
