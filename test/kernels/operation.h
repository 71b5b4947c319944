/* SPDX-License-Identifier: ISC */
/* An operation that the program checks and times. Each is a file of its own, named after it, that
 * defines <name>_operation; a word in meson.build puts it into the program. */
#ifndef NM_TEST_OPERATION_H
#define NM_TEST_OPERATION_H

#include "check.h"

enum { TIMING_SIZES = 3, TIMING_BLOCKS = 16 };

/* One operation of one table, made ready to be called again and again. */
typedef struct timing {
    neume_context *context;
    const nm_ops *ops;
    size_t size[TIMING_SIZES];
    double flop; /* of a call; 0: it is not arithmetic that takes its time */
    void *call;  /* what the operation is called with; belongs to its file */
    void *blocks[TIMING_BLOCKS];
    size_t block_count;
} timing;

/* Numbers uniform in ±size, or zeros; in blocks for kernels, freed after the timing. */
float *timing_floats(timing *t, size_t count, float size);
void *timing_zeros(timing *t, size_t count, size_t size);

typedef struct operation {
    const char *name;
    void (*check)(check *c); /* ends the process (check_fail) at the first fault */

    /* Nothing of it is timed where `shapes` is NULL. */
    const char *letters[TIMING_SIZES]; /* of a shape's sizes */
    const size_t (*shapes)[TIMING_SIZES];
    size_t shape_count;
    void (*prepare)(timing *t);
    void (*run)(void *timing);
} operation;

#define OPERATION(name) extern const operation name##_operation;
OPERATIONS
#undef OPERATION

#endif
