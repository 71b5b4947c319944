/* SPDX-License-Identifier: ISC */
/* Codec "roll": scores and texts to sets of keys, bars, other keys. */
#include "test_codec_roll.h"

#include "base/rng.h"

static void a_struck_key_has_two_bits_and_a_held_one_has_one(void **state) {
    (void)state;
    fixture f = open_codec(roll_options(2, NEUME_ONSETS_KEEP));
    const neume_note notes[] = {long_note(240, 480, 60), long_note(240, 240, 127),
                                long_note(240, 240, 0), long_note(960, 240, 33),
                                long_note(960, 240, 95)};
    static const uint32_t words[5][8] = {
        {0},
        {1, 1 << 28, 0, UINT32_C(1) << 31, 1, 1 << 28, 0, UINT32_C(1) << 31},
        {0, 1 << 28, 0, 0, 0, 0, 0, 0},
        {0},
        {0, 1 << 1, UINT32_C(1) << 31, 0, 0, 1 << 1, UINT32_C(1) << 31, 0}};
    neume_sequence sequence = encode_notes(&f, notes, 5);
    assert_string_equal(steps_of(&f, &sequence), "_ 0.60.127 60- _ 33.95");
    assert_int_equal(sequence.width, 8);
    assert_int_equal(sequence.step_count, 5);
    assert_memory_equal(sequence.words, words, sizeof words);
    assert_int_equal(sequence.note_count, 5);
    assert_int_equal(sequence.omission_count, 0);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void it_has_streams_but_no_words(void **state) {
    (void)state;
    fixture f = open_codec(roll_options(4, NEUME_ONSETS_KEEP));
    assert_true(nm_codec_is_roll(f.codec));
    assert_int_equal(neume_codec_stream_count(f.codec), 2);
    assert_int_equal(neume_codec_width(f.codec), 8);
    assert_string_equal(neume_codec_stream_name(f.codec, 0), "play");
    assert_string_equal(neume_codec_stream_name(f.codec, 1), "articulate");
    assert_null(neume_codec_stream_name(f.codec, 2));
    assert_string_equal(neume_codec_step_unit(f.codec), "cell");
    for (unsigned s = 0; s < 3; s++) {
        assert_int_equal(neume_codec_word_count(f.codec, s), 0);
        assert_null(neume_codec_word(f.codec, s, 0));
        assert_int_equal(neume_codec_find(f.codec, s, "<end>"), NEUME_NO_WORD);
    }
    assert_int_equal(nm_codec_unseen_count(f.codec, 0), 0);
    close_fixture(&f);
    f = open_codec(roll_options(4, NEUME_ONSETS_DROP));
    assert_int_equal(neume_codec_stream_count(f.codec), 1);
    assert_int_equal(neume_codec_width(f.codec), 4);
    assert_null(neume_codec_stream_name(f.codec, 1));
    close_fixture(&f);
}

/* At 2 cells a quarter a cell is 240 ticks: 119 goes down to the first, 120 up to the second. */
static void a_struck_key_lasts_a_cell_at_least(void **state) {
    (void)state;
    fixture f = open_codec(roll_options(2, NEUME_ONSETS_KEEP));
    const neume_note notes[] = {long_note(119, 241, 60), long_note(120, 239, 61),
                                long_note(0, 0, 62), long_note(960, 100, 64)};
    neume_sequence sequence = encode_notes(&f, notes, 4);
    assert_string_equal(steps_of(&f, &sequence), "60.62 60-.61 _ _ 64");
    assert_int_equal(sequence.note_count, 4);
    assert_int_equal(sequence.omission_count, 0);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
    f = open_codec(roll_options(2, NEUME_ONSETS_DROP));
    sequence = encode_notes(&f, notes, 4);
    assert_string_equal(steps_of(&f, &sequence), "60 60");
    assert_int_equal(omitted(&sequence, "short-notes"), 3);
    assert_int_equal(sequence.note_count, 1);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void a_key_struck_while_it_sounds_goes_on_to_the_later_end(void **state) {
    (void)state;
    const neume_note notes[] = {long_note(0, 1920, 60),   long_note(480, 480, 60),
                                long_note(480, 960, 61),  long_note(960, 1440, 61),
                                long_note(1920, 480, 60), long_note(1930, 900, 60)};
    fixture f = open_codec(roll_options(1, NEUME_ONSETS_KEEP));
    neume_sequence sequence = encode_notes(&f, notes, 6);
    assert_string_equal(steps_of(&f, &sequence), "60 60.61 60-.61 60-.61- 60.61- 60-");
    assert_int_equal(sequence.note_count, 5);
    assert_int_equal(omitted(&sequence, "unisons"), 1);
    assert_int_equal(sequence.omission_count, 1);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
    f = open_codec(roll_options(1, NEUME_ONSETS_DROP));
    sequence = encode_notes(&f, notes, 6);
    assert_string_equal(steps_of(&f, &sequence), "60 60.61 60.61 60.61 60.61 60");
    assert_int_equal(sequence.note_count, 2);
    assert_int_equal(omitted(&sequence, "repetitions"), 4);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void notes_beyond_the_range_are_counted_and_keep_their_bits(void **state) {
    (void)state;
    for (int onsets = 0; onsets < 2; onsets++) {
        neume_codec_options options = roll_options(1, (neume_onsets)onsets);
        options.pitch_range = (neume_pitch_range){24, 101};
        fixture f = open_codec(options);
        const neume_note notes[] = {long_note(0, 480, 23), long_note(0, 480, 24),
                                    long_note(480, 480, 101), long_note(480, 480, 102)};
        neume_sequence sequence = encode_notes(&f, notes, 4);
        assert_string_equal(steps_of(&f, &sequence), "23.24 101.102");
        assert_int_equal(sequence.note_count, 2);
        assert_int_equal(omitted(&sequence, "beyond-pitch-range"), 2);
        neume_sequence_clear(f.context, &sequence);
        assert_int_equal(neume_codec_parse(&sequence, f.codec, "23.24 101.102", NULL), NEUME_OK);
        assert_int_equal(sequence.note_count, 2);
        neume_sequence_clear(f.context, &sequence);
        close_fixture(&f);
    }
}

static void leaves_out_drums_and_what_the_options_do_not_want(void **state) {
    (void)state;
    neume_codec_options options = roll_options(2, NEUME_ONSETS_KEEP);
    options.track = 1;
    options.program = 40;
    fixture f = open_codec(options);
    neume_note notes[5];
    for (int i = 0; i < 5; i++) {
        notes[i] = long_note(0, 240, (uint8_t)(60 + i));
        notes[i].track = 1;
        notes[i].program = 40;
    }
    notes[0].channel = 9;
    notes[1].track = 0;
    notes[2].program = 0;
    notes[3].start_ticks = UINT64_MAX - 1;
    neume_sequence sequence = encode_notes(&f, notes, 5);
    assert_string_equal(steps_of(&f, &sequence), "64");
    assert_int_equal(omitted(&sequence, "drums"), 1);
    assert_int_equal(omitted(&sequence, "other-tracks"), 1);
    assert_int_equal(omitted(&sequence, "other-programs"), 1);
    assert_int_equal(omitted(&sequence, "late-notes"), 1);
    neume_sequence_clear(f.context, &sequence);
    sequence = encode_notes(&f, notes, 4);
    assert_int_equal(sequence.step_count, 0);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void steps_are_text_and_back(void **state) {
    (void)state;
    static const char *const texts[] = {"_ 60.64-.67 _ 0.127- 60- 1.2.3", "_ 60.64.67 _ 0.127"};
    for (int onsets = 0; onsets < 2; onsets++) {
        fixture f = open_codec(roll_options(1, (neume_onsets)onsets));
        neume_sequence sequence;
        assert_int_equal(neume_codec_parse(&sequence, f.codec, texts[onsets], NULL), NEUME_OK);
        assert_string_equal(steps_of(&f, &sequence), texts[onsets]);
        for (size_t t = 0; t < sequence.step_count; t++)
            assert_int_equal(sequence.given[t], t % 4);
        char cut[6];
        assert_int_equal(
            neume_codec_write_step(f.codec, sequence.words + sequence.width, cut, sizeof cut),
            onsets ? 8 : 9);
        assert_string_equal(cut, "60.64");
        neume_sequence_clear(f.context, &sequence);
        close_fixture(&f);
    }
}

static void all_keys_at_once_are_a_step_too(void **state) {
    (void)state;
    fixture f = open_codec(roll_options(4, NEUME_ONSETS_KEEP));
    const uint32_t words[8] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
    char text[NEUME_MAX_STEP_TEXT];
    neume_sequence sequence;
    const size_t length = neume_codec_write_step(f.codec, words, text, sizeof text);
    assert_int_equal(length, strlen(text));
    assert_int_equal(neume_codec_parse(&sequence, f.codec, text, NULL), NEUME_OK);
    assert_int_equal(sequence.step_count, 1);
    assert_memory_equal(sequence.words, words, sizeof words);
    assert_int_equal(sequence.note_count, 128);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void refuses_texts_and_grids_that_are_none(void **state) {
    (void)state;
    static const char *const bad[] = {"128", "C4", "60.", ".60", "60--", "60+", "-", "60_", "__"};
    fixture f = open_codec(roll_options(4, NEUME_ONSETS_KEEP));
    neume_sequence sequence;
    neume_error error = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char expected[128];
        snprintf(expected, sizeof expected,
                 "word \"%s\": expected MIDI numbers of 0 to 127, as in 60.64-.67, or _ for none",
                 bad[i]);
        assert_int_equal(neume_codec_parse(&sequence, f.codec, bad[i], &error), NEUME_BAD_USAGE);
        assert_string_equal(error.line, expected);
        assert_null(sequence.words);
    }
    static const char *const spelt[][2] = {
        {"64.60", "60.64"}, {"60.60", "60"}, {"060", "60"}, {"60-.60", "60"}};
    for (size_t i = 0; i < sizeof spelt / sizeof *spelt; i++) {
        assert_int_equal(neume_codec_parse(&sequence, f.codec, spelt[i][0], &error),
                         NEUME_BAD_USAGE);
        assert_non_null(strstr(error.line, "expected the spelling"));
        assert_non_null(strstr(error.line, spelt[i][1]));
    }
    close_fixture(&f);
    f = open_codec(roll_options(4, NEUME_ONSETS_DROP));
    assert_int_equal(neume_codec_parse(&sequence, f.codec, "60-", &error), NEUME_BAD_USAGE);
    const neume_codec_options fine = roll_options(25, NEUME_ONSETS_KEEP);
    neume_codec *codec;
    assert_int_equal(neume_codec_new(&codec, f.context, &fine, &error), NEUME_BAD_USAGE);
    assert_string_equal(error.line, "a grid of 25 cells a quarter: expected 1 to 24");
    close_fixture(&f);
}

/* Encodes a note of 40 quarters under time signatures, and compares what is given. */
static void assert_given(const neume_time_signature *metres, size_t count, const uint32_t *expected,
                         size_t cells, uint32_t grid) {
    fixture f = open_codec(roll_options(grid, NEUME_ONSETS_KEEP));
    const neume_note note = long_note(0, 480 * 40, 60);
    neume_score *score = score_of(&f, &note, 1);
    neume_sequence sequence;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(neume_score_add_time_signature(score, &metres[i]), NEUME_OK);
    assert_int_equal(neume_score_sort(score), NEUME_OK);
    assert_int_equal(neume_codec_encode(&sequence, f.codec, score, NULL), NEUME_OK);
    assert_int_equal(sequence.step_count, 40 * grid);
    for (size_t t = 0; t < cells; t++)
        if (sequence.given[t] != expected[t])
            fail_msg("cell %zu is %u of its bar, expected %u", t, sequence.given[t], expected[t]);
    neume_sequence_clear(f.context, &sequence);
    neume_score_free(score);
    close_fixture(&f);
}

#define GIVEN(metres, grid, ...)                                                                   \
    assert_given(metres, sizeof metres / sizeof *metres, (const uint32_t[]){__VA_ARGS__},          \
                 sizeof(uint32_t[]){__VA_ARGS__} / 4, grid)

static void each_step_is_told_the_cell_of_its_bar(void **state) {
    (void)state;
    assert_given(NULL, 0, (const uint32_t[]){0, 1, 2, 3, 4, 5, 6, 7, 0, 1}, 10, 2);
    const neume_time_signature waltz[] = {{480 * 5, 3, 4}};
    GIVEN(waltz, 1, 0, 1, 2, 3, 0, 0, 1, 2, 0, 1, 2, 0);
    const neume_time_signature cut_short[] = {{0, 3, 4}, {480 * 4, 2, 4}, {480 * 7, 2, 4}};
    GIVEN(cut_short, 1, 0, 1, 2, 0, 0, 1, 0, 0, 1, 0, 1);
    const neume_time_signature late[] = {{UINT64_MAX, 2, 4}};
    GIVEN(late, 1, 0, 1, 2, 3, 0, 1, 2, 3, 0);
}

/* Bars of 3.5 quarters start at 0, 3.5, 7, 10.5, 14; half a cell goes up. A bar of a sixteenth is
 * less than a cell of a quarter. */
static void bars_off_the_grid_start_at_their_nearest_cells(void **state) {
    (void)state;
    const neume_time_signature odd[] = {{0, 7, 8}};
    GIVEN(odd, 1, 0, 1, 2, 3, 0, 1, 2, 0, 1, 2, 3, 0, 1, 2, 0);
    const neume_time_signature shifted[] = {{480 * 2 + 300, 3, 4}};
    GIVEN(shifted, 1, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0);
    const neume_time_signature tiny[] = {{480, 1, 16}, {480 * 4, 1, 4}, {480 * 6, 255, 32768}};
    GIVEN(tiny, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const neume_time_signature long_bar[] = {{0, 255, 1}};
    GIVEN(long_bar, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18);
}

static void every_time_signature_keeps_all_notes(void **state) {
    (void)state;
    for (uint32_t grid = 1; grid <= 24; grid += 23)
        for (uint16_t numerator = 1; numerator <= 255; numerator++)
            for (uint32_t denominator = 1; denominator <= 32768; denominator *= 8) {
                fixture f = open_codec(roll_options(grid, NEUME_ONSETS_KEEP));
                const neume_note note = long_note(0, 480 * 40, 60);
                const neume_time_signature metre = {480, numerator, (uint16_t)denominator};
                neume_score *score = score_of(&f, &note, 1);
                neume_sequence sequence;
                assert_int_equal(neume_score_add_time_signature(score, &metre), NEUME_OK);
                assert_int_equal(neume_codec_encode(&sequence, f.codec, score, NULL), NEUME_OK);
                assert_int_equal(sequence.step_count, 40 * grid);
                assert_int_equal(sequence.note_count, 1);
                assert_int_equal(sequence.given[grid], 0);
                const size_t bar = (size_t)grid * 4 * numerator / denominator;
                for (size_t t = 0; t < sequence.step_count; t++)
                    assert_true(sequence.given[t] <= t && (t < grid || sequence.given[t] <= bar));
                neume_sequence_clear(f.context, &sequence);
                neume_score_free(score);
                close_fixture(&f);
            }
}

/* 4/4 for a bar, 6/8 for two (3 quarters each), 2/4 for one. A note of the first lasts into the
 * second, one of the second into the third. */
static neume_score *score_of_three_metres(const fixture *f) {
    const neume_note notes[] = {long_note(480 * 2, 480 * 3, 60), long_note(480 * 6, 480, 64),
                                long_note(480 * 9, 480 * 2, 67), long_note(480 * 11, 480, 72)};
    const neume_time_signature metres[] = {{480 * 4, 6, 8}, {480 * 10, 2, 4}};
    neume_score *score = score_of(f, notes, 4);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(neume_score_add_time_signature(score, &metres[i]), NEUME_OK);
    assert_int_equal(neume_score_sort(score), NEUME_OK);
    return score;
}

static void assert_kept(const uint8_t *metres, neume_onsets onsets, const char *steps,
                        size_t lost) {
    neume_codec_options options = roll_options(1, onsets);
    memcpy(options.metres, metres, 2);
    fixture f = open_codec(options);
    neume_score *score = score_of_three_metres(&f), *decoded;
    neume_sequence sequence, again;
    assert_int_equal(neume_codec_encode(&sequence, f.codec, score, NULL), NEUME_OK);
    assert_string_equal(steps_of(&f, &sequence), steps);
    assert_int_equal(omitted(&sequence, "other-metres"), lost);
    assert_int_equal(neume_codec_decode(&decoded, f.codec, &sequence), NEUME_OK);
    assert_int_equal(neume_codec_encode(&again, f.codec, decoded, NULL), NEUME_OK);
    assert_same_words(&again, &sequence);
    neume_sequence_clear(f.context, &again);
    neume_sequence_clear(f.context, &sequence);
    neume_score_free(decoded);
    neume_score_free(score);
    close_fixture(&f);
}

static void only_music_under_the_metres_asked_for_is_kept(void **state) {
    (void)state;
    assert_kept((const uint8_t[2]){0}, NEUME_ONSETS_KEEP, "_ _ 60 60- 60- _ 64 _ _ 67 67- 72", 0);
    assert_kept((const uint8_t[2]){4}, NEUME_ONSETS_KEEP, "_ _ 60 60-", 3);
    assert_kept((const uint8_t[2]){6}, NEUME_ONSETS_KEEP, "60 _ 64 _ _ 67", 2);
    assert_kept((const uint8_t[2]){6}, NEUME_ONSETS_DROP, "60 _ 64 _ _ 67", 2);
    assert_kept((const uint8_t[2]){4, 2}, NEUME_ONSETS_KEEP, "_ _ 60 60- 67 72", 2);
    assert_kept((const uint8_t[2]){2}, NEUME_ONSETS_KEEP, "67 72", 3);
}

static void a_roll_without_onsets_is_taken_as_it_is(void **state) {
    (void)state;
    fixture f = open_codec(roll_options(2, NEUME_ONSETS_DROP));
    neume_sequence sequence;
    nm_pitch_set frames[20] = {{{0}}};
    nm_roll roll = {.frames = frames, .frame_count = 20};
    nm_pitch_set_add(&frames[1], 60);
    nm_pitch_set_add(&frames[2], 60);
    nm_pitch_set_add(&frames[2], 64);
    assert_int_equal(nm_codec_encode_roll(&sequence, f.codec, &roll), NEUME_OK);
    assert_int_equal(sequence.step_count, 20);
    assert_int_equal(sequence.note_count, 2);
    for (uint32_t t = 0; t < 20; t++)
        assert_int_equal(sequence.given[t], t);
    sequence.step_count = 4;
    assert_string_equal(steps_of(&f, &sequence), "_ 60 60.64 _");
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
    f = open_codec(roll_options(2, NEUME_ONSETS_KEEP));
    assert_int_equal(nm_codec_encode_roll(&sequence, f.codec, &roll), NEUME_BAD_USAGE);
    assert_null(sequence.words);
    close_fixture(&f);
}

/* Bit by bit. */
static bool slow_shift(uint32_t *out, const uint32_t *words, unsigned width, int shift) {
    bool is_said = true;
    memset(out, 0, width * sizeof *out);
    for (unsigned i = 0; i < width * 32; i++) {
        const int key = (int)(i % 128) + shift;
        const unsigned to = i / 128 * 128 + (unsigned)key;
        if (!(words[i / 32] >> i % 32 & 1))
            continue;
        if (key < 0 || key > 127)
            is_said = false;
        else
            out[to / 32] |= UINT32_C(1) << to % 32;
    }
    return is_said;
}

static void other_keys_move_all_bits_within_midi(void **state) {
    (void)state;
    size_t said = 0, refused = 0;
    for (int onsets = 0; onsets < 2; onsets++) {
        fixture f = open_codec(roll_options(4, (neume_onsets)onsets));
        const unsigned width = neume_codec_width(f.codec);
        nm_codec_set_shifts(f.codec, -48, 48);
        assert_int_equal(nm_codec_close(f.codec, NULL, NULL), NEUME_OK);
        for (int shift = -48; shift <= 48; shift++)
            for (uint64_t i = 0; i < 200; i++) {
                uint32_t words[8], out[8], expected[8];
                for (unsigned w = 0; w < width; w++)
                    words[w] = nm_random_at(9, NM_PURPOSE_TEST, i, w).word[0] &
                               (w % 4 < i % 4 || w % 4 > i % 5 ? 0 : UINT32_MAX);
                const bool is_said = slow_shift(expected, words, width, shift);
                assert_int_equal(nm_codec_shift_step(f.codec, out, words, shift), is_said);
                if (is_said)
                    assert_memory_equal(out, expected, width * sizeof *out);
                said += is_said;
                refused += !is_said;
            }
        close_fixture(&f);
    }
    assert_true(said > 1000 && refused > 1000);
}

static void only_keys_within_the_shifts_are_had(void **state) {
    (void)state;
    fixture f = open_codec(roll_options(4, NEUME_ONSETS_DROP));
    const uint32_t words[4] = {0, 1, 0, 0};
    uint32_t out[4];
    assert_true(nm_codec_shift_step(f.codec, out, words, 0));
    assert_false(nm_codec_shift_step(f.codec, out, words, 1));
    nm_codec_set_shifts(f.codec, -2, 1);
    assert_true(nm_codec_shift_step(f.codec, out, words, 1));
    assert_int_equal(out[1], 2);
    assert_true(nm_codec_shift_step(f.codec, out, words, -2));
    assert_int_equal(out[0], 1 << 30);
    assert_false(nm_codec_shift_step(f.codec, out, words, 2));
    assert_false(nm_codec_shift_step(f.codec, out, words, -3));
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_struck_key_has_two_bits_and_a_held_one_has_one),
        cmocka_unit_test(it_has_streams_but_no_words),
        cmocka_unit_test(a_struck_key_lasts_a_cell_at_least),
        cmocka_unit_test(a_key_struck_while_it_sounds_goes_on_to_the_later_end),
        cmocka_unit_test(notes_beyond_the_range_are_counted_and_keep_their_bits),
        cmocka_unit_test(leaves_out_drums_and_what_the_options_do_not_want),
        cmocka_unit_test(steps_are_text_and_back),
        cmocka_unit_test(all_keys_at_once_are_a_step_too),
        cmocka_unit_test(refuses_texts_and_grids_that_are_none),
        cmocka_unit_test(each_step_is_told_the_cell_of_its_bar),
        cmocka_unit_test(bars_off_the_grid_start_at_their_nearest_cells),
        cmocka_unit_test(every_time_signature_keeps_all_notes),
        cmocka_unit_test(only_music_under_the_metres_asked_for_is_kept),
        cmocka_unit_test(a_roll_without_onsets_is_taken_as_it_is),
        cmocka_unit_test(other_keys_move_all_bits_within_midi),
        cmocka_unit_test(only_keys_within_the_shifts_are_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
