/* SPDX-License-Identifier: ISC */
#include "test_codec_stream.h"

static void assert_says(neume_codec_options options, const neume_note *notes, size_t count,
                        const char *expected) {
    fixture f = open_codec(options);
    neume_sequence sequence = encode_notes(&f, notes, count);
    assert_string_equal(text_of(&f, &sequence), expected);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void an_event_is_chord_offset_longest_duration_and_program(void **state) {
    (void)state;
    const neume_note notes[] = {
        note_of(480, 480, 64, 0),   note_of(720, 240, 60, 40),  note_of(720, 320, 64, 40),
        note_of(1200, 960, 67, 40), note_of(1360, 160, 65, 40),
    };
    fixture f = open_codec(stream_options());
    neume_sequence sequence = encode_notes(&f, notes, 5);
    assert_int_equal(sequence.width, STREAMS);
    assert_string_equal(text_of(&f, &sequence),
                        "E4 1 1 p0 0.4 1/2 2/3 p40 G4 1 2 p40 F4 1/3 1/3 p40 "
                        "<end> <end> <end> <end>");
    assert_int_equal(sequence.note_count, 5);
    assert_int_equal(sequence.omission_count, 0);
    assert_string_equal(neume_codec_step_unit(f.codec), "event");
    static const char *const names[] = {"note", "offset", "duration", "instrument"};
    for (unsigned s = 0; s < STREAMS; s++)
        assert_string_equal(neume_codec_stream_name(f.codec, s), names[s]);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void programs_of_one_onset_follow_in_order_with_offset_0(void **state) {
    (void)state;
    neume_note notes[] = {
        note_of(480, 480, 48, 127), note_of(480, 240, 64, 3), note_of(485, 240, 67, 3),
        note_of(475, 960, 72, 9),   note_of(960, 480, 60, 0),
    };
    notes[0].track = 0;
    notes[1].track = 4;
    notes[2].track = 2; /* one event, though of another track */
    assert_says(stream_options(), notes, 5,
                "4.7 1 1/2 p3 C5 0 2 p9 C3 0 1 p127 C4 1 1 p0 <end> <end> <end> <end>");
}

/* A cell of 1/24 is 20 ticks. */
static void
times_are_rounded_to_the_grid_half_way_up_and_durations_are_a_cell_at_least(void **state) {
    (void)state;
    const neume_note notes[] = {
        note_of(9, 0, 60, 0),      note_of(10, 9, 61, 0),     note_of(240, 29, 62, 0),
        note_of(469, 30, 63, 0),   note_of(480, 225, 64, 0),  note_of(640, 1210, 65, 0),
        note_of(1609, 1200, 1, 0), note_of(2389, 10, 120, 0),
    };
    assert_says(stream_options(), notes, 8,
                "C4 0 1/24 p0 C#4 1/24 1/24 p0 D4 11/24 1/24 p0 E-4 11/24 1/12 p0 "
                "E4 1/24 11/24 p0 F4 1/3 61/24 p0 C#-1 2 5/2 p0 C9 13/8 1/24 p0 "
                "<end> <end> <end> <end>");
}

static void gaps_and_notes_over_16_bars_are_16_bars_and_counted(void **state) {
    (void)state;
    enum { BARS_16 = 64 * 480 };
    fixture f = open_codec(stream_options());
    const neume_note notes[] = {
        note_of(BARS_16 + 480, BARS_16, 60, 0),
        note_of(2 * BARS_16 + 480, BARS_16 + 9, 62, 0),
        note_of(3 * BARS_16 + 960, BARS_16 + 10, 64, 0),
        note_of(3 * BARS_16 + 960, UINT64_MAX, 65, 0),
        note_of(UINT64_MAX / 2, UINT64_MAX, 65, 1),
    };
    neume_sequence sequence = encode_notes(&f, notes, 5);
    assert_string_equal(text_of(&f, &sequence),
                        "C4 64 64 p0 D4 64 64 p0 4.5 64 64 p0 F4 64 64 p1 <end> <end> <end> <end>");
    assert_int_equal(omitted(&sequence, "long-gaps"), 3);
    assert_int_equal(omitted(&sequence, "long-notes"), 2);
    assert_int_equal(sequence.note_count, 5);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void leaves_out_and_counts_what_it_cannot_say(void **state) {
    (void)state;
    neume_codec_options options = stream_options();
    options.track = 1;
    options.program = 40;
    fixture f = open_codec(options);
    neume_note notes[8];
    for (int i = 0; i < 8; i++) {
        notes[i] = note_of(0, 480, 60, 40);
        notes[i].track = 1;
    }
    notes[0].channel = 9;
    notes[1].track = 0;
    notes[2].program = 41;
    notes[4].port = 1; /* pitch 60 once more, longer */
    notes[4].duration_ticks = 960;
    notes[5].pitch = 72; /* its class once more, in a chord */
    notes[6].pitch = 64;
    notes[7].pitch = 62;
    notes[7].start_ticks = 480;
    neume_sequence sequence = encode_notes(&f, notes, 8);
    assert_string_equal(text_of(&f, &sequence), "0.4 0 2 p40 D4 1 1 p40 <end> <end> <end> <end>");
    assert_int_equal(omitted(&sequence, "drums"), 1);
    assert_int_equal(omitted(&sequence, "other-tracks"), 1);
    assert_int_equal(omitted(&sequence, "other-programs"), 1);
    assert_int_equal(omitted(&sequence, "unisons"), 1);
    assert_int_equal(omitted(&sequence, "doublings"), 1);
    assert_int_equal(sequence.note_count, 3);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void a_score_without_a_note_to_say_gives_no_steps(void **state) {
    (void)state;
    fixture f = open_codec(stream_options());
    neume_note drum = note_at(0, 36);
    drum.channel = 9;
    neume_sequence sequence = encode_notes(&f, &drum, 1);
    assert_int_equal(sequence.step_count, 0);
    assert_int_equal(omitted(&sequence, "drums"), 1);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

/* 2^62 quarters are a whole number of times 2^64 cells. */
static void takes_any_ticks_and_resolution(void **state) {
    (void)state;
    fixture f = open_codec(stream_options());
    static const uint32_t resolutions[] = {0, 1, UINT32_MAX};
    for (int r = 0; r < 3; r++) {
        const neume_note notes[] = {note_of(0, UINT64_C(1) << 62, 60, 0),
                                    note_of(UINT64_MAX, 1, 61, 1),
                                    note_of(UINT64_MAX - 1, 0, 62, 2)};
        neume_score *score = score_of(&f, notes, 3);
        neume_score_set_ticks_per_quarter(score, resolutions[r]);
        neume_sequence sequence;
        assert_int_equal(neume_codec_encode(&sequence, f.codec, score, NULL), NEUME_OK);
        assert_int_equal(sequence.step_count, 4);
        assert_int_equal(omitted(&sequence, "long-notes"), 1);
        neume_sequence_clear(f.context, &sequence);
        neume_score_free(score);
    }
    close_fixture(&f);
}

static void refuses_a_grid_finer_than_the_ticks_of_decoded_scores(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    neume_codec_options options = stream_options();
    neume_codec *codec;
    neume_error error = {0};
    options.grid = 481;
    assert_int_equal(neume_codec_new(&codec, context, &options, &error), NEUME_BAD_USAGE);
    assert_string_equal(error.line,
                        "a grid of 481 cells a quarter: codec stream expected 1 to 480");
    neume_context_free(context);
}

static void parse_says(const char *text, const char *expected) {
    fixture f = open_codec(stream_options());
    neume_sequence sequence;
    neume_error error = {0};
    const neume_status status = neume_codec_parse(&sequence, f.codec, text, &error);
    assert_int_equal(status, expected ? NEUME_BAD_USAGE : NEUME_OK);
    if (expected)
        assert_non_null(strstr(error.line, expected));
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void parsing_takes_words_in_their_own_spelling_alone(void **state) {
    (void)state;
    parse_says("C4 0 1/24 p0 0.4.7 64 64 p127 <end> <end> <end> <end>", NULL);
    parse_says("C4 0 2/4 p0", "word \"2/4\": expected the spelling \"1/2\"");
    parse_says("C4 0 1/2 p007", "word \"p007\": expected the spelling \"p7\"");
    parse_says("C4 0/3 1/2 p0", "word \"0/3\": expected the spelling \"0\"");
    static const char *const bad[] = {"1/5",     "65",   "1/0",   "-1",         "1.5",
                                      "1/",      "/2",   "x",     "4294967297", "0000000001",
                                      "1537/24", "1/48", "1/2/3", "p1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[64];
        snprintf(text, sizeof text, "C4 %s 1 p0", bad[i]);
        parse_says(text, "expected a note such as E-4 or 0.4.7, an offset");
        snprintf(text, sizeof text, "C4 0 %s p0", bad[i]);
        parse_says(text, "expected a note such as E-4 or 0.4.7, an offset");
    }
    parse_says("C4 0 0 p0", "word \"0\": expected a note");
    parse_says("C4 0 1 p128", "word \"p128\": expected a note");
    parse_says("C4 0 1 p", "word \"p\": expected a note");
    parse_says("C4 0 1 0", "word \"0\": expected a note");
    parse_says("C4 0 1", "they end within a step, expected 4 a step");
}

/* What the grammar allows after each beginning: 'e' <end>, 'w' words and <unk>. */
static void the_grammar_keeps_the_streams_of_an_event_together(void **state) {
    (void)state;
    fixture f = open_codec(stream_options());
    neume_sequence sequence;
    assert_int_equal(neume_codec_parse(&sequence, f.codec, "C4 0 1 p0 D4 1 1/2 p1", NULL),
                     NEUME_OK);
    close_vocabulary(&f, &sequence);
    static const unsigned streams[] = {0, 1, 2, 3, 0, 1, 2, 3, 0};
    static const uint8_t allowed[9][3] = {{0, 1, 1}, {0, 1, 1}, {0, 1, 1}, {0, 1, 1}, {1, 1, 1},
                                          {1, 0, 0}, {1, 0, 0}, {1, 0, 0}, {1, 0, 0}};
    static const uint32_t next[9][3] = {{5, 1, 1}, {2, 2, 2}, {3, 3, 3}, {4, 4, 4}, {5, 1, 1},
                                        {6, 6, 6}, {7, 7, 7}, {8, 8, 8}, {5, 5, 5}};
    const nm_grammar *grammar = nm_codec_grammar(f.codec);
    assert_int_equal(grammar->state_count, 9);
    assert_int_equal(grammar->class_count, 3);
    for (uint32_t at = 0; at < 9; at++) {
        assert_int_equal(grammar->stream[at], streams[at]);
        for (uint32_t word = 0; word < 3; word++) {
            const uint32_t class = grammar->word_class[streams[at]][word];
            assert_int_equal(nm_grammar_allowed(grammar, at)[class], allowed[at][word]);
            assert_int_equal(nm_grammar_next(grammar, at, class), next[at][word]);
        }
    }
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void only_notes_move_to_another_key(void **state) {
    (void)state;
    fixture f = open_codec(stream_options());
    neume_sequence sequence;
    assert_int_equal(
        neume_codec_parse(&sequence, f.codec, "C4 0 1 p0 0.4 1/3 1/2 p1 G9 1 1 p1", NULL),
        NEUME_OK);
    nm_codec_set_shifts(f.codec, -1, 1);
    close_vocabulary(&f, &sequence);
    static const char *const up[] = {"C#4", "0",  "1",  "p0", "1.5", "1/3",
                                     "1/2", "p1", NULL, "1",  "1",   "p1"};
    for (unsigned i = 0; i < 12; i++) {
        const uint32_t moved = nm_codec_shifted(f.codec, i % STREAMS, sequence.words[i], 1);
        if (up[i])
            assert_string_equal(neume_codec_word(f.codec, i % STREAMS, moved), up[i]);
        else
            assert_int_equal(moved, NEUME_NO_WORD);
    }
    assert_int_equal(neume_codec_word_count(f.codec, 0), 2 + 3 + 3 + 2);
    assert_int_equal(neume_codec_word_count(f.codec, 1), 2 + 3);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void offsets_move_the_time_and_all_streams_count_their_unseen_words(void **state) {
    (void)state;
    fixture f = open_codec(stream_options());
    neume_sequence sequence;
    assert_int_equal(neume_codec_parse(&sequence, f.codec, "C4 0 1 p0 C4 11/24 2 p64", NULL),
                     NEUME_OK);
    close_vocabulary(&f, &sequence);
    const double expected[] = {0, 0, 0, 0, 0, 11.0 / 24, 0, 0};
    for (unsigned i = 0; i < 8; i++)
        assert_true(word_quarters(f.codec, i % STREAMS, sequence.words[i]) == expected[i]);
    const double unseen[] = {4223 - 1, 64 * 24 + 1 - 2, 64 * 24 - 2, 128 - 2};
    for (unsigned s = 0; s < STREAMS; s++)
        assert_true(nm_codec_unseen_count(f.codec, s) == unseen[s]);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void settings_and_vocabulary_make_the_same_codec_again(void **state) {
    (void)state;
    neume_codec_options options = stream_options();
    options.voicing = NEUME_VOICING_PITCHES;
    fixture f = open_codec(options);
    neume_sequence sequence;
    assert_int_equal(
        neume_codec_parse(&sequence, f.codec, "G4 0 1 p3 C4.E4 11/24 1/3 p0 E--1 64 64 p127", NULL),
        NEUME_OK);
    close_vocabulary(&f, &sequence);
    char *settings = nm_codec_settings(f.codec);
    nm_buffer words = nm_buffer_on(f.context);
    assert_int_equal(nm_codec_vocabulary(f.codec, &words), NEUME_OK);
    neume_codec *again;
    neume_error error = {0};
    if (nm_codec_restore(&again, f.context, settings, (neume_bytes){words.data, words.size},
                         &error))
        fail_msg("%s", error.line);
    assert_true(nm_codec_is_closed(again));
    assert_string_equal(neume_codec_options_of(again)->name, "stream");
    assert_int_equal(neume_codec_options_of(again)->grid, 24);
    for (unsigned s = 0; s < STREAMS; s++) {
        assert_int_equal(neume_codec_word_count(again, s), 5);
        for (uint32_t i = 0; i < 5; i++)
            assert_string_equal(neume_codec_word(again, s, i), neume_codec_word(f.codec, s, i));
    }
    assert_int_equal(nm_codec_hash(again, &sequence), nm_codec_hash(f.codec, &sequence));
    neume_codec_free(again);
    nm_buffer_clear(&words);
    nm_free(f.context, settings);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

/* Parses, decodes, encodes, closes and encodes again; the caller frees the rest. */
static neume_status use(neume_context *context, neume_codec *codec) {
    neume_score *score = NULL;
    neume_sequence parsed = {0}, encoded = {0}, again = {0};
    static const uint64_t counts[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    uint32_t remap[STREAMS][8];
    neume_status status =
        neume_codec_parse(&parsed, codec, "C4 0 1 p0 0.4 1/2 1/3 p1 D4 1/24 2 p0", NULL);
    if (!status)
        status = neume_codec_decode(&score, codec, &parsed);
    if (!status)
        status = neume_codec_encode(&encoded, codec, score, NULL);
    if (!status)
        status = nm_codec_close(codec, (const uint64_t *const[]){counts, counts, counts, counts},
                                (uint32_t *const[]){remap[0], remap[1], remap[2], remap[3]});
    if (!status)
        status = neume_codec_encode(&again, codec, score, NULL);
    if (!status)
        assert_int_equal(again.step_count, 4);
    neume_score_free(score);
    neume_sequence_clear(context, &parsed);
    neume_sequence_clear(context, &encoded);
    neume_sequence_clear(context, &again);
    return status;
}

static neume_status whole_life(neume_context *context, void *data) {
    (void)data;
    const neume_codec_options options = stream_options();
    neume_codec *codec = NULL, *again = NULL;
    char *settings = NULL;
    nm_buffer words = nm_buffer_on(context);
    neume_status status = neume_codec_new(&codec, context, &options, NULL);
    if (!status)
        status = use(context, codec);
    if (!status)
        status = nm_codec_vocabulary(codec, &words);
    if (!status)
        status = (settings = nm_codec_settings(codec)) ? NEUME_OK : NEUME_NO_MEMORY;
    if (!status)
        status = nm_codec_restore(&again, context, settings, (neume_bytes){words.data, words.size},
                                  NULL);
    neume_codec_free(codec);
    neume_codec_free(again);
    nm_free(context, settings);
    nm_buffer_clear(&words);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    test_each_allocation_failing(whole_life, NULL);
}

/* So many cells of 1/24 as a reduced fraction of quarters. */
static void spell_cells(char text[16], unsigned cells) {
    unsigned divisor = 24;
    while (cells % divisor || 24 % divisor)
        divisor--;
    if (divisor == 24)
        snprintf(text, 16, "%u", cells / 24);
    else
        snprintf(text, 16, "%u/%u", cells / divisor, 24 / divisor);
}

/* Event i is 1 + i cells behind the one before it, as long, of program i; the last are 1,536 cells,
 * 64 quarters; then all once more. */
static void every_number_has_its_own_word(void **state) {
    (void)state;
    enum { MOST = 1536, EVENTS = 2 * MOST };
    static neume_note notes[EVENTS];
    uint64_t at = 0;
    for (unsigned i = 0; i < EVENTS; i++) {
        const unsigned cells = 1 + i % MOST;
        at += 20 * cells;
        notes[i] = note_of(at, 20 * cells, 60, i % 128);
    }
    fixture f = open_codec(stream_options());
    neume_sequence sequence = encode_notes(&f, notes, EVENTS);
    assert_int_equal(sequence.step_count, EVENTS + 1);
    for (unsigned i = 0; i < EVENTS; i++) {
        char time[16], program[16];
        const uint32_t *words = sequence.words + (size_t)STREAMS * i;
        spell_cells(time, 1 + i % MOST);
        snprintf(program, sizeof program, "p%u", i % 128);
        assert_string_equal(neume_codec_word(f.codec, 1, words[1]), time);
        assert_string_equal(neume_codec_word(f.codec, 2, words[2]), time);
        assert_string_equal(neume_codec_word(f.codec, 3, words[3]), program);
    }
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_chord_offset_longest_duration_and_program),
        cmocka_unit_test(programs_of_one_onset_follow_in_order_with_offset_0),
        cmocka_unit_test(
            times_are_rounded_to_the_grid_half_way_up_and_durations_are_a_cell_at_least),
        cmocka_unit_test(gaps_and_notes_over_16_bars_are_16_bars_and_counted),
        cmocka_unit_test(leaves_out_and_counts_what_it_cannot_say),
        cmocka_unit_test(a_score_without_a_note_to_say_gives_no_steps),
        cmocka_unit_test(takes_any_ticks_and_resolution),
        cmocka_unit_test(refuses_a_grid_finer_than_the_ticks_of_decoded_scores),
        cmocka_unit_test(parsing_takes_words_in_their_own_spelling_alone),
        cmocka_unit_test(the_grammar_keeps_the_streams_of_an_event_together),
        cmocka_unit_test(only_notes_move_to_another_key),
        cmocka_unit_test(offsets_move_the_time_and_all_streams_count_their_unseen_words),
        cmocka_unit_test(settings_and_vocabulary_make_the_same_codec_again),
        cmocka_unit_test(survives_every_failing_allocation),
        cmocka_unit_test(every_number_has_its_own_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
