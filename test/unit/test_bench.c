/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "learn/bench.h"
#include "learn/bench_music.h"

#include <neume/train.h>

#include <math.h>
#include <string.h>

enum { MOST_ROWS = 32 };

typedef struct seen_rows {
    neume_bench_row rows[MOST_ROWS];
    size_t count;
} seen_rows;

static void note_row(void *data, const neume_bench_row *row) {
    seen_rows *seen = data;
    assert_true(seen->count < MOST_ROWS);
    seen->rows[seen->count++] = *row;
}

static neume_bench_options options_for(seen_rows *seen, const char *only) {
    neume_bench_options options = neume_bench_options_default();
    options.only = only;
    options.seconds = 0.001;
    options.row = note_row;
    options.data = seen;
    return options;
}

static void assert_is_row(const neume_bench_row *row) {
    assert_true(row->low <= row->value && row->value <= row->high);
    assert_true(row->low > 0 && isfinite(row->high));
    assert_true(row->limit > 0 && isfinite(row->limit));
    assert_true(row->share > 0 && isfinite(row->share));
    assert_true(row->rounds >= 1);
    assert_true(row->bound == NEUME_BENCH_MEMORY ? row->bandwidth > 0 : row->peak > 0);
}

static void rows_come_in_the_order_of_their_names(void **state) {
    seen_rows seen = {.count = 0};
    const neume_bench_options options = options_for(&seen, "encode");
    size_t first = 0;
    assert_int_equal(neume_bench(*state, &options, NULL), NEUME_OK);
    while (strncmp(neume_bench_name(first), "encode", 6) != 0)
        first++;
    assert_int_equal(seen.count, 3);
    for (size_t i = 0; i < seen.count; i++) {
        assert_string_equal(seen.rows[i].name, neume_bench_name(first + i));
        assert_is_row(&seen.rows[i]);
        assert_int_equal(seen.rows[i].bound, NEUME_BENCH_MEMORY);
        assert_int_equal(seen.rows[i].threads, 1);
    }
}

static void networks_are_measured_by_all_threads(void **state) {
    (void)state;
    neume_context *context = test_context(2, NEUME_ISA_AUTO, NULL);
    seen_rows seen = {.count = 0};
    const neume_bench_options options = options_for(&seen, "generate.stack.16");
    assert_int_equal(neume_bench(context, &options, NULL), NEUME_OK);
    assert_int_equal(seen.count, 1);
    assert_is_row(&seen.rows[0]);
    assert_int_equal(seen.rows[0].threads, 2);
    assert_true(seen.rows[0].peak > 0 && seen.rows[0].bandwidth > 0);
    neume_context_free(context);
}

static void refuses_a_row_that_is_none(void **state) {
    seen_rows seen = {.count = 0};
    neume_error error;
    const neume_bench_options options = options_for(&seen, "parse.x");
    assert_int_equal(neume_bench(*state, &options, &error), NEUME_BAD_USAGE);
    assert_non_null(strstr(error.line, "row parse.x: there is none"));
    assert_non_null(strstr(error.line, "generate.biaxial.16"));
}

static void refuses_a_time_that_is_none(void **state) {
    seen_rows seen = {.count = 0};
    const double times[] = {0, -1, NAN};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        neume_bench_options options = options_for(&seen, "parse");
        options.seconds = times[i];
        assert_int_equal(neume_bench(*state, &options, NULL), NEUME_BAD_USAGE);
    }
    assert_int_equal(seen.count, 0);
}

/* A turn of 1 unit that needs what the machine can do in a second. */
typedef struct fake_turns {
    unsigned count, fail_at;
} fake_turns;

static neume_status take_turn(void *data, neume_error *error) {
    (void)error;
    fake_turns *turns = data;
    return ++turns->count == turns->fail_at ? NEUME_NOT_FINITE : NEUME_OK;
}

static void the_limit_is_the_longer_of_arithmetic_and_memory(void **state) {
    fake_turns turns = {.count = 0};
    nm_bench_work work = {.context = *state,
                          .unit = "turns/s",
                          .turn = take_turn,
                          .data = &turns,
                          .units = 1,
                          .flop = 1e15,
                          .read_bytes = 1,
                          .held_bytes = 4096};
    neume_bench_row row = {.name = "arithmetic"};
    assert_int_equal(nm_bench_measure(&row, &work, 0.001, NULL), NEUME_OK);
    assert_int_equal(row.bound, NEUME_BENCH_ARITHMETIC);
    assert_true(fabs(row.limit * 1e15 / row.peak - 1) < 1e-9);
    work.flop = 1;
    work.read_bytes = 1e15;
    assert_int_equal(nm_bench_measure(&row, &work, 0.001, NULL), NEUME_OK);
    assert_int_equal(row.bound, NEUME_BENCH_MEMORY);
    assert_true(fabs(row.limit * 1e15 / row.bandwidth - 1) < 1e-9);
    assert_true(turns.count > 6);
}

static void a_turn_that_fails_ends_the_row(void **state) {
    fake_turns turns = {.fail_at = 3};
    const nm_bench_work work = {.context = *state,
                                .unit = "turns/s",
                                .turn = take_turn,
                                .data = &turns,
                                .units = 1,
                                .flop = 1};
    neume_bench_row row = {.name = "fails"};
    assert_int_equal(nm_bench_measure(&row, &work, 0.001, NULL), NEUME_NOT_FINITE);
    assert_int_equal(turns.count, 3);
}

static void a_large_stack_has_400_words(void **state) {
    nm_bench_music music;
    neume_corpus *corpus;
    const neume_corpus_options options = neume_corpus_options_default();
    assert_int_equal(nm_bench_chords(&music, *state, 398), NEUME_OK);
    assert_int_equal(nm_bench_corpus_new(&corpus, *state, &options, &music, NULL), NEUME_OK);
    assert_int_equal(neume_codec_word_count(neume_corpus_codec(corpus), 0), 400);
    neume_corpus_free(corpus);
    nm_bench_music_clear(&music, *state);
}

/* What is read again is the same notes, without a repair. */
static void assert_reads_whole(neume_context *context, const neume_score *score) {
    neume_bytes bytes;
    neume_score *read;
    size_t written, count, repairs;
    (void)neume_score_notes(score, &written);
    assert_int_equal(neume_midi_write(&bytes, context, score, NULL), NEUME_OK);
    assert_int_equal(neume_midi_read(&read, context, bytes, NULL, NULL), NEUME_OK);
    (void)neume_score_repairs(read, &repairs);
    const neume_note *notes = neume_score_notes(read, &count);
    assert_int_equal(repairs, 0);
    assert_true(count > written - written / 8);
    for (size_t i = 0; i < count; i++)
        assert_in_range(notes[i].pitch, 24, 108);
    neume_score_free(read);
    neume_midi_bytes_free(context, bytes);
}

static void the_music_is_as_said(void **state) {
    nm_bench_music tunes, orchestra;
    size_t count;
    assert_int_equal(nm_bench_tunes(&tunes, *state, 3), NEUME_OK);
    assert_int_equal(nm_bench_orchestra(&orchestra, *state), NEUME_OK);
    for (size_t i = 0; i < tunes.count; i++) {
        (void)neume_score_notes(tunes.scores[i], &count);
        assert_in_range(count, 420, 480);
        assert_reads_whole(*state, tunes.scores[i]);
    }
    (void)neume_score_notes(orchestra.scores[0], &count);
    assert_int_equal(count, 32000);
    assert_int_equal(neume_score_track_count(orchestra.scores[0]), 16);
    assert_reads_whole(*state, orchestra.scores[0]);
    nm_bench_music_clear(&tunes, *state);
    nm_bench_music_clear(&orchestra, *state);
}

static neume_status make_corpus(neume_context *context, void *data) {
    nm_bench_music music;
    neume_corpus *corpus = NULL;
    neume_status status = nm_bench_tunes(&music, context, 2);
    if (!status)
        status = nm_bench_corpus_new(&corpus, context, data, &music, NULL);
    neume_corpus_free(corpus);
    nm_bench_music_clear(&music, context);
    return status;
}

static void a_corpus_survives_each_allocation_failing(void **state) {
    (void)state;
    neume_corpus_options options = neume_corpus_options_default();
    test_each_allocation_failing(make_corpus, &options);
}

/* Whether the row succeeds with all allocations from `fail_at` on failing; it leaves none. */
static bool survives(const char *row, size_t fail_at) {
    test_memory memory = {0};
    seen_rows seen = {.count = 0};
    neume_context *context = test_context(1, NEUME_ISA_C, &memory);
    const neume_bench_options options = options_for(&seen, row);
    const size_t before = memory.blocks_out;
    memory.fail_at = fail_at;
    const neume_status status = neume_bench(context, &options, NULL);
    assert_int_equal(memory.blocks_out, before);
    assert_int_equal(status, seen.count ? NEUME_OK : NEUME_NO_MEMORY);
    memory.fail_at = 0;
    neume_context_free(context);
    return !status;
}

/* Each time the music is written anew: every seventh allocation is enough. */
static void reading_survives_allocations_failing(void **state) {
    (void)state;
    size_t fail_at = 1;
    while (!survives("parse.orchestra", fail_at))
        fail_at += 7;
    assert_true(fail_at > 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_in_the_order_of_their_names),
        cmocka_unit_test(networks_are_measured_by_all_threads),
        cmocka_unit_test(refuses_a_row_that_is_none),
        cmocka_unit_test(refuses_a_time_that_is_none),
        cmocka_unit_test(the_limit_is_the_longer_of_arithmetic_and_memory),
        cmocka_unit_test(a_turn_that_fails_ends_the_row),
        cmocka_unit_test(a_large_stack_has_400_words),
        cmocka_unit_test(the_music_is_as_said),
        cmocka_unit_test(a_corpus_survives_each_allocation_failing),
        cmocka_unit_test(reading_survives_allocations_failing),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
