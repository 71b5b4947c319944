/* SPDX-License-Identifier: ISC */
/* Exactness: the probabilities of all frames sum to 1, alone and mixed, in both orders. */
#include "frame_bench.h"

#include "learn/bl88.h"
#include "learn/mixture.h"
#include "learn/row.h"

enum { LOWEST = 58, KEYS = 8, ALL = 1 << KEYS, MOST = 8 };

typedef struct before {
    unsigned frames[MOST];
    size_t count;
} before;

/* Nothing; a rest; a chord that moves. */
static const before contexts[] = {
    {{0}, 0}, {{0}, 1}, {{0x91, 0x91, 0x49, 0x00, 0x2A, 0xFF, 0x01}, 7}};
enum { CONTEXTS = sizeof contexts / sizeof *contexts };

/* All words but the frame's end and the few keys. */
static void forbid_others(uint8_t never[NM_FRAME_WORDS], neume_order order) {
    nm_bl88_forbid(never, order);
    for (unsigned number = 0; number < NM_PITCHES; number++) {
        const unsigned pitch = nm_frame_mirror(order, number);
        if (pitch < LOWEST || pitch >= LOWEST + KEYS)
            never[NM_FRAME_PITCH + number] = 1;
    }
}

/* Every frame that there is behind a context, each as the last of a piece. */
static void make_pieces(nm_piece *pieces, const frame_bench *b, const before *context) {
    unsigned frames[MOST];
    memcpy(frames, context->frames, sizeof frames);
    for (unsigned all = 0; all < ALL; all++) {
        frames[context->count] = all;
        pieces[all] = test_frame_piece(b, LOWEST, frames, context->count + 1);
    }
}

static void clear_pieces(const frame_bench *b, nm_piece *pieces) {
    for (unsigned all = 0; all < ALL; all++)
        neume_sequence_clear(b->context, &pieces[all].sequence);
}

/* Nats of the last frames, [ALL]; those before must be the same to the bit, whatever comes. */
static void score_all(double *last, const frame_bench *b, const before *context) {
    nm_piece pieces[ALL];
    nm_units units;
    make_pieces(pieces, b, context);
    assert_int_equal(nm_units_init(&units, b->codec, b->context, pieces, ALL), NEUME_OK);
    assert_int_equal(units.unit_count, ALL * (context->count + 1));
    double *nats = nm_alloc(b->context, units.unit_count, sizeof *nats);
    assert_int_equal(nm_units_score(nats, &units, b->scorer, b->weights), NEUME_OK);
    for (size_t all = 0; all < ALL; all++) {
        const double *of = nats + units.starts[all];
        assert_memory_equal(of, nats, context->count * sizeof *nats);
        last[all] = of[context->count];
    }
    nm_free(b->context, nats);
    nm_units_clear(&units);
    clear_pieces(b, pieces);
}

static double sum_of(const double *nats) {
    double sum = 0;
    for (size_t all = 0; all < ALL; all++)
        sum += exp(-nats[all]);
    return sum;
}

static void bench_init(frame_bench *b, neume_context *context, neume_order order) {
    uint8_t never[NM_FRAME_WORDS];
    frame_bench_init(b, context, order, 5 + order);
    forbid_others(never, order);
    nm_scorer_forbid(b->scorer, never);
}

static void the_probabilities_of_all_frames_sum_to_1(void **state) {
    neume_context *context = *state;
    for (neume_order order = NEUME_ORDER_ASCENDING; order <= NEUME_ORDER_DESCENDING; order++) {
        frame_bench b;
        double nats[ALL];
        bench_init(&b, context, order);
        for (size_t c = 0; c < CONTEXTS; c++) {
            score_all(nats, &b, &contexts[c]);
            assert_near(sum_of(nats), 1, 1e-5);
            assert_true(fabs(nats[0] - nats[ALL - 1]) > 1);
        }
        nm_scorer_set_temperature(b.scorer, 1.7);
        score_all(nats, &b, &contexts[2]);
        assert_near(sum_of(nats), 1, 1e-5);
        frame_bench_clear(&b);
    }
}

static void those_of_an_ascending_and_a_descending_model_mixed_do_too(void **state) {
    neume_context *context = *state;
    frame_bench up, down;
    bench_init(&up, context, NEUME_ORDER_ASCENDING);
    bench_init(&down, context, NEUME_ORDER_DESCENDING);
    for (size_t c = 0; c < CONTEXTS; c++) {
        static const double weights[] = {0.3, 0.7};
        double nats[2][ALL], mixed[ALL];
        score_all(nats[0], &up, &contexts[c]);
        score_all(nats[1], &down, &contexts[c]);
        nm_mixture_nats(mixed, &(nm_mixture_table){2, ALL, nats[0]}, weights);
        assert_near(sum_of(mixed), 1, 1e-5);
        for (size_t all = 0; all < ALL; all++)
            assert_near(exp(-mixed[all]), 0.3 * exp(-nats[0][all]) + 0.7 * exp(-nats[1][all]),
                        1e-12);
    }
    frame_bench_clear(&up);
    frame_bench_clear(&down);
}

/* -ln p of a word among those that may follow pitch number `last` (-1: none) of a frame: its end,
 * and the few keys whose numbers are higher. */
static double word_nats(const real *logits, const uint8_t *never, int last, uint32_t word) {
    double sum = 0;
    for (uint32_t w = 0; w < NM_FRAME_WORDS; w++)
        if (w == NM_FRAME_PERIOD || (!never[w] && (int)(w - NM_FRAME_PITCH) > last))
            sum += exp((double)logits[w]);
    return log(sum) - (double)logits[word];
}

/* Word after word, by a run of one row; the last frame's. */
static double frame_nats(const frame_bench *b, nm_stack_run *run, const nm_piece *piece) {
    uint8_t never[NM_FRAME_WORDS];
    nm_row row;
    double nats = 0;
    int last = -1;
    forbid_others(never, neume_codec_options_of(b->codec)->order);
    nm_row_begin(&row, b->codec, 0);
    for (size_t i = 0; i < piece->sequence.step_count; i++) {
        const uint32_t word = piece->sequence.words[i];
        const uint8_t reset = i == 0;
        uint32_t inputs[1 + NM_FRAME_FEATURES], context[NM_FRAME_MAPS];
        nm_row_read(&row, b->codec, inputs, context);
        nm_stack_step(run, inputs, &reset);
        nats += word_nats(nm_stack_logits(run, 0, &word, context), never, last, word);
        last = word == NM_FRAME_PERIOD ? -1 : (int)(word - NM_FRAME_PITCH);
        nm_row_end_step(&row, b->codec, &word);
        if (word == NM_FRAME_PERIOD && i + 1 < piece->sequence.step_count)
            nats = 0;
    }
    return nats;
}

static void a_frame_costs_what_its_words_cost_one_after_the_other(void **state) {
    neume_context *context = *state;
    for (neume_order order = NEUME_ORDER_ASCENDING; order <= NEUME_ORDER_DESCENDING; order++) {
        const nm_run_options options = {.max_B = 1, .max_T = 1};
        nm_piece pieces[ALL];
        double nats[ALL];
        frame_bench b;
        nm_stack_run *run;
        bench_init(&b, context, order);
        make_pieces(pieces, &b, &contexts[2]);
        score_all(nats, &b, &contexts[2]);
        assert_int_equal(nm_stack_run_new(&run, context, &b.network.stack, &options, NULL),
                         NEUME_OK);
        nm_stack_run_pack(run, b.weights);
        for (size_t all = 0; all < ALL; all++)
            assert_near(frame_nats(&b, run, &pieces[all]), nats[all], 1e-4);
        nm_stack_run_free(run);
        clear_pieces(&b, pieces);
        frame_bench_clear(&b);
    }
}

static void forbids_the_end_and_what_is_no_key_in_both_orders(void **state) {
    (void)state;
    for (neume_order order = NEUME_ORDER_ASCENDING; order <= NEUME_ORDER_DESCENDING; order++) {
        uint8_t never[NM_FRAME_WORDS];
        nm_bl88_forbid(never, order);
        assert_true(never[NM_WORD_END] && never[NM_WORD_UNKNOWN] && !never[NM_FRAME_PERIOD]);
        for (unsigned number = 0; number < NM_PITCHES; number++) {
            const unsigned pitch = nm_frame_mirror(order, number);
            assert_int_equal(never[NM_FRAME_PITCH + number], pitch < 21 || pitch > 108);
        }
    }
}

static void cuts_the_end_and_pitches_beyond_the_piano(void **state) {
    (void)state;
    uint8_t never[NM_FRAME_WORDS];
    uint32_t words[] = {NM_FRAME_PITCH + 20, NM_FRAME_PITCH + 21,  NM_FRAME_PERIOD,
                        NM_FRAME_PERIOD,     NM_FRAME_PITCH + 108, NM_FRAME_PITCH + 109,
                        NM_FRAME_PERIOD,     NM_WORD_END};
    static const uint32_t left[] = {NM_FRAME_PITCH + 21, NM_FRAME_PERIOD, NM_FRAME_PERIOD,
                                    NM_FRAME_PITCH + 108, NM_FRAME_PERIOD};
    neume_sequence sequence = {.words = words, .step_count = 8, .width = 1};
    nm_bl88_forbid(never, NEUME_ORDER_ASCENDING);
    assert_int_equal(nm_bl88_cut(&sequence, never), 2);
    assert_int_equal(sequence.step_count, 5);
    assert_memory_equal(words, left, sizeof left);
}

/* -[on ln p + off ln(1 - p)] */
static double cost(double on, double off, double p) {
    return -(on * log(p) + off * log(1 - p));
}

/* Trained on [60] [60] [], measured on [60] []. */
static void counts_what_keys_do_without_music(void **state) {
    neume_codec_options options = neume_codec_options_default();
    neume_codec *codec;
    options.name = "frame";
    assert_int_equal(neume_codec_new(&codec, *state, &options, NULL), NEUME_OK);
    enum { C4 = NM_FRAME_PITCH + 60 };
    uint32_t trained[] = {C4, NM_FRAME_PERIOD, C4, NM_FRAME_PERIOD, NM_FRAME_PERIOD};
    uint32_t measured[] = {C4, NM_FRAME_PERIOD, NM_FRAME_PERIOD};
    nm_bl88_counts train = {0}, test = {0};
    nm_bl88_count(&train, codec, &(neume_sequence){.words = trained, .step_count = 5});
    nm_bl88_count(&test, codec, &(neume_sequence){.words = measured, .step_count = 3});
    const neume_key_baselines b = nm_bl88_baselines(&train, &test);
    assert_near(b.half, 88 * log(2), 1e-12);
    assert_near(b.density, cost(1, 2 * 88 - 1, 2.0 / (3 * 88)) / 2, 1e-12);
    assert_near(b.key, (cost(1, 1, 2.5 / 4) + 87 * cost(0, 2, 0.5 / 4)) / 2, 1e-12);
    const double given = cost(1, 0, 2.5 / 4) + cost(0, 1, 1.5 / 3) + 87 * cost(0, 1, 0.5 / 4) +
                         87 * cost(0, 1, 0.5 / 3);
    assert_near(b.key_given_last, given / 2, 1e-12);
    assert_near(b.repeat_accuracy, 0, 0);
    const neume_key_baselines none = nm_bl88_baselines(&(nm_bl88_counts){0}, &test);
    assert_true(isnan(none.half) && isnan(none.key) && isnan(none.repeat_accuracy));
    neume_codec_free(codec);
}

typedef struct published {
    const char *name;
    uint32_t grid;
    double density, key, key_given_last, repeat;
} published;

static void count_parts(nm_bl88_counts *train, nm_bl88_counts *test, const neume_corpus *corpus,
                        neume_order order) {
    uint8_t never[NM_FRAME_WORDS];
    nm_bl88_forbid(never, order);
    for (size_t i = 0; i < corpus->train_count; i++) {
        nm_piece *piece = &corpus->train[i];
        assert_int_equal(nm_bl88_cut(&piece->sequence, never), 0);
        if (piece->split == NEUME_SPLIT_TRAIN)
            nm_bl88_count(train, corpus->codec, &piece->sequence);
        if (piece->split == NEUME_SPLIT_TEST)
            nm_bl88_count(test, corpus->codec, &piece->sequence);
    }
}

static void gives_the_published_baselines_of_the_four_sets(void **state) {
    neume_context *context = *state;
    static const published table[] = {
        {"jsb-chorales", 1, 15.93, 11.06, 10.469, 21.98},
        {"nottingham", 2, 16.24, 10.25, 5.164, 64.75},
        {"piano-midi.de", 2, 12.90, 11.05, 8.262, 35.19},
        {"musedata", 2, 14.06, 11.51, 8.560, 38.17},
    };
    const char *shared = test_shared();
    if (!shared)
        skip();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const neume_order order = i % 2 ? NEUME_ORDER_DESCENDING : NEUME_ORDER_ASCENDING;
        neume_codec *codec = test_frame_codec(context, table[i].grid, order);
        neume_evaluate_options options = neume_evaluate_options_default();
        nm_bl88_counts train = {0}, test = {0};
        neume_corpus *corpus;
        char name[4096];
        const char *path = name;
        snprintf(name, sizeof name, "%s/data/benchmarks/%s.json", shared, table[i].name);
        options.inputs = (neume_inputs){&path, 1};
        options.split = NEUME_SPLIT_NONE;
        assert_int_equal(nm_corpus_load_as_given(&corpus, context, codec, &options, NULL),
                         NEUME_OK);
        count_parts(&train, &test, corpus, order);
        const neume_key_baselines b = nm_bl88_baselines(&train, &test);
        assert_near(b.half, 61.00, 0.005);
        assert_near(b.density, table[i].density, 0.005);
        assert_near(b.key, table[i].key, 0.005);
        assert_near(b.key_given_last, table[i].key_given_last, 0.0006);
        assert_near(100 * b.repeat_accuracy, table[i].repeat, 0.005);
        neume_corpus_free(corpus);
        neume_codec_free(codec);
    }
}

/* Of pieces of 3, 1 and 2 frames. */
static void averages_over_frames_without_the_first_and_over_pieces(void **state) {
    (void)state;
    static const double nats[] = {1, 2, 6, 4, 5, 7};
    size_t starts[] = {0, 3, 4, 6};
    const bool chosen[] = {true, false, true};
    const nm_units units = {.piece_count = 3, .unit_count = 6, .starts = starts};
    const neume_unit_likelihood all = nm_units_average(&units, nats, NULL);
    assert_int_equal(all.piece_count, 3);
    assert_int_equal(all.unit_count, 6);
    assert_near(all.micro, 25.0 / 6, 1e-12);
    assert_near(all.micro_without_first, 15.0 / 3, 1e-12);
    assert_near(all.mean_of_sequences, (3.0 + 4 + 6) / 3, 1e-12);
    const neume_unit_likelihood some = nm_units_average(&units, nats, chosen);
    assert_int_equal(some.unit_count, 5);
    assert_near(some.micro, 21.0 / 5, 1e-12);
    const neume_unit_likelihood none = nm_units_average(&units, nats, (const bool[3]){false});
    assert_true(isnan(none.micro) && isnan(none.micro_without_first));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_probabilities_of_all_frames_sum_to_1),
        cmocka_unit_test(those_of_an_ascending_and_a_descending_model_mixed_do_too),
        cmocka_unit_test(a_frame_costs_what_its_words_cost_one_after_the_other),
        cmocka_unit_test(forbids_the_end_and_what_is_no_key_in_both_orders),
        cmocka_unit_test(cuts_the_end_and_pitches_beyond_the_piano),
        cmocka_unit_test(counts_what_keys_do_without_music),
        cmocka_unit_test(averages_over_frames_without_the_first_and_over_pieces),
        cmocka_unit_test(gives_the_published_baselines_of_the_four_sets),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
