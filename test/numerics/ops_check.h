/* SPDX-License-Identifier: ISC */
/* What the tests of the operation tables share: random and guarded blocks, all tables that this
 * machine can run, pools of several sizes, and comparisons. */
#ifndef NM_TEST_OPS_CHECK_H
#define NM_TEST_OPS_CHECK_H

#include "test.h"

#include "nn/ops.h"

/* Numbers uniform in ±size, the same for the same seed. Freed by free(). */
float *random_floats(uint64_t seed, size_t count, float size);
uint32_t *random_words(uint64_t seed, size_t count, uint32_t below);
/* 1 with the given probability, else 0. */
uint8_t *random_flags(uint64_t seed, size_t count, double probability);

/* A block between guards, filled with NaN so that nothing is taken for written that is not; or
 * with a copy. Starts at an odd multiple of 4 bytes, because tables may not rely on alignment. */
float *guarded_new(size_t count);
float *guarded_copy(const float *from, size_t count);
/* Fails the test where a guard was overwritten. */
void guarded_check(const float *block, size_t count);
void guarded_free(float *block, size_t count);

/* Fails where the two differ by more than `tolerance`, or one is a NaN. */
void assert_near(const char *what, const float *got, const float *wanted, size_t count,
                 double tolerance);
void assert_same_bits(const char *what, const float *got, const float *wanted, size_t count);
double largest_magnitude(const float *block, size_t count);

/* Runs `check` for each table but the reference that this machine can run. */
void for_each_table(void (*check)(const nm_ops *ops, nm_pool *pool));

/* Runs `check` with 1 thread, and with 2, 3 and 8; the first result is `wanted`. */
typedef float *(*ops_computation)(const nm_ops *ops, nm_pool *pool, const void *data,
                                  size_t *count);
void assert_same_for_any_threads(const nm_ops *ops, ops_computation compute, const void *data);

#endif
