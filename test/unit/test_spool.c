/* SPDX-License-Identifier: ISC */
#include "folder.h"

#include "base/spool.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>

static size_t names_in(const char *folder) {
    DIR *entries = opendir(folder);
    size_t count = 0;
    assert_non_null(entries);
    while (readdir(entries))
        count++;
    assert_int_equal(closedir(entries), 0);
    return count - 2;
}

static void what_was_put_is_mapped_and_can_be_written_over(void **state) {
    const test_folder folder = test_folder_new(*state);
    nm_spool spool;
    assert_int_equal(nm_spool_open(&spool, folder.path, NULL), NEUME_OK);
    assert_int_equal(names_in(folder.path), 0);
    for (uint32_t i = 0; i < 10000; i++)
        assert_int_equal(nm_spool_put(&spool, &i, sizeof i, NULL), NEUME_OK);
    assert_int_equal(nm_spool_map(&spool, NULL), NEUME_OK);
    const uint32_t *map = spool.map, other = 77;
    for (uint32_t i = 0; i < 10000; i++)
        assert_int_equal(map[i], i);
    assert_int_equal(nm_spool_rewrite(&spool, 5000 * sizeof other, &other, sizeof other, NULL),
                     NEUME_OK);
    assert_int_equal(map[5000], 77);
    assert_int_equal(map[5001], 5001);
    nm_spool_close(&spool);
    test_folder_remove(&folder);
}

static void an_empty_one_is_mapped_too(void **state) {
    const test_folder folder = test_folder_new(*state);
    nm_spool spool;
    assert_int_equal(nm_spool_open(&spool, folder.path, NULL), NEUME_OK);
    assert_int_equal(nm_spool_map(&spool, NULL), NEUME_OK);
    nm_spool_close(&spool);
    nm_spool_close(&spool);
    test_folder_remove(&folder);
}

static void says_where_it_cannot_be_made(void **state) {
    (void)state;
    nm_spool spool;
    neume_error error = {0};
    assert_int_equal(nm_spool_open(&spool, "/nowhere", &error), NEUME_CANNOT_WRITE);
    assert_string_equal(error.line, "/nowhere: cannot be written: No such file or directory");
    assert_false(spool.is_open);
}

/* A file that may not grow: as a full disk. */
static void what_does_not_fit_leaves_it_as_it_was(void **state) {
    const test_folder folder = test_folder_new(*state);
    static const char block[4096] = {1};
    nm_spool spool;
    struct rlimit before, narrow = {10000, RLIM_INFINITY};
    neume_error error = {0};
    assert_int_equal(nm_spool_open(&spool, folder.path, NULL), NEUME_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    narrow.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &narrow), 0);
    assert_int_equal(nm_spool_put(&spool, block, sizeof block, NULL), NEUME_OK);
    assert_int_equal(nm_spool_put(&spool, block, sizeof block, NULL), NEUME_OK);
    assert_int_equal(nm_spool_put(&spool, block, sizeof block, &error), NEUME_CANNOT_WRITE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_string_equal(error.line, "words outside of memory: cannot be written: File too large");
    assert_int_equal(spool.size, 2 * sizeof block);
    assert_int_equal(nm_spool_map(&spool, NULL), NEUME_OK);
    assert_memory_equal((const char *)spool.map + sizeof block, block, sizeof block);
    nm_spool_close(&spool);
    test_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_mapped_and_can_be_written_over),
        cmocka_unit_test(an_empty_one_is_mapped_too),
        cmocka_unit_test(says_where_it_cannot_be_made),
        cmocka_unit_test(what_does_not_fit_leaves_it_as_it_was),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
