/* SPDX-License-Identifier: ISC */
/* Arrays of numbers read from a text of make_fixtures.py. */
#ifndef NM_TEST_FIXTURE_H
#define NM_TEST_FIXTURE_H

#include <stddef.h>

enum { FIXTURE_MAX_ARRAYS = 160 };

typedef struct fixture_array {
    char name[48];
    size_t count;
    double *values;
} fixture_array;

typedef struct fixture {
    fixture_array arrays[FIXTURE_MAX_ARRAYS];
    size_t count;
} fixture;

/* Reads the file of that name in the folder FIXTURES. Fails the test where it is not there. */
void fixture_load(fixture *out, const char *name);
void fixture_clear(fixture *f);

/* Fails the test where there is no array of this name and count (0: any count). */
const double *fixture_find(const fixture *f, const char *name, size_t count);

#endif
