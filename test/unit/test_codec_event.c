/* SPDX-License-Identifier: ISC */
/* Codec "event" in metrical timing: what it says of a score. */
#include "test_codec_event.h"

#include <math.h>

static neume_score *two_notes(const fixture *f) {
    neume_score *score = new_score(f);
    add_note(score, plain_note(0, QUARTER, 60));
    add_note(score, plain_note(0, QUARTER / 2, 64));
    add_note(score, plain_note(4 * QUARTER + 120, 40, 62));
    return score;
}

static void bars_positions_pitches_velocities_and_durations(void **state) {
    (void)state;
    assert_says(two_notes, event_options(),
                "Bar Position_0 Pitch_60 Velocity_66 Duration_12 Pitch_64 Velocity_66 Duration_6 "
                "Bar Position_3 Pitch_62 Velocity_66 Duration_1 <end>");
    neume_codec_options sixteenths = event_options();
    sixteenths.grid = 4;
    assert_says(two_notes, sixteenths,
                "Bar Position_0 Pitch_60 Velocity_66 Duration_4 Pitch_64 Velocity_66 Duration_2 "
                "Bar Position_1 Pitch_62 Velocity_66 Duration_1 <end>");
}

static neume_score *velocities(const fixture *f) {
    neume_score *score = new_score(f);
    static const uint8_t of[] = {1, 3, 4, 7, 8, 127};
    for (size_t i = 0; i < sizeof of; i++) {
        neume_note note = plain_note(0, QUARTER, (uint8_t)(60 + i));
        note.velocity = of[i];
        add_note(score, note);
    }
    return score;
}

static void velocities_are_in_32_bins(void **state) {
    (void)state;
    assert_says(velocities, event_options(),
                "Bar Position_0 Pitch_60 Velocity_2 Duration_12 Pitch_61 Velocity_2 Duration_12 "
                "Pitch_62 Velocity_6 Duration_12 Pitch_63 Velocity_6 Duration_12 "
                "Pitch_64 Velocity_10 Duration_12 Pitch_65 Velocity_126 Duration_12 <end>");
}

static neume_score *long_notes(const fixture *f) {
    neume_score *score = new_score(f);
    add_note(score, plain_note(0, 4 * QUARTER, 60));
    add_note(score, plain_note(0, 4 * QUARTER + 40, 61));
    add_note(score, plain_note(0, 12 * QUARTER, 62));
    return score;
}

static void longer_notes_add_durations_up(void **state) {
    (void)state;
    assert_says(long_notes, event_options(),
                "Bar Position_0 Pitch_60 Velocity_66 Duration_48 "
                "Pitch_61 Velocity_66 Duration_48+ Duration_1 "
                "Pitch_62 Velocity_66 Duration_48+ Duration_48+ Duration_48 <end>");
}

static neume_score *triplets(const fixture *f) {
    neume_score *score = new_score(f);
    for (uint64_t i = 0; i < 3; i++)
        add_note(score, plain_note(i * 160, 160, 60));
    return score;
}

static void triplets_lie_on_the_grid(void **state) {
    (void)state;
    assert_says(triplets, event_options(),
                "Bar Position_0 Pitch_60 Velocity_66 Duration_4 Position_4 Pitch_60 Velocity_66 "
                "Duration_4 Position_8 Pitch_60 Velocity_66 Duration_4 <end>");
}

static neume_score *anacrusis(const fixture *f) {
    neume_score *score = new_score(f);
    add_metre(score, 0, 1, 4);
    add_metre(score, QUARTER, 3, 4);
    for (uint64_t i = 0; i < 5; i += 2)
        add_note(score, plain_note(i * QUARTER, QUARTER, 60));
    return score;
}

static void an_anacrusis_is_a_bar_of_its_own(void **state) {
    (void)state;
    assert_says(anacrusis, event_options(),
                "Bar TimeSig_1/4 Position_0 Pitch_60 Velocity_66 Duration_12 "
                "Bar TimeSig_3/4 Position_12 Pitch_60 Velocity_66 Duration_12 "
                "Bar Position_0 Pitch_60 Velocity_66 Duration_12 <end>");
}

static neume_score *cut_bar(const fixture *f) {
    neume_score *score = new_score(f);
    add_metre(score, 6 * QUARTER + 240, 6, 8);
    add_note(score, plain_note(4 * QUARTER, QUARTER, 60));
    add_note(score, plain_note(6 * QUARTER + 240, QUARTER, 62));
    add_note(score, plain_note(9 * QUARTER + 240, QUARTER, 64));
    return score;
}

static void a_metre_within_a_bar_cuts_it_short(void **state) {
    (void)state;
    assert_says(cut_bar, event_options(),
                "Bar Bar TimeSig_5/8 Position_0 Pitch_60 Velocity_66 Duration_12 "
                "Bar TimeSig_6/8 Position_0 Pitch_62 Velocity_66 Duration_12 "
                "Bar Position_0 Pitch_64 Velocity_66 Duration_12 <end>");
}

/* A third of a quarter is no bar; 17/8 and 4/32 have no words. */
static void metres_that_cannot_be_said_are_counted(void **state) {
    (void)state;
    fixture f = closed_codec(event_options());
    neume_score *score = new_score(&f);
    add_metre(score, 160, 3, 4);
    add_metre(score, 7 * QUARTER, 17, 8);
    add_metre(score, 8 * QUARTER, 4, 32);
    add_note(score, plain_note(0, QUARTER, 60));
    add_note(score, plain_note(8 * QUARTER, QUARTER, 60));
    add_metre(score, 20 * QUARTER, 17, 8); /* behind the end */
    neume_sequence words = says(&f, score,
                                "Bar Position_0 Pitch_60 Velocity_66 Duration_12 "
                                "Bar TimeSig_3/4 "
                                "Bar Position_12 Pitch_60 Velocity_66 Duration_12 <end>");
    assert_int_equal(omitted(&words, "time-signatures"), 3);
    neume_sequence_clear(f.context, &words);
    close_fixture(&f);
}

static neume_score *programs(const fixture *f) {
    neume_score *score = new_score(f);
    add_note_of(score, 0, 60, 40);
    add_note_of(score, 0, 72, 0);
    add_drum(score, 0, 42);
    add_drum(score, 0, 36);
    add_drum(score, QUARTER, 36);
    add_note_of(score, 2 * QUARTER, 62, 40);
    return score;
}

static void programs_ascend_and_drums_come_last(void **state) {
    (void)state;
    assert_says(programs, event_options(),
                "Bar Position_0 Pitch_72 Velocity_66 Duration_12 "
                "Program_40 Pitch_60 Velocity_66 Duration_12 "
                "Program_Drums PitchDrum_36 Velocity_66 PitchDrum_42 Velocity_66 "
                "Position_12 PitchDrum_36 Velocity_66 "
                "Position_24 Program_40 Pitch_62 Velocity_66 Duration_12 <end>");
}

static void options_leave_notes_out(void **state) {
    (void)state;
    neume_codec_options options = event_options();
    options.drums = NEUME_DRUMS_DROP;
    fixture f = closed_codec(options);
    neume_sequence words = says(&f, programs(&f),
                                "Bar Position_0 Pitch_72 Velocity_66 Duration_12 "
                                "Program_40 Pitch_60 Velocity_66 Duration_12 "
                                "Position_24 Pitch_62 Velocity_66 Duration_12 <end>");
    assert_int_equal(omitted(&words, "drums"), 3);
    neume_sequence_clear(f.context, &words);
    close_fixture(&f);
    options = event_options();
    options.program = 0;
    f = closed_codec(options);
    words = says(&f, programs(&f), "Bar Position_0 Pitch_72 Velocity_66 Duration_12 <end>");
    assert_int_equal(omitted(&words, "other-programs"), 5);
    neume_sequence_clear(f.context, &words);
    close_fixture(&f);
    options = event_options();
    options.track = 40; /* which a decoded score does not have */
    f = closed_codec(options);
    neume_score *score = programs(&f);
    assert_int_equal(neume_score_sort(score), NEUME_OK);
    assert_int_equal(neume_codec_encode(&words, f.codec, score, NULL), NEUME_OK);
    assert_string_equal(text_of(&f, &words),
                        "Bar Position_0 Program_40 Pitch_60 Velocity_66 Duration_12 "
                        "Position_24 Pitch_62 Velocity_66 Duration_12 <end>");
    assert_int_equal(omitted(&words, "other-tracks"), 4);
    neume_score_free(score);
    neume_sequence_clear(f.context, &words);
    close_fixture(&f);
}

static neume_score *pedals(const fixture *f) {
    neume_score *score = new_score(f);
    add_note_of(score, 0, 60, 5);
    add_note_of(score, 2 * QUARTER, 62, 5);
    add_note_of(score, 2 * QUARTER, 64, 6);
    add_pedal(score, 0, 5, 0);             /* is up already */
    add_pedal(score, 5, 5, 64);            /* with the first note */
    add_pedal(score, 100, 5, 100);         /* is down already */
    add_pedal(score, QUARTER - 10, 5, 63); /* up and down in one cell */
    add_pedal(score, QUARTER + 10, 5, 127);
    add_pedal(score, 2 * QUARTER, 6, 127);
    add_pedal(score, 2 * QUARTER + 80, 6, 0);
    add_pedal(score, 3 * QUARTER, 5, 0); /* at the end: nothing sounds on */
    return score;
}

static void pedals_are_of_programs(void **state) {
    (void)state;
    assert_says(pedals, event_options(),
                "Bar Position_0 Program_5 Pedal_On Pitch_60 Velocity_66 Duration_12 "
                "Position_12 Pedal_Off Pedal_On "
                "Position_24 Pitch_62 Velocity_66 Duration_12 "
                "Program_6 Pedal_On Pitch_64 Velocity_66 Duration_12 "
                "Position_26 Pedal_Off <end>");
}

/* The pedal of a track without notes is that of the channel's notes on other tracks, and one of two
 * channels holds what both play. */
static void a_program_s_pedal_is_down_while_one_of_its_channels_is(void **state) {
    (void)state;
    fixture f = closed_codec(event_options());
    neume_score *score = new_score(&f);
    for (uint8_t channel = 0; channel < 2; channel++) {
        neume_note note = plain_note(0, 4 * QUARTER, 60 + channel);
        note.channel = channel;
        add_note(score, note);
    }
    neume_control control = {.track = 7, .controller = 64, .value = 127};
    assert_int_equal(neume_score_add_control(score, &control), NEUME_OK);
    control = (neume_control){.start_ticks = QUARTER, .channel = 1, .controller = 64, .value = 127};
    assert_int_equal(neume_score_add_control(score, &control), NEUME_OK);
    control = (neume_control){.start_ticks = 2 * QUARTER, .track = 7, .controller = 64};
    assert_int_equal(neume_score_add_control(score, &control), NEUME_OK);
    control = (neume_control){.start_ticks = 3 * QUARTER, .channel = 1, .controller = 64};
    assert_int_equal(neume_score_add_control(score, &control), NEUME_OK);
    neume_sequence words = says(&f, score,
                                "Bar Position_0 Pedal_On Pitch_60 Velocity_66 Duration_48 "
                                "Pitch_61 Velocity_66 Duration_48 Position_36 Pedal_Off <end>");
    neume_sequence_clear(f.context, &words);
    close_fixture(&f);
}

static neume_score *tempos(const fixture *f) {
    neume_score *score = new_score(f);
    add_tempo(score, 0, 121); /* of the usual bin */
    add_tempo(score, QUARTER, 60);
    add_tempo(score, 2 * QUARTER - 10, 90);
    add_tempo(score, 2 * QUARTER + 10, 59); /* the same bin, after all */
    add_tempo(score, 3 * QUARTER, 1);
    add_tempo(score, 4 * QUARTER, 5000);
    add_tempo(score, 5 * QUARTER, 100); /* nothing sounds any more */
    add_note(score, plain_note(0, 5 * QUARTER, 60));
    return score;
}

static void tempos_are_in_bins_and_said_where_they_change(void **state) {
    (void)state;
    assert_says(tempos, event_options(),
                "Bar Position_0 Pitch_60 Velocity_66 Duration_48+ Duration_12 "
                "Position_12 Tempo_60 Position_36 Tempo_20 Bar Position_0 Tempo_320 <end>");
}

static void a_tempo_is_decoded_as_it_is_named(void **state) {
    (void)state;
    fixture f = closed_codec(event_options());
    for (uint32_t i = 0, found = 0; i < neume_codec_word_count(f.codec, 0); i++) {
        const char *word = neume_codec_word(f.codec, 0, i);
        if (strncmp(word, "Tempo_", 6) != 0)
            continue;
        const double bpm = atof(word + 6);
        const uint32_t expected = (uint32_t)(20 * pow(2, found++ / 12.0) + 0.5);
        assert_int_equal((uint32_t)bpm, expected);
        neume_score *score = new_score(&f);
        add_tempo(score, 0, bpm);
        add_note(score, plain_note(0, QUARTER, 60));
        char text[128];
        snprintf(text, sizeof text, "Bar Position_0 %s%sPitch_60 Velocity_66 Duration_12 <end>",
                 expected == 120 ? "" : word, expected == 120 ? "" : " ");
        neume_sequence words = says(&f, score, text);
        neume_sequence_clear(f.context, &words);
    }
    close_fixture(&f);
}

static void long_gaps_and_notes_are_cut_down_and_counted(void **state) {
    (void)state;
    fixture f = closed_codec(event_options());
    neume_score *score = new_score(&f);
    add_metre(score, 0, 3, 4);
    add_note(score, plain_note(0, 65 * QUARTER, 60));
    add_note(score, plain_note(17 * 3 * QUARTER, QUARTER, 61)); /* 16 bars are empty */
    add_metre(score, 100 * 3 * QUARTER, 2, 4);
    add_note(score, plain_note(UINT64_C(1000000) * QUARTER + QUARTER, QUARTER, 62));
    char text[1024] = "Bar TimeSig_3/4 Position_0 Pitch_60 Velocity_66";
    for (int i = 0; i < 15; i++)
        strcat(text, " Duration_48+");
    strcat(text, " Duration_48");
    for (int i = 0; i < 17; i++)
        strcat(text, " Bar");
    strcat(text, " Position_0 Pitch_61 Velocity_66 Duration_12");
    for (int i = 0; i < 17; i++)
        strcat(text, " Bar");
    strcat(text, " TimeSig_2/4 Position_12 Pitch_62 Velocity_66 Duration_12 <end>");
    neume_sequence words = says(&f, score, text);
    assert_int_equal(omitted(&words, "long-gaps"), 1);
    assert_int_equal(omitted(&words, "long-notes"), 1);
    neume_sequence_clear(f.context, &words);
    close_fixture(&f);
}

/* Voices of a program may double each other, drums have one; 16 are the most. */
static void unisons_of_a_program_are_its_voices(void **state) {
    (void)state;
    fixture f = closed_codec(event_options());
    neume_score *score = new_score(&f);
    for (uint16_t i = 0; i < 18; i++) {
        neume_note note = plain_note(0, QUARTER * (i + 1u), 60);
        note.track = i;
        add_note(score, note);
    }
    add_drum(score, 0, 36);
    add_drum(score, 5, 36);
    assert_int_equal(neume_score_sort(score), NEUME_OK);
    neume_sequence words = survive(&f, score);
    assert_int_equal(words.note_count, 17);
    assert_int_equal(omitted(&words, "unisons"), 3);
    neume_score_free(score);
    neume_sequence_clear(f.context, &words);
    close_fixture(&f);
}

static void a_score_without_a_note_to_say_gives_no_steps(void **state) {
    (void)state;
    fixture f = closed_codec(event_options());
    neume_score *score = new_score(&f);
    add_tempo(score, 0, 60);
    add_pedal(score, 0, 0, 127);
    neume_sequence words = says(&f, score, "");
    assert_int_equal(words.step_count, 0);
    neume_sequence_clear(f.context, &words);
    close_fixture(&f);
}

static void takes_any_ticks_and_resolution(void **state) {
    (void)state;
    static const uint32_t resolutions[] = {0, 1, 7, 960, UINT32_MAX};
    for (size_t i = 0; i < 2 * sizeof resolutions / sizeof *resolutions; i++) {
        fixture f = closed_codec(i % 2 ? performance() : event_options());
        neume_score *score = new_score(&f);
        neume_score_set_ticks_per_quarter(score, resolutions[i / 2]);
        add_note(score, plain_note(0, UINT64_MAX, 60));
        add_note(score, plain_note(UINT64_MAX / 2, 5, 61));
        add_note(score, plain_note(UINT64_MAX, UINT64_MAX, 62));
        add_metre(score, UINT64_MAX - 5, 1, 16);
        add_metre(score, 5, 1, 16);
        add_tempo(score, UINT64_MAX / 2, 60);
        add_pedal(score, UINT64_MAX / 3, 0, 127);
        assert_int_equal(neume_score_sort(score), NEUME_OK);
        neume_sequence words = survive(&f, score);
        assert_int_equal(words.note_count, 3);
        neume_score_free(score);
        neume_sequence_clear(f.context, &words);
        close_fixture(&f);
    }
}

static neume_score *performed(const fixture *f) {
    neume_score *score = new_score(f);
    add_tempo(score, 0, 60);
    add_tempo(score, 2 * QUARTER, 120);
    add_note(score, plain_note(0, QUARTER, 60));
    add_note(score, plain_note(QUARTER + 2, 480, 62)); /* at 1.0042 s; ends at 2.0021 s */
    add_note(score, plain_note(4 * QUARTER, 2 * QUARTER + 10, 64));
    add_drum(score, 4 * QUARTER, 36);
    return score;
}

static void performances_are_in_steps_of_10_ms(void **state) {
    (void)state;
    assert_says(performed, performance(),
                "Pitch_60 Velocity_66 Duration_100 TimeShift_100 Pitch_62 Velocity_66 Duration_100 "
                "TimeShift_100 TimeShift_100 Pitch_64 Velocity_66 Duration_100+ Duration_1 "
                "Program_Drums PitchDrum_36 Velocity_66 <end>");
}

static void long_pauses_of_performances_are_32_seconds(void **state) {
    (void)state;
    fixture f = closed_codec(performance());
    neume_score *score = new_score(&f);
    add_note(score, plain_note(0, 100 * QUARTER, 60));
    add_note(score, plain_note(1000 * QUARTER, QUARTER, 60));
    assert_int_equal(neume_score_sort(score), NEUME_OK);
    neume_sequence words = survive(&f, score);
    assert_int_equal(words.step_count, 2 + 32 + 32 + 3 + 1);
    assert_int_equal(omitted(&words, "long-gaps"), 1);
    assert_int_equal(omitted(&words, "long-notes"), 1);
    neume_score_free(score);
    neume_sequence_clear(f.context, &words);
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bars_positions_pitches_velocities_and_durations),
        cmocka_unit_test(velocities_are_in_32_bins),
        cmocka_unit_test(longer_notes_add_durations_up),
        cmocka_unit_test(triplets_lie_on_the_grid),
        cmocka_unit_test(an_anacrusis_is_a_bar_of_its_own),
        cmocka_unit_test(a_metre_within_a_bar_cuts_it_short),
        cmocka_unit_test(metres_that_cannot_be_said_are_counted),
        cmocka_unit_test(programs_ascend_and_drums_come_last),
        cmocka_unit_test(options_leave_notes_out),
        cmocka_unit_test(pedals_are_of_programs),
        cmocka_unit_test(a_program_s_pedal_is_down_while_one_of_its_channels_is),
        cmocka_unit_test(tempos_are_in_bins_and_said_where_they_change),
        cmocka_unit_test(a_tempo_is_decoded_as_it_is_named),
        cmocka_unit_test(long_gaps_and_notes_are_cut_down_and_counted),
        cmocka_unit_test(unisons_of_a_program_are_its_voices),
        cmocka_unit_test(a_score_without_a_note_to_say_gives_no_steps),
        cmocka_unit_test(takes_any_ticks_and_resolution),
        cmocka_unit_test(performances_are_in_steps_of_10_ms),
        cmocka_unit_test(long_pauses_of_performances_are_32_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
