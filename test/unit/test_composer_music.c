/* SPDX-License-Identifier: ISC */
/* Songs of several streams, of intervals and of frames. */
#include "music_case.h"

#include "base/rng.h"
#include "learn/composer.h"
#include "learn/model.h"
#include "music/codec_kind.h"

#include <neume/generate.h>

#include <math.h>

static const char *const presets[] = {"streams", "intervals", "frames"};
enum { PRESETS = 3 };

/* A corpus and a model of random weights, peaked enough that songs differ in their words. */
typedef struct song_case {
    neume_context *context;
    neume_corpus *corpus;
    neume_model *model;
} song_case;

static song_case open_case(const char *preset) {
    song_case c = {.context = test_context(1, NEUME_ISA_C, NULL)};
    const music_plan plan = music_plan_of(preset);
    const neume_network_options network = {.embed = 9,
                                           .branch = strcmp(preset, "streams") == 0 ? 6 : 0,
                                           .layers = {16, 12},
                                           .layer_count = 2,
                                           .trunk = 10,
                                           .head = 8,
                                           .norm = NEUME_NORM_BATCH,
                                           .activation = NEUME_ACTIVATION_RELU};
    c.corpus = music_corpus(c.context, &plan);
    assert_int_equal(nm_model_new(&c.model, c.corpus, preset, &network, NULL), NEUME_OK);
    const nm_params *params = nm_model_params(c.model);
    nm_stack_init_weights(&c.model->network.stack, c.model->weights, 7);
    for (size_t p = 0; p < params->count; p++) /* chains would be 0 */
        for (size_t i = 0; strstr(params->table[p].name, "head.") &&
                           i < params->table[p].rows * params->table[p].columns;
             i++)
            if (!strstr(params->table[p].name, ".norm."))
                c.model->weights[params->table[p].offset + i] +=
                    (real)(0.8 * nm_random_normal(5, NM_PURPOSE_TEST, p, i));
    return c;
}

static void close_case(song_case *c) {
    neume_model_free(c->model);
    neume_corpus_free(c->corpus);
    neume_context_free(c->context);
}

/* A plan for words as such; the piece is the primer's first `primer_count` steps. */
static nm_composer_plan plan_of(const song_case *c, size_t step_count, size_t primer_count) {
    return (nm_composer_plan){.sampling = neume_sampling_default(),
                              .seed = 5,
                              .step_count = step_count,
                              .primer = c->corpus->train[0].sequence.words,
                              .primer_count = primer_count};
}

static nm_composer *composer_of(const song_case *c, neume_context *context,
                                const nm_composer_plan *plan, size_t rows) {
    nm_composer *composer;
    assert_int_equal(nm_composer_new(&composer, context, c->model, plan, rows), NEUME_OK);
    return composer;
}

static void assert_grammatical(const neume_codec *codec, const uint32_t *words, size_t steps) {
    const unsigned streams = neume_codec_stream_count(codec);
    nm_row row;
    nm_row_begin(&row, codec, 0);
    for (size_t i = 0; i < steps * streams; i++) {
        const unsigned s = (unsigned)(i % streams);
        assert_true(words[i] < neume_codec_word_count(codec, s));
        if (!nm_row_allows(&row, codec, s, words[i]))
            fail_msg("word %zu, \"%s\", is not allowed", i, neume_codec_word(codec, s, words[i]));
        nm_row_say(&row, codec, s, words[i]);
    }
}

static void every_word_is_one_that_the_grammar_allows(void **state) {
    (void)state;
    for (size_t p = 0; p < PRESETS; p++) {
        song_case c = open_case(presets[p]);
        for (int ending = 0; ending < 2; ending++) {
            nm_composer_plan plan = plan_of(&c, 120, 5);
            plan.allow_ending = ending == 1;
            nm_composer *composer = composer_of(&c, c.context, &plan, 6);
            assert_int_equal(nm_composer_run(composer, 0, NULL), NEUME_OK);
            for (size_t r = 0; r < 6; r++) {
                const nm_composed song = nm_composer_song(composer, r);
                assert_grammatical(c.model->codec, song.words, 5 + song.step_count);
                assert_true(song.step_count == 120 || (ending && song.has_ended));
            }
            nm_composer_free(composer);
        }
        close_case(&c);
    }
}

/* What a step costs by one long pass of the scorer's kind: words in, losses out. */
static double nats_of_pass(const song_case *c, const uint32_t *words, size_t from, size_t count) {
    const neume_codec *codec = c->model->codec;
    const unsigned streams = neume_codec_stream_count(codec), maps = nm_codec_map_count(codec);
    const unsigned columns = streams + nm_codec_feature_count(codec);
    uint32_t *inputs = calloc(count * columns, sizeof *inputs);
    uint32_t *contexts = calloc(count * (maps + 1), sizeof *contexts);
    uint32_t *targets = calloc(count * streams, sizeof *targets);
    uint32_t *rules = calloc(count * streams, sizeof *rules);
    uint8_t *reset = calloc(count, 1), *valid = malloc(count);
    nm_batch batch = {
        .T = count, .inputs = inputs, .contexts = contexts, .reset = reset, .valid = valid};
    nm_row row;
    memset(valid, 1, count);
    reset[0] = 1;
    nm_row_begin(&row, codec, 0);
    for (size_t i = 0; i < count; i++) {
        nm_row_read(&row, codec, inputs + i * columns, contexts + i * maps);
        for (unsigned s = 0; s < streams; s++) {
            targets[s * count + i] = words[i * streams + s];
            rules[s * count + i] = nm_codec_grammar(codec)->rule[row.state];
            nm_row_say(&row, codec, s, words[i * streams + s]);
        }
        nm_row_end_step(&row, codec, words + i * streams);
    }
    uint8_t *masks[NEUME_MAX_STREAMS];
    for (unsigned s = 0; s < streams; s++) {
        masks[s] = nm_codec_masks(c->context, codec, s);
        batch.targets[s] = (nm_targets){targets + s * count, masks[s], rules + s * count};
    }
    nm_stack_run *run;
    const nm_run_options options = {.max_T = count, .max_B = 1};
    assert_int_equal(nm_stack_run_new(&run, c->context, &c->model->network.stack, &options, NULL),
                     NEUME_OK);
    nm_stack_run_pack(run, c->model->weights);
    nm_stack_forward(run, &batch, 0, NM_PASS_EVALUATE);
    double nats = 0;
    for (unsigned s = 0; s < streams; s++) {
        for (size_t i = from; i < count; i++)
            nats += nm_stack_losses(run, s)[i];
        nm_free(c->context, masks[s]);
    }
    nm_stack_run_free(run);
    free(inputs);
    free(contexts);
    free(targets);
    free(rules);
    free(reset);
    free(valid);
    return nats;
}

static void composing_behind_a_primer_is_one_long_forward_pass(void **state) {
    (void)state;
    for (size_t p = 0; p < PRESETS; p++) {
        song_case c = open_case(presets[p]);
        for (size_t primer = 0; primer <= 6; primer += 6) {
            const nm_composer_plan plan = plan_of(&c, 40, primer);
            nm_composer *composer = composer_of(&c, c.context, &plan, 3);
            assert_int_equal(nm_composer_run(composer, 0, NULL), NEUME_OK);
            for (size_t r = 0; r < 3; r++) {
                const nm_composed song = nm_composer_song(composer, r);
                const double nats = nats_of_pass(&c, song.words, primer, primer + 40);
                assert_true(fabs(song.log_probability + nats) < 1e-3);
            }
            nm_composer_free(composer);
        }
        close_case(&c);
    }
}

/* With equal logits, word k of song n, counted through the streams, is the one in whose share the
 * documented number falls. */
static void draws_with_the_documented_numbers_through_the_streams(void **state) {
    (void)state;
    song_case c = open_case("streams");
    memset(c.model->weights, 0, nm_model_params(c.model)->size * sizeof(real));
    const nm_composer_plan plan = {
        .sampling = {.temperature = 1, .top_p = 1}, .seed = 9, .step_count = 25};
    nm_composer *composer = composer_of(&c, c.context, &plan, 3);
    assert_int_equal(nm_composer_run(composer, 40, NULL), NEUME_OK);
    for (size_t r = 0; r < 3; r++)
        for (size_t k = 0; k < 100; k++) {
            const uint32_t choice =
                neume_codec_word_count(c.model->codec, (unsigned)(k % 4)) - NM_WORD_FIRST;
            const double uniform = nm_random_uniform(9, NM_PURPOSE_SAMPLE, k, 40 + r);
            assert_int_equal(nm_composer_song(composer, r).words[k],
                             NM_WORD_FIRST + (uint32_t)(uniform * choice));
        }
    nm_composer_free(composer);
    close_case(&c);
}

static void assert_same(const nm_composed *a, const nm_composed *b, unsigned streams) {
    assert_int_equal(a->step_count, b->step_count);
    assert_memory_equal(a->words, b->words, a->step_count * streams * sizeof *a->words);
    assert_true(a->log_probability == b->log_probability);
}

static void a_song_depends_on_its_number_alone(void **state) {
    (void)state;
    for (neume_isa isa = NEUME_ISA_C; isa <= NEUME_ISA_AVX512; isa++)
        for (size_t p = 0; p < PRESETS && nm_isa_is_available(isa); p++) {
            song_case c = open_case(presets[p]);
            neume_context *one = test_context(1, isa, NULL), *three = test_context(3, isa, NULL);
            nm_composer_plan plan = plan_of(&c, 60, 0);
            plan.length.bars = 9.0 / 4;
            nm_composer *all = composer_of(&c, one, &plan, 20);
            nm_composer *few = composer_of(&c, three, &plan, 7),
                        *lone = composer_of(&c, one, &plan, 1);
            assert_int_equal(nm_composer_run(all, 0, NULL), NEUME_OK);
            assert_int_equal(nm_composer_run(few, 5, NULL), NEUME_OK);
            for (size_t r = 0; r < 7; r++) {
                const nm_composed a = nm_composer_song(all, 5 + r), b = nm_composer_song(few, r);
                assert_same(&a, &b, neume_codec_stream_count(c.model->codec));
                assert_int_equal(nm_composer_run(lone, 5 + r, NULL), NEUME_OK);
                const nm_composed alone = nm_composer_song(lone, 0);
                assert_same(&a, &alone, neume_codec_stream_count(c.model->codec));
            }
            assert_true(nm_composer_song(all, 0).log_probability !=
                        nm_composer_song(all, 1).log_probability);
            nm_composer_free(all);
            nm_composer_free(few);
            nm_composer_free(lone);
            neume_context_free(one);
            neume_context_free(three);
            close_case(&c);
        }
}

static double quarters_of(const neume_codec *codec, const uint32_t *words, size_t steps) {
    const unsigned streams = neume_codec_stream_count(codec);
    nm_codec_clock clock;
    nm_codec_clock_begin(&clock, codec, 0);
    for (size_t i = 0; i < steps * streams; i++)
        nm_codec_clock_say(&clock, (unsigned)(i % streams), words[i]);
    return clock.quarters;
}

/* A song in quarters ends with the step that reaches them. */
static void a_song_lasts_the_quarters_that_were_asked_for(void **state) {
    (void)state;
    for (size_t p = 0; p < PRESETS; p++) {
        song_case c = open_case(presets[p]);
        nm_composer_plan plan = plan_of(&c, 4000, 6);
        plan.length.bars = 4;
        nm_composer *composer = composer_of(&c, c.context, &plan, 5);
        assert_int_equal(nm_composer_run(composer, 0, NULL), NEUME_OK);
        const unsigned streams = neume_codec_stream_count(c.model->codec);
        for (size_t r = 0; r < 5; r++) {
            const nm_composed song = nm_composer_song(composer, r);
            const uint32_t *own = song.words + 6 * streams; /* the primer takes none of them */
            assert_false(song.is_cut);
            assert_true(quarters_of(c.model->codec, own, song.step_count) >= 16 - 1e-9);
            assert_true(quarters_of(c.model->codec, own, song.step_count - 1) < 16 - 1e-9);
        }
        nm_composer_free(composer);
        plan.step_count = 3;
        composer = composer_of(&c, c.context, &plan, 2);
        assert_int_equal(nm_composer_run(composer, 0, NULL), NEUME_OK);
        assert_true(nm_composer_song(composer, 0).is_cut); /* its steps were not enough */
        nm_composer_free(composer);
        close_case(&c);
    }
}

static neume_generate_options options_of(size_t count) {
    neume_generate_options options = neume_generate_options_default();
    options.seed = 42;
    options.count = count;
    options.length_steps = 60;
    return options;
}

static void songs_last_the_bars_and_seconds_that_were_asked_for(void **state) {
    (void)state;
    for (size_t p = 0; p < PRESETS; p++) {
        song_case c = open_case(presets[p]);
        neume_generate_options options = options_of(3);
        neume_song songs[3];
        options.length_steps = 0;
        options.bars = 8;
        assert_int_equal(neume_generate(songs, c.context, c.model, &options, NULL), NEUME_OK);
        for (size_t i = 0; i < 3; i++) {
            assert_true(songs[i].note_count > 0);
            assert_true(songs[i].seconds > 12 && songs[i].seconds <= 16);
            neume_song_clear(&songs[i]);
        }
        options.bars = 0;
        options.seconds = 12;
        options.tempo = 60; /* 12 quarters */
        assert_int_equal(neume_generate(songs, c.context, c.model, &options, NULL), NEUME_OK);
        for (size_t i = 0; i < 3; i++) {
            assert_true(songs[i].seconds > 8 && songs[i].seconds <= 12);
            neume_song_clear(&songs[i]);
        }
        close_case(&c);
    }
}

/* Generates behind these words, which the codec is to parse. */
static neume_status generate_behind(const song_case *c, const char *words, neume_error *error) {
    neume_generate_options options = options_of(1);
    neume_song song;
    neume_sequence primer;
    if (neume_codec_parse(&primer, c->model->codec, words, error))
        fail_msg("%s", error->line);
    options.primer = &primer;
    const neume_status status = neume_generate(&song, c->context, c->model, &options, error);
    if (!status)
        assert_true(song.note_count > 0);
    neume_song_clear(&song);
    neume_sequence_clear(c->context, &primer);
    return status;
}

static void a_primer_that_the_grammar_forbids_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *preset, *words, *line; /* NULL: taken */
    } primers[] = {
        {"intervals", "60 -5 r1", NULL},
        {"intervals", "-5 60", "primer: \"-5\" in step 0 cannot follow what is before it"},
        {"intervals", "60 -5 -3", "primer: \"-3\" in step 2 cannot follow what is before it"},
        {"intervals", "3 -5", "primer: \"-5\" in step 1 cannot follow what is before it"},
        {"intervals", "60 x1 r4 62", "primer: \"r4\" in step 2 cannot follow what is before it"},
        {"frames", "60 64 . 62", NULL},
        {"frames", "60 64 . 62 . <end>", NULL},
        {"frames", "64 60 .", "primer: \"60\" in step 1 cannot follow what is before it"},
        {"frames", "60 60 .", "primer: \"60\" in step 1 cannot follow what is before it"},
        {"frames", ". <end> 60", "primer: \"60\" in step 2 cannot follow what is before it"},
    };
    for (size_t i = 0; i < sizeof primers / sizeof *primers; i++) {
        song_case c = open_case(primers[i].preset);
        neume_error error = {0};
        const neume_status status = generate_behind(&c, primers[i].words, &error);
        assert_int_equal(status, primers[i].line ? NEUME_BAD_USAGE : NEUME_OK);
        if (primers[i].line)
            assert_string_equal(error.line, primers[i].line);
        close_case(&c);
    }
}

static void a_primer_of_streams_is_words_of_all_streams(void **state) {
    (void)state;
    song_case c = open_case("streams");
    const neume_sequence *piece = &c.corpus->train[0].sequence;
    neume_generate_options options = options_of(1);
    neume_song song;
    neume_error error = {0};
    neume_sequence primer = {.words = piece->words, .step_count = 3, .width = 4};
    options.primer = &primer;
    assert_int_equal(neume_generate(&song, c.context, c.model, &options, &error), NEUME_OK);
    neume_song_clear(&song);
    primer.step_count = piece->step_count; /* its <end> is left out */
    assert_int_equal(neume_generate(&song, c.context, c.model, &options, &error), NEUME_OK);
    neume_song_clear(&song);
    uint32_t ends_early[] = {piece->words[0], piece->words[1], piece->words[2], NM_WORD_END};
    primer = (neume_sequence){.words = ends_early, .step_count = 1, .width = 4};
    assert_int_equal(neume_generate(&song, c.context, c.model, &options, &error), NEUME_BAD_USAGE);
    assert_string_equal(error.line, "primer: \"<end>\" in step 0 cannot follow what is before it");
    primer.width = 1;
    assert_int_equal(neume_generate(&song, c.context, c.model, &options, &error), NEUME_BAD_USAGE);
    assert_string_equal(error.line, "primer: 1 words a step, expected the model's 4");
    close_case(&c);
}

/* The primer's part of a song is as long as the primer, in all streams. */
static void the_primer_can_be_left_out(void **state) {
    (void)state;
    for (size_t p = 0; p < PRESETS; p++) {
        song_case c = open_case(presets[p]);
        const neume_sequence *piece = &c.corpus->train[0].sequence;
        const neume_sequence primer = {
            .words = piece->words, .step_count = piece->step_count - 1, .width = piece->width};
        neume_generate_options options = options_of(1);
        neume_song with, without;
        options.primer = &primer;
        assert_int_equal(neume_generate(&with, c.context, c.model, &options, NULL), NEUME_OK);
        options.without_primer = true;
        assert_int_equal(neume_generate(&without, c.context, c.model, &options, NULL), NEUME_OK);
        assert_true(with.log_probability == without.log_probability);
        assert_int_equal(with.step_count, without.step_count);
        assert_true(with.note_count > without.note_count);
        assert_true(with.seconds > without.seconds);
        neume_song_clear(&with);
        neume_song_clear(&without);
        close_case(&c);
    }
}

static void an_end_ends_all_streams(void **state) {
    (void)state;
    song_case c = open_case("streams");
    const nm_param *bias = nm_params_find(nm_model_params(c.model), "head.0.bias");
    c.model->weights[bias->offset + NM_WORD_END] = 100;
    nm_composer_plan plan = plan_of(&c, 30, 0);
    plan.allow_ending = true;
    nm_composer *composer = composer_of(&c, c.context, &plan, 2);
    assert_int_equal(nm_composer_run(composer, 0, NULL), NEUME_OK);
    for (size_t r = 0; r < 2; r++) {
        const nm_composed song = nm_composer_song(composer, r);
        assert_int_equal(song.step_count, 2);
        assert_true(song.has_ended);
        for (unsigned s = 0; s < 4; s++)
            assert_int_equal(song.words[4 + s], NM_WORD_END);
    }
    nm_composer_free(composer);
    close_case(&c);
}

/* Steps of four words: a loop repeats whole steps. */
static void recognises_loops_of_steps(void **state) {
    (void)state;
    enum { STEPS = 200, S = 4 };
    static uint32_t words[STEPS * S];
    for (size_t period = 1; period <= 9; period++) {
        for (uint32_t i = 0; i < STEPS; i++)
            for (uint32_t s = 0; s < S; s++)
                words[i * S + s] = i < 150 ? i * S + s : (uint32_t)(i % period) + 100 * s;
        assert_int_equal(nm_is_loop(words, STEPS, S), period <= 8);
        words[180 * S + 3] = 77; /* in one stream alone */
        assert_false(nm_is_loop(words, STEPS, S));
    }
    /* of one stream these words would be a loop of 16; of four they are one of 4 steps */
    for (uint32_t i = 0; i < STEPS * S; i++)
        words[i] = i % 16;
    assert_true(nm_is_loop(words, STEPS, S));
    assert_false(nm_is_loop(words, STEPS * S, 1));
    memset(words, 0, sizeof words);
    assert_false(nm_is_loop(words, 15, S));
    assert_true(nm_is_loop(words, 16, S));
}

static neume_status generate_and_clear(neume_context *context, void *data) {
    const song_case *c = data;
    neume_song songs[2];
    neume_generate_options options = options_of(2);
    c->model->codec->context = context;
    options.length_steps = 3;
    const neume_status status = neume_generate(songs, context, c->model, &options, NULL);
    neume_song_clear(&songs[0]);
    neume_song_clear(&songs[1]);
    return status;
}

/* Scores come from the codec's memory. */
static void survives_every_failing_allocation(void **state) {
    (void)state;
    for (size_t p = 0; p < PRESETS; p++) {
        song_case c = open_case(presets[p]);
        test_each_allocation_failing(generate_and_clear, &c);
        c.model->codec->context = c.context;
        close_case(&c);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_is_one_that_the_grammar_allows),
        cmocka_unit_test(composing_behind_a_primer_is_one_long_forward_pass),
        cmocka_unit_test(draws_with_the_documented_numbers_through_the_streams),
        cmocka_unit_test(a_song_depends_on_its_number_alone),
        cmocka_unit_test(a_song_lasts_the_quarters_that_were_asked_for),
        cmocka_unit_test(songs_last_the_bars_and_seconds_that_were_asked_for),
        cmocka_unit_test(a_primer_that_the_grammar_forbids_is_refused),
        cmocka_unit_test(a_primer_of_streams_is_words_of_all_streams),
        cmocka_unit_test(the_primer_can_be_left_out),
        cmocka_unit_test(an_end_ends_all_streams),
        cmocka_unit_test(recognises_loops_of_steps),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
