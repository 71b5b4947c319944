/* SPDX-License-Identifier: ISC */
#include "layer_check.h"

#include "base/pool.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

enum { GUARD = 17 };
static const float guard_value = -7.0e33f;

float *random_floats(uint64_t seed, size_t count, float size) {
    float *block = malloc((count + 1) * sizeof *block);
    for (size_t i = 0; i < count; i++)
        block[i] = size * (float)(2 * nm_random_uniform(seed, NM_PURPOSE_TEST, 0, i) - 1);
    return block;
}

uint8_t *random_flags(uint64_t seed, size_t count, double probability) {
    uint8_t *block = malloc(count + 1);
    for (size_t i = 0; i < count; i++)
        block[i] = nm_random_uniform(seed, NM_PURPOSE_TEST, 2, i) < probability;
    return block;
}

float *guarded_new(size_t count) {
    float *start = malloc((count + 2 * GUARD) * sizeof *start);
    for (size_t i = 0; i < count + 2 * GUARD; i++)
        start[i] = i < GUARD || i >= GUARD + count ? guard_value : NAN;
    return start + GUARD;
}

static void guarded_check(const float *block, size_t count) {
    for (size_t i = 0; i < GUARD; i++)
        if (block[-1 - (ptrdiff_t)i] != guard_value || block[count + i] != guard_value)
            fail_msg("a block of %zu floats was overrun", count);
}

void guarded_free(float *block, size_t count) {
    guarded_check(block, count);
    free(block - GUARD);
}

void assert_same_bits(const char *what, const float *got, const float *wanted, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (memcmp(&got[i], &wanted[i], sizeof *got) != 0)
            fail_msg("%s[%zu of %zu] is %.9g, expected the very bits of %.9g", what, i, count,
                     got[i], wanted[i]);
}

double largest_magnitude(const float *block, size_t count) {
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(block[i]));
    return largest;
}

void assert_same_for_any_threads(const nm_ops *ops, ops_computation compute, const void *data) {
    static const unsigned threads[] = {1, 2, 3, 8};
    float *wanted = NULL;
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        neume_context *context = test_context(threads[i], NEUME_ISA_C, NULL);
        size_t count;
        float *got = compute(ops, context->pool, data, &count);
        neume_context_free(context);
        if (wanted) {
            assert_same_bits(ops->name, got, wanted, count);
            free(got);
        } else {
            wanted = got;
        }
    }
    free(wanted);
}

void for_each_table(void (*check)(const nm_ops *ops, nm_pool *pool)) {
    for (neume_isa isa = NEUME_ISA_BASELINE; isa <= NEUME_ISA_AVX512; isa++) {
        const nm_ops *ops = nm_ops_for(isa);
        if (!ops || !nm_isa_is_available(isa)) {
            print_message("SKIPPED: this machine or build has no kernels %d\n", isa);
            continue;
        }
        neume_context *context = test_context(2, isa, NULL);
        check(ops, context->pool);
        const nm_ops *here = nm_ops_at(context, NM_PRODUCTS_FP32);
        if (here != ops)
            check(here, context->pool);
        neume_context_free(context);
    }
}
