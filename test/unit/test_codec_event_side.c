/* SPDX-License-Identifier: ISC */
/* Side features and head maps of codec "event". */
#include "test_codec_event.h"

#include "base/rng.h"

enum { FEATURES = 24, MAPS = 4, NO_KEY = 128, NO_GAP = 128, NO_INTERVAL = 49, NO_VELOCITY = 32 };

enum feature {
    POSITION,
    OF_QUARTER,
    METRE,
    BAR,
    TEMPO,
    GAP,
    GAP_BEFORE,
    PROGRAM,
    NEXT_PROGRAM,
    PROGRAM_GAP,
    PEDAL,
    SAID,
    LAST,
    SAME,
    ABOVE,
    BEFORE,
    SAME_LAST,
    LAST_BELOW,
    SAME_BEFORE,
    LAST_FIRST,
    VELOCITY,
    LENGTH,
    SAME_VELOCITY,
    SAME_LENGTH
};

typedef struct side {
    uint32_t features[FEATURES], contexts[MAPS];
} side;

static side read_side(const fixture *f, const nm_tracker *tracker) {
    side now;
    nm_codec_read_side(f->codec, tracker, now.features, now.contexts);
    for (unsigned i = 0; i < FEATURES; i++)
        assert_true(now.features[i] < nm_codec_feature_size(f->codec, i));
    return now;
}

/* What is known behind these words, after `shift` semitones. */
static side side_after(const fixture *f, const char *text, int shift) {
    nm_tracker tracker;
    neume_sequence words;
    assert_int_equal(neume_codec_parse(&words, f->codec, text, NULL), NEUME_OK);
    nm_codec_track_begin(f->codec, &tracker, shift);
    for (size_t i = 0; i < words.step_count; i++) {
        const uint32_t word = nm_codec_shifted(f->codec, 0, words.words[i], shift);
        nm_codec_track(f->codec, &tracker, &word);
    }
    neume_sequence_clear(f->context, &words);
    return read_side(f, &tracker);
}

static fixture moving_codec(neume_codec_options options) {
    fixture f = open_codec(options);
    nm_codec_set_shifts(f.codec, -6, 6);
    close_vocabulary(&f, NULL);
    return f;
}

static void assert_features(const side *now, const int expected[][2], size_t count) {
    for (size_t i = 0; i < count; i++)
        if (now->features[expected[i][0]] != (uint32_t)expected[i][1])
            fail_msg("feature %d: %u, expected %d", expected[i][0], now->features[expected[i][0]],
                     expected[i][1]);
}
#define ASSERT_FEATURES(now, ...)                                                                  \
    assert_features(&(now), (const int[][2]){__VA_ARGS__},                                         \
                    sizeof((const int[][2]){__VA_ARGS__}) / sizeof(int[2]))

static void nothing_is_known_before_a_piece(void **state) {
    (void)state;
    fixture f = moving_codec(event_options());
    const side now = side_after(&f, "", 0);
    ASSERT_FEATURES(now, {POSITION, 0}, {BAR, 0}, {TEMPO, 31}, {GAP, NO_GAP}, {PROGRAM, 0},
                    {NEXT_PROGRAM, 129}, {PROGRAM_GAP, NO_GAP}, {PEDAL, 0}, {SAID, 0},
                    {LAST, NO_KEY}, {SAME, NO_KEY}, {BEFORE, NO_KEY}, {SAME_LAST, NO_INTERVAL},
                    {VELOCITY, NO_VELOCITY}, {LENGTH, 0});
    close_fixture(&f);
}

#define TWO_CHORDS                                                                                 \
    "Bar TimeSig_3/4 Position_6 Tempo_60 Program_5 Pedal_On Pitch_60 Velocity_2 Duration_3 "       \
    "Pitch_64 Velocity_6 Duration_48+ Duration_4 "                                                 \
    "Bar Position_0 Pitch_50 Velocity_10 Duration_2 Pitch_67 Velocity_14 Duration_1 "

static void chords_are_compared_with_those_before_of_the_program(void **state) {
    (void)state;
    fixture f = moving_codec(event_options());
    side now = side_after(&f, TWO_CHORDS "Position_13", 0);
    ASSERT_FEATURES(now, {POSITION, 13}, {OF_QUARTER, 1}, {BAR, 2}, {GAP, 13}, {GAP_BEFORE, 30},
                    {PROGRAM, 5}, {PROGRAM_GAP, 13}, {PEDAL, 1}, {SAID, 0}, {LAST, NO_KEY},
                    {SAME, 50}, {ABOVE, 67}, {BEFORE, 60}, {SAME_LAST, NO_INTERVAL},
                    {SAME_BEFORE, 24 - 10}, {VELOCITY, 3}, {LENGTH, 1}, {SAME_VELOCITY, 2},
                    {SAME_LENGTH, 2});
    assert_int_equal(now.contexts[1], NO_KEY);
    assert_int_equal(now.contexts[2], 50);
    now = side_after(&f, TWO_CHORDS "Position_13 Pitch_52", 0);
    ASSERT_FEATURES(now, {SAID, 0}, {LAST, 52}, {SAME, 50}, {SAME_VELOCITY, 2});
    now = side_after(&f, TWO_CHORDS "Position_13 Pitch_52 Velocity_10 Duration_2", 0);
    ASSERT_FEATURES(now, {SAID, 1}, {LAST, 52}, {SAME, 67}, {ABOVE, NO_KEY}, {BEFORE, 64},
                    {SAME_LAST, 24 + 15}, {LAST_BELOW, 24 + 2}, {SAME_BEFORE, 24 + 3},
                    {LAST_FIRST, 24}, {SAME_VELOCITY, 3}, {SAME_LENGTH, 1});
    assert_int_equal(now.contexts[1], 52);
    assert_int_equal(now.contexts[2], 67);
    close_fixture(&f);
}

static void a_program_is_remembered_and_what_came_after_it(void **state) {
    (void)state;
    fixture f = moving_codec(event_options());
    const side now = side_after(&f,
                                "Bar Position_0 Program_5 Pitch_60 Velocity_2 Duration_3 "
                                "Program_Drums PitchDrum_36 Velocity_6 "
                                "Position_12 Program_5",
                                0);
    ASSERT_FEATURES(now, {PROGRAM, 5}, {NEXT_PROGRAM, 128}, {PROGRAM_GAP, 12}, {SAME, 60},
                    {VELOCITY, 0}, {LENGTH, 3});
    close_fixture(&f);
}

static void features_of_pitch_move_with_the_piece_and_no_others_do(void **state) {
    (void)state;
    fixture f = moving_codec(event_options());
    const char *const text = TWO_CHORDS "Position_13 Pitch_52 Velocity_10 Duration_2";
    const side here = side_after(&f, text, 0);
    for (int shift = -6; shift <= 6; shift++) {
        const side there = side_after(&f, text, shift);
        for (int i = 0; i < FEATURES; i++) {
            const bool is_key = i >= LAST && i <= BEFORE && here.features[i] < NO_KEY;
            assert_int_equal(there.features[i], (int)here.features[i] + (is_key ? shift : 0));
        }
        assert_int_equal(there.contexts[1], (int)here.contexts[1] + shift);
        assert_int_equal(there.contexts[2], (int)here.contexts[2] + shift);
        assert_int_equal(there.contexts[3], here.contexts[3]);
    }
    close_fixture(&f);
}

/* Copies of a tracker that are told other words do not disturb it. */
static void a_tracker_depends_on_the_past_alone_and_takes_any_word(void **state) {
    (void)state;
    for (int timing = 0; timing < 2; timing++) {
        fixture f = moving_codec(timing ? performance() : event_options());
        const uint32_t count = neume_codec_word_count(f.codec, 0);
        nm_tracker one, other;
        memset(&one, 0, sizeof one);
        memset(&other, 0xFF, sizeof other);
        nm_codec_track_begin(f.codec, &one, 3);
        nm_codec_track_begin(f.codec, &other, 3);
        for (uint64_t i = 0; i < 50000; i++) {
            const nm_random r = nm_random_at(7, NM_PURPOSE_TEST, 0, i);
            const uint32_t word = r.word[0] % (count + 1);
            const side here = read_side(&f, &one);
            nm_tracker copy = one;
            nm_codec_track(f.codec, &copy, &(uint32_t){r.word[2] % count});
            const side there = read_side(&f, &other);
            assert_memory_equal(&here, &there, sizeof here);
            nm_codec_track(f.codec, &one, &word);
            nm_codec_track(f.codec, &other, &word);
        }
        close_fixture(&f);
    }
}

static uint16_t output(const fixture *f, const side *now, unsigned map, const char *word) {
    uint32_t contexts, width;
    uint16_t *table = nm_codec_map(f->context, f->codec, map, &contexts, &width);
    const uint32_t id = neume_codec_find(f->codec, 0, word);
    assert_true(now->contexts[map] < contexts);
    const uint16_t found =
        table[(size_t)now->contexts[map] * neume_codec_word_count(f->codec, 0) + id];
    assert_true(found < width || found == NM_NO_OUTPUT);
    nm_free(f->context, table);
    return found;
}

static void maps_say_what_a_word_is_like(void **state) {
    (void)state;
    fixture f = moving_codec(event_options());
    side now = side_after(&f, TWO_CHORDS "Position_13 Pitch_52 Velocity_10 Duration_2", 0);
    assert_int_equal(output(&f, &now, 0, "Bar"), neume_codec_find(f.codec, 0, "Bar"));
    assert_int_equal(output(&f, &now, 1, "Pitch_52"), 0);
    assert_int_equal(output(&f, &now, 1, "Pitch_127"), 75);
    assert_int_equal(output(&f, &now, 1, "Pitch_51"), NM_NO_OUTPUT);
    assert_int_equal(output(&f, &now, 1, "PitchDrum_60"), NM_NO_OUTPUT);
    assert_int_equal(output(&f, &now, 2, "Pitch_67"), 24);
    assert_int_equal(output(&f, &now, 2, "Pitch_0"), 0);
    assert_int_equal(output(&f, &now, 2, "Velocity_2"), NM_NO_OUTPUT);
    assert_int_equal(output(&f, &now, 3, "Position_14") + 1, output(&f, &now, 3, "Position_15"));
    assert_int_equal(output(&f, &now, 3, "Position_12"), NM_NO_OUTPUT);
    assert_int_equal(output(&f, &now, 3, "Duration_12"), NM_NO_OUTPUT);
    now = side_after(&f, TWO_CHORDS "Position_13 Pitch_52", 0);
    assert_int_equal(output(&f, &now, 3, "Velocity_14"), 16);
    assert_int_equal(output(&f, &now, 3, "Velocity_2"), 13);
    now = side_after(&f, TWO_CHORDS "Position_13 Pitch_52 Velocity_10", 0);
    assert_int_equal(output(&f, &now, 3, "Duration_2"), 33 + 12);
    assert_int_equal(output(&f, &now, 3, "Duration_48"), 33 + 24);
    close_fixture(&f);
}

static void every_map_has_its_table(void **state) {
    (void)state;
    for (int timing = 0; timing < 2; timing++) {
        fixture f = moving_codec(timing ? performance() : event_options());
        assert_int_equal(nm_codec_feature_count(f.codec), FEATURES);
        assert_int_equal(nm_codec_map_count(f.codec), MAPS);
        for (unsigned map = 0; map < MAPS; map++) {
            uint32_t contexts, width;
            const size_t V = neume_codec_word_count(f.codec, 0);
            uint16_t *table = nm_codec_map(f.context, f.codec, map, &contexts, &width);
            assert_true(map || width == V);
            for (size_t i = 0; i < contexts * V; i++)
                assert_true(table[i] < width || table[i] == NM_NO_OUTPUT);
            nm_free(f.context, table);
        }
        close_fixture(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_before_a_piece),
        cmocka_unit_test(chords_are_compared_with_those_before_of_the_program),
        cmocka_unit_test(a_program_is_remembered_and_what_came_after_it),
        cmocka_unit_test(features_of_pitch_move_with_the_piece_and_no_others_do),
        cmocka_unit_test(a_tracker_depends_on_the_past_alone_and_takes_any_word),
        cmocka_unit_test(maps_say_what_a_word_is_like),
        cmocka_unit_test(every_map_has_its_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
