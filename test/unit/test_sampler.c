/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "base/rng.h"
#include "learn/sampler.h"

#include <math.h>
#include <string.h>

enum { MOST_WORDS = 12 };

static double random_at(uint64_t what, uint64_t index) {
    return nm_random_uniform(11, NM_PURPOSE_TEST, what, index);
}

/* The rules, one after the other, on a list of probabilities: what each word's chance is. */
static void chances_by_the_rules(double *p, const neume_sampling *sampling,
                                 const nm_choices *choices) {
    size_t order[MOST_WORDS], count = 0;
    for (size_t w = 0; w < choices->V; w++) {
        p[w] = choices->allowed[w] ? exp(choices->logits[w] / sampling->temperature) : 0;
        if (choices->allowed[w])
            order[count++] = w;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            if (p[order[j]] > p[order[i]] || (p[order[j]] == p[order[i]] && order[j] < order[i])) {
                const size_t kept = order[i];
                order[i] = order[j];
                order[j] = kept;
            }
    const size_t most = sampling->top_k && sampling->top_k < count ? sampling->top_k : count;
    double sum = 0, before = 0, total = 0;
    for (size_t i = 0; i < most; i++)
        sum += p[order[i]];
    for (size_t i = 0; i < count; i++) {
        const bool crossed = sampling->top_p < 1 && before >= sampling->top_p * sum;
        const bool is_small = p[order[i]] < sampling->min_p * p[order[0]];
        before += p[order[i]];
        if (i >= most || crossed || is_small)
            p[order[i]] = 0;
        total += p[order[i]];
    }
    for (size_t w = 0; w < choices->V; w++)
        p[w] /= total;
}

/* Draws with `draws` evenly spread numbers: each word's share is its chance but for the two ends of
 * its interval. */
static void assert_shares(const neume_sampling *sampling, const nm_choices *choices) {
    enum { DRAWS = 1000 };
    double p[MOST_WORDS];
    int counts[MOST_WORDS] = {0};
    double weights[MOST_WORDS];
    uint64_t order[MOST_WORDS];
    chances_by_the_rules(p, sampling, choices);
    for (int i = 0; i < DRAWS; i++) {
        nm_drawn drawn;
        assert_int_equal(
            nm_sample(&drawn, sampling, choices, (i + 0.5) / DRAWS, (nm_draw_room){weights, order}),
            NEUME_OK);
        assert_true(drawn.word < choices->V);
        counts[drawn.word]++;
    }
    for (size_t w = 0; w < choices->V; w++) {
        assert_true(fabs(counts[w] - DRAWS * p[w]) <= 1 + 1e-6);
        assert_true(p[w] > 0 || counts[w] == 0);
    }
}

static void draws_by_the_rules_in_random_cases(void **state) {
    (void)state;
    for (uint64_t c = 0; c < 2000; c++) {
        real logits[MOST_WORDS];
        uint8_t allowed[MOST_WORDS];
        const size_t V = 1 + (size_t)(random_at(1, c) * MOST_WORDS);
        for (size_t w = 0; w < V; w++) {
            logits[w] = (real)(6 * random_at(100 + w, c) - 3);
            allowed[w] = random_at(200 + w, c) < 0.8;
        }
        allowed[(size_t)(random_at(2, c) * (double)V)] = 1;
        const neume_sampling sampling = {
            .temperature = c % 3 ? 0.25 + 2 * random_at(3, c) : 1,
            .top_k = c % 5 ? 0 : (uint32_t)(random_at(4, c) * MOST_WORDS),
            .top_p = c % 2 ? 1 : 0.01 + 0.99 * random_at(5, c),
            .min_p = c % 7 ? 0 : random_at(6, c),
        };
        assert_shares(&sampling, &(nm_choices){V, logits, allowed, allowed});
    }
}

/* p = 1/2, 1/4, 1/8, 1/8 at temperature 1. */
static const real halves[] = {(real)-0.6931471805599453, (real)-1.3862943611198906,
                              (real)-2.0794415416798357, (real)-2.0794415416798357};
static const uint8_t all[] = {1, 1, 1, 1};

static void assert_kept(neume_sampling sampling, const uint8_t *allowed, const char *expected) {
    char kept[5] = "0000";
    const nm_choices choices = {4, halves, allowed, all};
    for (int i = 0; i < 1000; i++) {
        nm_drawn drawn = {.word = 4};
        double weights[4];
        uint64_t order[4];
        assert_int_equal(
            nm_sample(&drawn, &sampling, &choices, i / 1000.0, (nm_draw_room){weights, order}),
            NEUME_OK);
        kept[drawn.word] = '1';
    }
    assert_string_equal(kept, expected);
}

static void each_rule_keeps_what_it_says(void **state) {
    (void)state;
    const neume_sampling plain = {.temperature = 1, .top_p = 1};
    neume_sampling s = plain;
    assert_kept(s, all, "1111");
    s.top_k = 1;
    assert_kept(s, all, "1000");
    s.top_k = 3;
    assert_kept(s, all, "1110");
    s = plain;
    s.top_p = 0.49;
    assert_kept(s, all, "1000");
    s.top_p = 0.6; /* the word that crosses is kept */
    assert_kept(s, all, "1100");
    s.top_p = 0.76;
    assert_kept(s, all, "1110");
    s.top_k = 2; /* 2/3 and 1/3 after top-k: the first reaches .6 alone */
    s.top_p = 0.6;
    assert_kept(s, all, "1000");
    s = plain;
    s.min_p = 0.3;
    assert_kept(s, all, "1100");
    s.min_p = 1;
    assert_kept(s, all, "1000");
    assert_kept(s, (const uint8_t[]){0, 0, 1, 1}, "0011");
    s.temperature = 2; /* p ~ .71, .5, .35, .35: temperature comes before truncation */
    s.min_p = 0.4;
    assert_kept(s, all, "1111");
    assert_kept(plain, (const uint8_t[]){0, 1, 0, 1}, "0101");
    s = plain;
    s.top_k = 1; /* constraints come before truncation */
    assert_kept(s, (const uint8_t[]){0, 0, 1, 1}, "0010");
    s.top_k = 0;
    s.temperature = 1e-300;
    assert_kept(s, all, "1000");
    s.temperature = 1e300;
    assert_kept(s, all, "1111");
}

static void a_number_on_a_border_belongs_to_the_word_above_it(void **state) {
    (void)state;
    static const real equal[] = {1, 1, 1, 1};
    const neume_sampling sampling = {.temperature = 1, .top_p = 1};
    for (uint32_t i = 0; i < 4; i++) {
        nm_drawn drawn;
        double weights[4];
        uint64_t order[4];
        assert_int_equal(nm_sample(&drawn, &sampling, &(nm_choices){4, equal, all, all}, i / 4.0,
                                   (nm_draw_room){weights, order}),
                         NEUME_OK);
        assert_int_equal(drawn.word, i);
    }
}

static void greedy_takes_the_first_of_the_likeliest(void **state) {
    (void)state;
    const neume_sampling greedy = {.temperature = 1, .top_p = 1, .greedy = true};
    assert_kept(greedy, all, "1000");
    assert_kept(greedy, (const uint8_t[]){0, 0, 1, 1}, "0010");
    assert_kept(greedy, (const uint8_t[]){0, 0, 0, 1}, "0001");
}

static void no_allowed_word_is_an_error(void **state) {
    (void)state;
    const neume_sampling sampling = neume_sampling_default();
    double weights[4];
    uint64_t order[4];
    nm_drawn drawn;
    const uint8_t none[4] = {0};
    assert_int_equal(nm_sample(&drawn, &sampling, &(nm_choices){4, halves, none, all}, 0.5,
                               (nm_draw_room){weights, order}),
                     NEUME_BAD_USAGE);
}

static void logits_that_are_no_numbers_are_an_error(void **state) {
    (void)state;
    static const real bad[][3] = {{0, (real)NAN, 0},
                                  {(real)NAN, 0, 0},
                                  {0, (real)INFINITY, 0},
                                  {(real)-INFINITY, (real)-INFINITY, (real)-INFINITY}};
    for (int greedy = 0; greedy < 2; greedy++)
        for (size_t i = 0; i < 4; i++) {
            neume_sampling sampling = neume_sampling_default();
            sampling.greedy = greedy;
            double weights[3];
            uint64_t order[3];
            nm_drawn drawn;
            const nm_choices choices = {3, bad[i], all, all};
            assert_int_equal(
                nm_sample(&drawn, &sampling, &choices, 0.5, (nm_draw_room){weights, order}),
                NEUME_NOT_FINITE);
        }
}

/* 200,000 draws from 40 words. With 39 degrees of freedom chi-square is above 72.05 once in a
 * thousand times; the numbers are fixed, so that the test is not a matter of luck. */
static void frequencies_pass_a_chi_square_test(void **state) {
    (void)state;
    enum { V = 40, DRAWS = 200000 };
    real logits[V];
    uint8_t allowed[V];
    double p[V], sum = 0, chi = 0;
    int counts[V] = {0};
    double weights[V];
    uint64_t order[V];
    for (size_t w = 0; w < V; w++) {
        logits[w] = (real)(4 * random_at(7, w));
        allowed[w] = 1;
        sum += p[w] = exp(logits[w] / 1.3);
    }
    const neume_sampling sampling = {.temperature = 1.3, .top_p = 1};
    for (uint64_t i = 0; i < DRAWS; i++) {
        nm_drawn drawn = {.word = 0};
        const double uniform = nm_random_uniform(1, NM_PURPOSE_SAMPLE, i, 0);
        assert_int_equal(nm_sample(&drawn, &sampling, &(nm_choices){V, logits, allowed, allowed},
                                   uniform, (nm_draw_room){weights, order}),
                         NEUME_OK);
        counts[drawn.word]++;
    }
    for (size_t w = 0; w < V; w++) {
        const double expected = DRAWS * p[w] / sum;
        chi += (counts[w] - expected) * (counts[w] - expected) / expected;
    }
    assert_true(chi < 72.05);
}

/* Whatever is drawn, its probability is that among all possible words at temperature 1. */
static void assert_log_probabilities(const uint8_t *allowed, const uint8_t *possible,
                                     const double *expected) {
    static const neume_sampling samplings[] = {{.temperature = 1, .top_p = 1},
                                               {.temperature = 1, .top_p = 0.8, .top_k = 3},
                                               {.temperature = 1, .top_p = 1, .greedy = true},
                                               {.temperature = 2.5, .top_p = 0.9},
                                               {.temperature = 0.1, .top_p = 1, .min_p = 0.01}};
    const nm_choices choices = {4, halves, allowed, possible};
    for (size_t i = 0; i < sizeof samplings / sizeof *samplings; i++)
        for (int u = 0; u < 100; u++) {
            nm_drawn drawn;
            double weights[4];
            uint64_t order[4];
            assert_int_equal(nm_sample(&drawn, &samplings[i], &choices, u / 100.0,
                                       (nm_draw_room){weights, order}),
                             NEUME_OK);
            assert_true(fabs(drawn.log_probability - expected[drawn.word]) < 1e-6);
        }
}

static void log_probabilities_are_of_the_masked_softmax(void **state) {
    (void)state;
    const uint8_t some[] = {0, 1, 1, 0}, last[] = {0, 0, 0, 1}, more[] = {1, 0, 1, 1};
    const double of_all[] = {halves[0], halves[1], halves[2], halves[3]};
    const double of_some[] = {0, log(2.0 / 3), log(1.0 / 3), 0};
    const double of_more[] = {log(4.0 / 6), 0, log(1.0 / 6), log(1.0 / 6)};
    assert_log_probabilities(all, all, of_all);
    assert_log_probabilities(some, all, of_all);
    assert_log_probabilities(last, all, of_all);
    assert_log_probabilities(some, some, of_some);
    assert_log_probabilities(last, more, of_more);
}

/* A word that may not be drawn, and is likelier than all that may by more than exp can say. */
static void log_probabilities_of_hopeless_words_are_finite(void **state) {
    (void)state;
    enum { V = 21 };
    real logits[V] = {0};
    uint8_t allowed[V], possible[V];
    memset(allowed, 1, V);
    memset(possible, 1, V);
    for (size_t beside = 0; beside < V; beside++) {
        const neume_sampling sampling = {.temperature = 1, .top_p = 1};
        double weights[V];
        uint64_t order[V];
        nm_drawn drawn;
        logits[beside] = 5000;
        allowed[beside] = 0;
        const nm_choices choices = {V, logits, allowed, possible};
        assert_int_equal(
            nm_sample(&drawn, &sampling, &choices, 0.5, (nm_draw_room){weights, order}), NEUME_OK);
        assert_true(drawn.log_probability == -5000);
        possible[beside] = 0;
        assert_int_equal(
            nm_sample(&drawn, &sampling, &choices, 0.5, (nm_draw_room){weights, order}), NEUME_OK);
        assert_true(fabs(drawn.log_probability + log(V - 1)) < 1e-12);
        logits[beside] = 0;
        allowed[beside] = possible[beside] = 1;
    }
}

static void refuses_settings_out_of_range(void **state) {
    (void)state;
    const neume_sampling good = neume_sampling_default();
    neume_sampling bad[10];
    for (int i = 0; i < 10; i++)
        bad[i] = good;
    bad[0].temperature = 0;
    bad[1].temperature = -1;
    bad[2].temperature = NAN;
    bad[3].temperature = INFINITY;
    bad[4].top_p = 0;
    bad[5].top_p = 1.01;
    bad[6].top_p = NAN;
    bad[7].min_p = -0.1;
    bad[8].min_p = 1.1;
    bad[9].min_p = NAN;
    assert_int_equal(nm_sampling_check(&good, NULL), NEUME_OK);
    for (int i = 0; i < 10; i++)
        assert_int_equal(nm_sampling_check(&bad[i], NULL), NEUME_BAD_USAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_by_the_rules_in_random_cases),
        cmocka_unit_test(each_rule_keeps_what_it_says),
        cmocka_unit_test(a_number_on_a_border_belongs_to_the_word_above_it),
        cmocka_unit_test(greedy_takes_the_first_of_the_likeliest),
        cmocka_unit_test(no_allowed_word_is_an_error),
        cmocka_unit_test(logits_that_are_no_numbers_are_an_error),
        cmocka_unit_test(frequencies_pass_a_chi_square_test),
        cmocka_unit_test(log_probabilities_are_of_the_masked_softmax),
        cmocka_unit_test(log_probabilities_of_hopeless_words_are_finite),
        cmocka_unit_test(refuses_settings_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
