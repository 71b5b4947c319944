/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "base/pool.h"

enum { ROUNDS = 300, MAX_THREADS = 8 };

typedef struct shared_count {
    unsigned of_thread[MAX_THREADS];
    unsigned wrong;
} shared_count;

/* Every thread counts, waits, and then must see the counts of all. */
static void count_and_look(void *data, nm_pool *pool, unsigned thread) {
    shared_count *count = data;
    for (unsigned round = 1; round <= ROUNDS; round++) {
        count->of_thread[thread] = round;
        nm_pool_barrier(pool);
        for (unsigned i = 0; thread == 0 && i < nm_pool_thread_count(pool); i++)
            count->wrong += count->of_thread[i] != round;
        nm_pool_barrier(pool);
    }
}

static void barriers_hold_all_threads_together(void **state) {
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        neume_context *context = test_context(threads, NEUME_ISA_C, NULL);
        shared_count count = {0};
        for (int run = 0; run < 3; run++)
            nm_pool_run(context->pool, count_and_look, &count);
        assert_int_equal(count.wrong, 0);
        neume_context_free(context);
    }
}

static void expect_a_partition(const nm_pool *pool, size_t count, size_t grain) {
    size_t expected = 0;
    for (unsigned thread = 0; thread < nm_pool_thread_count(pool); thread++) {
        const nm_range part = nm_pool_share(pool, thread, count, grain);
        assert_int_equal(part.begin, expected);
        assert_true(part.end == count || part.end % grain == 0);
        expected = part.end;
    }
    assert_int_equal(expected, count);
}

static void shares_cover_everything_once(void **state) {
    (void)state;
    for (unsigned threads = 1; threads <= MAX_THREADS; threads++) {
        neume_context *context = test_context(threads, NEUME_ISA_C, NULL);
        for (size_t count = 0; count < 100; count += 3)
            for (size_t grain = 1; grain < 9; grain++)
                expect_a_partition(context->pool, count, grain);
        neume_context_free(context);
    }
}

static void short_jobs_are_the_callers_alone(void **state) {
    (void)state;
    neume_context *context = test_context(3, NEUME_ISA_C, NULL);
    nm_pool *brief = nm_pool_for(context->pool, 1000);
    shared_count count = {0};
    assert_ptr_equal(nm_pool_for(context->pool, 1e9), context->pool);
    assert_ptr_equal(nm_pool_after_pause(context->pool, 1000), brief);
    assert_ptr_equal(nm_pool_after_pause(context->pool, 1e9), context->pool);
    assert_int_equal(nm_pool_thread_count(brief), 1);
    assert_ptr_equal(nm_pool_for(brief, 1000), brief);
    nm_pool_run(brief, count_and_look, &count);
    assert_int_equal(count.of_thread[0], ROUNDS);
    assert_int_equal(count.of_thread[1], 0);
    assert_ptr_equal(nm_pool_scratch(brief, 0), nm_pool_scratch(context->pool, 0));
    neume_context_free(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(barriers_hold_all_threads_together),
        cmocka_unit_test(shares_cover_everything_once),
        cmocka_unit_test(short_jobs_are_the_callers_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
