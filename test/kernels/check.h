/* SPDX-License-Identifier: ISC */
/* What the checks of the operation tables share: blocks between fences, draws from a seed, sizes at
 * which something ends, comparisons.
 *
 * A check runs in a process of its own and ends it at the first fault (check_fail), so that a
 * kernel that writes where it may not is one failed test, and the next one runs. */
#ifndef NM_TEST_CHECK_H
#define NM_TEST_CHECK_H

#include "nn/ops.h"

/* The reference in float, and in double (in_double.h), are what results are compared with; results
 * of one table for several numbers of threads and of rows are compared with one another. */
enum { CHECK_POOLS = 4, CHECK_BLOCKS = 128, CHECK_CASE = 256, CHECK_DIMENSIONS = 4 };

/* Where a block lies: at a multiple of its elements' size, or of NM_ALIGNMENT. */
typedef enum check_placement { ANYWHERE, ALIGNED } check_placement;

typedef struct check_block {
    const char *name;
    unsigned char *map; /* the first fence; another is at its end */
    size_t map_size;
    unsigned char *begin, *end; /* of the elements */
} check_block;

typedef struct check {
    const nm_ops *ops;
    double rounding;             /* of a factor below 1, the most */
    nm_pool *pools[CHECK_POOLS]; /* of 1, 2, 3 and 8 threads, or of 1 and as many as were asked */
    size_t pool_count;
    uint64_t seed, draws;
    size_t cases; /* of sizes at random, beside those that are always checked */
    char *where;  /* [CHECK_CASE] the case, for the process that reports */
    check_block blocks[CHECK_BLOCKS];
    size_t block_count;
} check;

/* Names the case that follows; `check_end` looks after its blocks and frees them. */
__attribute__((format(printf, 2, 3))) void check_begin(check *c, const char *format, ...);
void check_end(check *c);
__attribute__((format(printf, 2, 3))) _Noreturn void check_fail(const check *c, const char *format,
                                                                ...);

/* Blocks live until check_end. What is written before or behind one fails the check, what is read
 * behind it does as a rule; new floats are NaN. */
float *check_floats(check *c, const char *name, size_t count, check_placement placement);
float *check_copy(check *c, const char *name, const float *from, size_t count);
double *check_doubles(check *c, const char *name, size_t count);
void *check_bytes(check *c, const char *name, size_t count, size_t size, check_placement placement);

/* From now on nobody may write it. */
void check_freeze(check *c, void *block);

/* Inputs, frozen: floats uniform in ±size; words below a bound; flags that are 1 with some
 * probability. */
const float *check_inputs(check *c, const char *name, size_t count, float size);
const uint32_t *check_words(check *c, const char *name, size_t count, size_t below);
const uint8_t *check_flags(check *c, const char *name, size_t count, double probability);

/* Whole numbers below a bound, and yes or no, at random. */
size_t check_draw(check *c, size_t below);
bool check_chance(check *c, double probability);

/* The sizes of case `index`: first one dimension after the other at each size where a vector, a
 * tile, a panel or a block of the depth ends, the others small; then all at random, mostly at such
 * sizes, with a product of at most `most`. False after the last. */
bool check_sizes(check *c, size_t index, size_t *sizes, size_t dimensions, size_t most);

/* Fail where the two differ by more than `tolerance`, or one alone is a NaN. */
typedef struct check_wanted {
    const double *values;
    size_t count;
    double tolerance;
} check_wanted;
void check_near(const check *c, const char *what, const float *got, check_wanted wanted);
void check_same(const check *c, const char *what, const void *got, const void *wanted, size_t size);
double check_magnitude(const double *block, size_t count);

/* Of a sum of `depth` products of floats in ±1. Its error in float is about λ sqrt(k) u sum|x w|
 * with λ small (Higham, Mary 2019), u = 2^-24, and the sum of magnitudes is about k / 4: 2 sqrt(k)
 * u k / 4 holds with room, while a missing or doubled product, about 1/4, is 10^3 times larger for
 * the largest k here. Where factors are rounded to fewer bits, u is their rounding: sums are floats
 * still, or, of halves, of 64 products at most. */
double check_product_tolerance(const check *c, size_t depth);

#endif
