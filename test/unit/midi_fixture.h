/* SPDX-License-Identifier: ISC */
/* The MIDI files of test/data/midi: bytes in hexadecimal with comments. The comments before the
 * bytes say what a reader must find; test_midi_read.c knows their words. */
#ifndef NM_TEST_MIDI_FIXTURE_H
#define NM_TEST_MIDI_FIXTURE_H

#include "test.h"

#include <neume/midi.h>

#include <ctype.h>
#include <dirent.h>
#include <string.h>

enum { FIXTURE_BYTES = 1024, FIXTURE_LINES = 16, FIXTURE_LINE = 128 };

typedef struct fixture {
    char name[256];
    uint8_t bytes[FIXTURE_BYTES];
    size_t size;
    char lines[FIXTURE_LINES][FIXTURE_LINE]; /* the comments before the bytes */
    size_t line_count;
} fixture;

static inline void fixture_add_bytes(fixture *to, const char *line) {
    for (const char *at = line; *at && *at != '#' && *at != '\n';) {
        unsigned value;
        int length;
        if (sscanf(at, " %2x%n", &value, &length) != 1)
            break;
        assert_true(to->size < FIXTURE_BYTES);
        to->bytes[to->size++] = (uint8_t)value;
        at += length;
        at += strspn(at, " ");
    }
}

static inline void fixture_load(fixture *to, const char *folder, const char *name) {
    char path[4096], line[256];
    *to = (fixture){0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(to->name, sizeof to->name, "%s", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        if (line[0] != '#') {
            fixture_add_bytes(to, line);
        } else if (to->size == 0 && line[1] == ' ') {
            assert_true(to->line_count < FIXTURE_LINES);
            line[strcspn(line, "\n")] = '\0';
            snprintf(to->lines[to->line_count++], FIXTURE_LINE, "%.*s", FIXTURE_LINE - 1, line + 2);
        }
    }
    fclose(file);
}

static inline int fixture_is_hex(const struct dirent *entry) {
    const char *end = strrchr(entry->d_name, '.');
    return end && strcmp(end, ".hex") == 0;
}

/* Calls `visit` with each fixture, in the order of their names; returns how many there are. */
static inline size_t fixture_each(void (*visit)(const fixture *, void *), void *data) {
    char folder[2048];
    const char *source = getenv("NEUME_SOURCE");
    assert_non_null(source);
    snprintf(folder, sizeof folder, "%s/test/data/midi", source);
    struct dirent **names;
    const int count = scandir(folder, &names, fixture_is_hex, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        static fixture loaded;
        fixture_load(&loaded, folder, names[i]->d_name);
        free(names[i]);
        visit(&loaded, data);
    }
    free(names);
    return (size_t)count;
}

#endif
