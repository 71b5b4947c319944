/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "base/rng.h"
#include "learn/ngrams.h"

#include <math.h>
#include <string.h>

enum { V = 7, BEGIN = V };

static const uint32_t word_class[V] = {0, 1, 2, 3, 4, 5, 6};
/* Words of one stream. */
static nm_line line_of(const uint32_t *words, size_t count) {
    return (nm_line){words, count, 1};
}

static const uint8_t all_allowed[V] = {1, 1, 1, 1, 1, 1, 1};

static neume_context *context_new(void) {
    return test_context(1, NEUME_ISA_C, NULL);
}

/* Skewed words, so that counts of one, two, three and more all occur. Never <unk>. */
static void random_piece(uint32_t *words, size_t count, uint64_t piece) {
    for (size_t i = 0; i < count; i++) {
        const double x = nm_random_uniform(7, NM_PURPOSE_TEST, piece, i);
        const uint32_t w = (uint32_t)(x * x * x * (V - 2));
        words[i] = w == 0 ? NM_WORD_END : w + 1;
    }
}

static neume_status random_ngrams(nm_ngrams **out, neume_context *context, size_t pieces) {
    enum { LENGTH = 25 };
    uint32_t words[LENGTH];
    neume_status status = nm_ngrams_new(out, context, V);
    for (size_t p = 0; p < pieces && !status; p++) {
        random_piece(words, LENGTH, p);
        status = nm_ngrams_add(*out, line_of(words, LENGTH));
    }
    if (!status)
        status = nm_ngrams_finish(*out);
    if (status) {
        nm_ngrams_free(*out);
        *out = NULL;
    }
    return status;
}

/* The probabilities of `word` behind u and v; begin words come first or not at all. */
static nm_baseline_sums likelihoods(const nm_ngrams *ngrams, const uint8_t *allowed, uint32_t u,
                                    uint32_t v, uint32_t word) {
    const uint32_t words[3] = {u, v, word};
    const size_t skipped = (size_t)(u == BEGIN) + (v == BEGIN);
    const nm_ngram_mask mask = nm_ngram_mask_of(ngrams, word_class, allowed);
    nm_baseline_sums sums = {0};
    nm_ngrams_score(&sums, ngrams, &mask, line_of(words + skipped, 3 - skipped), 2 - skipped);
    return (nm_baseline_sums){exp(-sums.uniform), exp(-sums.unigram), exp(-sums.trigram)};
}

static void assert_sums_to_one(const nm_ngrams *ngrams, const uint8_t *allowed, uint32_t u,
                               uint32_t v) {
    nm_baseline_sums sums = {0};
    for (uint32_t w = 0; w < V; w++) {
        if (!allowed[w])
            continue;
        const nm_baseline_sums p = likelihoods(ngrams, allowed, u, v, w);
        assert_true(p.uniform > 0 && p.unigram > 0 && p.trigram > 0);
        sums.uniform += p.uniform;
        sums.unigram += p.unigram;
        sums.trigram += p.trigram;
    }
    assert_true(fabs(sums.uniform - 1) < 1e-12);
    assert_true(fabs(sums.unigram - 1) < 1e-12);
    assert_true(fabs(sums.trigram - 1) < 1e-12);
}

static void each_distribution_sums_to_one_in_every_context_under_every_mask(void **state) {
    (void)state;
    neume_context *context = context_new();
    for (size_t pieces = 0; pieces < 8; pieces += 1 + pieces) {
        nm_ngrams *ngrams;
        assert_int_equal(random_ngrams(&ngrams, context, pieces), NEUME_OK);
        for (unsigned set = 1; set < 1 << V; set++) {
            uint8_t allowed[V];
            for (unsigned w = 0; w < V; w++)
                allowed[w] = set >> w & 1;
            for (uint32_t u = 0; u <= V; u++)
                for (uint32_t v = 0; v <= V; v++)
                    if (v != BEGIN || u == BEGIN)
                        assert_sums_to_one(ngrams, allowed, u, v);
        }
        nm_ngrams_free(ngrams);
    }
    neume_context_free(context);
}

/* "2 3 2 0" and "2 3 0". No order has n-grams seen three times, so the discounts are 1/2, 1, 3/2.
 *   p1: 2 stands behind begin and 3, 3 behind 2, 0 behind 2 and 3: of 5, g = 2.5 / 5;
 *       p1(0) = 1/5 + 1/6 = 11/30; p1(2) = 11/30; p1(3) = 1/10 + 1/6 = 8/30
 *   p2(.|3): 2 and 0 once each: g = 1/2; p2(0|3) = 1/4 + 11/60 = 26/60; p2(3|3) = 8/60
 *   p3(.|23): 2 and 0 once each: p3(0|23) = 1/4 + 26/120 = 56/120; p3(3|23) = 8/120
 *   no word of 7 was seen once: s = 0.5 / 8 = 1/16. */
static void a_trigram_is_as_computed_by_hand(void **state) {
    (void)state;
    const uint32_t first[] = {2, 3, 2, 0}, second[] = {2, 3, 0};
    neume_context *context = context_new();
    nm_ngrams *ngrams;
    assert_int_equal(nm_ngrams_new(&ngrams, context, 4), NEUME_OK);
    assert_int_equal(nm_ngrams_add(ngrams, line_of(first, 4)), NEUME_OK);
    assert_int_equal(nm_ngrams_add(ngrams, line_of(second, 3)), NEUME_OK);
    assert_int_equal(nm_ngrams_finish(ngrams), NEUME_OK);
    const uint32_t words[] = {2, 3, 0};
    nm_ngram_mask mask = nm_ngram_mask_of(ngrams, word_class, all_allowed);
    nm_baseline_sums sums = {0};
    nm_ngrams_score(&sums, ngrams, &mask, line_of(words, 3), 2);
    assert_true(fabs(exp(-sums.trigram) - 15.0 / 16 * 56 / 120) < 1e-14);
    assert_true(fabs(exp(-sums.uniform) - 1.0 / 4) < 1e-14);
    mask = nm_ngram_mask_of(ngrams, word_class, (const uint8_t[]){1, 0, 0, 1});
    sums = (nm_baseline_sums){0};
    nm_ngrams_score(&sums, ngrams, &mask, line_of(words, 3), 2);
    assert_true(fabs(exp(-sums.trigram) - 56.0 / 64) < 1e-14);
    nm_ngrams_free(ngrams);
    neume_context_free(context);
}

/* Counts in dense tables, and the same formulas written as sums over all words. */
typedef struct dense {
    double one[V], ones[V], two[V + 1][V], three[V + 1][V + 1][V];
    double n1, n;
} dense;

static void dense_add(dense *d, const uint32_t *words, size_t count) {
    uint32_t u = BEGIN, v = BEGIN;
    for (size_t i = 0; i < count; i++) {
        d->one[words[i]]++;
        d->three[u][v][words[i]]++;
        u = v;
        v = words[i];
    }
}

static void dense_finish(dense *d) {
    for (uint32_t v = 0; v <= V; v++)
        for (uint32_t w = 0; w < V; w++) {
            for (uint32_t u = 0; u <= V; u++)
                d->two[v][w] += v == BEGIN ? d->three[u][v][w] : d->three[u][v][w] > 0;
            d->ones[w] += d->two[v][w] > 0;
        }
    for (uint32_t w = 0; w < V; w++) {
        d->n += d->one[w];
        d->n1 += d->one[w] == 1;
    }
}

static void fit(double discount[4], const double *counts, size_t size) {
    double n[5] = {0};
    for (size_t i = 0; i < size; i++)
        for (int k = 1; k < 5; k++)
            n[k] += counts[i] == k;
    const double y = n[1] / (n[1] + 2 * n[2]);
    const double fitted[4] = {0, 1 - 2 * y * n[2] / n[1], 2 - 3 * y * n[3] / n[2],
                              3 - 4 * y * n[4] / n[3]};
    const double plain[4] = {0, 0.5, 1, 1.5};
    const bool is_fit =
        n[1] > 0 && n[2] > 0 && n[3] > 0 && fitted[1] > 0 && fitted[2] > 0 && fitted[3] > 0;
    memcpy(discount, is_fit ? fitted : plain, sizeof plain);
}

static double smooth(const double discount[4], const double counts[V], uint32_t w, double below) {
    double total = 0, left = 0;
    for (uint32_t i = 0; i < V; i++) {
        total += counts[i];
        left += discount[counts[i] > 3 ? 3 : (int)counts[i]];
    }
    if (total == 0)
        return below;
    return (counts[w] - discount[counts[w] > 3 ? 3 : (int)counts[w]] + left * below) / total;
}

static double dense_trigram(const dense *d, uint32_t u, uint32_t v, uint32_t w) {
    double d1[4], d2[4], d3[4];
    fit(d1, d->ones, V);
    fit(d2, d->two[0], (V + 1) * V);
    fit(d3, d->three[0][0], (V + 1) * (V + 1) * V);
    const double s = (d->n1 + 0.5) / (d->n + 1);
    if (w == NM_WORD_UNKNOWN)
        return s;
    const double p1 = smooth(d1, d->ones, w, 1.0 / (V - 1));
    const double p2 = smooth(d2, d->two[v], w, p1);
    return (1 - s) * smooth(d3, d->three[u][v], w, p2);
}

static void agrees_with_dense_tables_and_sums(void **state) {
    (void)state;
    enum { LENGTH = 25 };
    neume_context *context = context_new();
    for (size_t pieces = 1; pieces < 5; pieces++) {
        nm_ngrams *ngrams;
        static dense d;
        d = (dense){0};
        for (size_t p = 0; p < pieces; p++) {
            uint32_t words[LENGTH];
            random_piece(words, LENGTH, p);
            dense_add(&d, words, LENGTH);
        }
        dense_finish(&d);
        assert_int_equal(random_ngrams(&ngrams, context, pieces), NEUME_OK);
        for (uint32_t u = 0; u <= V; u++)
            for (uint32_t v = 0; v <= V; v++)
                for (uint32_t w = 0; w < V && (v != BEGIN || u == BEGIN); w++) {
                    const double p = likelihoods(ngrams, all_allowed, u, v, w).trigram;
                    assert_true(fabs(p - dense_trigram(&d, u, v, w)) < 1e-13);
                }
        nm_ngrams_free(ngrams);
    }
    neume_context_free(context);
}

static void is_the_same_after_writing_and_reading(void **state) {
    (void)state;
    neume_context *context = context_new();
    nm_ngrams *ngrams, *read;
    nm_buffer bytes = nm_buffer_on(context);
    neume_error error = {0};
    assert_int_equal(random_ngrams(&ngrams, context, 4), NEUME_OK);
    assert_int_equal(nm_ngrams_write(ngrams, &bytes), NEUME_OK);
    assert_int_equal(
        nm_ngrams_read(&read, context, V, (neume_bytes){bytes.data, bytes.size}, &error), NEUME_OK);
    for (uint32_t v = 0; v < V; v++)
        for (uint32_t w = 0; w < V; w++) {
            const nm_baseline_sums a = likelihoods(ngrams, all_allowed, BEGIN, v, w);
            const nm_baseline_sums b = likelihoods(read, all_allowed, BEGIN, v, w);
            assert_memory_equal(&a, &b, sizeof a);
        }
    nm_ngrams_free(read);
    nm_ngrams_free(ngrams);
    nm_buffer_clear(&bytes);
    neume_context_free(context);
}

static void refuses_bytes_that_are_no_ngrams(void **state) {
    (void)state;
    neume_context *context = context_new();
    nm_ngrams *ngrams, *read;
    nm_buffer bytes = nm_buffer_on(context);
    neume_error error = {0};
    assert_int_equal(random_ngrams(&ngrams, context, 2), NEUME_OK);
    assert_int_equal(nm_ngrams_write(ngrams, &bytes), NEUME_OK);
    for (size_t size = 0; size < bytes.size; size++) {
        assert_int_equal(nm_ngrams_read(&read, context, V, (neume_bytes){bytes.data, size}, &error),
                         NEUME_BAD_MODEL);
        assert_null(read);
    }
    for (size_t bit = 0; bit < bytes.size * 8; bit++) {
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (!nm_ngrams_read(&read, context, V, (neume_bytes){bytes.data, bytes.size}, &error))
            nm_ngrams_free(read);
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    const neume_bytes whole = {bytes.data, bytes.size};
    assert_int_equal(nm_ngrams_read(&read, context, V - 1, whole, &error), NEUME_BAD_MODEL);
    nm_ngrams_free(ngrams);
    nm_buffer_clear(&bytes);
    neume_context_free(context);
}

static neume_status make_write_and_read(neume_context *context, void *data) {
    nm_ngrams *ngrams = NULL, *read = NULL;
    (void)data;
    neume_status status = random_ngrams(&ngrams, context, 4);
    if (status)
        return status;
    nm_buffer bytes = nm_buffer_on(context);
    status = nm_ngrams_write(ngrams, &bytes);
    if (!status)
        status = nm_ngrams_read(&read, context, V, (neume_bytes){bytes.data, bytes.size}, NULL);
    nm_buffer_clear(&bytes);
    nm_ngrams_free(ngrams);
    nm_ngrams_free(read);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    test_each_allocation_failing(make_write_and_read, NULL);
}

/* A hundred million words of music hold few triples that differ: they are put together on the way.
 */
static void memory_grows_with_what_differs_not_with_the_music(void **state) {
    (void)state;
    enum { LENGTH = 20000, TIMES = 150 };
    static uint32_t words[LENGTH];
    neume_context *context = context_new();
    nm_ngrams *once, *often;
    assert_int_equal(nm_ngrams_new(&once, context, V), NEUME_OK);
    assert_int_equal(nm_ngrams_new(&often, context, V), NEUME_OK);
    random_piece(words, LENGTH, 1);
    assert_int_equal(nm_ngrams_add(once, line_of(words, LENGTH)), NEUME_OK);
    for (size_t i = 0; i < TIMES; i++)
        assert_int_equal(nm_ngrams_add(often, line_of(words, LENGTH)), NEUME_OK);
    assert_true(often->triples.capacity < (size_t)LENGTH * TIMES);
    assert_int_equal(nm_ngrams_finish(once), NEUME_OK);
    assert_int_equal(nm_ngrams_finish(often), NEUME_OK);
    assert_int_equal(once->triples.count, often->triples.count);
    for (size_t i = 0; i < once->triples.count; i++) {
        assert_int_equal(once->triples.items[i].key, often->triples.items[i].key);
        assert_int_equal(once->triples.items[i].count * TIMES, often->triples.items[i].count);
    }
    nm_ngrams_free(once);
    nm_ngrams_free(often);
    neume_context_free(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_distribution_sums_to_one_in_every_context_under_every_mask),
        cmocka_unit_test(a_trigram_is_as_computed_by_hand),
        cmocka_unit_test(agrees_with_dense_tables_and_sums),
        cmocka_unit_test(is_the_same_after_writing_and_reading),
        cmocka_unit_test(refuses_bytes_that_are_no_ngrams),
        cmocka_unit_test(survives_every_failing_allocation),
        cmocka_unit_test(memory_grows_with_what_differs_not_with_the_music),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
