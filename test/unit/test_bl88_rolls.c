/* SPDX-License-Identifier: ISC */
/* Protocol BL88 of rolls: the probabilities of all frames sum to 1, and mixed with those of words
 * they do too. */
#include "frame_bench.h"
#include "roll_case.h"

#include "learn/bl88.h"
#include "learn/mixture.h"

/* The model computes six keys; three more, beside them, are on by their frequency; these nine may
 * sound, the rest of the 88 never does and costs a constant. */
enum { LOWEST = 58, INSIDE = 6, KEYS = 9, ALL = 1 << KEYS, MOST = 4 };

typedef struct past {
    unsigned frames[MOST];
    size_t count;
} past;

static const past pasts[] = {{{0}, 0}, {{0x1FF, 0x041, 0x000}, 3}, {{0x12A, 0x0A3}, 2}};
enum { PASTS = sizeof pasts / sizeof *pasts };

/* A frame as the set of a roll. */
static void put_frame(uint32_t words[NM_ROLL_WORDS], unsigned frame) {
    memset(words, 0, NM_ROLL_WORDS * sizeof *words);
    for (unsigned k = 0; k < KEYS; k++)
        if (frame >> k & 1)
            words[(LOWEST + k) / 32] |= UINT32_C(1) << (LOWEST + k) % 32;
}

/* The pieces share what is given; frames in a block of their own. */
static void make_pieces(nm_piece pieces[ALL], uint32_t (*words)[MOST][NM_ROLL_WORDS],
                        uint32_t given[MOST], const past *before) {
    for (unsigned all = 0; all < ALL; all++) {
        for (size_t t = 0; t < before->count; t++)
            put_frame(words[all][t], before->frames[t]);
        put_frame(words[all][before->count], all);
        pieces[all] = (nm_piece){.sequence = {.words = words[all][0],
                                              .step_count = before->count + 1,
                                              .width = NM_ROLL_WORDS,
                                              .given = given}};
    }
}

/* Counts that make keys outside likely to sound, each another way. */
static void count_outside(nm_key_counts *counts) {
    memset(counts, 0, sizeof *counts);
    counts->steps = 100;
    for (unsigned k = INSIDE; k < KEYS; k++)
        counts->of[LOWEST + k][0][0][NM_KEY_HELD] = 30 * (k - INSIDE) + 10;
}

/* Nats of the last frames [ALL], as the protocol counts them. */
static void score_all(double *last, const roll_case *c, const past *before, double temperature) {
    static uint32_t words[ALL][MOST][NM_ROLL_WORDS];
    static nm_piece pieces[ALL];
    uint32_t given[MOST] = {0, 1, 2, 3};
    nm_units units;
    nm_scorer *scorer;
    make_pieces(pieces, words, given, before);
    count_outside(c->model->keys);
    assert_int_equal(nm_units_init(&units, c->model->codec, c->context, pieces, ALL), NEUME_OK);
    assert_int_equal(units.unit_count, ALL * (before->count + 1));
    double *nats = nm_alloc(c->context, units.unit_count, sizeof *nats);
    assert_int_equal(nm_scorer_new(&scorer, c->context, &c->model->network, c->model->codec, NULL),
                     NEUME_OK);
    nm_scorer_set_temperature(scorer, temperature);
    nm_scorer_count_keys(scorer, NM_BL88_LOWEST, NM_BL88_HIGHEST);
    assert_int_equal(nm_units_score(nats, &units, scorer, c->model->weights), NEUME_OK);
    nm_bl88_add_outside(nats, &units, c->model->keys,
                        neume_codec_options_of(c->model->codec)->pitch_range);
    for (size_t all = 0; all < ALL; all++) {
        assert_memory_equal(nats + units.starts[all], nats, before->count * sizeof *nats);
        last[all] = nats[units.starts[all] + before->count];
    }
    nm_scorer_free(scorer);
    nm_free(c->context, nats);
    nm_units_clear(&units);
}

/* Keys that never sound: of counts 0 in 100 steps. */
static double silent_nats(void) {
    return -(NM_BL88_KEYS - KEYS) * log1p(-0.5 / 101);
}

static double sum_of(const double *nats, double constant) {
    double sum = 0;
    for (size_t all = 0; all < ALL; all++)
        sum += exp(constant - nats[all]);
    return sum;
}

static void the_probabilities_of_all_frames_sum_to_1(void **state) {
    (void)state;
    roll_case c = roll_case_new(NEUME_ONSETS_DROP, LOWEST, LOWEST + INSIDE - 1);
    static double nats[ALL];
    for (size_t p = 0; p < PASTS; p++) {
        score_all(nats, &c, &pasts[p], 1);
        assert_near(sum_of(nats, silent_nats()), 1, 1e-5);
        assert_true(fabs(nats[0] - nats[ALL - 1]) > 1);
    }
    score_all(nats, &c, &pasts[1], 1.7);
    assert_near(sum_of(nats, silent_nats()), 1, 1e-5);
    roll_case_clear(&c);
}

/* Keys outside the range by (count + 1/2) / (steps + 1), whatever the past. */
static void keys_that_are_not_computed_cost_their_frequency(void **state) {
    (void)state;
    roll_case c = roll_case_new(NEUME_ONSETS_DROP, LOWEST, LOWEST + INSIDE - 1);
    static double nats[ALL];
    score_all(nats, &c, &pasts[1], 1);
    for (unsigned k = INSIDE; k < KEYS; k++) {
        const double p = (30.0 * (k - INSIDE) + 10.5) / 101;
        for (unsigned all = 0; all < ALL; all++)
            if (!(all >> k & 1))
                assert_near(nats[all | 1u << k] - nats[all], log1p(-p) - log(p), 1e-9);
    }
    roll_case_clear(&c);
}

/* A model that computes more than the piano: keys below 21 and above 108 are not counted. */
static void keys_beyond_the_piano_are_told_apart_and_not_counted(void **state) {
    (void)state;
    uint32_t words[] = {1u << 20 | 1u << 21, 0, 0, 1u << (108 - 96) | 3u << (109 - 96)};
    uint32_t other[] = {1u << 21, 0, 0, 1u << (108 - 96)}, given = 0;
    const nm_piece pieces[] = {
        {.sequence = {.words = words, .step_count = 1, .width = 4, .given = &given}},
        {.sequence = {.words = other, .step_count = 1, .width = 4, .given = &given}}};
    assert_int_equal(nm_bl88_beyond(&pieces[0].sequence), 3);
    assert_int_equal(nm_bl88_beyond(&pieces[1].sequence), 0);
    roll_case c = roll_case_new(NEUME_ONSETS_DROP, 90, 127);
    nm_score_sums sums[2], all[2];
    nm_scorer *scorer;
    double nats[] = {0, 0};
    nm_units units;
    /* no bit below 109 hears of those above: the note axis goes up */
    assert_int_equal(nm_scorer_new(&scorer, c.context, &c.model->network, c.model->codec, NULL),
                     NEUME_OK);
    assert_int_equal(nm_scorer_run(scorer, c.model->weights, pieces, 2, all), NEUME_OK);
    nm_scorer_count_keys(scorer, NM_BL88_LOWEST, NM_BL88_HIGHEST);
    assert_int_equal(nm_scorer_run(scorer, c.model->weights, pieces, 2, sums), NEUME_OK);
    assert_true(sums[0].nats[0] == sums[1].nats[0]);
    assert_true(all[0].nats[0] != all[1].nats[0]);
    nm_scorer_free(scorer);
    count_outside(c.model->keys);
    assert_int_equal(nm_units_init(&units, c.model->codec, c.context, pieces, 2), NEUME_OK);
    nm_bl88_add_outside(nats, &units, c.model->keys, (neume_pitch_range){90, 127});
    assert_true(nats[0] > 0 && nats[0] == nats[1]);
    nm_units_clear(&units);
    roll_case_clear(&c);
}

/* All words but the frame's end and the nine keys. */
static void forbid_others(uint8_t never[NM_FRAME_WORDS]) {
    nm_bl88_forbid(never, NEUME_ORDER_ASCENDING);
    for (unsigned pitch = 0; pitch < NM_PITCHES; pitch++)
        if (pitch < LOWEST || pitch >= LOWEST + KEYS)
            never[NM_FRAME_PITCH + pitch] = 1;
}

static void score_words(double *last, const frame_bench *b, const past *before) {
    static nm_piece pieces[ALL];
    nm_units units;
    for (unsigned all = 0; all < ALL; all++) {
        unsigned frames[MOST];
        memcpy(frames, before->frames, sizeof frames);
        frames[before->count] = all;
        pieces[all] = test_frame_piece(b, LOWEST, frames, before->count + 1);
    }
    assert_int_equal(nm_units_init(&units, b->codec, b->context, pieces, ALL), NEUME_OK);
    double *nats = nm_alloc(b->context, units.unit_count, sizeof *nats);
    assert_int_equal(nm_units_score(nats, &units, b->scorer, b->weights), NEUME_OK);
    for (size_t all = 0; all < ALL; all++) {
        last[all] = nats[units.starts[all] + before->count];
        neume_sequence_clear(b->context, &pieces[all].sequence);
    }
    nm_free(b->context, nats);
    nm_units_clear(&units);
}

/* The words are not offered the keys that never sound; a roll gives them their probability. */
static void those_of_rolls_and_words_mixed_sum_to_1_too(void **state) {
    (void)state;
    static const double weights[] = {0.4, 0.6};
    static double nats[2][ALL], mixed[ALL];
    roll_case c = roll_case_new(NEUME_ONSETS_DROP, LOWEST, LOWEST + INSIDE - 1);
    uint8_t never[NM_FRAME_WORDS];
    frame_bench b;
    frame_bench_init(&b, c.context, NEUME_ORDER_ASCENDING, 5);
    forbid_others(never);
    nm_scorer_forbid(b.scorer, never);
    for (size_t p = 0; p < PASTS; p++) {
        score_all(nats[0], &c, &pasts[p], 1);
        score_words(nats[1], &b, &pasts[p]);
        for (size_t all = 0; all < ALL; all++)
            nats[0][all] -= silent_nats();
        nm_mixture_nats(mixed, &(nm_mixture_table){2, ALL, nats[0]}, weights);
        assert_near(sum_of(mixed, 0), 1, 1e-5);
        assert_near(exp(-mixed[5]), 0.4 * exp(-nats[0][5]) + 0.6 * exp(-nats[1][5]), 1e-12);
    }
    frame_bench_clear(&b);
    roll_case_clear(&c);
}

/* The same frames as words and as rolls: what knows no music counts them alike. */
static void counts_frames_of_rolls_as_those_of_words(void **state) {
    (void)state;
    static const past frames = {{0x1FF, 0x041, 0x000, 0x12A}, 4};
    roll_case c = roll_case_new(NEUME_ONSETS_DROP, LOWEST, LOWEST + INSIDE - 1);
    frame_bench b;
    frame_bench_init(&b, c.context, NEUME_ORDER_ASCENDING, 5);
    nm_piece words = test_frame_piece(&b, LOWEST, frames.frames, frames.count);
    uint32_t sets[MOST][NM_ROLL_WORDS];
    for (size_t t = 0; t < frames.count; t++)
        put_frame(sets[t], frames.frames[t]);
    const neume_sequence roll = {
        .words = sets[0], .step_count = frames.count, .width = NM_ROLL_WORDS};
    nm_bl88_counts of_words = {0}, of_roll = {0};
    nm_bl88_count(&of_words, b.codec, &words.sequence);
    nm_bl88_count(&of_roll, c.model->codec, &roll);
    assert_int_equal(of_roll.frames, 4);
    assert_int_equal(of_roll.pieces, 1);
    assert_memory_equal(&of_words, &of_roll, sizeof of_words);
    neume_sequence_clear(c.context, &words.sequence);
    frame_bench_clear(&b);
    roll_case_clear(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_probabilities_of_all_frames_sum_to_1),
        cmocka_unit_test(keys_that_are_not_computed_cost_their_frequency),
        cmocka_unit_test(keys_beyond_the_piano_are_told_apart_and_not_counted),
        cmocka_unit_test(those_of_rolls_and_words_mixed_sum_to_1_too),
        cmocka_unit_test(counts_frames_of_rolls_as_those_of_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
