/* SPDX-License-Identifier: ISC */
#include "interval_case.h"
#include "midi_compare.h"

#include "base/rng.h"
#include "music/codec_kind.h"

enum { CELL = 120 }; /* ticks of a sixteenth */

/* A note of so many cells. */
static neume_note note_of(uint64_t cell, uint64_t cell_count, uint8_t pitch) {
    neume_note note = note_at(cell * CELL, pitch);
    note.duration_ticks = cell_count * CELL;
    return note;
}

/* Encodes `score`, compares the words, asks the grammar, decodes and encodes again. */
static neume_sequence assert_says(const fixture *f, const neume_score *score, const char *words) {
    neume_sequence sequence, again;
    neume_score *decoded;
    assert_int_equal(neume_codec_encode(&sequence, f->codec, score, NULL), NEUME_OK);
    assert_string_equal(text_of(f, &sequence), words);
    assert_grammatical(f->codec, &sequence);
    assert_int_equal(neume_codec_decode(&decoded, f->codec, &sequence), NEUME_OK);
    assert_int_equal(neume_codec_encode(&again, f->codec, decoded, NULL), NEUME_OK);
    assert_string_equal(text_of(f, &again), words);
    assert_int_equal(again.note_count, sequence.note_count);
    assert_int_equal(again.omission_count, 0);
    neume_sequence_clear(f->context, &again);
    neume_score_free(decoded);
    return sequence;
}

static void assert_notes_say(const fixture *f, const neume_note *notes, size_t count,
                             const char *words) {
    neume_score *score = score_of(f, notes, count);
    neume_sequence sequence = assert_says(f, score, words);
    neume_sequence_clear(f->context, &sequence);
    neume_score_free(score);
}

static void a_chord_is_its_top_note_and_the_intervals_below(void **state) {
    (void)state;
    fixture f = closed_codec(intervals());
    const neume_note notes[] = {note_of(0, 4, 72),  note_of(4, 4, 77),  note_of(8, 2, 79),
                                note_of(12, 1, 41), note_of(12, 8, 69), note_of(12, 3, 81)};
    assert_notes_say(&f, notes, 6, "72 r1 77 r1 79 r1 81 -12 -40 r2 <end>");
    close_fixture(&f);
}

static void rests_are_the_largest_first(void **state) {
    (void)state;
    static const struct {
        uint64_t cells;
        const char *quarters, *sixteenths;
    } gaps[] = {
        {1, "x1", "r1"},
        {3, "x3", "r3"},
        {4, "r1", "r4"},
        {5, "r1 x1", "r4 r1"},
        {15, "r3 x3", "r4 r4 r4 r3"},
        {16, "r4", "r4 r4 r4 r4"},
        {18, "r4 x2", "r4 r4 r4 r4 r2"},
        {39, "r4 r4 r1 x3", "r4 r4 r4 r4 r4 r4 r4 r4 r4 r3"},
    };
    neume_codec_options options = intervals();
    fixture quarter = closed_codec(options);
    options.rest_unit = NEUME_REST_SIXTEENTH;
    fixture sixteenth = closed_codec(options);
    assert_int_equal(neume_codec_word_count(quarter.codec, 0), 2 + 128 + 127 + 4 + 3);
    assert_int_equal(neume_codec_word_count(sixteenth.codec, 0), 2 + 128 + 127 + 4);
    for (size_t i = 0; i < sizeof gaps / sizeof *gaps; i++) {
        char words[128];
        const neume_note notes[] = {note_of(0, 1, 60), note_of(gaps[i].cells, 1, 62)};
        snprintf(words, sizeof words, "60 %s 62 x1 <end>", gaps[i].quarters);
        assert_notes_say(&quarter, notes, 2, words);
        snprintf(words, sizeof words, "60 %s 62 r1 <end>", gaps[i].sixteenths);
        assert_notes_say(&sixteenth, notes, 2, words);
    }
    close_fixture(&quarter);
    close_fixture(&sixteenth);
}

static void a_piece_may_begin_with_rests(void **state) {
    (void)state;
    fixture f = closed_codec(intervals());
    const neume_note notes[] = {note_of(14, 1, 60)};
    assert_notes_say(&f, notes, 1, "r3 x2 60 x1 <end>");
    close_fixture(&f);
}

/* The last chord sounds a cell at least and a whole at most, rounded to cells. */
static void the_last_rests_say_how_long_the_last_chord_sounds(void **state) {
    (void)state;
    static const struct {
        uint64_t ticks;
        const char *words;
    } lengths[] = {{0, "60 x1 <end>"},          {59, "60 x1 <end>"},
                   {179, "60 x1 <end>"},        {180, "60 x2 <end>"},
                   {CELL * 16, "60 r4 <end>"},  {CELL * 17, "60 r4 <end>"},
                   {UINT64_MAX, "60 r4 <end>"}, {CELL * 7, "60 r1 x3 <end>"}};
    fixture f = closed_codec(intervals());
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        neume_note note = note_at(0, 60);
        note.duration_ticks = lengths[i].ticks;
        assert_notes_say(&f, &note, 1, lengths[i].words);
    }
    close_fixture(&f);
}

/* At 480 ticks a quarter a cell is 120 ticks: 60 goes up to the second cell, 59 stays. */
static void onsets_in_one_cell_are_one_chord(void **state) {
    (void)state;
    fixture f = closed_codec(intervals());
    const neume_note notes[] = {note_at(0, 60), note_at(59, 64), note_at(60, 62), note_at(61, 55)};
    assert_notes_say(&f, notes, 4, "64 -4 x1 62 -7 x1 <end>");
    close_fixture(&f);
}

static void unisons_are_left_out_and_counted(void **state) {
    (void)state;
    fixture f = closed_codec(intervals());
    const neume_note notes[] = {note_of(0, 1, 60), note_of(0, 2, 60), note_of(0, 1, 57)};
    neume_score *score = score_of(&f, notes, 3);
    neume_sequence sequence = assert_says(&f, score, "60 -3 x2 <end>");
    assert_int_equal(sequence.note_count, 2);
    assert_int_equal(omitted(&sequence, "unisons"), 1);
    neume_sequence_clear(f.context, &sequence);
    neume_score_free(score);
    close_fixture(&f);
}

static void a_melody_is_the_highest_note_of_each_cell(void **state) {
    (void)state;
    neume_codec_options options = intervals();
    options.melody = true;
    fixture f = closed_codec(options);
    const neume_note notes[] = {note_of(0, 8, 48), note_of(0, 4, 72), note_of(4, 8, 50),
                                note_of(4, 8, 65), note_of(4, 1, 74), note_of(4, 2, 74),
                                note_of(4, 8, 50)};
    neume_score *score = score_of(&f, notes, 7);
    neume_sequence sequence = assert_says(&f, score, "72 r1 74 x2 <end>");
    assert_int_equal(sequence.note_count, 2);
    assert_int_equal(omitted(&sequence, "lower-voices"), 3);
    assert_int_equal(omitted(&sequence, "unisons"), 2);
    neume_sequence_clear(f.context, &sequence);
    neume_score_free(score);
    close_fixture(&f);
}

static void gaps_over_sixteen_bars_are_clamped_and_counted(void **state) {
    (void)state;
    fixture f = closed_codec(intervals());
    const neume_note notes[] = {note_of(257, 1, 60), note_of(257 + 256, 1, 62),
                                note_of(UINT64_C(1) << 40, 1, 64)};
    neume_score *score = score_of(&f, notes, 3);
    char gap[64] = "", words[256];
    for (int i = 0; i < 16; i++)
        strcat(gap, "r4 ");
    snprintf(words, sizeof words, "%s60 %s62 %s64 x1 <end>", gap, gap, gap);
    neume_sequence sequence = assert_says(&f, score, words);
    assert_int_equal(omitted(&sequence, "long-gaps"), 2);
    assert_int_equal(sequence.note_count, 3);
    neume_sequence_clear(f.context, &sequence);
    neume_score_free(score);
    close_fixture(&f);
}

/* A bar of 4/4, one of 3/4, one of 4/4, one of 5/4. */
static neume_score *score_of_metres(const fixture *f) {
    const neume_note notes[] = {note_of(0, 1, 60),  note_of(12, 1, 62), note_of(16, 1, 64),
                                note_of(24, 1, 65), note_of(28, 1, 67), note_of(40, 1, 69),
                                note_of(44, 4, 71)};
    static const struct {
        uint64_t cell;
        uint16_t numerator;
    } metres[] = {{16, 3}, {28, 4}, {44, 5}};
    neume_score *score = score_of(f, notes, 7);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            neume_score_add_time_signature(
                score, &(neume_time_signature){metres[i].cell * CELL, metres[i].numerator, 4}),
            NEUME_OK);
    assert_int_equal(neume_score_sort(score), NEUME_OK);
    return score;
}

static void assert_metres_say(uint8_t first, uint8_t second, uint64_t left_out, const char *words) {
    neume_codec_options options = intervals();
    options.metres[0] = first;
    options.metres[1] = second;
    fixture f = closed_codec(options);
    neume_score *score = score_of_metres(&f);
    neume_sequence sequence = assert_says(&f, score, words);
    assert_int_equal(omitted(&sequence, "other-metres"), left_out);
    assert_int_equal(sequence.note_count + left_out, 7);
    neume_sequence_clear(f.context, &sequence);
    neume_score_free(score);
    close_fixture(&f);
}

static void metres_that_are_not_kept_are_cut_out_and_their_notes_counted(void **state) {
    (void)state;
    assert_metres_say(0, 0, 0, "60 r3 62 r1 64 r2 65 r1 67 r3 69 r1 71 r1 <end>");
    assert_metres_say(4, 0, 3, "60 r3 62 r1 67 r3 69 x1 <end>");
    assert_metres_say(2, 3, 5, "64 r2 65 x1 <end>");
    assert_metres_say(5, 3, 4, "64 r2 65 r1 71 r1 <end>");
    assert_metres_say(5, 0, 6, "71 r1 <end>");
}

static void a_score_without_a_note_to_say_gives_no_steps(void **state) {
    (void)state;
    fixture f = closed_codec(intervals());
    neume_note drum = note_at(0, 36);
    drum.channel = 9;
    neume_sequence sequence = encode_notes(&f, &drum, 1);
    assert_int_equal(sequence.step_count, 0);
    assert_int_equal(omitted(&sequence, "drums"), 1);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void takes_any_ticks_and_resolution(void **state) {
    (void)state;
    fixture f = closed_codec(intervals());
    static const uint32_t resolutions[] = {0, 1, UINT32_MAX};
    for (int r = 0; r < 3; r++) {
        const neume_note notes[] = {note_at(0, 60), note_at(UINT64_MAX, 61),
                                    note_at(UINT64_MAX - 1, 62)};
        neume_score *score = score_of(&f, notes, 3);
        neume_score_set_ticks_per_quarter(score, resolutions[r]);
        neume_sequence sequence;
        assert_int_equal(neume_codec_encode(&sequence, f.codec, score, NULL), NEUME_OK);
        assert_grammatical(f.codec, &sequence);
        assert_int_equal(sequence.note_count, 3);
        neume_sequence_clear(f.context, &sequence);
        neume_score_free(score);
    }
    close_fixture(&f);
}

static void refuses_another_grid(void **state) {
    (void)state;
    neume_codec_options options = intervals();
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    neume_codec *codec;
    neume_error error = {0};
    options.grid = 12;
    assert_int_equal(neume_codec_new(&codec, context, &options, &error), NEUME_BAD_USAGE);
    assert_string_equal(error.line,
                        "a grid of 12 cells a quarter: codec \"interval\" expects 4 (sixteenths)");
    neume_context_free(context);
}

static void assert_decodes(const fixture *f, const char *text, const neume_note *expected,
                           size_t count) {
    size_t found;
    neume_score *score;
    neume_sequence sequence = parse(f, text);
    assert_int_equal(neume_codec_decode(&score, f->codec, &sequence), NEUME_OK);
    const neume_note *notes = neume_score_notes(score, &found);
    assert_int_equal(found, count);
    assert_int_equal(sequence.note_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(notes[i].start_ticks, expected[i].start_ticks);
        assert_int_equal(notes[i].duration_ticks, expected[i].duration_ticks);
        assert_int_equal(notes[i].pitch, expected[i].pitch);
        assert_int_equal(notes[i].velocity, 80);
    }
    assert_int_equal(neume_score_tempos(score, &found)->microseconds_per_quarter, 500000);
    assert_int_equal(neume_score_time_signatures(score, &found)->numerator, 4);
    assert_int_equal(neume_score_time_signatures(score, &found)->denominator, 4);
    assert_int_equal(neume_score_ticks_per_quarter(score), 480);
    neume_score_free(score);
    neume_sequence_clear(f->context, &sequence);
}

static void a_chord_lasts_to_the_next_but_a_whole_at_most(void **state) {
    (void)state;
    fixture f = closed_codec(intervals());
    const neume_note expected[] = {note_of(8, 16, 60), note_of(8, 16, 64), note_of(28, 2, 67),
                                   note_of(30, 1, 0)};
    assert_decodes(&f, "r2 64 -4 r4 r1 67 x2 0", expected, 4);
    close_fixture(&f);
}

/* Two notes without a rest between are one chord; an interval without a top, or one that leads
 * below 0, says nothing; <end> ends the piece. */
static void words_against_the_grammar_decode_too(void **state) {
    (void)state;
    fixture f = closed_codec(intervals());
    const neume_note expected[] = {note_of(0, 1, 3), note_of(0, 1, 12), note_of(0, 1, 60),
                                   note_of(1, 4, 2)};
    assert_decodes(&f, "-5 <unk> x1 -3 x1 r3 x3 r4", expected, 0);
    assert_decodes(&f, "60 60 12 -9 -9 -13 x1 2 -3 <unk> r1 <end> 64 r1", expected, 4);
    assert_decodes(&f, "<end> <end>", expected, 0);
    close_fixture(&f);
}

static void refuses_words_that_are_none(void **state) {
    (void)state;
    neume_codec_options options = intervals();
    options.rest_unit = NEUME_REST_SIXTEENTH;
    fixture f = closed_codec(options);
    static const char *const bad[] = {"128", "-128", "-0", "060", "r0", "r5", "x1", "C4"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        neume_sequence sequence;
        neume_error error = {0};
        char line[256];
        assert_int_equal(neume_codec_parse(&sequence, f.codec, bad[i], &error), NEUME_BAD_USAGE);
        snprintf(line, sizeof line,
                 "word \"%s\": expected a note 0 to 127, an interval -1 to -127, r1 to r4, or x1 "
                 "to x3 where r1 is a quarter",
                 bad[i]);
        assert_string_equal(error.line, line);
    }
    close_fixture(&f);
}

/* A file keeps its notes behind a track of tempo and metre. */
static void assert_same_music(const neume_score *a, const neume_score *b) {
    size_t count, other_count;
    const neume_note *notes = neume_score_notes(a, &count);
    const neume_note *others = neume_score_notes(b, &other_count);
    assert_int_equal(count, other_count);
    for (size_t i = 0; i < count; i++) {
        neume_note moved = others[i];
        moved.track = notes[i].track;
        assert_memory_equal(&notes[i], &moved, sizeof moved);
    }
}

static void random_words_decode_to_music_that_midi_can_say(void **state) {
    (void)state;
    fixture f = closed_codec(intervals());
    const uint32_t word_count = neume_codec_word_count(f.codec, 0);
    uint32_t words[8];
    for (uint64_t i = 0; i < 100000; i++) {
        const nm_random r = nm_random_at(5, NM_PURPOSE_TEST, 0, i);
        neume_sequence sequence = {.words = words, .width = 1};
        sequence.step_count = r.word[0] % 9;
        for (size_t step = 0; step < sequence.step_count; step++)
            words[step] = nm_random_at(5, NM_PURPOSE_TEST, 1 + step, i).word[0] % word_count;
        neume_score *score;
        assert_int_equal(neume_codec_decode(&score, f.codec, &sequence), NEUME_OK);
        neume_score *again = rewritten(f.context, score);
        assert_same_music(score, again);
        assert_same_globals(score, again);
        neume_score_free(again);
        neume_score_free(score);
    }
    close_fixture(&f);
}

static void settings_and_vocabulary_make_the_same_codec_again(void **state) {
    (void)state;
    neume_codec_options options = intervals();
    options.melody = true;
    options.rest_unit = NEUME_REST_SIXTEENTH;
    options.metres[0] = 2;
    options.metres[1] = 255;
    fixture f = closed_codec(options);
    char *settings = nm_codec_settings(f.codec);
    nm_buffer words = nm_buffer_on(f.context);
    assert_int_equal(nm_codec_vocabulary(f.codec, &words), NEUME_OK);
    neume_codec *again;
    neume_error error = {0};
    if (nm_codec_restore(&again, f.context, settings, (neume_bytes){words.data, words.size},
                         &error))
        fail_msg("%s", error.line);
    const neume_codec_options *restored = neume_codec_options_of(again);
    assert_string_equal(restored->name, "interval");
    assert_int_equal(restored->grid, 4);
    assert_true(restored->melody);
    assert_int_equal(restored->rest_unit, NEUME_REST_SIXTEENTH);
    assert_memory_equal(restored->metres, options.metres, sizeof options.metres);
    assert_int_equal(neume_codec_word_count(again, 0), neume_codec_word_count(f.codec, 0));
    for (uint32_t i = 0; i < neume_codec_word_count(again, 0); i++)
        assert_string_equal(neume_codec_word(again, 0, i), neume_codec_word(f.codec, 0, i));
    neume_codec_free(again);
    nm_buffer_clear(&words);
    nm_free(f.context, settings);
    close_fixture(&f);
}

static neume_status whole_life(neume_context *context, void *data) {
    (void)data;
    const neume_codec_options options = intervals();
    neume_codec *codec;
    neume_score *score = NULL;
    neume_sequence sequence = {0}, encoded = {0};
    neume_status status = neume_codec_new(&codec, context, &options, NULL);
    if (!status)
        status = nm_codec_seal(codec);
    if (!status)
        status = neume_codec_parse(&sequence, codec, "r1 60 x1 72 -4 -7 r4 r1 x2 <end>", NULL);
    if (!status)
        status = neume_codec_decode(&score, codec, &sequence);
    if (!status)
        status = neume_codec_encode(&encoded, codec, score, NULL);
    neume_codec_free(codec);
    neume_score_free(score);
    neume_sequence_clear(context, &sequence);
    neume_sequence_clear(context, &encoded);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    test_each_allocation_failing(whole_life, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chord_is_its_top_note_and_the_intervals_below),
        cmocka_unit_test(rests_are_the_largest_first),
        cmocka_unit_test(a_piece_may_begin_with_rests),
        cmocka_unit_test(the_last_rests_say_how_long_the_last_chord_sounds),
        cmocka_unit_test(onsets_in_one_cell_are_one_chord),
        cmocka_unit_test(unisons_are_left_out_and_counted),
        cmocka_unit_test(a_melody_is_the_highest_note_of_each_cell),
        cmocka_unit_test(gaps_over_sixteen_bars_are_clamped_and_counted),
        cmocka_unit_test(metres_that_are_not_kept_are_cut_out_and_their_notes_counted),
        cmocka_unit_test(a_score_without_a_note_to_say_gives_no_steps),
        cmocka_unit_test(takes_any_ticks_and_resolution),
        cmocka_unit_test(refuses_another_grid),
        cmocka_unit_test(a_chord_lasts_to_the_next_but_a_whole_at_most),
        cmocka_unit_test(words_against_the_grammar_decode_too),
        cmocka_unit_test(refuses_words_that_are_none),
        cmocka_unit_test(random_words_decode_to_music_that_midi_can_say),
        cmocka_unit_test(settings_and_vocabulary_make_the_same_codec_again),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
