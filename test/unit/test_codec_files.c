/* SPDX-License-Identifier: ISC */
/* Codec "word" on every file of the shared music that can be read. */
#include "test_codec.h"

#include "base/file.h"

#include <neume/midi.h>

/* What encoding has found in many files. */
typedef struct totals {
    size_t files, words, notes, omitted;
} totals;

/* Encodes, decodes, encodes again: the words are the same, and nothing more is left out. */
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
    size_t note_count, read = words.note_count;
    (void)neume_score_notes(score, &note_count);
    for (unsigned i = 0; i < words.omission_count; i++)
        read += words.omissions[i].count;
    assert_int_equal(read, note_count);
    sum->files++;
    sum->words += words.step_count;
    sum->notes += words.note_count;
    sum->omitted += note_count - words.note_count;
    neume_score_free(decoded);
    neume_sequence_clear(f->context, &words);
    neume_sequence_clear(f->context, &again);
}

static void check_all_files(const char *folder, neume_voicing voicing) {
    neume_codec_options options = neume_codec_options_default();
    options.voicing = voicing;
    fixture f = open_codec(options);
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
    const char *folder = test_shared();
    if (!folder)
        skip();
    check_all_files(folder, NEUME_VOICING_CLASSES);
    check_all_files(folder, NEUME_VOICING_PITCHES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shared_file_survives_as_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
