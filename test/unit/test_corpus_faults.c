/* SPDX-License-Identifier: ISC */
/* Each file of a folder by itself: whatever is wrong with one, it has its line in the report and
 * the others are read. */
#include "folder.h"

#include "base/mem.h"
#include "learn/corpus_read.h"

#include <fcntl.h>

static const neume_corpus_file *find(const neume_corpus *corpus, const char *name) {
    for (size_t i = 0; i < corpus->file_count; i++)
        if (strcmp(corpus->files[i].name, name) == 0)
            return &corpus->files[i];
    fail_msg("%s is not in the report", name);
    return NULL;
}

static void assert_skipped(const neume_corpus *corpus, const char *name, const char *reason) {
    const neume_corpus_file *file = find(corpus, name);
    if (file->status != NEUME_FILE_SKIPPED || !strstr(file->reason, reason))
        fail_msg("%s: %s: %s", name, neume_file_status_name(file->status), file->reason);
}

static test_folder folder_of_one(void) {
    const test_folder folder = test_folder_new(test_context(2, NEUME_ISA_C, NULL));
    test_put_tune(&folder, "good.mid", 1, 40);
    return folder;
}

static void folder_clear(const test_folder *folder) {
    test_folder_remove(folder);
    neume_context_free(folder->context);
}

static neume_corpus *load(const test_folder *folder, const neume_corpus_options *options) {
    const char *path = folder->path;
    neume_corpus *corpus = NULL;
    neume_error error = {0};
    if (neume_corpus_load(&corpus, folder->context, options, (neume_inputs){&path, 1}, &error))
        fail_msg("%s", error.line);
    assert_int_equal(find(corpus, "good.mid")->status, NEUME_FILE_CLEAN);
    return corpus;
}

static void devices_pipes_and_loops_of_links_are_lines_of_the_report(void **state) {
    (void)state;
    const test_folder folder = folder_of_one();
    assert_int_equal(symlink("/dev/zero", test_path(&folder, "device.mid")), 0);
    assert_int_equal(symlink("itself.mid", test_path(&folder, "itself.mid")), 0);
    assert_int_equal(symlink("there.mid", test_path(&folder, "back.mid")), 0);
    assert_int_equal(symlink("back.mid", test_path(&folder, "there.mid")), 0);
    assert_int_equal(symlink(".", test_path(&folder, "here")), 0);
    assert_int_equal(mkfifo(test_path(&folder, "pipe"), 0600), 0);
    const neume_corpus_options options = neume_corpus_options_default();
    neume_corpus *corpus = load(&folder, &options);
    assert_int_equal(corpus->file_count, 6);
    assert_skipped(corpus, "device.mid", "not a regular file");
    assert_skipped(corpus, "pipe", "not a regular file");
    assert_skipped(corpus, "itself.mid", "Too many levels of symbolic links");
    assert_skipped(corpus, "back.mid", "Too many levels of symbolic links");
    assert_skipped(corpus, "there.mid", "Too many levels of symbolic links");
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

static void what_may_not_be_read_is_a_line_of_the_report(void **state) {
    (void)state;
    if (geteuid() == 0) {
        print_message("SKIPPED: root may read everything\n");
        skip();
    }
    const test_folder folder = folder_of_one();
    test_put_tune(&folder, "secret.mid", 2, 40);
    assert_int_equal(mkdir(test_path(&folder, "closed"), 0700), 0);
    test_put_tune(&folder, "closed/unseen.mid", 3, 40);
    assert_int_equal(chmod(test_path(&folder, "secret.mid"), 0), 0);
    assert_int_equal(chmod(test_path(&folder, "closed"), 0), 0);
    const neume_corpus_options options = neume_corpus_options_default();
    neume_corpus *corpus = load(&folder, &options);
    assert_int_equal(corpus->file_count, 3);
    assert_skipped(corpus, "secret.mid", "Permission denied");
    assert_skipped(corpus, "closed", "Permission denied");
    neume_corpus_free(corpus);
    assert_int_equal(chmod(test_path(&folder, "closed"), 0700), 0);
    folder_clear(&folder);
}

static void a_folder_that_goes_too_deep_is_a_line_of_the_report(void **state) {
    (void)state;
    const test_folder folder = folder_of_one();
    char path[1024];
    size_t end = (size_t)snprintf(path, sizeof path, "%s", folder.path);
    for (unsigned depth = 0; depth < 70; depth++) {
        end += (size_t)snprintf(path + end, sizeof path - end, "/d");
        assert_int_equal(mkdir(path, 0700), 0);
    }
    const neume_corpus_options options = neume_corpus_options_default();
    neume_corpus *corpus = load(&folder, &options);
    assert_int_equal(corpus->file_count, 2);
    assert_skipped(corpus, corpus->files[0].name, "Too many levels");
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

/* A file of this size that takes no room: nothing of it is read. */
static void put_hole(const test_folder *folder, const char *name, off_t size) {
    const int file = open(test_path(folder, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(ftruncate(file, size), 0);
    assert_int_equal(close(file), 0);
}

static void what_is_too_large_or_too_long_is_a_line_of_the_report(void **state) {
    (void)state;
    const test_folder folder = folder_of_one();
    put_hole(&folder, "huge.mid", (off_t)1 << 40);
    put_hole(&folder, "huge", (off_t)1 << 40);
    test_put_tune(&folder, "long.mid", 2, 41);
    neume_corpus_options options = neume_corpus_options_default();
    options.max_steps = 41; /* and an end */
    neume_corpus *corpus = load(&folder, &options);
    assert_skipped(corpus, "huge.mid", "1099511627776 bytes, expected at most");
    assert_int_equal(find(corpus, "huge")->status, NEUME_FILE_OTHER);
    assert_skipped(corpus, "long.mid", "42 steps, expected at most 41");
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

/* Found, and gone or another thing when its turn comes. */
static void what_vanishes_before_its_turn_is_a_line_of_the_report(void **state) {
    (void)state;
    const test_folder folder = folder_of_one();
    const char *path = folder.path;
    const neume_corpus_options options = neume_corpus_options_default();
    size_t none;
    test_put_tune(&folder, "vanishes.mid", 2, 40);
    test_put_tune(&folder, "cut.mid", 3, 40);
    test_put_tune(&folder, "pipe.mid", 4, 40);
    neume_corpus *corpus = nm_alloc(folder.context, 1, sizeof *corpus);
    corpus->context = folder.context;
    corpus->owns_codec = true;
    assert_int_equal(
        nm_corpus_find(corpus, (neume_inputs){&path, 1}, (neume_inputs){0}, &none, NULL), NEUME_OK);
    assert_int_equal(neume_codec_new(&corpus->codec, folder.context, &options.codec, NULL),
                     NEUME_OK);
    assert_int_equal(unlink(test_path(&folder, "vanishes.mid")), 0);
    assert_int_equal(truncate(test_path(&folder, "cut.mid"), 10), 0);
    assert_int_equal(unlink(test_path(&folder, "pipe.mid")), 0);
    assert_int_equal(mkfifo(test_path(&folder, "pipe.mid"), 0600), 0);
    nm_corpus_reader reader = {.corpus = corpus,
                               .codec = corpus->codec,
                               .midi = options.reading,
                               .max_steps = options.max_steps};
    assert_int_equal(nm_corpus_read(&reader, NULL), NEUME_OK);
    assert_int_equal(reader.piece_count, 1);
    assert_skipped(corpus, "vanishes.mid", "No such file");
    assert_skipped(corpus, "cut.mid", "");
    assert_skipped(corpus, "pipe.mid", "not a regular file");
    nm_corpus_reader_clear(&reader);
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(devices_pipes_and_loops_of_links_are_lines_of_the_report),
        cmocka_unit_test(what_may_not_be_read_is_a_line_of_the_report),
        cmocka_unit_test(a_folder_that_goes_too_deep_is_a_line_of_the_report),
        cmocka_unit_test(what_is_too_large_or_too_long_is_a_line_of_the_report),
        cmocka_unit_test(what_vanishes_before_its_turn_is_a_line_of_the_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
