/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "base/clock.h"

#include <unistd.h>

enum { SLEEP_MICROSECONDS = 50000 };

static double seconds_of_a_sleep(unsigned threads) {
    neume_context *context = test_context(threads, NEUME_ISA_C, NULL);
    const double start = nm_clock_of(context);
    assert_int_equal(usleep(SLEEP_MICROSECONDS), 0);
    const double seconds = nm_clock_of(context) - start;
    neume_context_free(context);
    return seconds;
}

static void real_time_goes_on_in_a_sleep(void **state) {
    (void)state;
    const double start = nm_clock();
    assert_int_equal(usleep(SLEEP_MICROSECONDS), 0);
    assert_true(nm_clock() - start >= 1e-6 * SLEEP_MICROSECONDS);
}

static void one_thread_is_timed_by_what_it_computes(void **state) {
    (void)state;
    assert_true(seconds_of_a_sleep(1) < 0.5e-6 * SLEEP_MICROSECONDS);
}

static void several_threads_are_timed_by_real_time(void **state) {
    (void)state;
    assert_true(seconds_of_a_sleep(2) >= 1e-6 * SLEEP_MICROSECONDS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_time_goes_on_in_a_sleep),
        cmocka_unit_test(one_thread_is_timed_by_what_it_computes),
        cmocka_unit_test(several_threads_are_timed_by_real_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
