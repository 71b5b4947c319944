/* SPDX-License-Identifier: ISC */
#include "test.h"

#include <neume/score.h>

/* A note on every quarter of 20 quarters: 4/4, from quarter 8 on 3/4, from quarter 15 on (in the
 * middle of a bar) 2/4. Bars begin at quarters 0 4 8 11 14 15 17 19. */
static neume_score *new_song(neume_context *context) {
    neume_score *score = NULL;
    assert_int_equal(neume_score_new(&score, context), NEUME_OK);
    for (uint64_t q = 0; q < 20; q++) {
        const neume_note note = {.start_ticks = 480 * q,
                                 .duration_ticks = 960,
                                 .pitch = (uint8_t)(40 + q),
                                 .velocity = 80};
        assert_int_equal(neume_score_add_note(score, &note), NEUME_OK);
    }
    const neume_time_signature metres[] = {{480 * 8, 3, 4}, {480 * 15, 2, 4}};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(neume_score_add_time_signature(score, &metres[i]), NEUME_OK);
    const neume_tempo tempos[] = {{0, 500000}, {480 * 5, 400000}, {480 * 9, 300000}};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(neume_score_add_tempo(score, &tempos[i]), NEUME_OK);
    assert_int_equal(neume_score_sort(score), NEUME_OK);
    return score;
}

static void assert_bars(neume_context *context, const uint64_t range[2], int lowest, int highest) {
    neume_score *song = new_song(context), *cut = NULL;
    neume_error error = {0};
    assert_int_equal(neume_score_cut_bars(&cut, song, range[0], range[1], &error), NEUME_OK);
    size_t count;
    const neume_note *notes = neume_score_notes(cut, &count);
    assert_int_equal(count, highest - lowest + 1);
    assert_int_equal(notes[0].pitch, lowest);
    assert_int_equal(notes[0].start_ticks, 0);
    assert_int_equal(notes[count - 1].pitch, highest);
    neume_score_free(cut);
    neume_score_free(song);
}

static void bars_follow_the_time_signatures(void **state) {
    const struct {
        uint64_t range[2];
        int lowest, highest;
    } rows[] = {{{1, 1}, 40, 43}, {{1, 2}, 40, 47},   {{3, 3}, 48, 50},
                {{4, 5}, 51, 54}, {{5, 5}, 54, 54},   {{6, 6}, 55, 56},
                {{8, 8}, 59, 59}, {{1, 999}, 40, 59}, {{7, UINT64_MAX}, 57, 59}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_bars(*state, rows[i].range, rows[i].lowest, rows[i].highest);
}

static void a_cut_keeps_tempo_and_metre_in_force_and_ends_with_its_last_bar(void **state) {
    neume_score *song = new_song(*state), *cut = NULL;
    neume_error error = {0};
    assert_int_equal(neume_score_cut_bars(&cut, song, 3, 3, &error), NEUME_OK);
    size_t count;
    const neume_tempo *tempos = neume_score_tempos(cut, &count);
    assert_int_equal(count, 2);
    assert_int_equal(tempos[0].start_ticks, 0);
    assert_int_equal(tempos[0].microseconds_per_quarter, 400000);
    assert_int_equal(tempos[1].start_ticks, 480);
    const neume_time_signature *metres = neume_score_time_signatures(cut, &count);
    assert_int_equal(count, 1);
    assert_int_equal(metres[0].numerator, 3);
    assert_int_equal(neume_score_end_ticks(cut), 3 * 480);
    neume_score_free(cut);
    neume_score_free(song);
}

static void bars_without_a_note_are_refused(void **state) {
    neume_score *song = new_song(*state), *cut = NULL;
    neume_error error = {0};
    assert_int_equal(neume_score_cut_bars(&cut, song, 9, 12, &error), NEUME_BAD_INPUT);
    assert_string_equal(error.line, "bars 9-12: no note begins in them");
    assert_null(cut);
    assert_int_equal(neume_score_cut_bars(&cut, song, 0, 2, &error), NEUME_BAD_USAGE);
    assert_int_equal(neume_score_cut_bars(&cut, song, 3, 2, &error), NEUME_BAD_USAGE);
    neume_score_free(song);
}

static neume_status cut_in_new_song(neume_context *context, void *data) {
    (void)data;
    neume_score *song = NULL, *cut = NULL;
    const neume_note note = {.duration_ticks = 960, .pitch = 60, .velocity = 80};
    neume_status status = neume_score_new(&song, context);
    if (!status)
        status = neume_score_add_note(song, &note);
    if (!status)
        status = neume_score_cut_bars(&cut, song, 1, 1, NULL);
    neume_score_free(cut);
    neume_score_free(song);
    return status;
}

static void survives_each_failing_allocation(void **state) {
    (void)state;
    test_each_allocation_failing(cut_in_new_song, NULL);
}

static int make_context(void **state) {
    *state = test_context(1, NEUME_ISA_C, NULL);
    return 0;
}

static int free_context(void **state) {
    neume_context_free(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bars_follow_the_time_signatures),
        cmocka_unit_test(a_cut_keeps_tempo_and_metre_in_force_and_ends_with_its_last_bar),
        cmocka_unit_test(bars_without_a_note_are_refused),
        cmocka_unit_test(survives_each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, make_context, free_context);
}
