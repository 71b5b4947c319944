/* SPDX-License-Identifier: ISC */
/* Likelihoods of rolls: key by key, in any company, with any threads. */
#include "near.h"
#include "roll_case.h"

#include "learn/row.h"
#include "learn/scorer.h"

#include <math.h>

enum { PIECES = 9 };

static bool has_key(const uint32_t *set, unsigned key) {
    return set[key / 32] >> key % 32 & 1;
}

/* -ln p of a bit of logit z. */
static double bit_nats(double z, bool bit) {
    return log1p(exp(bit ? -z : z));
}

/* The piece alone, step after step, key after key; nats by bit. */
static void nats_key_by_key(double nats[2], const roll_case *c, const neume_sequence *piece) {
    const nm_biaxial *network = &c->model->network.biaxial;
    const unsigned bits = network->shape.bits;
    const nm_run_options options = {.max_B = 1, .max_T = 1};
    nm_biaxial_run *run;
    nm_row row;
    assert_int_equal(nm_biaxial_run_new(&run, c->context, network, &options, NULL), NEUME_OK);
    nm_biaxial_run_pack(run, c->model->weights);
    nm_row_begin(&row, c->model->codec, 0);
    nats[0] = nats[1] = 0;
    for (size_t t = 0; t < piece->step_count; t++) {
        const uint32_t *words = piece->words + t * piece->width;
        const uint8_t reset = t == 0;
        uint32_t inputs[2 * NM_ROLL_WORDS + 1];
        uint8_t below = 0;
        row.given = piece->given[t];
        nm_row_read(&row, c->model->codec, inputs, NULL);
        nm_biaxial_step(run, inputs, &reset);
        for (uint32_t k = 0; k < network->shape.key_count; k++) {
            const unsigned key = network->shape.first + k;
            const real *z = nm_biaxial_logits(run, k, &below);
            const bool is_on = has_key(words, key);
            const bool is_struck = bits == 2 && has_key(words + NM_ROLL_WORDS, key);
            nats[0] += bit_nats((double)z[0], is_on);
            if (bits == 2 && is_on && has_key(row.words, key))
                nats[1] += bit_nats((double)z[1], is_struck);
            below = (uint8_t)(is_on + 2 * is_struck);
        }
        nm_row_end_step(&row, c->model->codec, words);
    }
    nm_biaxial_run_free(run);
}

static void score(nm_score_sums *sums, const roll_case *c, neume_context *context,
                  const nm_piece *pieces, size_t count) {
    nm_scorer *scorer;
    assert_int_equal(nm_scorer_new(&scorer, context, &c->model->network, c->model->codec, NULL),
                     NEUME_OK);
    assert_int_equal(nm_scorer_run(scorer, c->model->weights, pieces, count, sums), NEUME_OK);
    nm_scorer_free(scorer);
}

static void gives_each_piece_the_likelihood_that_it_has_key_after_key(void **state) {
    (void)state;
    for (neume_onsets onsets = NEUME_ONSETS_KEEP; onsets <= NEUME_ONSETS_DROP; onsets++) {
        roll_case c = roll_case_new(onsets, 50, 69);
        const unsigned bits = onsets == NEUME_ONSETS_KEEP ? 2 : 1;
        nm_score_sums sums[PIECES];
        score(sums, &c, c.context, c.corpus->train, PIECES);
        for (size_t p = 0; p < PIECES; p++) {
            const neume_sequence *piece = &c.corpus->train[p].sequence;
            double expected[2];
            nats_key_by_key(expected, &c, piece);
            assert_int_equal(sums[p].streams, bits);
            assert_near(sums[p].nats[0], expected[0], 1e-5 * expected[0]);
            assert_true(bits == 1 || expected[1] > 1);
            assert_near(sums[p].nats[1], expected[1], 1e-5 * expected[1]);
            assert_int_equal(sums[p].steps, piece->step_count);
            assert_int_equal(sums[p].notes, piece->note_count);
            assert_int_equal(sums[p].unknown, 0);
        }
        roll_case_clear(&c);
    }
}

static void is_the_same_to_the_bit_in_any_company_and_with_any_threads(void **state) {
    (void)state;
    for (neume_isa isa = NEUME_ISA_C; isa <= NEUME_ISA_AVX512; isa++) {
        if (!nm_isa_is_available(isa) || !nm_ops_for(isa))
            continue;
        const music_plan plan = roll_plan(NEUME_ONSETS_KEEP, 50, 69);
        roll_case c = roll_case_of(test_context(1, isa, NULL), &plan);
        neume_context *three = test_context(3, isa, NULL);
        nm_score_sums all[PIECES], others[PIECES], alone;
        score(all, &c, c.context, c.corpus->train, PIECES);
        score(others, &c, three, c.corpus->train, PIECES);
        for (size_t p = 0; p < PIECES; p++) {
            score(&alone, &c, c.context, &c.corpus->train[p], 1);
            assert_memory_equal(&all[p], &others[p], sizeof alone);
            assert_memory_equal(&all[p], &alone, sizeof alone);
        }
        neume_context_free(three);
        roll_case_clear(&c);
    }
}

/* What is counted of some keys and of the others adds up to what all cost. */
static void counts_only_the_keys_that_are_asked_for(void **state) {
    (void)state;
    static const uint32_t ranges[][2] = {{0, 127}, {0, 56}, {57, 127}, {70, 127}};
    roll_case c = roll_case_new(NEUME_ONSETS_DROP, 50, 69);
    nm_score_sums sums[4];
    nm_scorer *scorer;
    assert_int_equal(nm_scorer_new(&scorer, c.context, &c.model->network, c.model->codec, NULL),
                     NEUME_OK);
    for (size_t i = 0; i < 4; i++) {
        nm_scorer_count_keys(scorer, ranges[i][0], ranges[i][1]);
        assert_int_equal(nm_scorer_run(scorer, c.model->weights, c.corpus->train, 1, &sums[i]),
                         NEUME_OK);
    }
    assert_near(sums[1].nats[0] + sums[2].nats[0], sums[0].nats[0], 1e-5 * sums[0].nats[0]);
    assert_true(sums[1].nats[0] > 1 && sums[2].nats[0] > 1);
    assert_true(sums[3].nats[0] == 0);
    nm_scorer_free(scorer);
    roll_case_clear(&c);
}

static neume_status make_and_run(neume_context *context, void *data) {
    const roll_case *c = data;
    nm_score_sums sums[2];
    nm_scorer *scorer;
    neume_status status =
        nm_scorer_new(&scorer, context, &c->model->network, c->model->codec, NULL);
    if (!status)
        status = nm_scorer_run(scorer, c->model->weights, c->corpus->train, 2, sums);
    nm_scorer_free(scorer);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    roll_case c = roll_case_new(NEUME_ONSETS_KEEP, 50, 69);
    test_each_allocation_failing(make_and_run, &c);
    roll_case_clear(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_each_piece_the_likelihood_that_it_has_key_after_key),
        cmocka_unit_test(is_the_same_to_the_bit_in_any_company_and_with_any_threads),
        cmocka_unit_test(counts_only_the_keys_that_are_asked_for),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
