/* SPDX-License-Identifier: ISC */
#include "midi_fixture.h"

/* Parses the whole line as numbers behind its first word; returns how many. */
static size_t numbers_of(const char *line, long long *numbers, size_t most) {
    size_t count = 0;
    const char *at = strchr(line, ' ');
    while (at && count < most) {
        char *end;
        numbers[count] = strtoll(at, &end, 10);
        if (end == at)
            break;
        at = end;
        count++;
    }
    return count;
}

static bool line_is(const char *line, const char *word) {
    const size_t length = strlen(word);
    return strncmp(line, word, length) == 0 && (line[length] == ' ' || line[length] == '\0');
}

/* The number of a fixture's lines that begin with `word`; `*lines` gets them. */
static size_t lines_of(const fixture *from, const char *word, const char **lines) {
    size_t count = 0;
    for (size_t i = 1; i < from->line_count; i++)
        if (line_is(from->lines[i], word))
            lines[count++] = from->lines[i];
    return count;
}

static neume_status read_fixture(neume_score **score, neume_context *context, const fixture *from,
                                 bool strict, neume_error *error) {
    neume_midi_read_options options = neume_midi_read_options_default();
    options.strict = strict;
    return neume_midi_read(score, context, (neume_bytes){from->bytes, from->size}, &options, error);
}

static void check_notes(const fixture *from, const neume_score *score) {
    const char *lines[FIXTURE_LINES];
    size_t count;
    const neume_note *notes = neume_score_notes(score, &count);
    assert_int_equal(lines_of(from, "note", lines), count);
    for (size_t i = 0; i < count; i++) {
        long long n[8];
        const neume_note *note = &notes[i];
        assert_int_equal(numbers_of(lines[i], n, 8), 8);
        assert_int_equal(note->start_ticks, n[0]);
        assert_int_equal(note->duration_ticks, n[1]);
        assert_int_equal(note->track, n[2]);
        assert_int_equal(note->port, n[3]);
        assert_int_equal(note->channel, n[4]);
        assert_int_equal(note->program, n[5]);
        assert_int_equal(note->pitch, n[6]);
        assert_int_equal(note->velocity, n[7]);
        assert_int_equal(note->is_drum, n[4] == 9);
    }
    long long note_ons;
    assert_int_equal(lines_of(from, "notes", lines), 1);
    assert_int_equal(numbers_of(lines[0], &note_ons, 1), 1);
    assert_int_equal(neume_score_note_ons(score), note_ons);
}

static void check_repairs(const fixture *from, const neume_score *score) {
    const char *lines[FIXTURE_LINES];
    size_t count;
    const neume_repair *repairs = neume_score_repairs(score, &count);
    char found[FIXTURE_LINE];
    for (size_t i = 0; i < count; i++) {
        snprintf(found, sizeof found, "repair %s %llu %llu", repairs[i].code,
                 (unsigned long long)repairs[i].count, (unsigned long long)repairs[i].offset);
        assert_true(i < lines_of(from, "repair", lines));
        assert_string_equal(found, lines[i]);
    }
    assert_int_equal(count, lines_of(from, "repair", lines));
    const neume_omission *omissions = neume_score_omissions(score, &count);
    for (size_t i = 0; i < lines_of(from, "omission", lines); i++) {
        assert_true(i < count);
        snprintf(found, sizeof found, "omission %s %llu", omissions[i].what,
                 (unsigned long long)omissions[i].count);
        assert_string_equal(found, lines[i]);
    }
}

static void check_tempos(const fixture *from, const neume_score *score) {
    const char *lines[FIXTURE_LINES];
    long long n[2];
    size_t count;
    const neume_tempo *tempos = neume_score_tempos(score, &count);
    const size_t expected = lines_of(from, "tempo", lines);
    if (expected || lines_of(from, "tempos", lines))
        assert_int_equal(count, expected);
    lines_of(from, "tempo", lines);
    for (size_t i = 0; i < expected; i++) {
        assert_int_equal(numbers_of(lines[i], n, 2), 2);
        assert_int_equal(tempos[i].start_ticks, n[0]);
        assert_int_equal(tempos[i].microseconds_per_quarter, n[1]);
    }
}

static void check_signatures(const fixture *from, const neume_score *score) {
    const char *lines[FIXTURE_LINES];
    long long n[3];
    size_t count;
    const neume_time_signature *metres = neume_score_time_signatures(score, &count);
    const size_t expected = lines_of(from, "metre", lines);
    if (expected || lines_of(from, "metres", lines))
        assert_int_equal(count, expected);
    lines_of(from, "metre", lines);
    for (size_t i = 0; i < expected; i++) {
        assert_int_equal(numbers_of(lines[i], n, 3), 3);
        assert_int_equal(metres[i].start_ticks, n[0]);
        assert_int_equal(metres[i].numerator, n[1]);
        assert_int_equal(metres[i].denominator, n[2]);
    }
    const neume_key_signature *keys = neume_score_key_signatures(score, &count);
    assert_int_equal(count, lines_of(from, "key", lines));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(numbers_of(lines[i], n, 3), 3);
        assert_int_equal(keys[i].start_ticks, n[0]);
        assert_int_equal(keys[i].sharps, n[1]);
        assert_int_equal(keys[i].is_minor, n[2]);
    }
}

static void check_texts(const fixture *from, const neume_score *score) {
    const char *lines[FIXTURE_LINES];
    size_t count;
    const neume_text *texts = neume_score_texts(score, &count);
    const size_t expected = lines_of(from, "text", lines);
    for (size_t i = 0; i < expected; i++) {
        char found[FIXTURE_LINE];
        assert_true(i < count);
        int length = snprintf(found, sizeof found, "text %llu %u %u%s",
                              (unsigned long long)texts[i].start_ticks, texts[i].track,
                              texts[i].kind, texts[i].size_bytes ? " " : "");
        for (size_t b = 0; b < texts[i].size_bytes; b++)
            length +=
                snprintf(found + length, sizeof found - (size_t)length, "%02X", texts[i].bytes[b]);
        assert_string_equal(found, lines[i]);
    }
}

static void check_rest(const fixture *from, const neume_score *score) {
    const char *lines[FIXTURE_LINES];
    long long n[1];
    if (lines_of(from, "format", lines) && numbers_of(lines[0], n, 1))
        assert_int_equal(neume_score_format(score), n[0]);
    if (lines_of(from, "ticks", lines) && numbers_of(lines[0], n, 1))
        assert_int_equal(neume_score_ticks_per_quarter(score), n[0]);
    if (lines_of(from, "end", lines) && numbers_of(lines[0], n, 1))
        assert_int_equal(neume_score_end_ticks(score), n[0]);
    if (lines_of(from, "seconds", lines)) {
        unsigned long long ticks;
        double seconds;
        assert_int_equal(sscanf(lines[0], "seconds %llu %lf", &ticks, &seconds), 2);
        const double error = neume_score_seconds_at(score, ticks) - seconds;
        assert_true(error < 1e-9 && error > -1e-9);
    }
}

static void check_fixture(const fixture *from, void *context) {
    const char *lines[FIXTURE_LINES];
    neume_score *score = NULL;
    neume_error error = {0};
    print_message("%s\n", from->name);
    const neume_status status = read_fixture(&score, context, from, false, &error);
    if (lines_of(from, "refused", lines)) {
        long long offset;
        assert_int_equal(numbers_of(lines[0], &offset, 1), 1);
        assert_int_equal(status, NEUME_BAD_INPUT);
        assert_null(score);
        assert_true(error.has_offset);
        assert_int_equal(error.offset, offset);
        return;
    }
    assert_int_equal(status, NEUME_OK);
    check_notes(from, score);
    check_repairs(from, score);
    check_tempos(from, score);
    check_signatures(from, score);
    check_texts(from, score);
    check_rest(from, score);
    neume_score_free(score);
}

static void reads_every_fixture_as_its_comments_say(void **state) {
    assert_true(fixture_each(check_fixture, *state) >= 84);
}

/* Strict reading refuses exactly what lenient reading repairs, at the place of a repair. */
static void check_strict(const fixture *from, void *context) {
    const char *lines[FIXTURE_LINES];
    neume_score *score = NULL;
    neume_error error = {0};
    const neume_status status = read_fixture(&score, context, from, true, &error);
    const size_t repairs = lines_of(from, "repair", lines);
    const bool is_refused = repairs || lines_of(from, "refused", lines);
    print_message("%s\n", from->name);
    assert_int_equal(status, is_refused ? NEUME_BAD_INPUT : NEUME_OK);
    bool is_named = repairs == 0;
    for (size_t i = 0; i < repairs; i++) {
        char code[64];
        unsigned long long count, offset;
        lines_of(from, "repair", lines);
        assert_int_equal(sscanf(lines[i], "repair %63s %llu %llu", code, &count, &offset), 3);
        is_named |= error.offset == offset && strstr(error.line, code);
    }
    assert_true(is_named);
    neume_score_free(score);
}

static void strict_reading_refuses_where_a_repair_would_be_made(void **state) {
    fixture_each(check_strict, *state);
}

/* Every start of a file, in a block of its own size, so that a sanitizer sees a read beyond it. */
static void check_truncations(const fixture *from, void *context) {
    for (size_t size = 0; size <= from->size; size++) {
        uint8_t *bytes = malloc(size ? size : 1);
        assert_non_null(bytes);
        memcpy(bytes, from->bytes, size);
        neume_score *score = NULL;
        neume_error error = {0};
        const neume_status status =
            neume_midi_read(&score, context, (neume_bytes){bytes, size}, NULL, &error);
        assert_true(status == NEUME_OK || (status == NEUME_BAD_INPUT && error.line[0]));
        neume_score_free(score);
        free(bytes);
    }
}

static void survives_every_truncation_of_every_fixture(void **state) {
    fixture_each(check_truncations, *state);
}

static neume_status read_quietly(neume_context *context, void *data) {
    neume_score *score = NULL;
    const neume_status status = read_fixture(&score, context, data, false, NULL);
    neume_score_free(score);
    return status == NEUME_BAD_INPUT ? NEUME_OK : status;
}

static void check_allocations(const fixture *from, void *data) {
    (void)data;
    fixture copy = *from;
    test_each_allocation_failing(read_quietly, &copy);
}

static void survives_each_allocation_failing(void **state) {
    fixture_each(check_allocations, *state);
}

static void loads_regular_files_only(void **state) {
    neume_score *score = NULL;
    neume_error error = {0};
    assert_int_equal(neume_midi_load(&score, *state, "/dev/zero", NULL, &error), NEUME_BAD_INPUT);
    assert_int_equal(neume_midi_load(&score, *state, "/", NULL, &error), NEUME_BAD_INPUT);
    assert_int_equal(neume_midi_load(&score, *state, "/no/such.mid", NULL, &error),
                     NEUME_BAD_INPUT);
    assert_non_null(strstr(error.line, "/no/such.mid"));
    assert_null(score);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_fixture_as_its_comments_say),
        cmocka_unit_test(strict_reading_refuses_where_a_repair_would_be_made),
        cmocka_unit_test(survives_every_truncation_of_every_fixture),
        cmocka_unit_test(survives_each_allocation_failing),
        cmocka_unit_test(loads_regular_files_only),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
