/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "learn/schedule.h"

#include <math.h>

static const double ALMOST = 1e-12;

static void assert_almost(double value, double expected, double margin) {
    assert_true(fabs(value - expected) <= margin);
}

static neume_train_options rate_of_one(neume_schedule schedule, double warmup) {
    return (neume_train_options){.learning_rate = 1, .schedule = schedule, .warmup = warmup};
}

static void a_constant_rate_rises_and_stays(void **state) {
    (void)state;
    const neume_train_options options = rate_of_one(NEUME_SCHEDULE_CONSTANT, 0.1);
    assert_almost(nm_schedule_rate(&options, 1, 100), 0.1, ALMOST);
    assert_almost(nm_schedule_rate(&options, 5, 100), 0.5, ALMOST);
    assert_almost(nm_schedule_rate(&options, 10, 100), 1, ALMOST);
    assert_almost(nm_schedule_rate(&options, 100, 100), 1, ALMOST);
}

static void a_cosine_falls_from_its_top_towards_zero(void **state) {
    (void)state;
    const neume_train_options options = rate_of_one(NEUME_SCHEDULE_COSINE, 0.2);
    assert_almost(nm_schedule_rate(&options, 20, 100), 1, ALMOST);
    assert_almost(nm_schedule_rate(&options, 21, 100), 1, ALMOST);
    assert_almost(nm_schedule_rate(&options, 61, 100), 0.5, ALMOST);
    for (uint64_t update = 22; update <= 100; update++)
        assert_true(nm_schedule_rate(&options, update, 100) <
                    nm_schedule_rate(&options, update - 1, 100));
    assert_true(nm_schedule_rate(&options, 100, 100) > 0);
}

static void beyond_the_plan_the_rate_stays(void **state) {
    (void)state;
    const neume_train_options options = rate_of_one(NEUME_SCHEDULE_COSINE, 0);
    assert_true(nm_schedule_rate(&options, 11, 10) == nm_schedule_rate(&options, 10, 10));
}

static void a_warm_up_of_everything_only_rises(void **state) {
    (void)state;
    const neume_train_options options = rate_of_one(NEUME_SCHEDULE_COSINE, 1);
    for (uint64_t update = 1; update <= 7; update++)
        assert_almost(nm_schedule_rate(&options, update, 7), (double)update / 7, ALMOST);
}

static void a_young_average_forgets_its_start(void **state) {
    (void)state;
    assert_almost(nm_average_decay(0.999, 1), 2.0 / 11, ALMOST);
    assert_almost(nm_average_decay(0.999, 90), 0.91, ALMOST);
    assert_almost(nm_average_decay(0.999, 1000000), 0.999, ALMOST);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_constant_rate_rises_and_stays),
        cmocka_unit_test(a_cosine_falls_from_its_top_towards_zero),
        cmocka_unit_test(beyond_the_plan_the_rate_stays),
        cmocka_unit_test(a_warm_up_of_everything_only_rises),
        cmocka_unit_test(a_young_average_forgets_its_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
