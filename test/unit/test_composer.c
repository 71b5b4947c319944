/* SPDX-License-Identifier: ISC */
#include "test_codec.h"

#include "base/context.h"
#include "base/rng.h"
#include "learn/composer.h"
#include "music/codec_kind.h"

#include <math.h>

/* A model of random weights, peaked enough that songs differ in their words. */
typedef struct fixture_model {
    fixture base;
    neume_model model;
} fixture_model;

static const char vocabulary[] = "C4 D4 E4 F4 G4 A4 B4 0.4.7 2.5.9 7.11.2 4 E-5 F#3 10.2.5";

static void init_model(fixture_model *f, const char *words, const neume_network_options *network) {
    neume_sequence sequence;
    f->base = open_codec(neume_codec_options_default());
    assert_int_equal(neume_codec_parse(&sequence, f->base.codec, words, NULL), NEUME_OK);
    close_vocabulary(&f->base, &sequence);
    neume_sequence_clear(f->base.context, &sequence);
    f->model = (neume_model){.context = f->base.context, .codec = f->base.codec, .hash = 0xABC};
    assert_int_equal(
        nm_network_init(&f->model.network, f->base.context, f->base.codec, network, NULL),
        NEUME_OK);
    const nm_params *params = nm_model_params(&f->model);
    f->model.weights = nm_params_block_new(params, f->base.context);
    nm_stack_init_weights(&f->model.network.stack, f->model.weights, 7);
    const nm_param *head = nm_params_find(params, "head.0.weight");
    for (size_t i = 0; i < head->rows * head->columns; i++)
        f->model.weights[head->offset + i] *= 12;
}

static fixture_model small_model(void) {
    fixture_model f;
    init_model(
        &f, vocabulary,
        &(neume_network_options){.embed = 11, .layers = {24, 20}, .layer_count = 2, .trunk = 13});
    return f;
}

static void clear_model(fixture_model *f) {
    nm_free_aligned(f->base.context, f->model.weights);
    nm_network_clear(&f->model.network, f->base.context);
    close_fixture(&f->base);
}

static real *bias_of(fixture_model *f, uint32_t word) {
    return f->model.weights + nm_params_find(nm_model_params(&f->model), "head.0.bias")->offset +
           word;
}

static neume_generate_options options_of(size_t count, size_t length) {
    neume_generate_options options = neume_generate_options_default();
    options.seed = 42;
    options.count = count;
    options.length_steps = length;
    return options;
}

static neume_song *generate(const fixture_model *f, neume_context *context,
                            const neume_generate_options *options) {
    neume_song *songs = calloc(options->count, sizeof *songs);
    neume_error error = {0};
    if (neume_generate(songs, context, &f->model, options, &error))
        fail_msg("%s", error.line);
    return songs;
}

static void clear_songs(neume_song *songs, size_t count) {
    for (size_t i = 0; i < count; i++)
        neume_song_clear(&songs[i]);
    free(songs);
}

static void assert_same_song(const neume_song *a, const neume_song *b) {
    size_t count, other;
    const neume_note *notes = neume_score_notes(a->score, &count);
    const neume_note *others = neume_score_notes(b->score, &other);
    assert_int_equal(count, other);
    assert_int_equal(count, a->note_count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(notes[i].start_ticks, others[i].start_ticks);
        assert_int_equal(notes[i].pitch, others[i].pitch);
    }
    assert_true(a->log_probability == b->log_probability);
    assert_int_equal(a->step_count, b->step_count);
    assert_true(a->seconds == b->seconds && a->is_loop == b->is_loop);
}

static bool is_same_text(const neume_song *a, const neume_song *b) {
    size_t count;
    const neume_text *one = neume_score_texts(a->score, &count);
    const neume_text *two = neume_score_texts(b->score, &count);
    return one->size_bytes == two->size_bytes &&
           memcmp(one->bytes, two->bytes, one->size_bytes) == 0;
}

static void a_song_depends_on_its_number_alone_with_kernels(neume_isa isa) {
    fixture_model f = small_model();
    neume_context *one = test_context(1, isa, NULL), *three = test_context(3, isa, NULL);
    static const size_t counts[] = {1, 2, 5, 20, 37};
    neume_generate_options options = options_of(40, 60);
    neume_song *all = generate(&f, one, &options);
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        options.count = counts[c];
        neume_song *few = generate(&f, c % 2 ? one : three, &options);
        for (size_t i = 0; i < counts[c]; i++) {
            assert_same_song(&few[i], &all[i]);
            assert_true(is_same_text(&few[i], &all[i]));
        }
        clear_songs(few, counts[c]);
    }
    assert_true(all[0].log_probability != all[1].log_probability);
    clear_songs(all, 40);
    neume_context_free(one);
    neume_context_free(three);
    clear_model(&f);
}

static void a_song_depends_on_its_number_alone(void **state) {
    (void)state;
    for (neume_isa isa = NEUME_ISA_C; isa <= NEUME_ISA_AVX512; isa++)
        if (nm_isa_is_available(isa))
            a_song_depends_on_its_number_alone_with_kernels(isa);
}

static void more_songs_than_rows_take_turns(void **state) {
    (void)state;
    fixture_model f = small_model();
    neume_generate_options options = options_of(515, 4);
    neume_song *many = generate(&f, f.base.context, &options);
    options.count = 300;
    neume_song *fewer = generate(&f, f.base.context, &options);
    for (size_t i = 0; i < 300; i++)
        assert_same_song(&fewer[i], &many[i]);
    assert_non_null(many[514].score);
    clear_songs(fewer, 300);
    clear_songs(many, 515);
    clear_model(&f);
}

static void another_seed_gives_another_song(void **state) {
    (void)state;
    fixture_model f = small_model();
    neume_generate_options options = options_of(1, 60);
    neume_song *one = generate(&f, f.base.context, &options);
    options.seed = 43;
    neume_song *two = generate(&f, f.base.context, &options);
    assert_true(one->log_probability != two->log_probability);
    assert_false(is_same_text(one, two));
    clear_songs(one, 1);
    clear_songs(two, 1);
    clear_model(&f);
}

/* The losses of a whole piece in one forward pass: what the composer's log-probability must be. */
static double log_probability_of(const fixture_model *f, const uint32_t *words, size_t from,
                                 size_t count) {
    const size_t V = f->model.network.stack.shape.vocabulary[0];
    const nm_run_options options = {.max_T = count, .max_B = 1};
    const nm_grammar *grammar = nm_codec_grammar(f->model.codec);
    uint8_t *masks = nm_codec_masks(f->base.context, f->base.codec, 0);
    uint32_t *inputs = calloc(count, sizeof *inputs), *states = calloc(count, sizeof *states);
    uint8_t *reset = calloc(count, 1), *valid = malloc(count);
    memset(valid, 1, count);
    reset[0] = 1;
    inputs[0] = (uint32_t)V;
    for (size_t i = 1; i < count; i++) {
        inputs[i] = words[i - 1];
        states[i] = nm_grammar_next(grammar, states[i - 1], grammar->word_class[0][words[i - 1]]);
    }
    for (size_t i = 0; i < count; i++)
        states[i] = grammar->rule[states[i]];
    nm_stack_run *run;
    assert_int_equal(
        nm_stack_run_new(&run, f->base.context, &f->model.network.stack, &options, NULL), NEUME_OK);
    nm_stack_run_pack(run, f->model.weights);
    nm_stack_forward(run,
                     &(nm_batch){.T = count,
                                 .inputs = inputs,
                                 .reset = reset,
                                 .valid = valid,
                                 .targets = {{words, masks, states}}},
                     0, NM_PASS_EVALUATE);
    double sum = 0;
    for (size_t i = from; i < count; i++)
        sum -= nm_stack_losses(run, 0)[i];
    nm_stack_run_free(run);
    nm_free(f->base.context, masks);
    free(inputs);
    free(states);
    free(reset);
    free(valid);
    return sum;
}

static nm_composer *composer_of(const fixture_model *f, const nm_composer_plan *plan, size_t rows) {
    nm_composer *composer;
    assert_int_equal(nm_composer_new(&composer, f->base.context, &f->model, plan, rows), NEUME_OK);
    return composer;
}

static void composing_behind_a_primer_is_one_long_forward_pass(void **state) {
    (void)state;
    fixture_model f = small_model();
    static const uint32_t primer[] = {3, 5, 7, 7, 2, NM_WORD_UNKNOWN, 9};
    for (size_t primer_count = 0; primer_count <= 7; primer_count += 7) {
        const nm_composer_plan plan = {.sampling = neume_sampling_default(),
                                       .seed = 5,
                                       .step_count = 50,
                                       .allow_ending = true,
                                       .primer = primer,
                                       .primer_count = primer_count};
        nm_composer *composer = composer_of(&f, &plan, 6);
        assert_int_equal(nm_composer_run(composer, 0, NULL), NEUME_OK);
        for (size_t r = 0; r < 6; r++) {
            const nm_composed song = nm_composer_song(composer, r);
            assert_memory_equal(song.words, primer, primer_count * sizeof *primer);
            const double expected =
                log_probability_of(&f, song.words, primer_count, primer_count + song.step_count);
            assert_true(fabs(song.log_probability - expected) < 1e-3);
            assert_true(song.step_count == 50 || song.has_ended);
            assert_int_equal(song.has_ended,
                             song.words[primer_count + song.step_count - 1] == NM_WORD_END);
        }
        nm_composer_free(composer);
    }
    clear_model(&f);
}

static void a_composer_runs_again_as_if_it_were_new(void **state) {
    (void)state;
    fixture_model f = small_model();
    const nm_composer_plan plan = {
        .sampling = neume_sampling_default(), .seed = 5, .step_count = 40};
    nm_composer *composer = composer_of(&f, &plan, 3);
    double first[3];
    for (uint64_t turn = 0; turn < 3; turn++) {
        assert_int_equal(nm_composer_run(composer, turn == 1 ? 100 : 0, NULL), NEUME_OK);
        for (size_t r = 0; r < 3; r++) {
            const double now = nm_composer_song(composer, r).log_probability;
            assert_int_equal(turn == 0 || now == first[r], turn != 1);
            first[r] = turn ? first[r] : now;
        }
    }
    nm_composer_free(composer);
    clear_model(&f);
}

/* With equal logits word k of song n is the one in whose share the documented number falls. */
static void draws_with_the_documented_numbers(void **state) {
    (void)state;
    fixture_model f = small_model();
    memset(f.model.weights, 0, nm_model_params(&f.model)->size * sizeof *f.model.weights);
    const nm_composer_plan plan = {
        .sampling = {.temperature = 1, .top_p = 1}, .seed = 9, .step_count = 25};
    const uint32_t choice = f.model.network.stack.shape.vocabulary[0] - NM_WORD_FIRST;
    nm_composer *composer = composer_of(&f, &plan, 3);
    assert_int_equal(nm_composer_run(composer, 40, NULL), NEUME_OK);
    for (size_t r = 0; r < 3; r++)
        for (size_t k = 0; k < 25; k++) {
            const double uniform = nm_random_uniform(9, NM_PURPOSE_SAMPLE, k, 40 + r);
            assert_int_equal(nm_composer_song(composer, r).words[k],
                             NM_WORD_FIRST + (uint32_t)(uniform * choice));
        }
    nm_composer_free(composer);
    clear_model(&f);
}

static void greedy_songs_are_all_the_same(void **state) {
    (void)state;
    fixture_model f = small_model();
    neume_generate_options options = options_of(3, 80);
    options.sampling.greedy = true;
    neume_song *songs = generate(&f, f.base.context, &options);
    assert_same_song(&songs[0], &songs[1]);
    assert_same_song(&songs[0], &songs[2]);
    clear_songs(songs, 3);
    clear_model(&f);
}

static void never_draws_unknown_words_nor_ends_before_its_time(void **state) {
    (void)state;
    fixture_model f = small_model();
    *bias_of(&f, NM_WORD_UNKNOWN) = 30;
    *bias_of(&f, NM_WORD_END) = 20;
    const nm_composer_plan plan = {
        .sampling = neume_sampling_default(), .seed = 5, .step_count = 30};
    nm_composer *composer = composer_of(&f, &plan, 4);
    assert_int_equal(nm_composer_run(composer, 0, NULL), NEUME_OK);
    for (size_t r = 0; r < 4; r++) {
        const nm_composed song = nm_composer_song(composer, r);
        assert_int_equal(song.step_count, 30);
        for (size_t i = 0; i < 30; i++)
            assert_true(song.words[i] >= NM_WORD_FIRST);
        assert_true(song.log_probability < -30 * 10); /* the model wanted something else */
    }
    nm_composer_free(composer);
    clear_model(&f);
}

static void an_allowed_end_ends_the_song_but_never_before_its_first_word(void **state) {
    (void)state;
    fixture_model f = small_model();
    *bias_of(&f, NM_WORD_END) = 100;
    neume_generate_options options = options_of(2, 30);
    options.allow_ending = true;
    neume_song *songs = generate(&f, f.base.context, &options);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(songs[i].step_count, 2);
        assert_true(songs[i].note_count >= 1);
        assert_true(songs[i].seconds == 0.25);
    }
    clear_songs(songs, 2);
    clear_model(&f);
}

static void assert_fails(const fixture_model *f, const neume_generate_options *options,
                         neume_status expected, const char *line) {
    neume_song songs[2];
    neume_error error = {0};
    memset(songs, 0xAB, sizeof songs);
    assert_int_equal(neume_generate(songs, f->base.context, &f->model, options, &error), expected);
    if (line)
        assert_string_equal(error.line, line);
    assert_true(error.line[0]);
    for (size_t i = 0; i < options->count; i++)
        assert_null(songs[i].score);
}

static void constraints_that_leave_no_word_are_an_error(void **state) {
    (void)state;
    fixture_model f;
    init_model(&f, "", &(neume_network_options){.layers = {8}, .layer_count = 1});
    const neume_generate_options options = options_of(2, 30);
    assert_fails(&f, &options, NEUME_BAD_USAGE,
                 "song 0, step 0: no word may come next, expected constraints that leave one");
    clear_model(&f);
}

static void weights_that_overflow_are_an_error(void **state) {
    (void)state;
    fixture_model f = small_model();
    *bias_of(&f, 4) = (real)NAN;
    const neume_generate_options options = options_of(2, 30);
    assert_fails(&f, &options, NEUME_NOT_FINITE,
                 "song 0, step 0: the network gives no finite numbers");
    clear_model(&f);
}

static void refuses_options_that_make_no_sense(void **state) {
    (void)state;
    fixture_model f = small_model();
    uint32_t beyond = 16;
    const neume_sequence foreign = {.words = &beyond, .step_count = 1, .width = 1};
    const neume_sequence streams = {.words = &beyond, .step_count = 1, .width = 2};
    neume_generate_options bad[12];
    for (int i = 0; i < 12; i++)
        bad[i] = options_of(1, 30);
    bad[0].length_steps = 0;
    bad[1].bars = 4;
    bad[2].seconds = 4;
    bad[3].length_steps = 0;
    bad[3].bars = -4;
    bad[4].length_steps = 0;
    bad[4].seconds = NAN;
    bad[5].count = 0;
    bad[6].tempo = 5;
    bad[7].program = 128;
    bad[8].sampling.temperature = 0;
    bad[9].primer = &foreign;
    bad[10].primer = &streams;
    bad[11].length_steps = 2000000000;
    for (int i = 0; i < 12; i++)
        assert_fails(&f, &bad[i], NEUME_BAD_USAGE, NULL);
    clear_model(&f);
}

static void a_song_is_as_long_as_said(void **state) {
    (void)state;
    fixture_model f = small_model();
    neume_generate_options options = options_of(1, 0);
    options.bars = 4;
    neume_song *songs = generate(&f, f.base.context, &options);
    assert_int_equal(songs->step_count, 32);
    assert_true(songs->seconds == 8);
    clear_songs(songs, 1);
    options.tempo = 60;
    options.bars = 0;
    options.seconds = 10.3;
    songs = generate(&f, f.base.context, &options);
    assert_int_equal(songs->step_count, 21);
    assert_true(fabs(songs->seconds - 10.3) < 1e-3); /* the last step is cut short */
    size_t count;
    assert_int_equal(neume_score_tempos(songs->score, &count)->microseconds_per_quarter, 1000000);
    assert_int_equal(count, 1);
    clear_songs(songs, 1);
    options.tempo = 100;
    options.seconds = 9.3; /* 31 steps, but 31.000000000000004 by the arithmetic of double */
    songs = generate(&f, f.base.context, &options);
    assert_int_equal(songs->step_count, 31);
    clear_songs(songs, 1);
    clear_model(&f);
}

static void the_primer_stands_before_the_song_unless_left_out(void **state) {
    (void)state;
    fixture_model f = small_model();
    neume_sequence primer;
    assert_int_equal(neume_codec_parse(&primer, f.base.codec, "0.4.7 G4 0.4.7 F#3 <end>", NULL),
                     NEUME_OK);
    neume_generate_options options = options_of(1, 10);
    options.primer = &primer;
    neume_song *with = generate(&f, f.base.context, &options);
    options.without_primer = true;
    neume_song *without = generate(&f, f.base.context, &options);
    assert_int_equal(with->step_count, 10);
    assert_int_equal(with->note_count, without->note_count + 8);
    assert_true(with->seconds == 3.5 && without->seconds == 2.5);
    assert_true(with->log_probability == without->log_probability);
    size_t count;
    const neume_note *notes = neume_score_notes(with->score, &count);
    const neume_note *rest = neume_score_notes(without->score, &count);
    assert_int_equal(notes[0].pitch, 60);
    assert_int_equal(notes[3].pitch, 67);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(notes[8 + i].pitch, rest[i].pitch);
        assert_int_equal(notes[8 + i].start_ticks, rest[i].start_ticks + 4 * 240);
    }
    clear_songs(with, 1);
    clear_songs(without, 1);
    neume_sequence_clear(f.base.context, &primer);
    clear_model(&f);
}

static void the_instrument_is_that_of_all_notes(void **state) {
    (void)state;
    fixture_model f = small_model();
    neume_generate_options options = options_of(1, 10);
    options.program = 73;
    neume_song *songs = generate(&f, f.base.context, &options);
    size_t count;
    const neume_note *notes = neume_score_notes(songs->score, &count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(notes[i].program, 73);
    clear_songs(songs, 1);
    clear_model(&f);
}

static void assert_text(const neume_song *song, size_t index, const char *expected) {
    size_t count;
    const neume_text *texts = neume_score_texts(song->score, &count);
    assert_true(index < count);
    assert_int_equal(texts[index].kind, 1);
    assert_int_equal(texts[index].size_bytes, strlen(expected));
    assert_memory_equal(texts[index].bytes, expected, strlen(expected));
}

static void the_score_says_what_shaped_it(void **state) {
    (void)state;
    fixture_model f = small_model();
    neume_sequence primer;
    assert_int_equal(neume_codec_parse(&primer, f.base.codec, "C4", NULL), NEUME_OK);
    neume_generate_options options = options_of(2, 10);
    options.sampling = (neume_sampling){.temperature = 0.9, .top_k = 5, .top_p = 0.95};
    options.primer = &primer;
    neume_song *songs = generate(&f, f.base.context, &options);
    assert_text(&songs[1], 0, "neume " NEUME_VERSION ", model 0000000000000abc, seed 42, song 1");
    assert_text(&songs[1], 1, "temperature 0.9, top-k 5, top-p 0.95, min-p 0, precision fp32");
    char text[64];
    snprintf(text, sizeof text, "primer %016llx",
             (unsigned long long)nm_codec_hash(f.base.codec, &primer));
    assert_text(&songs[1], 2, text);
    clear_songs(songs, 2);
    neume_sequence_clear(f.base.context, &primer);
    clear_model(&f);
}

static void recognises_loops(void **state) {
    (void)state;
    uint32_t words[400];
    for (uint32_t i = 0; i < 400; i++)
        words[i] = i;
    assert_false(nm_is_loop(words, 400, 1));
    for (size_t period = 1; period <= 9; period++) {
        for (uint32_t i = 0; i < 400; i++)
            words[i] = i < 300 ? i : (uint32_t)(i % period);
        assert_int_equal(nm_is_loop(words, 400, 1), period <= 8);
        words[350] = 77;
        assert_false(nm_is_loop(words, 400, 1));
    }
    memset(words, 0, sizeof words);
    assert_false(nm_is_loop(words, 0, 1));
    assert_false(nm_is_loop(words, 15, 1));
    assert_true(nm_is_loop(words, 16, 1));
}

/* Scores come from the codec's memory. */
static neume_status generate_and_clear(neume_context *context, void *data) {
    const fixture_model *f = data;
    f->base.codec->context = context;
    neume_song songs[2];
    const neume_generate_options options = options_of(2, 5);
    const neume_status status = neume_generate(songs, context, &f->model, &options, NULL);
    neume_song_clear(&songs[0]);
    neume_song_clear(&songs[1]);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    fixture_model f = small_model();
    test_each_allocation_failing(generate_and_clear, &f);
    f.base.codec->context = f.base.context;
    clear_model(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_song_depends_on_its_number_alone),
        cmocka_unit_test(more_songs_than_rows_take_turns),
        cmocka_unit_test(another_seed_gives_another_song),
        cmocka_unit_test(composing_behind_a_primer_is_one_long_forward_pass),
        cmocka_unit_test(a_composer_runs_again_as_if_it_were_new),
        cmocka_unit_test(draws_with_the_documented_numbers),
        cmocka_unit_test(greedy_songs_are_all_the_same),
        cmocka_unit_test(never_draws_unknown_words_nor_ends_before_its_time),
        cmocka_unit_test(an_allowed_end_ends_the_song_but_never_before_its_first_word),
        cmocka_unit_test(constraints_that_leave_no_word_are_an_error),
        cmocka_unit_test(weights_that_overflow_are_an_error),
        cmocka_unit_test(refuses_options_that_make_no_sense),
        cmocka_unit_test(a_song_is_as_long_as_said),
        cmocka_unit_test(the_primer_stands_before_the_song_unless_left_out),
        cmocka_unit_test(the_instrument_is_that_of_all_notes),
        cmocka_unit_test(the_score_says_what_shaped_it),
        cmocka_unit_test(recognises_loops),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
