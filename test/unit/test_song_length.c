/* SPDX-License-Identifier: ISC */
/* How long songs of events last: by their own tempos and metres. */
#include "music_case.h"

#include "learn/composer.h"
#include "music/codec_kind.h"

#include <neume/generate.h>

#include <math.h>

enum { SONGS = 4 };

/* A model of random weights. */
typedef struct event_case {
    neume_context *context;
    neume_corpus *corpus;
    neume_model *model;
} event_case;

static event_case open_case(neume_timing timing) {
    event_case c = {.context = test_context(1, NEUME_ISA_C, NULL)};
    music_plan plan = music_plan_of("events");
    const neume_network_options network = {.embed = 9,
                                           .layers = {16},
                                           .layer_count = 1,
                                           .trunk = 10,
                                           .head = 8,
                                           .norm = NEUME_NORM_BATCH,
                                           .activation = NEUME_ACTIVATION_RELU};
    plan.codec.timing = timing;
    c.corpus = music_corpus(c.context, &plan);
    assert_int_equal(nm_model_new(&c.model, c.corpus, "events", &network, NULL), NEUME_OK);
    nm_stack_init_weights(&c.model->network.stack, c.model->weights, 7);
    return c;
}

static void close_case(event_case *c) {
    neume_model_free(c->model);
    neume_corpus_free(c->corpus);
    neume_context_free(c->context);
}

/* All words that begin so are never drawn: their probability is too small for a number. */
static void forbid(event_case *c, const char *prefix) {
    const nm_param *biases = nm_params_find(nm_model_params(c->model), "head.0.bias");
    for (uint32_t w = 0; w < neume_codec_word_count(c->model->codec, 0); w++)
        if (strncmp(neume_codec_word(c->model->codec, 0, w), prefix, strlen(prefix)) == 0)
            c->model->weights[biases->offset + w] = -10000;
}

/* Where a note begins that is said behind so many words: ticks of their score, which is `*score`.
 */
static uint64_t note_behind(neume_score **score, const event_case *c, const uint32_t *words,
                            size_t count) {
    enum { PITCH = 127 };
    uint32_t *said = malloc((count + 2) * sizeof *said);
    uint64_t start = UINT64_MAX;
    memcpy(said, words, count * sizeof *said);
    said[count] = neume_codec_find(c->model->codec, 0, "Program_127");
    said[count + 1] = neume_codec_find(c->model->codec, 0, "Pitch_127");
    const neume_sequence sequence = {.words = said, .step_count = count + 2, .width = 1};
    assert_int_equal(neume_codec_decode(score, c->model->codec, &sequence), NEUME_OK);
    size_t note_count;
    const neume_note *notes = neume_score_notes(*score, &note_count);
    for (size_t i = 0; i < note_count; i++)
        if (notes[i].pitch == PITCH && notes[i].program == 127)
            start = notes[i].start_ticks; /* the last of them */
    assert_true(start != UINT64_MAX);
    free(said);
    return start;
}

/* The time behind so many words by the tempos that they say, or by one of all. */
static double seconds_behind(const event_case *c, const uint32_t *words, size_t count,
                             double tempo) {
    neume_score *score;
    const uint64_t ticks = note_behind(&score, c, words, count);
    if (tempo > 0)
        assert_int_equal(neume_score_set_tempo(score, (uint32_t)lround(60e6 / tempo)), NEUME_OK);
    const double seconds = neume_score_seconds_at(score, ticks);
    neume_score_free(score);
    return seconds;
}

static double quarters_behind(const event_case *c, const uint32_t *words, size_t count) {
    neume_score *score;
    const double ticks = (double)note_behind(&score, c, words, count);
    const double quarters = ticks / neume_score_ticks_per_quarter(score);
    neume_score_free(score);
    return quarters;
}

static neume_sequence parse(const event_case *c, const char *text) {
    neume_sequence words = {0};
    neume_error error = {0};
    if (neume_codec_parse(&words, c->model->codec, text, &error))
        fail_msg("%s", error.line);
    return words;
}

typedef void (*song_check)(const event_case *c, const nm_composer_plan *plan,
                           const nm_composed *song);

static void check_songs(const event_case *c, nm_length length, const char *text, song_check check) {
    neume_sequence primer = parse(c, text);
    const nm_composer_plan plan = {.sampling = neume_sampling_default(),
                                   .seed = 3,
                                   .step_count = 20000,
                                   .length = length,
                                   .primer = primer.words,
                                   .primer_count = primer.step_count};
    nm_composer *composer;
    assert_int_equal(nm_composer_new(&composer, c->context, c->model, &plan, SONGS), NEUME_OK);
    assert_int_equal(nm_composer_run(composer, 0, NULL), NEUME_OK);
    for (size_t r = 0; r < SONGS; r++) {
        const nm_composed song = nm_composer_song(composer, r);
        assert_false(song.is_cut);
        check(c, &plan, &song);
    }
    nm_composer_free(composer);
    neume_sequence_clear(c->context, &primer);
}

/* The word that reaches the time is the last. */
static void assert_seconds(const event_case *c, const nm_composer_plan *plan,
                           const nm_composed *song) {
    const nm_length *length = &plan->length;
    const size_t count = plan->primer_count + song->step_count;
    const double begin = seconds_behind(c, song->words, plan->primer_count, length->tempo);
    assert_true(seconds_behind(c, song->words, count, length->tempo) >=
                begin + length->seconds - 1e-6);
    assert_true(seconds_behind(c, song->words, count - 1, length->tempo) < begin + length->seconds);
}

static void songs_last_the_seconds_that_their_own_tempos_say(void **state) {
    (void)state;
    event_case c = open_case(NEUME_TIMING_METRICAL);
    check_songs(&c, (nm_length){.seconds = 8}, "", assert_seconds);
    check_songs(&c, (nm_length){.seconds = 8, .tempo = 50}, "", assert_seconds);
    check_songs(&c, (nm_length){.seconds = 7.3},
                "Bar TimeSig_3/4 Position_0 Tempo_40 Pitch_60 Velocity_66 Duration_3 Bar "
                "Position_30 Pitch_64 Velocity_66 Duration_6",
                assert_seconds);
    close_case(&c);
    c = open_case(NEUME_TIMING_PERFORMANCE);
    check_songs(&c, (nm_length){.seconds = 9}, "", assert_seconds);
    check_songs(&c, (nm_length){.seconds = 9, .tempo = 240}, "", assert_seconds);
    check_songs(&c, (nm_length){.seconds = 9}, "TimeShift_40 Pitch_60 Velocity_66 Duration_3",
                assert_seconds);
    close_case(&c);
}

/* Words of a primer's tempo hold on where none is drawn. */
static void a_primers_tempo_holds_on(void **state) {
    (void)state;
    event_case c = open_case(NEUME_TIMING_METRICAL);
    forbid(&c, "Tempo_");
    check_songs(&c, (nm_length){.seconds = 6},
                "Bar Position_0 Tempo_240 Pitch_60 Velocity_66 Duration_3", assert_seconds);
    close_case(&c);
}

/* Bars of 3/4, behind the one that the primer ends in. */
static void assert_waltz(const event_case *c, const nm_composer_plan *plan,
                         const nm_composed *song) {
    const uint32_t bar = neume_codec_find(c->model->codec, 0, "Bar");
    const size_t count = plan->primer_count + song->step_count;
    assert_int_equal(song->words[count - 1], bar);
    assert_true(fabs(quarters_behind(c, song->words, count) - 3 * (2 + plan->length.bars)) < 1e-9);
    assert_true(fabs(song->end_quarters - 3 * (2 + plan->length.bars)) < 1e-9);
}

static void assert_bars(const event_case *c, const nm_composer_plan *plan,
                        const nm_composed *song) {
    const uint32_t bar = neume_codec_find(c->model->codec, 0, "Bar");
    size_t bars = 0;
    for (size_t i = 0; i < song->step_count; i++)
        bars += song->words[plan->primer_count + i] == bar;
    assert_true((double)bars == plan->length.bars + 1);
    assert_int_equal(song->words[plan->primer_count + song->step_count - 1], bar);
}

static void assert_performed_bars(const event_case *c, const nm_composer_plan *plan,
                                  const nm_composed *song) {
    const size_t count = plan->primer_count + song->step_count;
    const double begin = quarters_behind(c, song->words, plan->primer_count);
    const double end = begin + 4 * plan->length.bars;
    assert_true(quarters_behind(c, song->words, count) >= end - 1e-9);
    assert_true(quarters_behind(c, song->words, count - 1) < end);
    assert_true(fabs(song->end_quarters - end) < 1e-9);
}

static void songs_last_bars_of_their_own_metre(void **state) {
    (void)state;
    event_case c = open_case(NEUME_TIMING_METRICAL);
    check_songs(&c, (nm_length){.bars = 8}, "", assert_bars);
    check_songs(&c, (nm_length){.bars = 8}, "Bar TimeSig_7/8 Position_3 Pedal_On", assert_bars);
    forbid(&c, "TimeSig_");
    check_songs(&c, (nm_length){.bars = 8},
                "Bar TimeSig_3/4 Bar Position_7 Pitch_60 Velocity_66 Duration_3", assert_waltz);
    close_case(&c);
    c = open_case(NEUME_TIMING_PERFORMANCE);
    check_songs(&c, (nm_length){.bars = 8}, "", assert_performed_bars);
    check_songs(&c, (nm_length){.bars = 3}, "TimeShift_40 Pitch_60 Velocity_66 Duration_3",
                assert_performed_bars);
    close_case(&c);
}

static neume_generate_options options_of(nm_length length) {
    neume_generate_options options = neume_generate_options_default();
    options.seed = 42;
    options.count = SONGS;
    options.length_steps = 0;
    options.bars = length.bars;
    options.seconds = length.seconds;
    options.tempo = length.tempo;
    return options;
}

/* Whatever sounds is ended where the length is. */
static void scores_end_with_the_length_and_have_the_one_tempo_given(void **state) {
    (void)state;
    event_case c = open_case(NEUME_TIMING_METRICAL);
    for (int given = 0; given < 2; given++) {
        const neume_generate_options options =
            options_of((nm_length){.seconds = 15, .tempo = given ? 77 : 0});
        neume_song songs[SONGS];
        bool has_many = false;
        assert_int_equal(neume_generate(songs, c.context, c.model, &options, NULL), NEUME_OK);
        for (size_t i = 0; i < SONGS; i++) {
            size_t count;
            const neume_tempo *tempos = neume_score_tempos(songs[i].score, &count);
            has_many = has_many || count > 1;
            assert_true(songs[i].seconds > 10 && songs[i].seconds < 15.01);
            if (given) {
                assert_int_equal(count, 1);
                assert_int_equal(tempos->microseconds_per_quarter, lround(60e6 / 77));
            }
            neume_song_clear(&songs[i]);
        }
        assert_int_equal(has_many, !given);
    }
    close_case(&c);
}

/* Left out, the primer's metre, tempo, program and pedal hold on; the song is as long. */
static void a_primer_that_is_left_out_holds_on(void **state) {
    (void)state;
    event_case c = open_case(NEUME_TIMING_METRICAL);
    forbid(&c, "TimeSig_");
    forbid(&c, "Tempo_");
    forbid(&c, "Program_");
    for (char digit = '1'; digit <= '9'; digit++) /* so that moments are short */
        forbid(&c, (char[]){'P', 'i', 't', 'c', 'h', '_', digit, '\0'});
    neume_sequence primer =
        parse(&c, "Bar TimeSig_3/4 Position_0 Tempo_40 Program_5 Pedal_On Pitch_60 Velocity_66 "
                  "Duration_3 Bar Position_7 Pitch_60 Velocity_66 Duration_3");
    neume_generate_options options = options_of((nm_length){.bars = 8});
    neume_song songs[SONGS];
    options.primer = &primer;
    options.without_primer = true;
    assert_int_equal(neume_generate(songs, c.context, c.model, &options, NULL), NEUME_OK);
    for (size_t i = 0; i < SONGS; i++) {
        size_t count;
        const neume_score *score = songs[i].score;
        const neume_time_signature *metres = neume_score_time_signatures(score, &count);
        assert_int_equal(count, 1);
        assert_true(metres->start_ticks == 0 && metres->numerator == 3);
        const neume_tempo *tempos = neume_score_tempos(score, &count);
        assert_true(count == 1 && tempos->start_ticks == 0 &&
                    tempos->microseconds_per_quarter == 1500000);
        const neume_control *controls = neume_score_controls(score, &count);
        assert_true(count > 0 && controls->start_ticks == 0 && controls->value == 127);
        const uint64_t end = neume_score_end_ticks(score);
        assert_true(end > 480 * 3 * 7 && end <= 480 * 3 * 9);
        const neume_note *notes = neume_score_notes(score, &count);
        for (size_t n = 0; n < count; n++)
            assert_true(notes[n].program == 5);
        neume_song_clear(&songs[i]);
    }
    neume_sequence_clear(c.context, &primer);
    close_case(&c);
}

/* No two notes of a channel are on one key at a time, so that all are in the file. */
static void the_notes_of_a_song_are_those_of_its_file(void **state) {
    (void)state;
    event_case c = open_case(NEUME_TIMING_METRICAL);
    const neume_generate_options options = options_of((nm_length){.bars = 20});
    neume_song songs[SONGS];
    assert_int_equal(neume_generate(songs, c.context, c.model, &options, NULL), NEUME_OK);
    for (size_t i = 0; i < SONGS; i++) {
        uint64_t ends[16][128] = {{0}};
        size_t count;
        const neume_note *notes = neume_score_notes(songs[i].score, &count);
        assert_int_equal(songs[i].note_count, count);
        for (size_t n = 0; n < count; n++) {
            uint64_t *end = &ends[notes[n].channel][notes[n].pitch];
            assert_true(notes[n].start_ticks >= *end);
            *end = notes[n].start_ticks + notes[n].duration_ticks;
        }
        neume_song_clear(&songs[i]);
    }
    close_case(&c);
}

/* 30 programs strike one key, two at a time on 15 channels, a quarter each: none cuts another. */
static void instruments_that_share_channels_do_not_share_keys(void **state) {
    (void)state;
    event_case c = open_case(NEUME_TIMING_METRICAL);
    char text[4096];
    size_t size = (size_t)snprintf(text, sizeof text, "Bar");
    for (unsigned p = 0; p < 30; p++)
        size += (size_t)snprintf(text + size, sizeof text - size,
                                 " Position_%u Program_%u Pitch_60 Velocity_66 Duration_3", p, p);
    for (unsigned p = 0; p < 15; p++) /* homes of two each */
        size += (size_t)snprintf(text + size, sizeof text - size,
                                 "%s Program_%u Pitch_72 Velocity_66 Duration_12",
                                 p ? "" : " Position_40", p < 8 ? p : p + 7);
    neume_sequence words = parse(&c, text);
    neume_score *score;
    neume_cleaning cleaning;
    assert_int_equal(neume_codec_decode(&score, c.model->codec, &words), NEUME_OK);
    assert_int_equal(neume_score_clean(score, &cleaning), NEUME_OK);
    assert_true(cleaning.merged == 0 && cleaning.cut == 0);
    neume_score_free(score);
    neume_sequence_clear(c.context, &words);
    close_case(&c);
}

static neume_status generate_and_clear(neume_context *context, void *data) {
    const event_case *c = data;
    neume_song songs[SONGS];
    neume_sequence primer = {.words = (uint32_t[]){0, 0}, .step_count = 2, .width = 1};
    primer.words[0] = neume_codec_find(c->model->codec, 0, "Bar");
    primer.words[1] = neume_codec_find(c->model->codec, 0, "TimeSig_3/4");
    neume_generate_options options = options_of((nm_length){.seconds = 1});
    options.primer = &primer;
    options.without_primer = true;
    options.tempo = 100;
    options.count = 1;
    c->model->codec->context = context;
    const neume_status status = neume_generate(songs, context, c->model, &options, NULL);
    neume_song_clear(&songs[0]);
    return status;
}

/* Scores come from the codec's memory. */
static void survives_every_failing_allocation(void **state) {
    (void)state;
    event_case c = open_case(NEUME_TIMING_METRICAL);
    test_each_allocation_failing(generate_and_clear, &c);
    c.model->codec->context = c.context;
    close_case(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(songs_last_the_seconds_that_their_own_tempos_say),
        cmocka_unit_test(a_primers_tempo_holds_on),
        cmocka_unit_test(songs_last_bars_of_their_own_metre),
        cmocka_unit_test(scores_end_with_the_length_and_have_the_one_tempo_given),
        cmocka_unit_test(a_primer_that_is_left_out_holds_on),
        cmocka_unit_test(the_notes_of_a_song_are_those_of_its_file),
        cmocka_unit_test(instruments_that_share_channels_do_not_share_keys),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
