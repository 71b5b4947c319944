/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "base/rng.h"

#include <math.h>

/* Known answer of Philox4x32-10 for counter 0 and key 0 (Random123's kat_vectors), except that the
 * top byte of the counter's last word is our purpose; so purpose 0 is asked for here. */
static void agrees_with_the_published_known_answer(void **state) {
    (void)state;
    const nm_random r = nm_random_at(0, (nm_purpose)0, 0, 0);
    assert_int_equal(r.word[0], 0x6627e8d5);
    assert_int_equal(r.word[1], 0xe169c58d);
    assert_int_equal(r.word[2], 0xbc57ac4c);
    assert_int_equal(r.word[3], 0x9b00dbd8);
}

static void normal_numbers_have_mean_0_and_variance_1(void **state) {
    (void)state;
    double sum = 0, squares = 0;
    const int count = 100000;
    for (int i = 0; i < count; i++) {
        const double z = nm_random_normal(7, NM_PURPOSE_TEST, 1, (uint64_t)i);
        sum += z;
        squares += z * z;
    }
    assert_true(fabs(sum / count) < 0.02);
    assert_true(fabs(squares / count - 1) < 0.02);
}

static void a_shuffle_is_a_permutation_that_the_epoch_changes(void **state) {
    (void)state;
    uint32_t a[100], b[100];
    bool seen[100] = {false};
    nm_random_shuffle(a, 100, 1, NM_PURPOSE_SHUFFLE, 0);
    nm_random_shuffle(b, 100, 1, NM_PURPOSE_SHUFFLE, 1);
    int equal = 0;
    for (int i = 0; i < 100; i++) {
        assert_false(seen[a[i]]);
        seen[a[i]] = true;
        equal += a[i] == b[i];
    }
    assert_true(equal < 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_published_known_answer),
        cmocka_unit_test(normal_numbers_have_mean_0_and_variance_1),
        cmocka_unit_test(a_shuffle_is_a_permutation_that_the_epoch_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
