/* SPDX-License-Identifier: ISC */
/* Codec "frame": scores and rolls to words, its words and its grammar. */
#include "test_codec_frame.h"

static neume_note long_note(uint64_t start, uint64_t duration, uint8_t pitch) {
    neume_note note = note_at(start, pitch);
    note.duration_ticks = duration;
    return note;
}

static void a_frame_is_its_pitches_upward_and_a_period(void **state) {
    (void)state;
    fixture f = open_codec(frame_options(2, NEUME_ORDER_ASCENDING));
    const neume_note notes[] = {long_note(240, 480, 60), long_note(240, 240, 127),
                                long_note(240, 240, 0), long_note(960, 240, 61)};
    neume_sequence sequence = encode_notes(&f, notes, 4);
    assert_string_equal(text_of(&f, &sequence), ". 0 60 127 . 60 . . 61 . <end>");
    assert_int_equal(sequence.note_count, 4);
    assert_int_equal(sequence.omission_count, 0);
    assert_int_equal(neume_codec_word_count(f.codec, 0), 131);
    assert_string_equal(neume_codec_word(f.codec, 0, 2), ".");
    assert_string_equal(neume_codec_word(f.codec, 0, 3 + 60), "60");
    assert_string_equal(neume_codec_step_unit(f.codec), "word");
    assert_string_equal(neume_codec_stream_name(f.codec, 0), "word");
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void descending_frames_are_said_from_the_top(void **state) {
    (void)state;
    fixture f = open_codec(frame_options(1, NEUME_ORDER_DESCENDING));
    const neume_note notes[] = {long_note(0, 960, 48), long_note(0, 480, 64),
                                long_note(480, 480, 65)};
    neume_sequence sequence = encode_notes(&f, notes, 3);
    assert_string_equal(text_of(&f, &sequence), "64 48 . 65 48 . <end>");
    assert_string_equal(neume_codec_word(f.codec, 0, 3), "127");
    assert_string_equal(neume_codec_word(f.codec, 0, 3 + 127 - 48), "48");
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

/* At 2 cells a quarter a cell is 240 ticks: 119 goes down to the first, 120 up to the second. */
static void both_ends_go_to_the_nearest_cell_and_halves_go_up(void **state) {
    (void)state;
    fixture f = open_codec(frame_options(2, NEUME_ORDER_ASCENDING));
    const neume_note notes[] = {long_note(119, 241, 60), long_note(120, 239, 61),
                                long_note(0, 119, 62), long_note(121, 238, 63),
                                long_note(960, 100, 64)};
    neume_sequence sequence = encode_notes(&f, notes, 5);
    assert_string_equal(text_of(&f, &sequence), "60 . 60 . <end>");
    assert_int_equal(omitted(&sequence, "short-notes"), 4);
    assert_int_equal(sequence.note_count, 1);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void counts_the_notes_that_cannot_be_told_apart(void **state) {
    (void)state;
    fixture f = open_codec(frame_options(1, NEUME_ORDER_ASCENDING));
    const neume_note notes[] = {long_note(0, 1920, 60),   long_note(480, 480, 60),
                                long_note(1920, 480, 60), long_note(2880, 480, 60),
                                long_note(0, 480, 61),    long_note(960, 480, 61)};
    neume_sequence sequence = encode_notes(&f, notes, 6);
    assert_string_equal(text_of(&f, &sequence), "60 61 . 60 . 60 61 . 60 . 60 . . 60 . <end>");
    assert_int_equal(omitted(&sequence, "repetitions"), 2);
    assert_int_equal(sequence.note_count, 4);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void leaves_out_drums_and_what_the_options_do_not_want(void **state) {
    (void)state;
    neume_codec_options options = frame_options(2, NEUME_ORDER_ASCENDING);
    options.track = 1;
    options.program = 40;
    fixture f = open_codec(options);
    neume_note notes[4];
    for (int i = 0; i < 4; i++) {
        notes[i] = long_note(0, 240, 60);
        notes[i].track = 1;
        notes[i].program = 40;
    }
    notes[0].channel = 9;
    notes[1].track = 0;
    notes[2].program = 0;
    neume_sequence sequence = encode_notes(&f, notes, 4);
    assert_string_equal(text_of(&f, &sequence), "60 . <end>");
    assert_int_equal(omitted(&sequence, "drums"), 1);
    assert_int_equal(omitted(&sequence, "other-tracks"), 1);
    assert_int_equal(omitted(&sequence, "other-programs"), 1);
    neume_sequence_clear(f.context, &sequence);
    sequence = encode_notes(&f, notes, 3);
    assert_int_equal(sequence.step_count, 0);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void absurd_ticks_are_late_notes_and_take_no_memory(void **state) {
    (void)state;
    fixture f = open_codec(frame_options(24, NEUME_ORDER_ASCENDING));
    static const uint32_t resolutions[] = {0, 1, UINT32_MAX};
    const neume_note notes[] = {
        long_note(480, UINT64_MAX, 60), long_note(UINT64_MAX, UINT64_MAX, 61),
        long_note(UINT64_MAX - 1, 1, 62), long_note(UINT64_C(1) << 62, 480, 63)};
    for (int r = 0; r < 3; r++) {
        neume_score *score = score_of(&f, notes, 4);
        neume_score_set_ticks_per_quarter(score, resolutions[r]);
        neume_sequence sequence;
        assert_int_equal(neume_codec_encode(&sequence, f.codec, score, NULL), NEUME_OK);
        assert_int_equal(sequence.step_count, 0);
        assert_int_equal(omitted(&sequence, "late-notes"), 4);
        neume_score_free(score);
    }
    close_fixture(&f);
}

/* As many notes as a hostile file may hold, each as long as a roll: they cost their cells once. */
static void many_long_notes_on_one_key_cost_their_cells_once(void **state) {
    (void)state;
    fixture f = open_codec(frame_options(1, NEUME_ORDER_ASCENDING));
    neume_score *score;
    neume_sequence sequence;
    assert_int_equal(neume_score_new(&score, f.context), NEUME_OK);
    neume_score_set_ticks_per_quarter(score, 1);
    for (uint64_t i = 0; i < 100000; i++) {
        const neume_note note = long_note(i, NM_ROLL_MAX_FRAMES - i, 60);
        assert_int_equal(neume_score_add_note(score, &note), NEUME_OK);
    }
    const neume_note late = long_note(1, NM_ROLL_MAX_FRAMES, 61);
    assert_int_equal(neume_score_add_note(score, &late), NEUME_OK);
    assert_int_equal(neume_codec_encode(&sequence, f.codec, score, NULL), NEUME_OK);
    assert_int_equal(sequence.step_count, 2 * NM_ROLL_MAX_FRAMES + 1);
    assert_int_equal(omitted(&sequence, "repetitions"), 99999);
    assert_int_equal(omitted(&sequence, "late-notes"), 1);
    neume_sequence_clear(f.context, &sequence);
    neume_score_free(score);
    close_fixture(&f);
}

static void assert_refused(const fixture *f, const char *text, const char *expected) {
    neume_sequence sequence;
    neume_error error = {0};
    assert_int_equal(neume_codec_parse(&sequence, f->codec, text, &error), NEUME_BAD_USAGE);
    assert_string_equal(error.line, expected);
}

static void refuses_words_and_grids_that_are_none(void **state) {
    (void)state;
    fixture f = open_codec(frame_options(2, NEUME_ORDER_ASCENDING));
    assert_refused(&f, "60 C4",
                   "word \"C4\": expected a MIDI number of 0 to 127, or . behind a "
                   "frame");
    assert_refused(&f, "128",
                   "word \"128\": expected a MIDI number of 0 to 127, or . behind a "
                   "frame");
    assert_refused(&f, "4294967296 ..",
                   "word \"4294967296\": expected a MIDI number of 0 to 127, "
                   "or . behind a frame");
    assert_refused(&f, "060", "word \"060\": expected the spelling \"60\"");
    static const uint32_t grids[] = {0, 25, 960};
    for (int i = 0; i < 3; i++) {
        neume_codec *codec;
        neume_error error = {0};
        const neume_codec_options options = frame_options(grids[i], NEUME_ORDER_ASCENDING);
        assert_int_equal(neume_codec_new(&codec, f.context, &options, &error), NEUME_BAD_USAGE);
        assert_null(codec);
        assert_true(error.line[0]);
    }
    close_fixture(&f);
}

static bool is_allowed(const nm_grammar *grammar, uint32_t from, uint32_t word) {
    return nm_grammar_allowed(grammar, from)[grammar->word_class[0][word]];
}

static uint32_t next_of(const nm_grammar *grammar, uint32_t from, uint32_t word) {
    return nm_grammar_next(grammar, from, grammar->word_class[0][word]);
}

static void the_grammar_lets_numbers_rise_and_ends_behind_a_frame(void **state) {
    (void)state;
    fixture f = open_codec(frame_options(2, NEUME_ORDER_ASCENDING));
    close_vocabulary(&f, NULL);
    const nm_grammar *grammar = nm_codec_grammar(f.codec);
    assert_int_equal(grammar->state_count, 131);
    const uint32_t frame = next_of(grammar, 0, NM_FRAME_PERIOD);
    const uint32_t ended = next_of(grammar, frame, NM_WORD_END);
    for (uint32_t word = 0; word < 131; word++) {
        assert_int_equal(is_allowed(grammar, 0, word), word >= 2);
        assert_int_equal(is_allowed(grammar, frame, word), word != 1);
        assert_int_equal(is_allowed(grammar, ended, word), word == 0);
        assert_int_equal(next_of(grammar, ended, word), ended);
    }
    for (uint32_t last = 3; last < 131; last++) {
        const uint32_t within = next_of(grammar, frame, last);
        assert_int_equal(next_of(grammar, 0, last), within);
        assert_int_equal(next_of(grammar, within, NM_FRAME_PERIOD), frame);
        for (uint32_t word = 0; word < 131; word++) {
            assert_int_equal(is_allowed(grammar, within, word), word == 2 || word > last);
            assert_true(next_of(grammar, within, word) < grammar->state_count);
        }
    }
    close_fixture(&f);
}

static void a_roll_keeps_its_empty_frames(void **state) {
    (void)state;
    fixture f = open_codec(frame_options(2, NEUME_ORDER_DESCENDING));
    neume_sequence sequence;
    nm_pitch_set frames[5] = {{{0}}};
    nm_roll roll = {.frames = frames, .frame_count = 5};
    nm_pitch_set_add(&frames[1], 60);
    nm_pitch_set_add(&frames[2], 60);
    nm_pitch_set_add(&frames[2], 64);
    assert_int_equal(nm_codec_encode_roll(&sequence, f.codec, &roll), NEUME_OK);
    assert_string_equal(text_of(&f, &sequence), ". 60 . 64 60 . . . <end>");
    assert_int_equal(sequence.note_count, 2);
    close_vocabulary(&f, NULL);
    assert_grammatical(f.codec, &sequence);
    neume_sequence_clear(f.context, &sequence);
    roll.frame_count = 0;
    assert_int_equal(nm_codec_encode_roll(&sequence, f.codec, &roll), NEUME_OK);
    assert_int_equal(sequence.step_count, 0);
    close_fixture(&f);
}

static void other_kinds_take_no_rolls(void **state) {
    (void)state;
    fixture f = open_codec(neume_codec_options_default());
    neume_sequence sequence;
    nm_pitch_set frame = {{1}};
    const nm_roll roll = {.frames = &frame, .frame_count = 1};
    assert_int_equal(nm_codec_encode_roll(&sequence, f.codec, &roll), NEUME_BAD_USAGE);
    assert_null(sequence.words);
    close_fixture(&f);
}

static void other_keys_move_pitches_within_midi_and_leave_the_rest(void **state) {
    (void)state;
    for (int order = 0; order < 2; order++) {
        fixture f = open_codec(frame_options(2, (neume_order)order));
        nm_codec_set_shifts(f.codec, -6, 5);
        close_vocabulary(&f, NULL);
        for (int pitch = 0; pitch < NM_PITCHES; pitch++)
            for (int shift = -6; shift <= 5; shift++) {
                const int moved = pitch + shift;
                const uint32_t word = NM_FRAME_PITCH + (uint32_t)(order ? 127 - pitch : pitch);
                const uint32_t expected =
                    moved < 0 || moved > 127
                        ? NEUME_NO_WORD
                        : NM_FRAME_PITCH + (uint32_t)(order ? 127 - moved : moved);
                assert_int_equal(nm_codec_shifted(f.codec, 0, word, shift), expected);
                assert_int_equal(nm_codec_shifted(f.codec, 0, NM_FRAME_PERIOD, shift),
                                 NM_FRAME_PERIOD);
            }
        close_fixture(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_its_pitches_upward_and_a_period),
        cmocka_unit_test(descending_frames_are_said_from_the_top),
        cmocka_unit_test(both_ends_go_to_the_nearest_cell_and_halves_go_up),
        cmocka_unit_test(counts_the_notes_that_cannot_be_told_apart),
        cmocka_unit_test(leaves_out_drums_and_what_the_options_do_not_want),
        cmocka_unit_test(absurd_ticks_are_late_notes_and_take_no_memory),
        cmocka_unit_test(many_long_notes_on_one_key_cost_their_cells_once),
        cmocka_unit_test(refuses_words_and_grids_that_are_none),
        cmocka_unit_test(the_grammar_lets_numbers_rise_and_ends_behind_a_frame),
        cmocka_unit_test(a_roll_keeps_its_empty_frames),
        cmocka_unit_test(other_kinds_take_no_rolls),
        cmocka_unit_test(other_keys_move_pitches_within_midi_and_leave_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
