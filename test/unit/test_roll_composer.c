/* SPDX-License-Identifier: ISC */
/* Songs as rolls. */
#include "near.h"
#include "roll_case.h"

#include "base/context.h"
#include "learn/roll_composer.h"
#include "learn/scorer.h"
#include "music/codec_kind.h"

#include <neume/generate.h>

#include <math.h>

enum { LOW = 50, KEYS = 20 };

static roll_case open_case(neume_onsets onsets) {
    return roll_case_new(onsets, LOW, LOW + KEYS - 1);
}

/* The first training piece's first steps are the primer. */
static nm_composer_plan plan_of(const roll_case *c, size_t step_count, size_t primer_count) {
    const neume_sequence *piece = &c->corpus->train[0].sequence;
    return (nm_composer_plan){.sampling = neume_sampling_default(),
                              .seed = 5,
                              .step_count = step_count,
                              .primer = piece->words,
                              .primer_given = piece->given,
                              .primer_count = primer_count};
}

static nm_roll_composer *composer_of(const roll_case *c, neume_context *context,
                                     const nm_composer_plan *plan, size_t rows) {
    nm_roll_composer *composer;
    assert_int_equal(nm_roll_composer_new(&composer, context, c->model, plan, rows), NEUME_OK);
    return composer;
}

static void run(nm_roll_composer *composer, uint64_t first) {
    neume_error error = {0};
    if (nm_roll_composer_run(composer, first, &error))
        fail_msg("%s", error.line);
}

/* What the scorer gives a song from step `from` on. */
typedef struct tail {
    size_t from;
    double nats;
} tail;

static void add_tail(void *data, size_t piece, size_t step, double nats) {
    tail *to = data;
    to->nats += piece == 0 && step >= to->from ? nats : 0;
}

static double nats_behind(const roll_case *c, const nm_composed *song, size_t primer_count) {
    const nm_piece piece = {.sequence = {.words = song->words,
                                         .given = song->given,
                                         .step_count = primer_count + song->step_count,
                                         .width = neume_codec_width(c->model->codec)}};
    tail to = {primer_count, 0};
    const nm_score_sink sink = {add_tail, &to};
    nm_scorer *scorer;
    nm_score_sums sums;
    assert_int_equal(nm_scorer_new(&scorer, c->context, &c->model->network, c->model->codec, NULL),
                     NEUME_OK);
    nm_scorer_set_sink(scorer, &sink);
    assert_int_equal(nm_scorer_run(scorer, c->model->weights, &piece, 1, &sums), NEUME_OK);
    nm_scorer_free(scorer);
    return to.nats;
}

static void a_song_has_the_likelihood_that_evaluating_it_finds(void **state) {
    (void)state;
    for (neume_onsets onsets = NEUME_ONSETS_KEEP; onsets <= NEUME_ONSETS_DROP; onsets++)
        for (size_t primer_count = 0; primer_count <= 20; primer_count += 20) {
            roll_case c = open_case(onsets);
            nm_composer_plan plan = plan_of(&c, 30, primer_count);
            plan.sampling.temperature = 0.8; /* its probability is the model's own */
            nm_roll_composer *composer = composer_of(&c, c.context, &plan, 3);
            run(composer, 0);
            for (size_t r = 0; r < 3; r++) {
                const nm_composed song = nm_roll_composer_song(composer, r);
                assert_int_equal(song.step_count, 30);
                assert_true(!song.is_cut && !song.has_ended);
                const double nats = nats_behind(&c, &song, primer_count);
                assert_near(-song.log_probability, nats, 1e-3);
                assert_true(nats > 50);
            }
            nm_roll_composer_free(composer);
            roll_case_clear(&c);
        }
}

/* The primer's steps and cells, and cells counted on through bars of 4/4. */
static void begins_with_the_primer_and_counts_its_bars_on(void **state) {
    (void)state;
    roll_case c = open_case(NEUME_ONSETS_KEEP);
    const neume_sequence *piece = &c.corpus->train[0].sequence;
    const nm_composer_plan plan = plan_of(&c, 40, 21);
    nm_roll_composer *composer = composer_of(&c, c.context, &plan, 2);
    run(composer, 0);
    for (size_t r = 0; r < 2; r++) {
        const nm_composed song = nm_roll_composer_song(composer, r);
        assert_memory_equal(song.words, piece->words, 21 * piece->width * sizeof *song.words);
        for (size_t t = 0; t < 61; t++)
            assert_int_equal(song.given[t], t % 16);
        for (size_t t = 21; t < 61; t++) /* keys of the range alone; struck are some that play */
            for (unsigned key = 0; key < 128; key++) {
                const uint32_t *words = song.words + t * piece->width;
                const bool is_on = words[key / 32] >> key % 32 & 1;
                const bool is_struck = words[NM_ROLL_WORDS + key / 32] >> key % 32 & 1;
                const bool was_on = (words - piece->width)[key / 32] >> key % 32 & 1;
                assert_true(!is_struck || is_on);
                assert_true(is_struck || was_on || !is_on);
                assert_true(!is_on || (key >= LOW && key < LOW + KEYS));
            }
    }
    nm_roll_composer_free(composer);
    roll_case_clear(&c);
}

static void assert_same_song(const roll_case *c, const nm_composed *a, const nm_composed *b) {
    const size_t size = a->step_count * neume_codec_width(c->model->codec) * sizeof *a->words;
    assert_int_equal(a->step_count, b->step_count);
    assert_memory_equal(a->words, b->words, size);
    assert_memory_equal(a->given, b->given, a->step_count * sizeof *a->given);
    assert_true(a->log_probability == b->log_probability);
}

static void assert_songs_with_threads(const roll_case *c, nm_roll_composer *expected, neume_isa isa,
                                      unsigned threads) {
    neume_context *context = test_context(threads, isa, NULL);
    const nm_composer_plan plan = plan_of(c, 25, 0);
    nm_roll_composer *many = composer_of(c, context, &plan, 7);
    nm_roll_composer *one = composer_of(c, context, &plan, 1);
    run(many, 100);
    run(many, 0); /* again as if it were new */
    const nm_composed first = nm_roll_composer_song(expected, 0);
    for (size_t r = 0; r < 7; r++) {
        const nm_composed song = nm_roll_composer_song(expected, r);
        const nm_composed beside = nm_roll_composer_song(many, r);
        run(one, r);
        const nm_composed alone = nm_roll_composer_song(one, 0);
        assert_same_song(c, &song, &beside);
        assert_same_song(c, &song, &alone);
        assert_true(r == 0 || song.log_probability != first.log_probability);
    }
    nm_roll_composer_free(many);
    nm_roll_composer_free(one);
    neume_context_free(context);
}

/* Some threads with two or three songs each, and more threads than songs. */
static void a_song_depends_on_its_number_alone_with_kernels(neume_isa isa) {
    const music_plan music = roll_plan(NEUME_ONSETS_KEEP, LOW, LOW + KEYS - 1);
    roll_case c = roll_case_of(test_context(1, isa, NULL), &music);
    const nm_composer_plan plan = plan_of(&c, 25, 0);
    nm_roll_composer *all = composer_of(&c, c.context, &plan, 7);
    run(all, 0);
    static const unsigned threads[] = {2, 3, 8};
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++)
        assert_songs_with_threads(&c, all, isa, threads[i]);
    nm_roll_composer_free(all);
    roll_case_clear(&c);
}

static void a_song_depends_on_its_number_alone(void **state) {
    (void)state;
    for (neume_isa isa = NEUME_ISA_C; isa <= NEUME_ISA_AVX512; isa++)
        if (nm_isa_is_available(isa))
            a_song_depends_on_its_number_alone_with_kernels(isa);
}

/* With all logits 0 a bit is 1 where the documented number is below 1/2. */
static void draws_with_the_documented_numbers(void **state) {
    (void)state;
    roll_case c = open_case(NEUME_ONSETS_KEEP);
    memset(c.model->weights, 0, nm_model_params(c.model)->size * sizeof *c.model->weights);
    const nm_composer_plan plan = plan_of(&c, 12, 0);
    nm_roll_composer *composer = composer_of(&c, c.context, &plan, 2);
    run(composer, 3);
    for (size_t r = 0; r < 2; r++) {
        const nm_composed song = nm_roll_composer_song(composer, r);
        bool was_on[KEYS] = {false};
        for (uint64_t place = 0; place < UINT64_C(12) * KEYS; place++) {
            const unsigned k = (unsigned)(place % KEYS), key = LOW + k;
            const uint32_t *words = song.words + place / KEYS * 2 * NM_ROLL_WORDS;
            const bool on = nm_random_uniform(5, NM_PURPOSE_SAMPLE, 2 * place, 3 + r) < 0.5;
            const bool anew = on && (!was_on[k] || nm_random_uniform(5, NM_PURPOSE_SAMPLE,
                                                                     2 * place + 1, 3 + r) < 0.5);
            assert_int_equal(words[key / 32] >> key % 32 & 1, on);
            assert_int_equal(words[NM_ROLL_WORDS + key / 32] >> key % 32 & 1, anew);
            was_on[k] = on;
        }
    }
    nm_roll_composer_free(composer);
    roll_case_clear(&c);
}

/* Greedy is what a very low temperature draws; every other song is the same. */
static void greed_is_the_limit_of_low_temperatures(void **state) {
    (void)state;
    roll_case c = open_case(NEUME_ONSETS_KEEP);
    nm_composer_plan plan = plan_of(&c, 20, 16);
    plan.sampling.greedy = true;
    nm_roll_composer *greedy = composer_of(&c, c.context, &plan, 2);
    nm_composer_plan cold_plan = plan;
    cold_plan.sampling = (neume_sampling){.temperature = 1e-6, .top_p = 0.95};
    nm_roll_composer *cold = composer_of(&c, c.context, &cold_plan, 1);
    run(greedy, 0);
    run(cold, 7);
    const nm_composed a = nm_roll_composer_song(greedy, 0), b = nm_roll_composer_song(greedy, 1);
    const nm_composed other = nm_roll_composer_song(cold, 0);
    assert_same_song(&c, &a, &b);
    assert_same_song(&c, &a, &other);
    assert_true(a.log_probability > -1e9 && a.log_probability < 0);
    nm_roll_composer_free(greedy);
    nm_roll_composer_free(cold);
    roll_case_clear(&c);
}

static neume_generate_options options_of(size_t count) {
    neume_generate_options options = neume_generate_options_default();
    options.seed = 42;
    options.count = count;
    return options;
}

static neume_song generate(const roll_case *c, const neume_generate_options *options) {
    neume_song song;
    neume_error error = {0};
    if (neume_generate(&song, c->context, c->model, options, &error))
        fail_msg("%s", error.line);
    return song;
}

/* Sixteenths: 16 a bar, 8 a second at 120. */
static void a_song_has_the_bars_and_seconds_that_were_asked_for(void **state) {
    (void)state;
    static const struct {
        double bars, seconds, tempo;
        size_t length, steps;
    } cases[] = {{3, 0, 0, 0, 48},  {0.5, 0, 0, 0, 8},   {0, 4, 0, 0, 32},
                 {0, 4, 60, 0, 16}, {1.01, 0, 0, 0, 17}, {0, 0, 0, 21, 21}};
    roll_case c = open_case(NEUME_ONSETS_DROP);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        neume_generate_options options = options_of(1);
        options.bars = cases[i].bars;
        options.seconds = cases[i].seconds;
        options.tempo = cases[i].tempo;
        options.length_steps = cases[i].length;
        neume_song song = generate(&c, &options);
        assert_int_equal(song.step_count, cases[i].steps);
        const double most = (double)cases[i].steps / (cases[i].tempo == 60 ? 4 : 8);
        assert_true(song.note_count > 0 && song.seconds <= most + 1e-9);
        neume_song_clear(&song);
    }
    roll_case_clear(&c);
}

/* That a score has the notes and metres of these steps. */
static void assert_says(const neume_score *score, const neume_codec *codec,
                        const neume_sequence *steps) {
    neume_score *other;
    size_t count, expected;
    assert_int_equal(neume_codec_decode(&other, codec, steps), NEUME_OK);
    const neume_note *notes = neume_score_notes(score, &count);
    const neume_note *others = neume_score_notes(other, &expected);
    assert_int_equal(count, expected);
    for (size_t i = 0; i < count; i++)
        assert_true(notes[i].start_ticks == others[i].start_ticks &&
                    notes[i].pitch == others[i].pitch);
    const neume_time_signature *metres = neume_score_time_signatures(score, &count);
    const neume_time_signature *other_metres = neume_score_time_signatures(other, &expected);
    assert_int_equal(count, expected);
    assert_true(count > 1); /* it begins in the middle of a bar */
    assert_memory_equal(metres, other_metres, count * sizeof *metres);
    neume_score_free(other);
}

static void the_steps_behind_the_primer_are_the_song_without_it(void **state) {
    (void)state;
    roll_case c = open_case(NEUME_ONSETS_KEEP);
    const unsigned width = neume_codec_width(c.model->codec);
    neume_sequence primer = c.corpus->train[0].sequence;
    neume_generate_options options = options_of(1);
    primer.step_count = 10;
    options.length_steps = 48;
    options.primer = &primer;
    options.without_primer = true;
    neume_song song = generate(&c, &options);
    nm_composer_plan plan = plan_of(&c, 48, 10);
    plan.seed = options.seed;
    nm_roll_composer *composer = composer_of(&c, c.context, &plan, 1);
    run(composer, 0);
    const nm_composed composed = nm_roll_composer_song(composer, 0);
    const neume_sequence steps = {.words = composed.words + 10 * width,
                                  .given = composed.given + 10,
                                  .step_count = 48,
                                  .width = width};
    assert_says(song.score, c.model->codec, &steps);
    nm_roll_composer_free(composer);
    neume_song_clear(&song);
    roll_case_clear(&c);
}

static void the_primer_can_be_left_out(void **state) {
    (void)state;
    roll_case c = open_case(NEUME_ONSETS_KEEP);
    const neume_sequence *piece = &c.corpus->train[0].sequence;
    neume_generate_options options = options_of(1);
    options.length_steps = 48;
    options.primer = piece;
    neume_song with = generate(&c, &options);
    options.without_primer = true;
    neume_song without = generate(&c, &options);
    assert_true(with.log_probability == without.log_probability);
    assert_true(with.step_count == 48 && without.step_count == 48);
    assert_true(with.note_count > without.note_count);
    assert_true(without.seconds <= 6 + 1e-9);
    assert_true(with.seconds > (double)piece->step_count / 8);
    neume_song_clear(&with);
    neume_song_clear(&without);
    roll_case_clear(&c);
}

static void refuses_what_rolls_do_not_have(void **state) {
    (void)state;
    roll_case c = open_case(NEUME_ONSETS_KEEP);
    static const char truncation[] =
        "top-k, top-p, min-p: a piano roll is drawn bit by bit, expected none of them";
    neume_generate_options bad[6];
    static const char *const lines[] = {truncation,
                                        truncation,
                                        truncation,
                                        "ending: a piano roll has no end word, expected a length",
                                        "primer: 4 words a step, expected the model's 8",
                                        "primer: no cells of its bars, expected one for each step"};
    uint32_t words[2 * NM_ROLL_WORDS] = {0}, given = 0;
    const neume_sequence narrow = {
        .words = words, .given = &given, .step_count = 1, .width = NM_ROLL_WORDS};
    const neume_sequence untold = {.words = words, .step_count = 1, .width = 2 * NM_ROLL_WORDS};
    for (size_t i = 0; i < 6; i++)
        bad[i] = options_of(1);
    bad[0].sampling.top_k = 3;
    bad[1].sampling.top_p = 0.5;
    bad[2].sampling.min_p = 0.1;
    bad[3].allow_ending = true;
    bad[4].primer = &narrow;
    bad[5].primer = &untold;
    for (size_t i = 0; i < 6; i++) {
        neume_song song;
        neume_error error = {0};
        assert_int_equal(neume_generate(&song, c.context, c.model, &bad[i], &error),
                         NEUME_BAD_USAGE);
        assert_string_equal(error.line, lines[i]);
    }
    roll_case_clear(&c);
}

static void numbers_that_are_not_finite_are_an_error(void **state) {
    (void)state;
    roll_case c = open_case(NEUME_ONSETS_DROP);
    neume_context *three = test_context(3, NEUME_ISA_C, NULL);
    neume_context *const contexts[] = {c.context, three};
    const nm_param *bias = nm_params_find(nm_model_params(c.model), "out.bias");
    c.model->weights[bias->offset] = (real)NAN;
    for (size_t i = 0; i < 4; i++) {
        const neume_generate_options options = options_of(1 + i / 2 * 4);
        neume_song songs[5];
        neume_error error = {0};
        assert_int_equal(neume_generate(songs, contexts[i % 2], c.model, &options, &error),
                         NEUME_NOT_FINITE);
        assert_string_equal(error.line, "song 0, step 0: the network gives no finite numbers");
        for (size_t s = 0; s < options.count; s++)
            assert_null(songs[s].score);
    }
    neume_context_free(three);
    roll_case_clear(&c);
}

static neume_status generate_and_clear(neume_context *context, void *data) {
    const roll_case *c = data;
    neume_song songs[2];
    neume_generate_options options = options_of(2);
    options.length_steps = 3;
    options.primer = &c->corpus->train[0].sequence;
    c->model->codec->context = context;
    const neume_status status = neume_generate(songs, context, c->model, &options, NULL);
    c->model->codec->context = c->context;
    neume_song_clear(&songs[0]);
    neume_song_clear(&songs[1]);
    return status;
}

static neume_status generate_on_two_threads(neume_context *context, void *data) {
    neume_context_options options = neume_context_options_default();
    options.thread_count = 2;
    options.isa = NEUME_ISA_C;
    options.allocator = context->allocator;
    neume_context *two = NULL;
    neume_status status = neume_context_new(&two, &options, NULL);
    if (!status)
        status = generate_and_clear(two, data);
    neume_context_free(two);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    roll_case c = open_case(NEUME_ONSETS_KEEP);
    test_each_allocation_failing(generate_and_clear, &c);
    test_each_allocation_failing(generate_on_two_threads, &c);
    roll_case_clear(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_song_has_the_likelihood_that_evaluating_it_finds),
        cmocka_unit_test(begins_with_the_primer_and_counts_its_bars_on),
        cmocka_unit_test(a_song_depends_on_its_number_alone),
        cmocka_unit_test(draws_with_the_documented_numbers),
        cmocka_unit_test(greed_is_the_limit_of_low_temperatures),
        cmocka_unit_test(a_song_has_the_bars_and_seconds_that_were_asked_for),
        cmocka_unit_test(the_steps_behind_the_primer_are_the_song_without_it),
        cmocka_unit_test(the_primer_can_be_left_out),
        cmocka_unit_test(refuses_what_rolls_do_not_have),
        cmocka_unit_test(numbers_that_are_not_finite_are_an_error),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
