/* SPDX-License-Identifier: ISC */
/* What the tests of layers share: random and guarded blocks, pools of several sizes, comparisons.
 */
#ifndef NM_TEST_LAYER_CHECK_H
#define NM_TEST_LAYER_CHECK_H

#include "test.h"

#include "nn/ops.h"

/* Numbers uniform in ±size, the same for the same seed. Freed by free(). */
float *random_floats(uint64_t seed, size_t count, float size);
/* 1 with the given probability, else 0. */
uint8_t *random_flags(uint64_t seed, size_t count, double probability);

/* A block between guards, filled with NaN so that nothing is taken for written that is not. */
float *guarded_new(size_t count);
/* Fails the test where a guard was overwritten. */
void guarded_free(float *block, size_t count);

void assert_same_bits(const char *what, const float *got, const float *wanted, size_t count);
double largest_magnitude(const float *block, size_t count);

/* Runs `check`, with two threads, for each table but the reference that this machine can run. */
void for_each_table(void (*check)(const nm_ops *ops, nm_pool *pool));

/* Runs `compute` with 1 thread, and with 2, 3 and 8; all must give the bits of the first. */
typedef float *(*ops_computation)(const nm_ops *ops, nm_pool *pool, const void *data,
                                  size_t *count);
void assert_same_for_any_threads(const nm_ops *ops, ops_computation compute, const void *data);

#endif
