/* SPDX-License-Identifier: ISC */
#include "test.h"

#include <neume/score.h>

#include <string.h>

static neume_score *new_score(neume_context *context) {
    neume_score *score = NULL;
    assert_int_equal(neume_score_new(&score, context), NEUME_OK);
    return score;
}

static void a_new_score_is_empty(void **state) {
    neume_score *score = new_score(*state);
    size_t count = 7;
    assert_int_equal(neume_score_ticks_per_quarter(score), 480);
    assert_int_equal(neume_score_format(score), 1);
    assert_int_equal(neume_score_track_count(score), 0);
    neume_score_notes(score, &count);
    assert_int_equal(count, 0);
    assert_int_equal(neume_score_sort(score), NEUME_OK);
    assert_int_equal(neume_score_end_ticks(score), 0);
    neume_score_free(score);
    neume_score_free(NULL);
}

/* -1, 0, 1 as canonical order says; only what differs decides. */
static int compare_notes(const neume_note *a, const neume_note *b) {
    if (a->start_ticks != b->start_ticks)
        return a->start_ticks < b->start_ticks ? -1 : 1;
    const int differences[] = {a->track - b->track, a->port - b->port, a->channel - b->channel,
                               a->pitch - b->pitch};
    for (size_t i = 0; i < 4; i++)
        if (differences[i])
            return differences[i] < 0 ? -1 : 1;
    return 0;
}

static uint32_t next_random(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* The duration is the place in which a note was added. */
static void sorts_notes_canonically_and_keeps_the_order_of_equals(void **state) {
    neume_score *score = new_score(*state);
    uint32_t seed = 1;
    for (uint64_t i = 0; i < 5000; i++) {
        const uint64_t high = next_random(&seed) % 3 == 0 ? 1ull << (next_random(&seed) % 60) : 0;
        neume_note note = {.start_ticks = high + next_random(&seed) % 50, .duration_ticks = i};
        note.track = (uint16_t)(next_random(&seed) % 2 * 300);
        note.port = (uint8_t)(next_random(&seed) % 2);
        note.channel = (uint8_t)(next_random(&seed) % 3);
        note.pitch = (uint8_t)(next_random(&seed) % 4);
        note.velocity = 64;
        assert_int_equal(neume_score_add_note(score, &note), NEUME_OK);
    }
    assert_int_equal(neume_score_sort(score), NEUME_OK);
    size_t count;
    const neume_note *notes = neume_score_notes(score, &count);
    assert_int_equal(count, 5000);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += notes[i].duration_ticks;
        if (i == 0)
            continue;
        const int order = compare_notes(&notes[i - 1], &notes[i]);
        assert_true(order < 0 ||
                    (order == 0 && notes[i - 1].duration_ticks < notes[i].duration_ticks));
    }
    assert_int_equal(sum, 5000ull * 4999 / 2);
    assert_int_equal(neume_score_track_count(score), 301);
    neume_score_free(score);
}

static void the_later_added_tempo_stays_at_one_tick(void **state) {
    neume_score *score = new_score(*state);
    const neume_tempo tempos[] = {{960, 1}, {0, 2}, {960, 3}, {0, 4}, {480, 5}, {960, 6}};
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(neume_score_add_tempo(score, &tempos[i]), NEUME_OK);
    assert_int_equal(neume_score_sort(score), NEUME_OK);
    size_t count;
    const neume_tempo *sorted = neume_score_tempos(score, &count);
    assert_int_equal(count, 3);
    assert_int_equal(sorted[0].microseconds_per_quarter, 4);
    assert_int_equal(sorted[1].microseconds_per_quarter, 5);
    assert_int_equal(sorted[2].microseconds_per_quarter, 6);
    neume_score_free(score);
}

static void signatures_and_controls_are_sorted_too(void **state) {
    neume_score *score = new_score(*state);
    const neume_time_signature metres[] = {{10, 3, 4}, {0, 4, 4}, {10, 6, 8}};
    const neume_key_signature keys[] = {{5, -7, true}, {0, 7, false}};
    const neume_control controls[] = {
        {9, 1, 0, 0, 64, 0}, {9, 0, 0, 3, 64, 127}, {9, 0, 0, 3, 10, 1}};
    const neume_pitch_bend bends[] = {{9, 0, 1, 0, -8192}, {9, 0, 0, 0, 8191}};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(neume_score_add_time_signature(score, &metres[i]), NEUME_OK);
        assert_int_equal(neume_score_add_control(score, &controls[i]), NEUME_OK);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(neume_score_add_key_signature(score, &keys[i]), NEUME_OK);
        assert_int_equal(neume_score_add_pitch_bend(score, &bends[i]), NEUME_OK);
    }
    assert_int_equal(neume_score_sort(score), NEUME_OK);
    size_t count;
    const neume_time_signature *metre = neume_score_time_signatures(score, &count);
    assert_int_equal(count, 2);
    assert_int_equal(metre[1].numerator, 6);
    assert_int_equal(neume_score_key_signatures(score, &count)[1].sharps, -7);
    const neume_control *control = neume_score_controls(score, &count);
    assert_int_equal(count, 3);
    assert_int_equal(control[0].controller, 64);
    assert_int_equal(control[0].value, 127);
    assert_int_equal(control[1].controller, 10);
    assert_int_equal(control[2].track, 1);
    assert_int_equal(neume_score_pitch_bends(score, &count)[0].value, 8191);
    neume_score_free(score);
}

static void texts_keep_their_bytes_while_the_score_grows(void **state) {
    neume_score *score = new_score(*state);
    char bytes[40];
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(bytes, sizeof bytes, "text %u", i);
        const neume_text text = {1000 - i, (uint16_t)(i % 3), 1,
                                 (uint32_t)(i % 7 ? strlen(bytes) : 0), (const uint8_t *)bytes};
        assert_int_equal(neume_score_add_text(score, &text), NEUME_OK);
    }
    assert_int_equal(neume_score_sort(score), NEUME_OK);
    size_t count;
    const neume_text *texts = neume_score_texts(score, &count);
    assert_int_equal(count, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        const neume_text *text = &texts[999 - i];
        snprintf(bytes, sizeof bytes, "text %u", i);
        assert_int_equal(text->size_bytes, i % 7 ? strlen(bytes) : 0);
        assert_non_null(text->bytes);
        assert_memory_equal(text->bytes, bytes, text->size_bytes);
    }
    neume_score_free(score);
}

static void the_end_is_the_end_of_the_last_note(void **state) {
    neume_score *score = new_score(*state);
    const neume_tempo later = {100000, 1000};
    const neume_note notes[] = {{.start_ticks = 0, .duration_ticks = 500, .velocity = 1},
                                {.start_ticks = 400, .duration_ticks = 20, .velocity = 1}};
    assert_int_equal(neume_score_add_tempo(score, &later), NEUME_OK);
    assert_int_equal(neume_score_add_note(score, &notes[0]), NEUME_OK);
    assert_int_equal(neume_score_add_note(score, &notes[1]), NEUME_OK);
    assert_int_equal(neume_score_end_ticks(score), 500);
    const neume_note forever = {.start_ticks = UINT64_MAX, .duration_ticks = 2, .velocity = 1};
    assert_int_equal(neume_score_add_note(score, &forever), NEUME_OK);
    assert_true(neume_score_end_ticks(score) == UINT64_MAX);
    neume_score_free(score);
}

static void seconds_follow_the_tempo_map(void **state) {
    neume_score *score = new_score(*state);
    neume_score_set_ticks_per_quarter(score, 100);
    assert_true(neume_score_seconds_at(score, 200) == 1.0);
    const neume_tempo tempos[] = {{200, 1000000}, {300, 250000}};
    assert_int_equal(neume_score_add_tempo(score, &tempos[0]), NEUME_OK);
    assert_int_equal(neume_score_add_tempo(score, &tempos[1]), NEUME_OK);
    assert_true(neume_score_seconds_at(score, 100) == 0.5);
    assert_true(neume_score_seconds_at(score, 250) == 1.5);
    assert_true(neume_score_seconds_at(score, 300) == 2.0);
    assert_true(neume_score_seconds_at(score, 700) == 3.0);
    neume_score_free(score);
}

/* The same pitches on a channel of drums and on one of others. */
static neume_score *score_with_drums(neume_context *context) {
    static const uint8_t pitches[] = {1, 60, 126};
    neume_score *score = new_score(context);
    for (unsigned i = 0; i < 3; i++)
        for (uint8_t channel = 8; channel <= 9; channel++) {
            const neume_note note = {.pitch = pitches[i], .channel = channel, .velocity = 1};
            assert_int_equal(neume_score_add_note(score, &note), NEUME_OK);
        }
    assert_int_equal(neume_score_sort(score), NEUME_OK);
    return score;
}

static void moves_to_other_keys_but_for_drums_and_drops_what_leaves_midi(void **state) {
    static const struct {
        int semitones;
        size_t lost;
        int pitches[4]; /* ends at -1 */
    } cases[] = {
        {0, 0, {1, 60, 126, -1}},  {1, 0, {2, 61, 127, -1}}, {2, 1, {3, 62, -1}},
        {-1, 0, {0, 59, 125, -1}}, {-2, 1, {58, 124, -1}},   {-60, 1, {0, 66, -1}},
        {67, 1, {68, 127, -1}},    {127, 3, {-1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        neume_score *score = score_with_drums(*state);
        size_t count, at = 0;
        assert_int_equal(neume_score_transpose(score, cases[i].semitones), cases[i].lost);
        const neume_note *notes = neume_score_notes(score, &count);
        assert_int_equal(count, 6 - cases[i].lost);
        for (; cases[i].pitches[at] >= 0; at++) {
            assert_int_equal(notes[at].channel, 8);
            assert_int_equal(notes[at].pitch, cases[i].pitches[at]);
        }
        for (size_t drum = 0; drum < 3; drum++, at++)
            assert_true(notes[at].is_drum && notes[at].pitch == (drum ? 60 + 66 * (drum - 1) : 1));
        assert_int_equal(at, count);
        neume_score_free(score);
    }
}

/* F major up a tone is G major; F# major up a semitone G; C flat major down a semitone B flat. */
static void key_signatures_move_along(void **state) {
    static const int moves[][3] = {{-1, 2, 1},   {6, 1, 1}, {-7, -1, -2},
                                   {-7, 12, -7}, {0, 6, 6}, {3, -48, 3}};
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        neume_score *score = new_score(*state);
        size_t count;
        const neume_key_signature key = {.sharps = (int8_t)moves[i][0], .is_minor = true};
        assert_int_equal(neume_score_add_key_signature(score, &key), NEUME_OK);
        assert_int_equal(neume_score_transpose(score, moves[i][1]), 0);
        const neume_key_signature *moved = neume_score_key_signatures(score, &count);
        assert_int_equal(moved->sharps, moves[i][2]);
        assert_true(moved->is_minor);
        neume_score_free(score);
    }
}

static neume_status fill(neume_context *context, void *data) {
    (void)data;
    neume_score *score = NULL;
    neume_status status = neume_score_new(&score, context);
    for (unsigned i = 0; !status && i < 50; i++) {
        const neume_note note = {.start_ticks = 50 - i, .velocity = 1};
        const neume_text text = {50 - i, 0, 1, 5, (const uint8_t *)"hello"};
        const neume_tempo tempo = {50 - i, 500000};
        size_t before, after;
        neume_score_notes(score, &before);
        status = neume_score_add_note(score, &note);
        neume_score_notes(score, &after);
        assert_int_equal(after, before + (status == NEUME_OK));
        if (!status)
            status = neume_score_add_text(score, &text);
        if (!status)
            status = neume_score_add_tempo(score, &tempo);
    }
    if (!status)
        status = neume_score_sort(score);
    neume_score_free(score);
    return status;
}

static void survives_each_allocation_failing(void **state) {
    (void)state;
    test_each_allocation_failing(fill, NULL);
}

static void add_notes(neume_score *score, const neume_note *notes, size_t count) {
    for (size_t i = 0; i < count; i++)
        assert_int_equal(neume_score_add_note(score, &notes[i]), NEUME_OK);
}

static void one_tempo_takes_the_place_of_all(void **state) {
    neume_score *score = new_score(*state);
    size_t count;
    for (int round = 0; round < 2; round++) {
        assert_int_equal(neume_score_set_tempo(score, 400000), NEUME_OK);
        const neume_tempo *tempos = neume_score_tempos(score, &count);
        assert_int_equal(count, 1);
        assert_true(tempos->start_ticks == 0 && tempos->microseconds_per_quarter == 400000);
        for (uint64_t i = 0; i < 3; i++)
            assert_int_equal(neume_score_add_tempo(score, &(neume_tempo){i * 100, 300000}),
                             NEUME_OK);
    }
    neume_score_free(score);
}

static void an_end_cuts_notes_and_takes_later_ones_out(void **state) {
    static const neume_note notes[] = {
        {.start_ticks = 0, .duration_ticks = 100},
        {.start_ticks = 50, .duration_ticks = UINT64_MAX},
        {.start_ticks = 99, .duration_ticks = 0},
        {.start_ticks = 100, .duration_ticks = 1},
    };
    neume_score *score = new_score(*state);
    const neume_control controls[] = {{.start_ticks = 60}, {.start_ticks = 200}};
    size_t count;
    add_notes(score, notes, 4);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(neume_score_add_control(score, &controls[i]), NEUME_OK);
    neume_score_end_at(score, 100);
    const neume_note *left = neume_score_notes(score, &count);
    assert_int_equal(count, 3);
    assert_int_equal(left[0].duration_ticks, 100);
    assert_int_equal(left[1].duration_ticks, 50);
    assert_int_equal(left[2].duration_ticks, 0);
    const neume_control *moved = neume_score_controls(score, &count);
    assert_true(count == 2 && moved[0].start_ticks == 60 && moved[1].start_ticks == 100);
    neume_score_free(score);
}

/* Of tracks 0 and 1; other channels, ports and pitches are other keys. */
static void cleaning_leaves_one_note_on_a_key_at_a_time(void **state) {
    static const neume_note notes[] = {
        {.start_ticks = 0, .duration_ticks = 100, .pitch = 60, .velocity = 10},
        {.start_ticks = 0, .duration_ticks = 50, .pitch = 60, .velocity = 20, .track = 1},
        {.start_ticks = 60, .duration_ticks = 100, .pitch = 60, .track = 1},
        {.start_ticks = 80, .duration_ticks = 0, .pitch = 60, .track = 1},
        {.start_ticks = 70, .duration_ticks = 100, .pitch = 61},
        {.start_ticks = 70, .duration_ticks = 100, .pitch = 60, .channel = 1},
        {.start_ticks = 70, .duration_ticks = 100, .pitch = 60, .port = 1},
    };
    neume_score *score = new_score(*state);
    neume_cleaning cleaning;
    size_t count;
    add_notes(score, notes, 7);
    assert_int_equal(neume_score_clean(score, &cleaning), NEUME_OK);
    assert_true(cleaning.merged == 1 && cleaning.cut == 1);
    const neume_note *left = neume_score_notes(score, &count);
    assert_int_equal(count, 6);
    assert_true(left[0].duration_ticks == 60 && left[0].velocity == 20);
    assert_true(left[1].start_ticks == 60 && left[1].duration_ticks == 20);
    assert_true(left[5].start_ticks == 80 && left[5].duration_ticks == 1);
    assert_int_equal(neume_score_clean(score, &cleaning), NEUME_OK);
    assert_true(cleaning.merged == 0 && cleaning.cut == 0);
    neume_score_free(score);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_score_is_empty),
        cmocka_unit_test(sorts_notes_canonically_and_keeps_the_order_of_equals),
        cmocka_unit_test(the_later_added_tempo_stays_at_one_tick),
        cmocka_unit_test(signatures_and_controls_are_sorted_too),
        cmocka_unit_test(texts_keep_their_bytes_while_the_score_grows),
        cmocka_unit_test(the_end_is_the_end_of_the_last_note),
        cmocka_unit_test(seconds_follow_the_tempo_map),
        cmocka_unit_test(moves_to_other_keys_but_for_drums_and_drops_what_leaves_midi),
        cmocka_unit_test(key_signatures_move_along),
        cmocka_unit_test(one_tempo_takes_the_place_of_all),
        cmocka_unit_test(an_end_cuts_notes_and_takes_later_ones_out),
        cmocka_unit_test(cleaning_leaves_one_note_on_a_key_at_a_time),
        cmocka_unit_test(survives_each_allocation_failing),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
