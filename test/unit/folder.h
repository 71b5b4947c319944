/* SPDX-License-Identifier: ISC */
/* A folder of its own for a test, and tunes to fill it with. */
#ifndef NM_TEST_FOLDER_H
#define NM_TEST_FOLDER_H

#include "test.h"

#include "base/file.h"
#include "base/rng.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct test_folder {
    char path[64];
    neume_context *context;
} test_folder;

/* In memory where the system has that: writing waits for the disk. */
static inline test_folder test_folder_new(neume_context *context) {
    test_folder folder = {.context = context};
    const bool has_shm = access("/dev/shm", W_OK) == 0;
    snprintf(folder.path, sizeof folder.path, "%s/neume-test-XXXXXX",
             has_shm ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(folder.path));
    return folder;
}

static inline void test_folder_remove(const test_folder *folder) {
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", folder->path);
    assert_int_equal(system(command), 0);
}

/* The path of a name in the folder; good until three more are asked for. */
static inline const char *test_path(const test_folder *folder, const char *name) {
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder->path, name);
    return path;
}

static inline void test_put(const test_folder *folder, const char *name, const void *bytes,
                            size_t size) {
    FILE *file = fopen(test_path(folder, name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* A MIDI file of `count` quarters whose pitches follow from `seed`, on a channel of 0..15. Returns
 * its size; `bytes` has room for 64 + 9 * count. */
static inline size_t test_tune(uint8_t *bytes, unsigned seed, unsigned count, unsigned channel) {
    static const uint8_t header[] = {'M', 'T', 'h', 'd', 0,   0,   0,   6, 0, 0, 0,
                                     1,   1,   224, 'M', 'T', 'r', 'k', 0, 0, 0, 0};
    size_t size = sizeof header;
    memcpy(bytes, header, sizeof header);
    for (unsigned i = 0; i < count; i++) {
        const uint8_t pitch =
            (uint8_t)(60 + (nm_random_at(seed, NM_PURPOSE_TEST, 0, i).word[0] % 23));
        const uint8_t note[] = {0,    (uint8_t)(0x90 | channel), pitch, 80, 0x83,
                                0x60, (uint8_t)(0x80 | channel), pitch, 64};
        memcpy(bytes + size, note, sizeof note);
        size += sizeof note;
    }
    memcpy(bytes + size, (const uint8_t[]){0, 0xFF, 0x2F, 0}, 4);
    size += 4;
    bytes[20] = (uint8_t)((size - sizeof header) >> 8);
    bytes[21] = (uint8_t)(size - sizeof header);
    return size;
}

static inline void test_put_tune(const test_folder *folder, const char *name, unsigned seed,
                                 unsigned count) {
    uint8_t bytes[64 + 9 * 200];
    assert_true(count <= 200);
    test_put(folder, name, bytes, test_tune(bytes, seed, count, 0));
}

#endif
