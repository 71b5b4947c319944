/* SPDX-License-Identifier: ISC */
#include "media/place.h"

#include "test.h"

#include <math.h>

static void labels_that_do_not_touch_stay(void **state) {
    (void)state;
    double places[] = {10, 50, 30};
    nm_place_apart(places, 3, 10, 0, 100);
    assert_float_equal(places[0], 10, 1e-9);
    assert_float_equal(places[1], 50, 1e-9);
    assert_float_equal(places[2], 30, 1e-9);
}

static void labels_that_touch_part_evenly(void **state) {
    (void)state;
    double places[] = {52, 50, 20};
    nm_place_apart(places, 3, 10, 0, 100);
    assert_float_equal(places[0], 56, 1e-9);
    assert_float_equal(places[1], 46, 1e-9);
    assert_float_equal(places[2], 20, 1e-9);
}

static void labels_stay_within(void **state) {
    (void)state;
    double places[] = {99, 98, 2, 1};
    nm_place_apart(places, 4, 10, 0, 100);
    assert_float_equal(places[0], 100, 1e-9);
    assert_float_equal(places[1], 90, 1e-9);
    assert_float_equal(places[2], 10, 1e-9);
    assert_float_equal(places[3], 0, 1e-9);
}

static void labels_without_room_share_what_there_is(void **state) {
    (void)state;
    double places[] = {5, 5, 5, 5, 5};
    nm_place_apart(places, 5, 10, 0, 20);
    for (int i = 0; i < 5; i++)
        assert_float_equal(places[i], 5 * i, 1e-9);
}

/* Three around 12, two around 40.5, one that nothing touches. */
static void labels_that_touch_move_about_their_mean(void **state) {
    (void)state;
    double wanted[] = {10, 12, 14, 40, 41, 80}, places[6];
    for (int i = 0; i < 6; i++)
        places[i] = wanted[i];
    nm_place_apart(places, 6, 10, 0, 100);
    const double expected[] = {2, 12, 22, 35.5, 45.5, 80};
    for (int i = 0; i < 6; i++)
        assert_float_equal(places[i], expected[i], 1e-9);
}

static void thinning_keeps_first_lowest_highest_and_last(void **state) {
    (void)state;
    double x[] = {0, 0.1, 0.2, 0.3, 0.4, 0.5, 1.5, 2.1, 2.2};
    double y[] = {5, 6, 9, 5, 1, 4, 7, 3, 2};
    const double kept[] = {5, 9, 1, 4, 7, 3, 2};
    assert_int_equal(nm_place_thin(x, y, 9, 1), 7);
    for (int i = 0; i < 7; i++)
        assert_float_equal(y[i], kept[i], 1e-9);
}

static void thinning_changes_nothing_where_there_is_room(void **state) {
    (void)state;
    double x[] = {0, 1, 2, 3}, y[] = {4, 3, 2, 1};
    assert_int_equal(nm_place_thin(x, y, 4, 0.5), 4);
    assert_int_equal(nm_place_thin(x, y, 0, 0.5), 0);
    for (int i = 0; i < 4; i++)
        assert_float_equal(x[i], i, 1e-9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_that_do_not_touch_stay),
        cmocka_unit_test(labels_that_touch_part_evenly),
        cmocka_unit_test(labels_stay_within),
        cmocka_unit_test(labels_without_room_share_what_there_is),
        cmocka_unit_test(labels_that_touch_move_about_their_mean),
        cmocka_unit_test(thinning_keeps_first_lowest_highest_and_last),
        cmocka_unit_test(thinning_changes_nothing_where_there_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
