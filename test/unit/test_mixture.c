/* SPDX-License-Identifier: ISC */
#include "near.h"

#include "base/rng.h"
#include "learn/mixture.h"

#include <string.h>

enum { UNITS = 400, MODELS = 4 };

static double mean_of(const double *nats, size_t count) {
    double sum = 0;
    for (size_t u = 0; u < count; u++)
        sum += nats[u];
    return sum / (double)count;
}

/* Three units in four have p = .8 and .2 under the models, the others p = .2 and .8: the mixture
 * says .75 of the first kind where w = (.75 - .2) / .6. */
static void finds_the_obvious_weights(void **state) {
    double nats[2][UNITS], weights[2];
    for (size_t u = 0; u < UNITS; u++) {
        nats[0][u] = -log(u % 4 ? 0.8 : 0.2);
        nats[1][u] = -log(u % 4 ? 0.2 : 0.8);
    }
    const nm_mixture_table table = {2, UNITS, nats[0]};
    assert_int_equal(nm_mixture_fit(weights, *state, &table), NEUME_OK);
    assert_near(weights[0], 0.55 / 0.6, 1e-4);
    assert_near(weights[0] + weights[1], 1, 1e-12);
}

static void the_model_that_is_always_better_gets_all(void **state) {
    double nats[3][UNITS], weights[3], mixed[UNITS];
    for (size_t u = 0; u < UNITS; u++)
        for (size_t m = 0; m < 3; m++)
            nats[m][u] = m == 1 ? 1 : 2;
    const nm_mixture_table table = {3, UNITS, nats[0]};
    assert_int_equal(nm_mixture_fit(weights, *state, &table), NEUME_OK);
    assert_near(weights[1], 1, 1e-6);
    nm_mixture_nats(mixed, &table, weights);
    assert_near(mean_of(mixed, UNITS), 1, 1e-6);
}

/* Nats of a few random models, some of them poor. */
static void fill(double nats[MODELS][UNITS], uint64_t seed) {
    for (size_t m = 0; m < MODELS; m++)
        for (size_t u = 0; u < UNITS; u++)
            nats[m][u] =
                (double)(m + seed % 3) + 6 * nm_random_uniform(seed, NM_PURPOSE_TEST, m, u);
}

static void is_never_worse_than_its_best_model_on_what_it_was_fitted_to(void **state) {
    for (uint64_t seed = 0; seed < 20; seed++) {
        double nats[MODELS][UNITS], weights[MODELS], mixed[UNITS];
        fill(nats, seed);
        for (size_t M = 1; M <= MODELS; M++) {
            const nm_mixture_table table = {M, UNITS, nats[0]};
            assert_int_equal(nm_mixture_fit(weights, *state, &table), NEUME_OK);
            nm_mixture_nats(mixed, &table, weights);
            for (size_t m = 0; m < M; m++)
                assert_true(mean_of(mixed, UNITS) <= mean_of(nats[m], UNITS) + 1e-7);
        }
    }
}

static void the_order_of_the_models_does_not_matter(void **state) {
    double nats[MODELS][UNITS], turned[MODELS][UNITS], a[MODELS], b[MODELS];
    fill(nats, 8);
    for (size_t m = 0; m < MODELS; m++)
        memcpy(turned[m], nats[MODELS - 1 - m], sizeof nats[0]);
    assert_int_equal(nm_mixture_fit(a, *state, &(nm_mixture_table){MODELS, UNITS, nats[0]}),
                     NEUME_OK);
    assert_int_equal(nm_mixture_fit(b, *state, &(nm_mixture_table){MODELS, UNITS, turned[0]}),
                     NEUME_OK);
    for (size_t m = 0; m < MODELS; m++)
        assert_near(a[m], b[MODELS - 1 - m], 1e-6);
    assert_true(a[0] > 0.01 && a[0] < 0.99);
}

static void is_a_mean_of_probabilities_however_small_they_are(void **state) {
    (void)state;
    const double weights[] = {0.25, 0.75};
    double nats[2][3] = {{1, 2000, INFINITY}, {2, 2001, 5}}, mixed[3];
    nm_mixture_nats(mixed, &(nm_mixture_table){2, 3, nats[0]}, weights);
    const double first = -log(0.25 * exp(-1) + 0.75 * exp(-2));
    assert_near(mixed[0], first, 1e-12);
    assert_near(mixed[1], first + 1999, 1e-9);
    assert_near(mixed[2], 5 - log(0.75), 1e-12);
}

static void what_no_model_can_say_the_mixture_cannot(void **state) {
    double nats[2][2] = {{INFINITY, 1}, {INFINITY, 1}}, mixed[2], weights[2];
    const nm_mixture_table table = {2, 2, nats[0]};
    assert_int_equal(nm_mixture_fit(weights, *state, &table), NEUME_OK);
    assert_near(weights[0], 0.5, 1e-12);
    nm_mixture_nats(mixed, &table, weights);
    assert_true(isinf(mixed[0]) && mixed[0] > 0);
    assert_near(mixed[1], 1, 1e-12);
}

static void without_a_unit_the_weights_are_equal(void **state) {
    double weights[MODELS];
    assert_int_equal(nm_mixture_fit(weights, *state, &(nm_mixture_table){MODELS, 0, NULL}),
                     NEUME_OK);
    for (size_t m = 0; m < MODELS; m++)
        assert_near(weights[m], 1.0 / MODELS, 0);
}

static neume_status fit(neume_context *context, void *data) {
    double weights[MODELS];
    return nm_mixture_fit(weights, context, &(nm_mixture_table){MODELS, UNITS, data});
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    double nats[MODELS][UNITS];
    fill(nats, 1);
    test_each_allocation_failing(fit, nats);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_obvious_weights),
        cmocka_unit_test(the_model_that_is_always_better_gets_all),
        cmocka_unit_test(is_never_worse_than_its_best_model_on_what_it_was_fitted_to),
        cmocka_unit_test(the_order_of_the_models_does_not_matter),
        cmocka_unit_test(is_a_mean_of_probabilities_however_small_they_are),
        cmocka_unit_test(what_no_model_can_say_the_mixture_cannot),
        cmocka_unit_test(without_a_unit_the_weights_are_equal),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
