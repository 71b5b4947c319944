/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "base/file.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct sandbox {
    char folder[64];
    neume_context *context;
} sandbox;

static int set_up(void **state) {
    static sandbox box;
    strcpy(box.folder, "/tmp/neume-file-XXXXXX");
    box.context = test_context(1, NEUME_ISA_C, NULL);
    *state = &box;
    return mkdtemp(box.folder) ? 0 : -1;
}

static int tear_down(void **state) {
    sandbox *box = *state;
    char command[128];
    neume_context_free(box->context);
    snprintf(command, sizeof command, "rm -r '%s'", box->folder);
    return system(command);
}

static const char *in_box(const sandbox *box, const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", box->folder, name);
    return path;
}

static void put(const sandbox *box, const char *name, const char *text) {
    const neume_bytes part = {text, strlen(text)};
    assert_int_equal(nm_file_write(in_box(box, name), box->context, &part, 1, NULL), NEUME_OK);
}

static void writes_and_reads_back(void **state) {
    const sandbox *box = *state;
    put(box, "a", "one");
    put(box, "a", "three");
    nm_buffer buffer = nm_buffer_on(box->context);
    assert_int_equal(nm_file_read(&buffer, in_box(box, "a"), 100, NULL), NEUME_OK);
    assert_int_equal(buffer.size, 5);
    assert_memory_equal(buffer.data, "three", 5);
    nm_buffer_clear(&buffer);
}

static void removes_what_was_left_unfinished_and_nothing_else(void **state) {
    const sandbox *box = *state;
    put(box, "a", "whole");
    put(box, "a.part-x1y2z3", "half");
    put(box, "a.part-x1y2z3x", "another name");
    put(box, "ab.part-x1y2z3", "of another file");
    nm_file_remove_unfinished(in_box(box, "a"));
    assert_false(nm_file_exists(in_box(box, "a.part-x1y2z3")));
    assert_true(nm_file_exists(in_box(box, "a")));
    assert_true(nm_file_exists(in_box(box, "a.part-x1y2z3x")));
    assert_true(nm_file_exists(in_box(box, "ab.part-x1y2z3")));
}

static void refuses_what_is_too_large_missing_or_no_file(void **state) {
    const sandbox *box = *state;
    neume_error error = {0};
    nm_buffer buffer = nm_buffer_on(box->context);
    put(box, "a", "three");
    assert_int_equal(nm_file_read(&buffer, in_box(box, "a"), 4, &error), NEUME_BAD_INPUT);
    assert_non_null(strstr(error.line, "5 bytes"));
    assert_int_equal(nm_file_read(&buffer, in_box(box, "none"), 4, &error), NEUME_BAD_INPUT);
    assert_int_equal(nm_file_read(&buffer, "/dev/zero", 4, &error), NEUME_BAD_INPUT);
    assert_int_equal(mkfifo(in_box(box, "fifo"), 0600), 0);
    assert_int_equal(nm_file_read(&buffer, in_box(box, "fifo"), 4, &error), NEUME_BAD_INPUT);
    nm_buffer_clear(&buffer);
}

static void a_failed_write_says_where(void **state) {
    const sandbox *box = *state;
    const neume_bytes part = {"x", 1};
    neume_error error = {0};
    assert_int_equal(nm_file_write(in_box(box, "no/folder"), box->context, &part, 1, &error),
                     NEUME_CANNOT_WRITE);
    assert_non_null(strstr(error.line, "no/folder"));
}

static void writes_through_a_device_without_replacing_it(void **state) {
    sandbox *box = *state;
    const neume_bytes part = {"x", 1};
    neume_error error = {0};
    struct stat about;
    assert_int_equal(nm_file_write("/dev/full", box->context, &part, 1, &error),
                     NEUME_CANNOT_WRITE);
    assert_non_null(strstr(error.line, "No space left on device"));
    assert_int_equal(nm_file_write("/dev/null", box->context, &part, 1, &error), NEUME_OK);
    assert_int_equal(stat("/dev/null", &about), 0);
    assert_true(S_ISCHR(about.st_mode));
}

static void lists_a_folder_downwards_in_order(void **state) {
    const sandbox *box = *state;
    assert_int_equal(mkdir(in_box(box, "m"), 0700), 0);
    put(box, "z", "");
    put(box, "m/b", "");
    put(box, "m/a", "");
    put(box, ".hidden", "");
    char loop[256];
    snprintf(loop, sizeof loop, "%s", in_box(box, "m/loop"));
    assert_int_equal(symlink(box->folder, loop), 0);
    nm_file_list list = {.context = box->context};
    assert_int_equal(nm_file_list_add(&list, box->folder), NEUME_OK);
    assert_int_equal(nm_file_list_add(&list, in_box(box, "missing")), NEUME_OK);
    assert_int_equal(list.count, 4);
    const char *const names[] = {"m/a", "m/b", "z", "missing"};
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(list.entries[i].path + list.entries[i].name_offset, names[i]);
    assert_int_equal(list.entries[2].failure, 0);
    assert_int_not_equal(list.entries[3].failure, 0);
    nm_file_list_clear(&list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_and_reads_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(removes_what_was_left_unfinished_and_nothing_else, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_is_too_large_missing_or_no_file, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_failed_write_says_where, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writes_through_a_device_without_replacing_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(lists_a_folder_downwards_in_order, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
