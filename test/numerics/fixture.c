/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "fixture.h"

#include <string.h>

static void skip_comments(FILE *file) {
    int c;
    while ((c = fgetc(file)) == '#')
        while ((c = fgetc(file)) != '\n' && c != EOF)
            continue;
    ungetc(c, file);
}

static void read_values(fixture_array *array, FILE *file) {
    array->values = malloc((array->count ? array->count : 1) * sizeof *array->values);
    assert_non_null(array->values);
    for (size_t i = 0; i < array->count; i++)
        assert_int_equal(fscanf(file, "%lf", &array->values[i]), 1);
}

void fixture_load(fixture *out, const char *name) {
    char path[4096];
    const char *folder = getenv("FIXTURES");
    snprintf(path, sizeof path, "%s/%s", folder ? folder : ".", name);
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("%s is not there (FIXTURES names its folder)", path);
    *out = (fixture){.count = 0};
    skip_comments(file);
    fixture_array array;
    while (out->count < FIXTURE_MAX_ARRAYS &&
           fscanf(file, "%47s %zu", array.name, &array.count) == 2) {
        read_values(&array, file);
        out->arrays[out->count++] = array;
    }
    assert_true(feof(file));
    fclose(file);
}

void fixture_clear(fixture *f) {
    for (size_t i = 0; i < f->count; i++)
        free(f->arrays[i].values);
    f->count = 0;
}

const double *fixture_find(const fixture *f, const char *name, size_t count) {
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->arrays[i].name, name) == 0) {
            assert_true(count == 0 || f->arrays[i].count == count);
            return f->arrays[i].values;
        }
    fail_msg("the fixture has no array %s", name);
    return NULL;
}
