/* SPDX-License-Identifier: ISC */
#include "pieces.h"

#include "learn/baseline.h"
#include "learn/scorer.h"

#include <math.h>

enum { PIECES = 45, MOST = 300 };

static const nm_stack_shape shape = {.stream_count = 1,
                                     .vocabulary = {TEST_WORDS},
                                     .embed = 6,
                                     .layers = {20, 9},
                                     .layer_count = 2,
                                     .trunk = 7};

typedef struct bench {
    neume_context *context;
    neume_codec *codec;
    uint8_t *masks;
    nm_piece *pieces;
    nm_network network;
    real *weights;
    nm_scorer *scorer;
} bench;

/* In place: the scorer keeps where the network lies. */
static void bench_init(bench *b, neume_context *context) {
    *b = (bench){.context = context};
    b->codec = test_codec(context);
    b->masks = nm_codec_masks(context, b->codec, 0);
    b->pieces = test_pieces(context, PIECES, MOST);
    assert_int_equal(nm_stack_init(&b->network.stack, &shape, NULL), NEUME_OK);
    b->weights = nm_params_block_new(&b->network.stack.params, context);
    nm_stack_init_weights(&b->network.stack, b->weights, 5);
    for (size_t i = 0; i < b->network.stack.params.size; i++)
        b->weights[i] *= 3;
    assert_int_equal(nm_scorer_new(&b->scorer, context, &b->network, b->codec, NULL), NEUME_OK);
}

static void bench_clear(bench *b) {
    nm_scorer_free(b->scorer);
    nm_free_aligned(b->context, b->weights);
    test_pieces_free(b->context, b->pieces, PIECES);
    nm_free(b->context, b->masks);
    neume_codec_free(b->codec);
    neume_context_free(b->context);
}

static double nats_of(const float *logits, const uint8_t *mask, uint32_t word) {
    double sum = 0;
    for (uint32_t w = 0; w < TEST_WORDS; w++)
        sum += mask[w] ? exp((double)logits[w]) : 0;
    return log(sum) - (double)logits[word];
}

/* The piece alone, word after word; <end> is not allowed as the first. */
static double nats_step_by_step(const bench *b, const nm_piece *piece) {
    const nm_run_options options = {.max_B = 1, .max_T = 1};
    const double unseen = log(nm_codec_unseen_count(b->codec, 0));
    nm_stack_run *run;
    double nats = 0;
    assert_int_equal(nm_stack_run_new(&run, b->context, &b->network.stack, &options, NULL),
                     NEUME_OK);
    nm_stack_run_pack(run, b->weights);
    for (size_t i = 0; i < piece->sequence.step_count; i++) {
        const uint32_t *words = piece->sequence.words;
        const uint32_t input = i ? words[i - 1] : TEST_WORDS;
        const uint8_t reset = i == 0;
        nm_stack_step(run, &input, &reset);
        nats += nats_of(nm_stack_logits(run, 0, &input, NULL), b->masks + (i ? TEST_WORDS : 0),
                        words[i]);
        nats += words[i] == NM_WORD_UNKNOWN ? unseen : 0;
    }
    nm_stack_run_free(run);
    return nats;
}

static void gives_each_piece_the_likelihood_that_it_has_word_after_word(void **state) {
    (void)state;
    bench b;
    bench_init(&b, test_context(1, NEUME_ISA_C, NULL));
    nm_score_sums sums[PIECES];
    assert_int_equal(nm_scorer_run(b.scorer, b.weights, b.pieces, PIECES, sums), NEUME_OK);
    for (size_t p = 0; p < PIECES; p++) {
        const double expected = nats_step_by_step(&b, &b.pieces[p]);
        assert_true(fabs(nm_score_nats(&sums[p]) - expected) < 1e-5 * expected);
        assert_int_equal(sums[p].pieces, 1);
        assert_int_equal(sums[p].steps, b.pieces[p].sequence.step_count);
        assert_int_equal(sums[p].notes, b.pieces[p].sequence.note_count);
    }
    bench_clear(&b);
}

static void unknown_words_are_counted_and_never_right(void **state) {
    (void)state;
    bench b;
    bench_init(&b, test_context(1, NEUME_ISA_C, NULL));
    const nm_param *bias = nm_params_find(&b.network.stack.params, "head.0.bias");
    b.weights[bias->offset + NM_WORD_UNKNOWN] = 50;
    nm_score_sums sum;
    size_t unknown = 0;
    for (size_t i = 0; i < b.pieces[0].sequence.step_count; i++)
        unknown += b.pieces[0].sequence.words[i] == NM_WORD_UNKNOWN;
    assert_int_equal(nm_scorer_run(b.scorer, b.weights, b.pieces, 1, &sum), NEUME_OK);
    assert_int_equal(sum.unknown, unknown);
    assert_int_equal(sum.correct[0], 0);
    bench_clear(&b);
}

static void assert_same(const nm_score_sums *a, const nm_score_sums *b) {
    assert_int_equal(a->correct[0], b->correct[0]);
    assert_int_equal(a->unknown, b->unknown);
    assert_memory_equal(a->nats, b->nats, sizeof a->nats);
}

static void is_the_same_to_the_bit_in_any_company_and_with_any_threads(void **state) {
    (void)state;
    for (neume_isa isa = NEUME_ISA_C; isa <= NEUME_ISA_AVX512; isa++) {
        if (!nm_isa_is_available(isa) || !nm_ops_for(isa))
            continue;
        bench one;
        bench_init(&one, test_context(1, isa, NULL));
        bench two;
        bench_init(&two, test_context(2, isa, NULL));
        nm_score_sums all[PIECES], others[PIECES], alone;
        assert_int_equal(nm_scorer_run(one.scorer, one.weights, one.pieces, PIECES, all), NEUME_OK);
        assert_int_equal(nm_scorer_run(two.scorer, two.weights, two.pieces, PIECES, others),
                         NEUME_OK);
        for (size_t p = 0; p < PIECES; p++) {
            assert_same(&all[p], &others[p]);
            if (p % 5)
                continue;
            assert_int_equal(nm_scorer_run(one.scorer, one.weights, &one.pieces[p], 1, &alone),
                             NEUME_OK);
            assert_same(&all[p], &alone);
        }
        bench_clear(&one);
        bench_clear(&two);
    }
}

/* The lender packs other weights in between, as training does. */
static void is_the_same_in_borrowed_memory(void **state) {
    (void)state;
    for (neume_isa isa = NEUME_ISA_C; isa <= NEUME_ISA_AVX512; isa++) {
        if (!nm_isa_is_available(isa) || !nm_ops_for(isa))
            continue;
        bench b;
        bench_init(&b, test_context(1, isa, NULL));
        nm_stack_run *lender;
        const nm_run_options options = {.max_B = 2, .max_T = 3, .for_training = true};
        assert_int_equal(nm_stack_run_new(&lender, b.context, &b.network.stack, &options, NULL),
                         NEUME_OK);
        const nm_run_options own = {.max_B = 2, .max_T = 3},
                             borrowed = {.max_B = 2, .max_T = 3, .lender = lender};
        assert_true(nm_stack_run_bytes(b.context, &b.network.stack, &borrowed) +
                        nm_params_count_reals(&b.network.stack.params) * sizeof(real) / 2 <
                    nm_stack_run_bytes(b.context, &b.network.stack, &own));
        nm_score_sums expected[PIECES], sums[PIECES];
        assert_int_equal(nm_scorer_run(b.scorer, b.weights, b.pieces, PIECES, expected), NEUME_OK);
        real *others = nm_params_block_new(&b.network.stack.params, b.context);
        nm_stack_init_weights(&b.network.stack, others, 6);
        nm_scorer *scorer;
        assert_int_equal(nm_scorer_new(&scorer, b.context, &b.network, b.codec, NULL), NEUME_OK);
        nm_scorer_set_lender(scorer, lender);
        for (int i = 0; i < 2; i++) {
            nm_stack_run_pack(lender, others);
            assert_int_equal(nm_scorer_run(scorer, b.weights, b.pieces, PIECES, sums), NEUME_OK);
            for (size_t p = 0; p < PIECES; p++)
                assert_same(&sums[p], &expected[p]);
        }
        nm_scorer_free(scorer);
        nm_free_aligned(b.context, others);
        nm_stack_run_free(lender);
        bench_clear(&b);
    }
}

/* Uniform: ln of the allowed words, all but <end> at first; and an unknown one costs more. */
static void baselines_have_the_same_masks_and_unknown_words(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    neume_codec *codec = test_codec(context);
    nm_ngrams *ngrams;
    nm_baseline_sums sums = {0}, with_unknown = {0};
    uint32_t words[] = {2, 3, 2, NM_WORD_END};
    uint32_t unknown[] = {2, 3, NM_WORD_UNKNOWN, NM_WORD_END};
    const neume_sequence known_piece = {.words = words, .step_count = 4, .width = 1};
    const neume_sequence unknown_piece = {.words = unknown, .step_count = 4, .width = 1};
    assert_int_equal(nm_ngrams_new(&ngrams, context, TEST_WORDS), NEUME_OK);
    assert_int_equal(nm_ngrams_add(ngrams, nm_line_of(&known_piece, 0)), NEUME_OK);
    assert_int_equal(nm_ngrams_finish(ngrams), NEUME_OK);
    nm_baseline_add(&sums, &ngrams, codec, &known_piece);
    nm_baseline_add(&with_unknown, &ngrams, codec, &unknown_piece);
    const double even = log(TEST_WORDS - 1) + 3 * log(TEST_WORDS);
    const double unseen = log(nm_codec_unseen_count(codec, 0));
    assert_true(unseen > 8);
    assert_true(fabs(sums.uniform - even) < 1e-12);
    assert_true(fabs(with_unknown.uniform - even - unseen) < 1e-12);
    assert_true(sums.trigram < sums.unigram && sums.unigram < sums.uniform);
    assert_true(with_unknown.trigram > unseen);
    nm_ngrams_free(ngrams);
    neume_codec_free(codec);
    neume_context_free(context);
}

static neume_status make_and_run(neume_context *context, void *data) {
    const bench *b = data;
    nm_score_sums sums[3];
    nm_scorer *scorer;
    neume_status status = nm_scorer_new(&scorer, context, &b->network, b->codec, NULL);
    if (!status)
        status = nm_scorer_run(scorer, b->weights, b->pieces, 3, sums);
    nm_scorer_free(scorer);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    bench b;
    bench_init(&b, test_context(1, NEUME_ISA_C, NULL));
    test_each_allocation_failing(make_and_run, &b);
    bench_clear(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_each_piece_the_likelihood_that_it_has_word_after_word),
        cmocka_unit_test(unknown_words_are_counted_and_never_right),
        cmocka_unit_test(is_the_same_to_the_bit_in_any_company_and_with_any_threads),
        cmocka_unit_test(is_the_same_in_borrowed_memory),
        cmocka_unit_test(baselines_have_the_same_masks_and_unknown_words),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
