/* SPDX-License-Identifier: ISC */
/* Reading and writing every file of the shared music, where it is there. */
#include "midi_compare.h"

#include "base/file.h"

/* Where odd-midi/INDEX.tsv counts otherwise, by the table of oddities. */
static const struct {
    const char *name;
    int notes; /* -1: refused */
    const char *reason;
} exceptions[] = {
    {"jazz-soft/test-illegal-message-all.mid", 8, "28: system messages are skipped by true length"},
    {"jazz-soft/test-illegal-message-f2-xx-xx.mid", 8, "28: song position has two data bytes"},
    {"jazz-soft/test-illegal-message-f3-xx.mid", 8, "28: song select has one data byte"},
    {"nfroidure/MIDIBadHeaderLength.mid", 4, "9: the track follows the six bytes"},
    {"nfroidure/MIDIBadTrackHdr.mid", -1, "39: its only track is no MTrk: a header without track"},
    {"muspy/negative-ticks-per-beat.mid", -1, "39: a header without track"},
    {"muspy/type2.mid", -1, "39: a header without track"},
    {"fluidsynth/\xC3\xA8mpty.mid", -1, "39: a header without track"},
    {"sonivox/testmxmf.mxmf", -1, "36: its MThd is not in the first 4 KiB; no MIDI file"},
};

/* The note-ons of a file, or -1 where it is refused. */
static int note_ons(neume_context *context, const char *path) {
    neume_score *score = NULL;
    neume_error error = {0};
    const neume_status status = neume_midi_load(&score, context, path, NULL, &error);
    if (status) {
        assert_int_equal(status, NEUME_BAD_INPUT);
        assert_non_null(strstr(error.line, path));
        return -1;
    }
    const int count = (int)neume_score_note_ons(score);
    neume_score_free(score);
    return count;
}

/* The field at `index` of a line of values between tabs. */
static const char *field(const char *line, size_t index, char *out, size_t size) {
    for (; index > 0; index--)
        line = strchr(line, '\t') + 1;
    snprintf(out, size, "%.*s", (int)strcspn(line, "\t\n"), line);
    return out;
}

static int expected_by_index(const char *name, const char *count) {
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
        if (strcmp(exceptions[i].name, name) == 0) {
            print_message("%s: %s\n", name, exceptions[i].reason);
            return exceptions[i].notes;
        }
    return strcmp(count, "-") == 0 || strcmp(count, "refused") == 0 ? -1 : atoi(count);
}

/* Checks the files that a table names against the counts in its column. */
static void check_table(neume_context *context, const char *folder, const char *table,
                        size_t column) {
    char path[4096], line[1024], name[256], count[64];
    snprintf(path, sizeof path, "%s/%s", folder, table);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    size_t rows = 0;
    for (; fgets(line, sizeof line, file); rows++) {
        field(line, 0, name, sizeof name);
        field(line, column, count, sizeof count);
        snprintf(path, sizeof path, "%s/%s", folder, name);
        const int found = note_ons(context, path), expected = expected_by_index(name, count);
        if (found != expected)
            fail_msg("%s: %d notes, expected %d", name, found, expected);
    }
    fclose(file);
    assert_true(rows > 30);
}

static void odd_files_have_the_notes_that_are_expected(void **state) {
    const char *shared = test_shared();
    char folder[2048];
    if (!shared)
        skip();
    snprintf(folder, sizeof folder, "%s/data/odd-midi/made", shared);
    check_table(*state, folder, "EXPECTED.tsv", 1);
    snprintf(folder, sizeof folder, "%s/data/odd-midi", shared);
    check_table(*state, folder, "INDEX.tsv", 6);
}

/* By key, then time; then as in the score. */
static int by_key(const void *a, const void *b) {
    const neume_note *one = *(const neume_note *const *)a, *other = *(const neume_note *const *)b;
    const int differences[] = {one->port - other->port, one->channel - other->channel,
                               one->pitch - other->pitch};
    for (size_t i = 0; i < 3; i++)
        if (differences[i])
            return differences[i];
    if (one->start_ticks != other->start_ticks)
        return one->start_ticks < other->start_ticks ? -1 : 1;
    return one < other ? -1 : one > other;
}

static bool is_same_key(const neume_note *a, const neume_note *b) {
    return a->port == b->port && a->channel == b->channel && a->pitch == b->pitch;
}

static const neume_note **sorted_by_key(const neume_score *score, size_t *count) {
    const neume_note *notes = neume_score_notes(score, count);
    const neume_note **sorted = malloc((*count + 1) * sizeof *sorted);
    assert_non_null(sorted);
    for (size_t i = 0; i < *count; i++)
        sorted[i] = &notes[i];
    qsort(sorted, *count, sizeof *sorted, by_key);
    sorted[*count] = NULL;
    return sorted;
}

/* What became of the notes that begin together on a key: notes[0..count). */
static void check_clean_note(const neume_note *clean, const neume_note *const *notes,
                             size_t count) {
    uint64_t longest = 1;
    uint8_t loudest = 0;
    for (size_t i = 0; i < count; i++) {
        longest = notes[i]->duration_ticks > longest ? notes[i]->duration_ticks : longest;
        loudest = notes[i]->velocity > loudest ? notes[i]->velocity : loudest;
    }
    const neume_note *next = notes[count];
    if (next && is_same_key(next, notes[0]) && next->start_ticks - notes[0]->start_ticks < longest)
        longest = next->start_ticks - notes[0]->start_ticks;
    assert_true(is_same_key(clean, notes[0]));
    assert_int_equal(clean->start_ticks, notes[0]->start_ticks);
    assert_int_equal(clean->duration_ticks, longest);
    assert_int_equal(clean->velocity, loudest);
    assert_int_equal(clean->program, notes[0]->program);
}

static void check_clean_notes(const neume_score *score, const neume_score *clean) {
    size_t count, clean_count, c = 0;
    const neume_note **notes = sorted_by_key(score, &count);
    const neume_note **cleaned = sorted_by_key(clean, &clean_count);
    for (size_t i = 0; i < count; c++) {
        size_t together = 1;
        while (i + together < count && is_same_key(notes[i], notes[i + together]) &&
               notes[i]->start_ticks == notes[i + together]->start_ticks)
            together++;
        assert_true(c < clean_count);
        check_clean_note(cleaned[c], notes + i, together);
        i += together;
    }
    assert_int_equal(c, clean_count);
    free(notes);
    free(cleaned);
}

/* Returns whether the file could be read. */
static bool check_rewriting(neume_context *context, const char *path) {
    neume_score *score = NULL;
    if (neume_midi_load(&score, context, path, NULL, NULL))
        return false;
    neume_score *clean = rewritten(context, score);
    check_clean_notes(score, clean);
    neume_score *again = rewritten(context, clean);
    assert_same_score(clean, again);
    neume_score_free(again);
    neume_score_free(clean);
    neume_score_free(score);
    return true;
}

static bool is_midi_name(const char *path) {
    const char *end = strrchr(path, '.');
    return end && (strcmp(end, ".mid") == 0 || strcmp(end, ".midi") == 0);
}

static void every_file_is_written_clean_and_reads_as_itself(void **state) {
    const char *shared = test_shared();
    char folder[2048];
    if (!shared)
        skip();
    snprintf(folder, sizeof folder, "%s/data", shared);
    nm_file_list files = {.context = *state};
    assert_int_equal(nm_file_list_add(&files, folder), NEUME_OK);
    size_t read = 0, refused = 0;
    for (size_t i = 0; i < files.count; i++) {
        if (!is_midi_name(files.entries[i].path))
            continue;
        if (check_rewriting(*state, files.entries[i].path))
            read++;
        else
            refused++;
    }
    print_message("%zu files read and written, %zu refused\n", read, refused);
    assert_true(read > 4000);
    assert_true(refused < 20);
    nm_file_list_clear(&files);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_files_have_the_notes_that_are_expected),
        cmocka_unit_test(every_file_is_written_clean_and_reads_as_itself),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
