/* SPDX-License-Identifier: ISC */
#include "midi_compare.h"
#include "midi_fixture.h"

#include <unistd.h>

static neume_score *new_score(neume_context *context) {
    neume_score *score = NULL;
    assert_int_equal(neume_score_new(&score, context), NEUME_OK);
    return score;
}

static void add_note(neume_score *score, uint64_t start, uint64_t duration, unsigned track,
                     const uint8_t *rest) {
    const neume_note note = {.start_ticks = start,
                             .duration_ticks = duration,
                             .track = (uint16_t)track,
                             .port = rest[0],
                             .channel = rest[1],
                             .program = rest[2],
                             .pitch = rest[3],
                             .velocity = rest[4]};
    assert_int_equal(neume_score_add_note(score, &note), NEUME_OK);
}

/* A note's port, channel, program, pitch and velocity. */
#define REST(...) ((uint8_t[]){__VA_ARGS__})

static void add_text(neume_score *score, uint64_t start, unsigned track, unsigned kind,
                     const char *bytes) {
    const neume_text text = {start, (uint16_t)track, (uint8_t)kind, (uint32_t)strlen(bytes),
                             (const uint8_t *)bytes};
    assert_int_equal(neume_score_add_text(score, &text), NEUME_OK);
}

static void add_globals(neume_score *score) {
    const neume_tempo tempos[] = {{0, 400000}, {960, 16777215}, {1920, 1}};
    const neume_time_signature metres[] = {{0, 3, 4}, {1440, 255, 32768}};
    const neume_key_signature keys[] = {{0, -7, true}, {480, 7, false}};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(neume_score_add_tempo(score, &tempos[i]), NEUME_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(neume_score_add_time_signature(score, &metres[i]), NEUME_OK);
        assert_int_equal(neume_score_add_key_signature(score, &keys[i]), NEUME_OK);
    }
}

/* One of everything, as a file says it: track 0 is the conductor's, each other has one port,
 * channel and program. */
static neume_score *canonical_score(neume_context *context) {
    neume_score *score = new_score(context);
    neume_score_set_ticks_per_quarter(score, 960);
    add_globals(score);
    add_text(score, 0, 0, 3, "A title");
    add_text(score, 0, 0, 2, "\xA9 1750");
    add_text(score, 960, 0, 6, "");
    add_text(score, 0, 1, 3, "Violin");
    add_text(score, 480, 2, 5, "la");
    add_text(score, 480, 4, 1, "a track of texts alone");
    add_note(score, 0, 480, 1, REST(0, 0, 40, 60, 1));
    add_note(score, 480, 1, 1, REST(0, 0, 40, 60, 127));
    add_note(score, 480, 300, 1, REST(0, 0, 40, 127, 64));
    add_note(score, 240, 9999, 2, REST(1, 0, 5, 60, 64));
    add_note(score, 0, 60, 3, REST(1, 9, 0, 36, 100));
    const neume_control controls[] = {
        {0, 1, 0, 0, 0, 1}, {0, 1, 0, 0, 32, 2}, {480, 1, 0, 0, 64, 127}, {0, 5, 2, 15, 7, 0}};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(neume_score_add_control(score, &controls[i]), NEUME_OK);
    const neume_pitch_bend bends[] = {{10, 2, 1, 0, -8192}, {20, 2, 1, 0, 8191}, {30, 2, 1, 0, 0}};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(neume_score_add_pitch_bend(score, &bends[i]), NEUME_OK);
    assert_int_equal(neume_score_sort(score), NEUME_OK);
    return score;
}

static void what_is_written_reads_as_the_same_score(void **state) {
    neume_score *score = canonical_score(*state);
    neume_score *again = rewritten(*state, score);
    assert_same_score(score, again);
    neume_score_free(again);
    neume_score_free(score);
}

static void the_bytes_of_a_small_file_are_these(void **state) {
    static const uint8_t expected[] = {'M',  'T',  'h',  'd',  0,    0,    0,    6,    0,
                                       1,    0,    2,    0x01, 0xE0, /* two tracks */
                                       'M',  'T',  'r',  'k',  0,    0,    0,    19, /* conductor */
                                       0,    0xFF, 0x51, 3,    0x07, 0xA1, 0x20, 0,    0xFF,
                                       0x58, 4,    4,    2,    24,   8, /* 120, 4/4 */
                                       0,    0xFF, 0x2F, 0,             /* end of track */
                                       'M',  'T',  'r',  'k',  0,    0,    0,    24, /* the notes */
                                       0,    0xC0, 5,    0,    0x90, 60,   64,   0x83, 0x60,
                                       0x80, 60,   64,   0,    0x90, 60,   80, /* off before on */
                                       1,    0x80, 60,   64,   0,    0xFF, 0x2F, 0};
    neume_score *score = new_score(*state);
    add_note(score, 0, 480, 0, REST(0, 0, 5, 60, 64));
    add_note(score, 480, 0, 0, REST(0, 0, 5, 60, 80)); /* of no length: written as one tick */
    neume_bytes bytes;
    assert_int_equal(neume_midi_write(&bytes, *state, score, NULL), NEUME_OK);
    assert_int_equal(bytes.size_bytes, sizeof expected);
    assert_memory_equal(bytes.data, expected, sizeof expected);
    neume_midi_bytes_free(*state, bytes);
    neume_score_free(score);
}

static void a_note_ends_before_its_key_is_struck_again(void **state) {
    neume_score *score = new_score(*state);
    add_note(score, 0, 500, 0, REST(0, 0, 0, 60, 10));
    add_note(score, 100, 500, 1, REST(0, 0, 1, 60, 20)); /* on the same channel */
    add_note(score, 100, 900, 2, REST(0, 0, 2, 60, 15)); /* at once: longer, softer */
    add_note(score, 200, 100, 0, REST(0, 1, 0, 60, 30)); /* another channel */
    add_note(score, 300, 100, 0, REST(1, 0, 0, 60, 40)); /* another port */
    neume_score *clean = rewritten(*state, score);
    size_t count;
    const neume_note *notes = neume_score_notes(clean, &count);
    assert_int_equal(count, 4);
    assert_int_equal(notes[0].duration_ticks, 100);
    assert_int_equal(notes[1].start_ticks, 100);
    assert_int_equal(notes[1].duration_ticks, 900);
    assert_int_equal(notes[1].velocity, 20);
    assert_int_equal(notes[1].program, 1);
    assert_int_equal(notes[2].channel, 1);
    assert_int_equal(notes[3].port, 1);
    neume_score_free(clean);
    neume_score_free(score);
}

/* Three programs share a channel from two tracks; each note must sound with its own, in a player
 * that knows of channels alone and in one that knows of tracks alone. */
static void programs_that_share_a_channel_are_repeated(void **state) {
    neume_score *score = new_score(*state);
    const uint8_t programs[] = {1, 2, 1, 3, 3, 1, 2, 2};
    for (unsigned i = 0; i < 8; i++)
        add_note(score, i * 10, 5, i % 2, REST(0, 3, programs[i], (uint8_t)(60 + i), 64));
    neume_score *clean = rewritten(*state, score);
    size_t count;
    const neume_note *notes = neume_score_notes(clean, &count);
    assert_int_equal(count, 8);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(notes[i].program, programs[i]);
    neume_score *again = rewritten(*state, clean);
    assert_same_score(clean, again);
    neume_score_free(again);
    neume_score_free(clean);
    neume_score_free(score);
}

/* More of everything than 128 tracks hold: first programs come together, then tracks. */
static void there_are_no_more_than_128_tracks(void **state) {
    for (unsigned kind = 0; kind < 3; kind++) {
        neume_score *score = new_score(*state);
        for (unsigned i = 0; i < 1000; i++) {
            const unsigned track = kind == 0 ? 1 : 1 + i % 500;
            const uint8_t program = kind == 1 ? 7 : (uint8_t)(i % 128);
            add_note(score, i, 1, track,
                     REST(0, (uint8_t)(i % 16), program, (uint8_t)(i % 100), 64));
        }
        add_text(score, 0, 300, 3, "name");
        neume_score *clean = rewritten(*state, score);
        assert_in_range(neume_score_track_count(clean), 2, 128);
        size_t count, clean_count;
        const neume_note *notes = neume_score_notes(score, &count);
        const neume_note *cleaned = neume_score_notes(clean, &clean_count);
        assert_int_equal(clean_count, 1000);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(cleaned[i].start_ticks, notes[i].start_ticks);
            assert_int_equal(cleaned[i].program, notes[i].program);
            assert_int_equal(cleaned[i].channel, notes[i].channel);
        }
        neume_score_texts(clean, &count);
        assert_int_equal(count, 1);
        neume_score *again = rewritten(*state, clean);
        assert_same_score(clean, again);
        neume_score_free(again);
        neume_score_free(clean);
        neume_score_free(score);
    }
}

/* Notes of tracks that come together begin, and end, by pitch: as they are read from one track. */
static void tracks_that_come_together_are_written_as_one(void **state) {
    neume_score *score = new_score(*state);
    for (unsigned i = 0; i < 128; i++) {
        add_note(score, 10, 5, 1 + i, REST(0, 0, 7, (uint8_t)(127 - i), 64));
        add_note(score, i / 2, 30 - i / 2 % 20, 1 + i, REST(0, 1, 7, (uint8_t)(i ^ 21), 64));
    }
    neume_bytes first, second;
    neume_score *clean = rewritten(*state, score);
    assert_int_equal(neume_score_track_count(clean), 3);
    assert_int_equal(neume_midi_write(&first, *state, score, NULL), NEUME_OK);
    assert_int_equal(neume_midi_write(&second, *state, clean, NULL), NEUME_OK);
    assert_int_equal(first.size_bytes, second.size_bytes);
    assert_memory_equal(first.data, second.data, first.size_bytes);
    neume_midi_bytes_free(*state, second);
    neume_midi_bytes_free(*state, first);
    neume_score_free(clean);
    neume_score_free(score);
}

static void long_texts_are_cut_between_characters(void **state) {
    char bytes[401] = "";
    for (size_t i = 0; i < 100; i++)
        memcpy(bytes + 4 * i, i % 2 ? "\xF0\x9D\x85\x9E" : "\xC3\xA9\xC3\xA9", 5);
    neume_score *score = new_score(*state);
    add_text(score, 7, 0, 1, bytes);
    neume_score *clean = rewritten(*state, score);
    char joined[512] = "";
    size_t count, size = 0;
    const neume_text *texts = neume_score_texts(clean, &count);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++) {
        assert_in_range(texts[i].size_bytes, 1, 127);
        assert_int_not_equal(texts[i].bytes[0] & 0xC0, 0x80);
        memcpy(joined + size, texts[i].bytes, texts[i].size_bytes);
        size += texts[i].size_bytes;
    }
    assert_string_equal(joined, bytes);
    neume_score_free(clean);
    neume_score_free(score);
}

static void pauses_may_be_longer_than_a_delta_time(void **state) {
    neume_score *score = new_score(*state);
    const uint64_t late = ((uint64_t)1 << 36) - 2;
    add_note(score, late, 1, 0, REST(0, 0, 0, 60, 64));
    neume_score *clean = rewritten(*state, score);
    size_t count;
    assert_int_equal(neume_score_notes(clean, &count)[0].start_ticks, late);
    neume_score_free(clean);
    neume_score_free(score);
}

static void check_refused(neume_context *context, const neume_note *note, const char *word) {
    neume_score *score = new_score(context);
    neume_bytes bytes;
    neume_error error = {0};
    assert_int_equal(neume_score_add_note(score, note), NEUME_OK);
    assert_int_equal(neume_midi_write(&bytes, context, score, &error), NEUME_BAD_INPUT);
    assert_null(bytes.data);
    assert_non_null(strstr(error.line, word));
    neume_score_free(score);
}

static void refuses_what_a_file_cannot_say(void **state) {
    const neume_note bad[] = {{.velocity = 0},
                              {.velocity = 128},
                              {.velocity = 1, .pitch = 128},
                              {.velocity = 1, .channel = 16},
                              {.velocity = 1, .program = 128},
                              {.velocity = 1, .start_ticks = (uint64_t)1 << 36},
                              {.velocity = 1, .duration_ticks = UINT64_MAX}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_refused(*state, &bad[i], "note 0");
    neume_score *score = new_score(*state);
    neume_bytes bytes;
    neume_score_set_ticks_per_quarter(score, 0);
    assert_int_equal(neume_midi_write(&bytes, *state, score, NULL), NEUME_BAD_INPUT);
    neume_score_set_ticks_per_quarter(score, 480);
    const neume_time_signature metre = {0, 4, 3};
    assert_int_equal(neume_score_add_time_signature(score, &metre), NEUME_OK);
    assert_int_equal(neume_midi_write(&bytes, *state, score, NULL), NEUME_BAD_INPUT);
    neume_score_free(score);
}

/* Whatever was read can be written; and what comes back is written as itself. */
static void check_fixture(const fixture *from, void *context) {
    neume_score *score = NULL;
    const neume_bytes bytes = {from->bytes, from->size};
    if (neume_midi_read(&score, context, bytes, NULL, NULL))
        return;
    neume_score *clean = rewritten(context, score);
    neume_score *again = rewritten(context, clean);
    assert_same_score(clean, again);
    neume_score_free(again);
    neume_score_free(clean);
    neume_score_free(score);
}

static void every_fixture_is_written_clean(void **state) {
    fixture_each(check_fixture, *state);
}

static neume_status write_once(neume_context *context, void *score) {
    neume_bytes bytes;
    const neume_status status = neume_midi_write(&bytes, context, score, NULL);
    neume_midi_bytes_free(context, bytes);
    return status;
}

static void survives_each_allocation_failing(void **state) {
    neume_score *score = canonical_score(*state);
    test_each_allocation_failing(write_once, score);
    neume_score_free(score);
}

static void saves_a_file_or_says_where_it_could_not(void **state) {
    char path[] = "/tmp/neume-midi-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    neume_score *score = canonical_score(*state), *again = NULL;
    neume_error error = {0};
    assert_int_equal(neume_midi_save(path, *state, score, &error), NEUME_OK);
    assert_int_equal(neume_midi_load(&again, *state, path, NULL, &error), NEUME_OK);
    assert_same_score(score, again);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(neume_midi_save("/no/such/folder.mid", *state, score, &error),
                     NEUME_CANNOT_WRITE);
    assert_non_null(strstr(error.line, "/no/such/folder.mid"));
    neume_score_free(again);
    neume_score_free(score);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_as_the_same_score),
        cmocka_unit_test(the_bytes_of_a_small_file_are_these),
        cmocka_unit_test(a_note_ends_before_its_key_is_struck_again),
        cmocka_unit_test(programs_that_share_a_channel_are_repeated),
        cmocka_unit_test(there_are_no_more_than_128_tracks),
        cmocka_unit_test(tracks_that_come_together_are_written_as_one),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(pauses_may_be_longer_than_a_delta_time),
        cmocka_unit_test(refuses_what_a_file_cannot_say),
        cmocka_unit_test(every_fixture_is_written_clean),
        cmocka_unit_test(survives_each_allocation_failing),
        cmocka_unit_test(saves_a_file_or_says_where_it_could_not),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
