/* SPDX-License-Identifier: ISC */
#include "folder.h"

#include "base/mem.h"
#include "learn/corpus.h"

static neume_corpus *load_with(const test_folder *folder, neume_corpus_options options) {
    const char *path = folder->path;
    neume_corpus *corpus = NULL;
    neume_error error = {0};
    if (neume_corpus_load(&corpus, folder->context, &options, (neume_inputs){&path, 1}, &error))
        fail_msg("%s", error.line);
    return corpus;
}

static neume_corpus *load(const test_folder *folder) {
    return load_with(folder, neume_corpus_options_default());
}

static const neume_corpus_file *find(const neume_corpus *corpus, const char *name) {
    for (size_t i = 0; i < neume_corpus_file_count(corpus); i++)
        if (strcmp(neume_corpus_file_at(corpus, i)->name, name) == 0)
            return neume_corpus_file_at(corpus, i);
    fail_msg("%s is not in the report", name);
    return NULL;
}

static void assert_file(const neume_corpus *corpus, const char *name, neume_file_status status,
                        const char *reason) {
    const neume_corpus_file *file = find(corpus, name);
    if (file->status != status || !strstr(file->reason, reason))
        fail_msg("%s: %s: %s", name, neume_file_status_name(file->status), file->reason);
}

static void assert_adds_up(const neume_corpus *corpus) {
    const neume_corpus_counts counts = neume_corpus_count(corpus);
    size_t train = 0, valid = 0;
    for (size_t i = 0; i < corpus->file_count; i++) {
        const neume_corpus_file *file = &corpus->files[i];
        const bool is_used =
            file->status == NEUME_FILE_CLEAN || file->status == NEUME_FILE_REPAIRED;
        assert_int_equal(is_used, file->split != NEUME_SPLIT_NONE);
        assert_int_equal(file->status == NEUME_FILE_CLEAN, file->reason[0] == '\0');
        train += file->split == NEUME_SPLIT_TRAIN;
        valid += file->split == NEUME_SPLIT_VALID;
    }
    assert_int_equal(counts.seen,
                     counts.clean + counts.repaired + counts.skipped + counts.duplicate);
    assert_int_equal(counts.seen + counts.other, corpus->file_count);
    assert_int_equal(train + valid, counts.clean + counts.repaired);
    assert_int_equal(train, counts.train_pieces);
    assert_int_equal(valid, counts.valid_pieces);
}

static void put_mixed_files(const test_folder *folder) {
    uint8_t bytes[2048];
    assert_int_equal(mkdir(test_path(folder, "sub"), 0700), 0);
    assert_int_equal(mkdir(test_path(folder, "folder.mid"), 0700), 0);
    test_put_tune(folder, "a.mid", 1, 40);
    test_put_tune(folder, "b.MIDI", 2, 30);
    test_put_tune(folder, "sub/c", 3, 30);
    test_put_tune(folder, "sub/same-as-a.kar", 1, 40);
    size_t size = test_tune(bytes, 4, 20, 0);
    test_put(folder, "d-cut.mid", bytes, size - 10);
    test_put(folder, "drums.mid", bytes, test_tune(bytes, 4, 20, 9));
    test_put(folder, "empty.mid", bytes, test_tune(bytes, 4, 0, 0));
    test_put(folder, "header.mid", bytes, 14);
    test_put(folder, "nothing.mid", bytes, 0);
    test_put(folder, "page.mid", "<html>not found</html>", 22);
    test_put(folder, "notes.txt", "read me", 7);
    test_put(folder, "nothing", bytes, 0);
    test_put_tune(folder, "one-note.mid", 5, 1);
    assert_int_equal(symlink("gone", test_path(folder, "broken-link.mid")), 0);
    assert_int_equal(mkfifo(test_path(folder, "pipe.mid"), 0600), 0);
}

static void every_file_has_a_status_and_the_counts_add_up(void **state) {
    (void)state;
    test_folder folder = test_folder_new(test_context(1, NEUME_ISA_C, NULL));
    put_mixed_files(&folder);
    neume_corpus_options options = neume_corpus_options_default();
    options.min_steps = 3;
    neume_corpus *corpus = load_with(&folder, options);
    assert_file(corpus, "a.mid", NEUME_FILE_CLEAN, "");
    assert_file(corpus, "b.MIDI", NEUME_FILE_CLEAN, "");
    assert_file(corpus, "sub/c", NEUME_FILE_CLEAN, "");
    assert_file(corpus, "sub/same-as-a.kar", NEUME_FILE_DUPLICATE, "the same words as a.mid");
    assert_file(corpus, "d-cut.mid", NEUME_FILE_REPAIRED, "truncated (1)");
    assert_true(find(corpus, "d-cut.mid")->has_offset);
    assert_file(corpus, "drums.mid", NEUME_FILE_SKIPPED, "drums (20)");
    assert_file(corpus, "empty.mid", NEUME_FILE_SKIPPED, "no notes");
    assert_file(corpus, "header.mid", NEUME_FILE_SKIPPED, "track");
    assert_file(corpus, "nothing.mid", NEUME_FILE_SKIPPED, "");
    assert_file(corpus, "page.mid", NEUME_FILE_SKIPPED, "");
    assert_true(find(corpus, "page.mid")->has_offset);
    assert_file(corpus, "notes.txt", NEUME_FILE_OTHER, "not MIDI");
    assert_file(corpus, "nothing", NEUME_FILE_OTHER, "not MIDI");
    assert_file(corpus, "one-note.mid", NEUME_FILE_SKIPPED, "2 steps, expected at least 3");
    assert_file(corpus, "broken-link.mid", NEUME_FILE_SKIPPED, "No such file");
    assert_file(corpus, "pipe.mid", NEUME_FILE_SKIPPED, "not a regular file");
    for (size_t i = 0; i < corpus->file_count; i++)
        assert_null(strstr(corpus->files[i].reason, folder.path));
    assert_adds_up(corpus);
    const neume_corpus_counts counts = neume_corpus_count(corpus);
    assert_int_equal(counts.clean, 3);
    assert_int_equal(counts.repaired, 1);
    assert_int_equal(counts.skipped, 8);
    assert_int_equal(counts.duplicate, 1);
    assert_int_equal(counts.other, 2);
    neume_corpus_free(corpus);
    test_folder_remove(&folder);
    neume_context_free(folder.context);
}

static void a_missing_input_and_a_large_file_are_entries(void **state) {
    (void)state;
    test_folder folder = test_folder_new(test_context(1, NEUME_ISA_C, NULL));
    test_put_tune(&folder, "a.mid", 1, 40);
    neume_corpus_options options = neume_corpus_options_default();
    options.reading.max_file_bytes = 100;
    const char *paths[] = {test_path(&folder, "a.mid"), test_path(&folder, "gone.mid")};
    neume_corpus *corpus = NULL;
    assert_int_equal(
        neume_corpus_load(&corpus, folder.context, &options, (neume_inputs){paths, 2}, NULL),
        NEUME_OK);
    assert_file(corpus, "a.mid", NEUME_FILE_SKIPPED, "386 bytes, expected at most 100");
    assert_file(corpus, "gone.mid", NEUME_FILE_SKIPPED, "No such file");
    assert_int_equal(neume_corpus_count(corpus).train_pieces, 0);
    assert_adds_up(corpus);
    neume_corpus_free(corpus);
    test_folder_remove(&folder);
    neume_context_free(folder.context);
}

static test_folder folder_of_tunes(unsigned first, unsigned count) {
    test_folder folder = test_folder_new(test_context(1, NEUME_ISA_C, NULL));
    for (unsigned i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "%u.mid", (i + first) * 7919 % 1000);
        test_put_tune(&folder, name, i + first, 20 + i % 5);
    }
    return folder;
}

static void folder_clear(test_folder *folder) {
    test_folder_remove(folder);
    neume_context_free(folder->context);
}

static void the_split_does_not_change_when_files_are_added(void **state) {
    (void)state;
    test_folder folder = folder_of_tunes(0, 60);
    neume_corpus_options options = neume_corpus_options_default();
    options.valid_fraction = 0.2;
    neume_corpus *before = load_with(&folder, options);
    const size_t valid = neume_corpus_count(before).valid_pieces;
    assert_true(valid > 3 && valid < 25);
    assert_adds_up(before);
    for (unsigned i = 60; i < 90; i++) {
        char name[32];
        snprintf(name, sizeof name, "%u-later.mid", i * 7919 % 1000);
        test_put_tune(&folder, name, i, 33);
    }
    neume_corpus *after = load_with(&folder, options);
    assert_int_equal(
        neume_corpus_count(after).train_pieces + neume_corpus_count(after).valid_pieces, 90);
    for (size_t i = 0; i < before->file_count; i++)
        assert_int_equal(before->files[i].split, find(after, before->files[i].name)->split);
    assert_int_not_equal(nm_corpus_hash(before), nm_corpus_hash(after));
    neume_corpus_free(before);
    neume_corpus_free(after);
    folder_clear(&folder);
}

static void assert_split(const test_folder *folder, double fraction, size_t count, size_t valid,
                         size_t train) {
    neume_corpus_options options = neume_corpus_options_default();
    options.valid_fraction = fraction;
    options.valid_count = count;
    neume_corpus *corpus = load_with(folder, options);
    assert_int_equal(neume_corpus_count(corpus).valid_pieces, valid);
    assert_int_equal(neume_corpus_count(corpus).train_pieces, train);
    neume_corpus_free(corpus);
}

static void training_is_never_empty_and_one_piece_means_no_validation(void **state) {
    (void)state;
    test_folder one = folder_of_tunes(0, 1), seven = folder_of_tunes(0, 7);
    assert_split(&one, 0.5, 0, 0, 1);
    assert_split(&one, 0.5, 3, 0, 1);
    assert_split(&seven, 1, 0, 6, 1);
    assert_split(&seven, 1e-9, 0, 1, 6);
    assert_split(&seven, 0, 0, 0, 7);
    assert_split(&seven, 0.1, 3, 3, 4);
    assert_split(&seven, 0.1, 100, 6, 1);
    folder_clear(&one);
    folder_clear(&seven);
}

static void validation_files_are_taken_as_given_and_leave_training(void **state) {
    (void)state;
    test_folder folder = folder_of_tunes(0, 9), other = folder_of_tunes(50, 3);
    test_put_tune(&other, "again.mid", 100, 50);
    test_put_tune(&other, "again-too.mid", 100, 50);
    test_put_tune(&other, "tune-two.mid", 2, 22);
    const char *path = other.path;
    neume_corpus_options options = neume_corpus_options_default();
    options.valid_from = (neume_inputs){&path, 1};
    neume_corpus *corpus = load_with(&folder, options);
    const neume_corpus_counts counts = neume_corpus_count(corpus);
    assert_adds_up(corpus);
    assert_int_equal(counts.train_pieces, 8);
    assert_int_equal(counts.valid_pieces, 6);
    assert_int_equal(counts.duplicate, 1);
    assert_file(corpus, "838.mid", NEUME_FILE_DUPLICATE,
                "the same words as tune-two.mid, a validation piece");
    neume_corpus_free(corpus);
    folder_clear(&folder);
    folder_clear(&other);
}

static uint64_t count_of(const neume_corpus *corpus, const nm_piece *pieces, size_t count,
                         uint32_t word) {
    uint64_t found = 0;
    (void)corpus;
    for (size_t p = 0; p < count; p++)
        for (size_t i = 0; i < pieces[p].sequence.step_count; i++)
            found += pieces[p].sequence.words[i] == word;
    return found;
}

static void the_vocabulary_is_that_of_the_training_pieces(void **state) {
    (void)state;
    test_folder folder = folder_of_tunes(0, 30), other = test_folder_new(folder.context);
    uint8_t bytes[2048];
    size_t size = test_tune(bytes, 3, 20, 0);
    bytes[24] = bytes[29] = 100; /* a pitch that no other tune has */
    test_put(&other, "high.mid", bytes, size);
    const char *path = other.path;
    neume_corpus_options options = neume_corpus_options_default();
    options.valid_from = (neume_inputs){&path, 1};
    neume_corpus *corpus = load_with(&folder, options);
    const uint32_t words = neume_codec_word_count(corpus->codec, 0);
    assert_int_equal(neume_codec_find(corpus->codec, 0, "E7"), NEUME_NO_WORD);
    assert_int_equal(corpus->valid[0].sequence.words[0], NM_WORD_UNKNOWN);
    for (uint32_t w = 0; w < words; w++) {
        assert_int_equal(corpus->word_counts[0][w],
                         count_of(corpus, corpus->train, corpus->train_count, w));
        assert_true(w == NM_WORD_UNKNOWN || corpus->word_counts[0][w] > 0);
    }
    assert_int_equal(neume_corpus_count(corpus).train_steps, 30 * (22 + 1));
    neume_corpus_free(corpus);
    test_folder_remove(&other);
    folder_clear(&folder);
}

/* Read with a closed codec: the same hashes and the same words, unknown ones too. */
static void pieces_as_given_have_the_hashes_that_they_were_split_by(void **state) {
    (void)state;
    test_folder folder = folder_of_tunes(0, 12);
    uint8_t bytes[2048];
    size_t size = test_tune(bytes, 3, 20, 0);
    bytes[24] = bytes[29] = 100;
    test_put(&folder, "high.mid", bytes, size);
    test_put_tune(&folder, "twice.mid", 4, 24);
    neume_corpus_options options = neume_corpus_options_default();
    options.valid_count = 6;
    neume_corpus *corpus = load_with(&folder, options), *given = NULL;
    const char *path = folder.path;
    neume_evaluate_options as_given = neume_evaluate_options_default();
    as_given.inputs = (neume_inputs){&path, 1};
    assert_int_equal(
        nm_corpus_load_as_given(&given, folder.context, corpus->codec, &as_given, NULL), NEUME_OK);
    assert_int_equal(given->train_count, 14);
    assert_int_equal(neume_corpus_count(given).clean, 14);
    for (size_t i = 0; i < given->file_count; i++)
        assert_int_equal(given->files[i].hash, corpus->files[i].hash);
    for (size_t v = 0; v < corpus->valid_count; v++) {
        const nm_piece *a = &corpus->valid[v], *b = given->train;
        while (b->file != a->file)
            b++;
        assert_int_equal(a->sequence.step_count, b->sequence.step_count);
        assert_memory_equal(a->sequence.words, b->sequence.words,
                            a->sequence.step_count * sizeof *a->sequence.words);
    }
    neume_corpus_free(given);
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

static void the_report_names_files_relative_to_the_input(void **state) {
    (void)state;
    test_folder folder = test_folder_new(test_context(1, NEUME_ISA_C, NULL));
    test_put_tune(&folder, "caf\xE9.mid", 1, 40);
    test_put(&folder, "x.mid", "x", 1);
    neume_corpus *corpus = load(&folder);
    char *report = nm_corpus_report(corpus);
    assert_non_null(strstr(report, "\"seen\":2,\"clean\":1,\"repaired\":0,\"skipped\":1"));
    assert_non_null(strstr(report, "{\"file\":\"caf\xC3\xA9.mid\",\"status\":\"clean\""));
    assert_null(strstr(report, folder.path));
    nm_free(folder.context, report);
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

static void refuses_a_share_that_is_none(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    neume_corpus_options options = neume_corpus_options_default();
    neume_corpus *corpus;
    neume_error error;
    for (options.valid_fraction = -1; options.valid_fraction < 4; options.valid_fraction += 3)
        assert_int_equal(neume_corpus_load(&corpus, context, &options, (neume_inputs){0}, &error),
                         NEUME_BAD_USAGE);
    neume_context_free(context);
}

static neume_status load_and_free(neume_context *context, void *data) {
    const test_folder *folder = data;
    const char *path = folder->path;
    const neume_corpus_options options = neume_corpus_options_default();
    neume_evaluate_options given_options = neume_evaluate_options_default();
    neume_corpus *corpus = NULL, *given = NULL;
    given_options.inputs = (neume_inputs){&path, 1};
    neume_status status = neume_corpus_load(&corpus, context, &options, given_options.inputs, NULL);
    if (!status)
        status = nm_corpus_load_as_given(&given, context, corpus->codec, &given_options, NULL);
    neume_corpus_free(given);
    neume_corpus_free(corpus);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    test_folder folder = test_folder_new(test_context(1, NEUME_ISA_C, NULL));
    uint8_t bytes[2048];
    test_put_tune(&folder, "a.mid", 1, 9);
    test_put_tune(&folder, "b.mid", 1, 9);
    test_put_tune(&folder, "c.mid", 2, 9);
    test_put(&folder, "d.mid", bytes, test_tune(bytes, 3, 9, 0) - 6);
    test_put(&folder, "e.mid", "x", 1);
    test_each_allocation_failing(load_and_free, &folder);
    folder_clear(&folder);
}

static void reads_all_of_the_nottingham_set(void **state) {
    (void)state;
    const char *shared = test_shared();
    if (!shared)
        skip();
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    char path[4096];
    snprintf(path, sizeof path, "%s/data/nottingham/train", shared);
    const char *paths[] = {path};
    const neume_corpus_options options = neume_corpus_options_default();
    neume_corpus *corpus;
    assert_int_equal(neume_corpus_load(&corpus, context, &options, (neume_inputs){paths, 1}, NULL),
                     NEUME_OK);
    const neume_corpus_counts counts = neume_corpus_count(corpus);
    assert_int_equal(counts.seen, 694);
    assert_int_equal(counts.skipped + counts.other, 0);
    assert_adds_up(corpus);
    neume_corpus_free(corpus);
    neume_context_free(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_has_a_status_and_the_counts_add_up),
        cmocka_unit_test(a_missing_input_and_a_large_file_are_entries),
        cmocka_unit_test(the_split_does_not_change_when_files_are_added),
        cmocka_unit_test(training_is_never_empty_and_one_piece_means_no_validation),
        cmocka_unit_test(validation_files_are_taken_as_given_and_leave_training),
        cmocka_unit_test(the_vocabulary_is_that_of_the_training_pieces),
        cmocka_unit_test(pieces_as_given_have_the_hashes_that_they_were_split_by),
        cmocka_unit_test(the_report_names_files_relative_to_the_input),
        cmocka_unit_test(refuses_a_share_that_is_none),
        cmocka_unit_test(survives_every_failing_allocation),
        cmocka_unit_test(reads_all_of_the_nottingham_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
