/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "learn/schedule.h"

#include <math.h>
#include <string.h>

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
    assert_almost(nm_schedule_rate(&options, 1, 100, 0), 0.1, ALMOST);
    assert_almost(nm_schedule_rate(&options, 5, 100, 0), 0.5, ALMOST);
    assert_almost(nm_schedule_rate(&options, 10, 100, 0), 1, ALMOST);
    assert_almost(nm_schedule_rate(&options, 100, 100, 0), 1, ALMOST);
}

static void a_cosine_falls_from_its_top_towards_zero(void **state) {
    (void)state;
    const neume_train_options options = rate_of_one(NEUME_SCHEDULE_COSINE, 0.2);
    assert_almost(nm_schedule_rate(&options, 20, 100, 0), 1, ALMOST);
    assert_almost(nm_schedule_rate(&options, 21, 100, 0), 1, ALMOST);
    assert_almost(nm_schedule_rate(&options, 61, 100, 0), 0.5, ALMOST);
    for (uint64_t update = 22; update <= 100; update++)
        assert_true(nm_schedule_rate(&options, update, 100, 0) <
                    nm_schedule_rate(&options, update - 1, 100, 0));
    assert_true(nm_schedule_rate(&options, 100, 100, 0) > 0);
}

static neume_train_options schedule_of_one(neume_schedule schedule) {
    return (neume_train_options){
        .learning_rate = 1, .schedule = schedule, .rates = neume_schedule_options_default()};
}

static void a_cosine_falls_to_the_lowest_rate(void **state) {
    (void)state;
    neume_train_options options = schedule_of_one(NEUME_SCHEDULE_COSINE);
    options.rates.lowest = 0.2;
    for (uint64_t update = 1; update <= 50; update++)
        assert_almost(nm_schedule_rate(&options, update, 50, 0),
                      0.2 + 0.8 * 0.5 * (1 + cos(acos(-1) * (double)(update - 1) / 50)), ALMOST);
}

/* 10 updates rise; periods of 10, 20, 40, 80 updates of heights 1, 1/2, 1/4, 1/8. */
static void restarts_begin_longer_and_lower_periods(void **state) {
    (void)state;
    static const uint64_t begins[] = {10, 20, 40, 80, 160};
    neume_train_options options = schedule_of_one(NEUME_SCHEDULE_COSINE);
    options.warmup = 1.0 / 16;
    options.rates.restarts = 3;
    options.rates.restart_height = 0.5;
    assert_almost(nm_schedule_rate(&options, 5, 160, 0), 0.5, ALMOST);
    for (unsigned i = 0; i < 4; i++)
        for (uint64_t u = begins[i]; u < begins[i + 1]; u++) {
            const double share = (double)(u - begins[i]) / (double)(begins[i + 1] - begins[i]);
            assert_almost(nm_schedule_rate(&options, u + 1, 160, 0),
                          pow(0.5, i) * 0.5 * (1 + cos(acos(-1) * share)), ALMOST);
        }
}

static void periods_of_one_length_divide_the_plan(void **state) {
    (void)state;
    neume_train_options options = schedule_of_one(NEUME_SCHEDULE_COSINE);
    options.rates.restarts = 3;
    options.rates.restart_growth = 1;
    for (uint64_t update = 1; update <= 40; update++)
        assert_almost(nm_schedule_rate(&options, update, 40, 0),
                      0.5 * (1 + cos(acos(-1) * (double)((update - 1) % 10) / 10)), ALMOST);
}

/* There are more periods than updates. */
static void a_crowd_of_restarts_has_a_rate_for_every_update(void **state) {
    (void)state;
    neume_train_options options = schedule_of_one(NEUME_SCHEDULE_COSINE);
    options.rates.restarts = 100;
    options.rates.restart_growth = 100;
    for (uint64_t planned = 1; planned < 20; planned++)
        for (uint64_t update = 1; update <= planned; update++) {
            const double rate = nm_schedule_rate(&options, update, planned, 0);
            assert_true(rate > 0 && rate <= 1);
        }
}

static void steps_go_down_by_a_factor_to_the_lowest_rate(void **state) {
    (void)state;
    neume_train_options options = schedule_of_one(NEUME_SCHEDULE_STEP);
    options.warmup = 0.1;
    options.rates.step_every = 7;
    options.rates.step_factor = 0.3;
    options.rates.lowest = 0.01;
    for (uint64_t update = 11; update <= 100; update++)
        assert_almost(nm_schedule_rate(&options, update, 100, 0),
                      fmax(pow(0.3, floor((double)(update - 11) / 7)), 0.01), ALMOST);
}

static void steps_are_a_quarter_of_the_updates_where_none_is_said(void **state) {
    (void)state;
    const neume_train_options options = schedule_of_one(NEUME_SCHEDULE_STEP);
    static const double rates[] = {1, 0.5, 0.25, 0.125};
    for (uint64_t update = 1; update <= 40; update++)
        assert_almost(nm_schedule_rate(&options, update, 40, 0), rates[(update - 1) / 10], ALMOST);
    assert_almost(nm_schedule_rate(&options, 1, 1, 0), 1, ALMOST);
}

static void a_plateau_lowers_the_rate_once_for_each_drop(void **state) {
    (void)state;
    neume_train_options options = schedule_of_one(NEUME_SCHEDULE_PLATEAU);
    options.warmup = 0.1;
    options.rates.plateau_factor = 0.3;
    options.rates.lowest = 0.02;
    static const double rates[] = {1, 0.3, 0.09, 0.027, 0.02};
    for (uint64_t drops = 0; drops < 5; drops++)
        assert_almost(nm_schedule_rate(&options, 50, 100, drops), rates[drops], ALMOST);
    assert_almost(nm_schedule_rate(&options, 5, 100, 2), 0.5, ALMOST);
}

static void a_plateau_is_so_many_validations_without_a_better_one(void **state) {
    (void)state;
    static const struct {
        double loss;
        bool drops;
    } seen[] = {{3, false}, {2, false},   {2, false}, {2.5, true},  {2.1, false}, {NAN, false},
                {2, true},  {1.9, false}, {2, false}, {1.8, false}, {1.9, false}, {1.9, true}};
    const neume_schedule_options options = {.plateau_patience = 2};
    nm_plateau plateau = {.seen = 0};
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++)
        assert_int_equal(nm_plateau_note(&plateau, &options, seen[i].loss), seen[i].drops);
    assert_int_equal(plateau.drops, 3);
    assert_almost(plateau.best, 1.8, ALMOST);
}

/* Everything that a number of a schedule cannot be. */
static void numbers_out_of_range_are_named(void **state) {
    (void)state;
    const neume_schedule_options good = neume_schedule_options_default();
    neume_schedule_options bad[13];
    for (size_t i = 0; i < 13; i++)
        bad[i] = good;
    bad[0].lowest = -1, bad[1].lowest = 1.5, bad[2].lowest = NAN;
    bad[3].restarts = 101;
    bad[4].restart_growth = 0.5, bad[5].restart_growth = NAN;
    bad[6].restart_height = 0, bad[7].restart_height = 2;
    bad[8].step_factor = 0, bad[9].step_factor = INFINITY;
    bad[10].plateau_patience = 0;
    bad[11].plateau_factor = -1, bad[12].plateau_factor = 1.1;
    static const char *const names[] = {"lowest", "restarts", "growth", "height",
                                        "step",   "patience", "factor"};
    static const unsigned of[] = {0, 0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 6, 6};
    for (size_t i = 0; i < 13; i++) {
        neume_error error;
        neume_train_options options = schedule_of_one(NEUME_SCHEDULE_COSINE);
        options.rates = bad[i];
        assert_int_equal(nm_schedule_check(&options, &error), NEUME_BAD_USAGE);
        assert_non_null(strstr(error.line, names[of[i]]));
    }
}

static void beyond_the_plan_the_rate_stays(void **state) {
    (void)state;
    const neume_train_options options = rate_of_one(NEUME_SCHEDULE_COSINE, 0);
    assert_true(nm_schedule_rate(&options, 11, 10, 0) == nm_schedule_rate(&options, 10, 10, 0));
}

static void a_warm_up_of_everything_only_rises(void **state) {
    (void)state;
    const neume_train_options options = rate_of_one(NEUME_SCHEDULE_COSINE, 1);
    for (uint64_t update = 1; update <= 7; update++)
        assert_almost(nm_schedule_rate(&options, update, 7, 0), (double)update / 7, ALMOST);
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
        cmocka_unit_test(a_cosine_falls_to_the_lowest_rate),
        cmocka_unit_test(restarts_begin_longer_and_lower_periods),
        cmocka_unit_test(periods_of_one_length_divide_the_plan),
        cmocka_unit_test(a_crowd_of_restarts_has_a_rate_for_every_update),
        cmocka_unit_test(steps_go_down_by_a_factor_to_the_lowest_rate),
        cmocka_unit_test(steps_are_a_quarter_of_the_updates_where_none_is_said),
        cmocka_unit_test(a_plateau_lowers_the_rate_once_for_each_drop),
        cmocka_unit_test(a_plateau_is_so_many_validations_without_a_better_one),
        cmocka_unit_test(numbers_out_of_range_are_named),
        cmocka_unit_test(beyond_the_plan_the_rate_stays),
        cmocka_unit_test(a_warm_up_of_everything_only_rises),
        cmocka_unit_test(a_young_average_forgets_its_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
