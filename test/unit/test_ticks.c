/* SPDX-License-Identifier: ISC */
#include "media/ticks.h"

#include "test.h"

#include <math.h>
#include <string.h>

static nm_scale scale_of(double low, double high, bool is_log) {
    return (nm_scale){low, high, 0, 100, is_log};
}

/* The named ticks, with spaces between. */
static const char *names_of(char *out, const nm_scale *scale, unsigned most) {
    nm_ticks ticks;
    nm_ticks_choose(&ticks, scale, most);
    out[0] = '\0';
    for (unsigned i = 0; i < ticks.count; i++) {
        if (ticks.ticks[i].text[0] == '\0')
            continue;
        strcat(out, out[0] ? " " : "");
        strcat(out, ticks.ticks[i].text);
    }
    return out;
}

static void assert_names(double low, double high, unsigned most, const char *expected) {
    char out[NM_TICK_COUNT * NM_TICK_TEXT];
    const nm_scale scale = scale_of(low, high, false);
    assert_string_equal(names_of(out, &scale, most), expected);
}

static void assert_log_names(double low, double high, unsigned most, const char *expected) {
    char out[NM_TICK_COUNT * NM_TICK_TEXT];
    const nm_scale scale = scale_of(low, high, true);
    assert_string_equal(names_of(out, &scale, most), expected);
}

static void names_multiples_of_one_two_or_five(void **state) {
    (void)state;
    assert_names(0, 10, 5, "0 2 4 6 8 10");
    assert_names(1.83, 2.63, 8, "1.9 2.0 2.1 2.2 2.3 2.4 2.5 2.6");
    assert_names(1.83, 2.63, 5, "2.0 2.2 2.4 2.6");
    assert_names(0, 1040000, 6, "0 200,000 400,000 600,000 800,000 1,000,000");
    assert_names(0, 0.0021, 3, "0 0.001 0.002");
    assert_names(-3, 3, 3, "−2 0 2");
}

static void names_large_and_small_numbers_as_powers(void **state) {
    (void)state;
    assert_names(0, 3e-6, 3, "0 10⁻⁶ 2×10⁻⁶ 3×10⁻⁶");
    assert_names(0, 2.5e7, 3, "0 10⁷ 2×10⁷");
}

static void names_decades_and_their_parts_where_there_is_room(void **state) {
    (void)state;
    assert_log_names(0.06, 6, 8, "0.1 0.2 0.5 1 2 5");
    assert_log_names(0.06, 600, 5, "0.1 1 10 100");
    assert_log_names(1e-9, 1, 4, "10⁻⁸ 10⁻⁶ 0.0001 0.01 1");
}

static unsigned count_unnamed(double low, double high, unsigned most) {
    const nm_scale scale = scale_of(low, high, true);
    nm_ticks ticks;
    unsigned count = 0;
    nm_ticks_choose(&ticks, &scale, most);
    for (unsigned i = 0; i < ticks.count; i++)
        count += ticks.ticks[i].text[0] == '\0';
    return count;
}

static void ticks_without_names_stand_where_there_is_room(void **state) {
    (void)state;
    assert_int_equal(count_unnamed(0.06, 6, 8), 4 + 6 + 3); /* to 0.09, to 0.9, and 3, 4, 6 */
    assert_int_equal(count_unnamed(0.0001, 1, 5), 0);
}

static void a_short_logarithmic_axis_has_linear_ticks(void **state) {
    (void)state;
    assert_log_names(2.1, 4.2, 5, "2.5 3.0 3.5 4.0");
}

static void ticks_ascend_and_lie_within(void **state) {
    (void)state;
    for (int i = 0; i < 2000; i++) {
        const double low = pow(10, i % 13 - 6), high = low * (1 + pow(10, (i / 13) % 9 - 3));
        for (int is_log = 0; is_log < 2; is_log++) {
            const nm_scale scale = scale_of(low, high, is_log);
            nm_ticks ticks;
            nm_ticks_choose(&ticks, &scale, 2 + (unsigned)i % 11);
            assert_true(ticks.count <= NM_TICK_COUNT);
            for (unsigned k = 0; k < ticks.count; k++) {
                assert_true(ticks.ticks[k].value >= low * (1 - 1e-6));
                assert_true(ticks.ticks[k].value <= high * (1 + 1e-6));
                assert_true(k == 0 || ticks.ticks[k].value > ticks.ticks[k - 1].value);
            }
        }
    }
}

static void a_scale_maps_its_ends_to_its_ends(void **state) {
    (void)state;
    for (int is_log = 0; is_log < 2; is_log++) {
        const nm_scale scale = scale_of(0.5, 8, is_log);
        assert_float_equal(nm_scale_place(&scale, 0.5), 0, 1e-9);
        assert_float_equal(nm_scale_place(&scale, 8), 100, 1e-9);
        assert_float_equal(nm_scale_place(&scale, is_log ? 2 : 4.25), 50, 1e-9);
    }
}

static void a_scale_has_room_for_one_value_none_and_all_alike(void **state) {
    (void)state;
    nm_range range = nm_range_empty();
    nm_scale scale = nm_scale_fit(range, false);
    assert_true(scale.low < scale.high);
    nm_range_add(&range, NAN);
    nm_range_add(&range, INFINITY);
    assert_true(nm_range_is_empty(range));
    nm_range_add(&range, 2);
    for (int is_log = 0; is_log < 2; is_log++) {
        scale = nm_scale_fit(range, is_log);
        assert_true(scale.low < 2 && scale.high > 2);
    }
    range = nm_range_empty();
    nm_range_add(&range, 0.1);
    nm_range_add(&range, 2);
    assert_true(nm_scale_fit(range, false).low == 0); /* so near that 0 is shown */
    range = nm_range_empty();
    nm_range_add(&range, 0);
    scale = nm_scale_fit(range, false);
    assert_true(scale.low <= 0 && scale.high > 0);
}

static void what_is_not_above_zero_has_no_logarithmic_place(void **state) {
    (void)state;
    const nm_scale linear = scale_of(0, 1, false), logarithmic = scale_of(0.1, 1, true);
    assert_true(nm_scale_has(&linear, 0));
    assert_false(nm_scale_has(&logarithmic, 0));
    assert_false(nm_scale_has(&linear, NAN));
    assert_false(nm_scale_has(&linear, INFINITY));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_multiples_of_one_two_or_five),
        cmocka_unit_test(names_large_and_small_numbers_as_powers),
        cmocka_unit_test(names_decades_and_their_parts_where_there_is_room),
        cmocka_unit_test(ticks_without_names_stand_where_there_is_room),
        cmocka_unit_test(a_short_logarithmic_axis_has_linear_ticks),
        cmocka_unit_test(ticks_ascend_and_lie_within),
        cmocka_unit_test(a_scale_maps_its_ends_to_its_ends),
        cmocka_unit_test(a_scale_has_room_for_one_value_none_and_all_alike),
        cmocka_unit_test(what_is_not_above_zero_has_no_logarithmic_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
