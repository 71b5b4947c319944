/* SPDX-License-Identifier: ISC */
/* Benchmark sets as files, and that rolls made of MIDI files are the published ones. */
#include "test_codec.h"

#include "base/file.h"
#include "learn/benchmark.h"

#include <neume/midi.h>

#define HEAD "{\"name\": \"x\", \"time_step\": \"one eighth note (half a quarter)\", \"key\": 5, "

static neume_status read_text(nm_benchmark **out, neume_context *context, const char *text,
                              neume_error *error) {
    return nm_benchmark_read(out, context, (neume_bytes){text, strlen(text)}, error);
}

static void reads_name_grid_and_the_steps_of_each_split(void **state) {
    neume_context *context = *state;
    nm_benchmark *set;
    neume_error error = {0};
    if (read_text(&set, context,
                  HEAD "\"train\": [[[60,64],[]], [[0,127]]], \"valid\": [[[67,-1,67,48]]], "
                       "\"test\": []}",
                  &error))
        fail_msg("%s", error.line);
    assert_string_equal(nm_benchmark_name(set), "x");
    assert_int_equal(nm_benchmark_grid(set), 2);
    assert_int_equal(nm_benchmark_count(set, NEUME_SPLIT_TRAIN), 2);
    assert_int_equal(nm_benchmark_count(set, NEUME_SPLIT_VALID), 1);
    assert_int_equal(nm_benchmark_count(set, NEUME_SPLIT_TEST), 0);
    const nm_roll *roll = nm_benchmark_roll(set, NEUME_SPLIT_TRAIN, 0);
    assert_int_equal(roll->frame_count, 2);
    assert_true(nm_pitch_set_has(&roll->frames[0], 60) && nm_pitch_set_has(&roll->frames[0], 64));
    assert_int_equal(nm_pitch_set_count(&roll->frames[0]), 2);
    assert_int_equal(nm_pitch_set_count(&roll->frames[1]), 0);
    roll = nm_benchmark_roll(set, NEUME_SPLIT_VALID, 0);
    assert_true(nm_pitch_set_has(&roll->frames[0], 48) && nm_pitch_set_has(&roll->frames[0], 67));
    assert_int_equal(nm_pitch_set_count(&roll->frames[0]), 2);
    assert_string_equal(neume_split_name(NEUME_SPLIT_VALID), "valid");
    nm_benchmark_free(set);
}

static void moves_a_split_to_another_key_and_counts_what_leaves_midi(void **state) {
    nm_benchmark *set;
    assert_int_equal(read_text(&set, *state,
                               HEAD "\"train\": [[[60,126],[126,125]], [[0,127]]], "
                                    "\"valid\": [[[60]]], \"test\": []}",
                               NULL),
                     NEUME_OK);
    assert_int_equal(nm_benchmark_transpose(set, NEUME_SPLIT_TRAIN, 2), 3);
    const nm_roll *roll = nm_benchmark_roll(set, NEUME_SPLIT_TRAIN, 0);
    assert_true(nm_pitch_set_has(&roll->frames[0], 62));
    assert_int_equal(nm_pitch_set_count(&roll->frames[0]), 1);
    assert_int_equal(nm_pitch_set_count(&roll->frames[1]), 1);
    roll = nm_benchmark_roll(set, NEUME_SPLIT_TRAIN, 1);
    assert_true(nm_pitch_set_has(&roll->frames[0], 2));
    assert_int_equal(nm_pitch_set_count(&roll->frames[0]), 1);
    assert_int_equal(nm_benchmark_transpose(set, NEUME_SPLIT_TRAIN, -2), 0);
    assert_int_equal(nm_benchmark_transpose(set, NEUME_SPLIT_TRAIN, -48), 1);
    assert_true(nm_pitch_set_has(&nm_benchmark_roll(set, NEUME_SPLIT_VALID, 0)->frames[0], 60));
    nm_benchmark_free(set);
}

static void refuses_what_is_no_benchmark_in_one_line(void **state) {
    neume_context *context = *state;
    static const char *const bad[][2] = {
        {"", "benchmark: no JSON at line 1, column 0"},
        {HEAD "\"train\": [[[60]", "benchmark: no JSON at line 1, column 88"},
        {"[1]", "benchmark: \"name\": expected a text"},
        {"{\"name\": \"\"}", "benchmark: \"name\": expected a text"},
        {"{\"name\": \"x\", \"time_step\": \"halves\"}",
         "benchmark: \"time_step\": expected a text that begins with quarter, eighth or sixteenth"},
        {"{\"name\": \"x\", \"time_step\": \"quarters\"}",
         "benchmark: \"time_step\": expected a text that begins with quarter, eighth or sixteenth"},
        {HEAD "\"train\": [], \"valid\": []}", "benchmark: \"test\": expected a list of sequences"},
        {HEAD "\"train\": [], \"valid\": {}, \"test\": []}",
         "benchmark: \"valid\": expected a list of sequences"},
        {HEAD "\"train\": [], \"valid\": [[[]], []], \"test\": []}",
         "benchmark: valid, sequence 1 (from 0): expected a list of steps"},
        {HEAD "\"train\": [60], \"valid\": [], \"test\": []}",
         "benchmark: train, sequence 0 (from 0): expected a list of steps"},
        {HEAD "\"train\": [[[], 60]], \"valid\": [], \"test\": []}",
         "benchmark: train, sequence 0, step 1 (both from 0): expected a list of MIDI numbers, 0 "
         "to 127, or -1"},
        {HEAD "\"train\": [], \"valid\": [], \"test\": [[[128]]]}",
         "benchmark: test, sequence 0, step 0 (both from 0): expected a list of MIDI numbers, 0 "
         "to 127, or -1"},
        {HEAD "\"train\": [], \"valid\": [], \"test\": [[[-2]]]}",
         "benchmark: test, sequence 0, step 0 (both from 0): expected a list of MIDI numbers, 0 "
         "to 127, or -1"},
        {HEAD "\"train\": [], \"valid\": [], \"test\": [[[60.0]]]}",
         "benchmark: test, sequence 0, step 0 (both from 0): expected a list of MIDI numbers, 0 "
         "to 127, or -1"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nm_benchmark *set;
        neume_error error = {0};
        assert_int_equal(read_text(&set, context, bad[i][0], &error), NEUME_BAD_INPUT);
        assert_null(set);
        assert_string_equal(error.line, bad[i][1]);
    }
}

static void refuses_a_file_too_large_before_it_is_parsed(void **state) {
    neume_context *context = *state;
    nm_benchmark *set;
    neume_error error = {0};
    const neume_bytes bytes = {"{", NM_BENCHMARK_MAX_BYTES + 1};
    assert_int_equal(nm_benchmark_read(&set, context, bytes, &error), NEUME_BAD_INPUT);
    assert_string_equal(error.line, "benchmark: 10485761 bytes, expected 10485760 at most");
}

static bool is_benchmark(const char *text) {
    return nm_benchmark_is((neume_bytes){text, strlen(text)});
}

static void a_benchmark_is_told_by_its_beginning(void **state) {
    (void)state;
    assert_true(is_benchmark(" \n{\"name\": \"x\", \"time_step\": \"one ei"));
    assert_false(is_benchmark("[\"time_step\"]"));
    assert_false(is_benchmark("{\"name\": \"time step\""));
    assert_false(is_benchmark("MThd"));
    assert_false(is_benchmark(" \n"));
    assert_false(is_benchmark(""));
    assert_false(nm_benchmark_is((neume_bytes){"\0{\"time_step\"", 13}));
}

static neume_status read_small(neume_context *context, void *data) {
    nm_benchmark *set;
    const neume_status status = read_text(&set, context, data, NULL);
    nm_benchmark_free(set);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    static char text[] =
        HEAD "\"train\": [[[60]], [[61], []]], \"valid\": [[[]]], \"test\": [[[9]]]}";
    test_each_allocation_failing(read_small, text);
}

static nm_benchmark *load_shared(neume_context *context, const char *folder, const char *name) {
    char path[4096];
    nm_benchmark *set;
    neume_error error = {0};
    snprintf(path, sizeof path, "%s/data/benchmarks/%s.json", folder, name);
    nm_buffer start = nm_buffer_on(context);
    assert_int_equal(nm_file_read_start(&start, path, 4096, NULL), NEUME_OK);
    assert_true(nm_benchmark_is((neume_bytes){start.data, start.size}));
    nm_buffer_clear(&start);
    if (nm_benchmark_load(&set, context, path, &error))
        fail_msg("%s: %s", path, error.line);
    assert_string_equal(nm_benchmark_name(set), name);
    return set;
}

/* What data/README.md says of a set; -1: it does not. */
typedef struct known_set {
    const char *name;
    uint32_t grid;
    int sequences[3], steps[3], notes[3], rests[3];
} known_set;

static void check_set(const nm_benchmark *set, const known_set *known) {
    assert_int_equal(nm_benchmark_grid(set), known->grid);
    for (neume_split split = NEUME_SPLIT_TRAIN; split <= NEUME_SPLIT_TEST; split++) {
        size_t steps = 0, notes = 0, rests = 0;
        const size_t count = nm_benchmark_count(set, split);
        for (size_t i = 0; i < count; i++) {
            const nm_roll *roll = nm_benchmark_roll(set, split, i);
            steps += roll->frame_count;
            for (size_t t = 0; t < roll->frame_count; t++) {
                notes += nm_pitch_set_count(&roll->frames[t]);
                rests += nm_pitch_set_count(&roll->frames[t]) == 0;
            }
        }
        assert_int_equal(count, known->sequences[split - 1]);
        assert_int_equal(steps, known->steps[split - 1]);
        if (known->notes[split - 1] >= 0) {
            assert_int_equal(notes, known->notes[split - 1]);
            assert_int_equal(rests, known->rests[split - 1]);
        }
    }
}

static void the_published_sets_have_the_known_steps_and_notes(void **state) {
    neume_context *context = *state;
    static const known_set sets[] = {
        {"jsb-chorales",
         1,
         {229, 76, 77},
         {13807, 4602, 4725},
         {53824, 17811, 18367},
         {18, 29, 17}},
        {"nottingham",
         2,
         {694, 173, 170},
         {176561, 45513, 44463},
         {699403, 180192, 177421},
         {487, 51, 19}},
        {"piano-midi.de",
         2,
         {87, 12, 25},
         {75911, 8540, 19036},
         {231089, 27623, 56067},
         {4917, 251, 652}},
        {"musedata",
         2,
         {524, 135, 124},
         {245202, 82755, 64339},
         {856543, 287893, 211857},
         {12962, 4412, 5042}},
        {"jsb-chorales-16th", 4, {229, 76, 77}, {55228, 18408, 18900}, {-1, -1, -1}, {-1, -1, -1}},
    };
    const char *folder = test_shared();
    if (!folder)
        skip();
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        nm_benchmark *set = load_shared(context, folder, sets[i].name);
        check_set(set, &sets[i]);
        nm_benchmark_free(set);
    }
}

/* A row of benchmarks/index.tsv: the sequence and the MIDI file that it was made of. */
typedef struct index_row {
    char benchmark[32], split[8], midi_file[256];
    size_t sequence;
    int transpose;
} index_row;

/* Cells that are on in one and off in the other, after `first` steps were dropped of the one and
 * its pitches moved. */
static size_t count_different(const nm_roll *ours, size_t first, int transpose,
                              const nm_roll *published) {
    size_t different = 0;
    const size_t count = ours->frame_count > first ? ours->frame_count - first : 0;
    const size_t most = count > published->frame_count ? count : published->frame_count;
    for (size_t t = 0; t < most; t++)
        for (int pitch = 0; pitch < NM_PITCHES; pitch++) {
            const int from = pitch - transpose;
            const bool is_ours = t < count && from >= 0 && from < NM_PITCHES &&
                                 nm_pitch_set_has(&ours->frames[first + t], (unsigned)from);
            const bool is_theirs = t < published->frame_count &&
                                   nm_pitch_set_has(&published->frames[t], (unsigned)pitch);
            different += is_ours != is_theirs;
        }
    return different;
}

/* Codec "roll" without onsets has these frames, but silence at the end. */
static void assert_codec_agrees(neume_context *context, const neume_score *score,
                                const nm_roll *roll, uint32_t grid) {
    neume_codec_options options = neume_codec_options_default();
    neume_codec *codec;
    neume_sequence sequence;
    options.name = "roll";
    options.grid = grid;
    options.onsets = NEUME_ONSETS_DROP;
    assert_int_equal(neume_codec_new(&codec, context, &options, NULL), NEUME_OK);
    assert_int_equal(neume_codec_encode(&sequence, codec, score, NULL), NEUME_OK);
    assert_true(sequence.step_count <= roll->frame_count);
    for (size_t t = 0; t < roll->frame_count; t++)
        for (unsigned pitch = 0; pitch < NM_PITCHES; pitch++)
            assert_int_equal(nm_pitch_set_has(&roll->frames[t], pitch),
                             t < sequence.step_count &&
                                 (sequence.words[4 * t + pitch / 32] >> pitch % 32 & 1));
    neume_sequence_clear(context, &sequence);
    neume_codec_free(codec);
}

static size_t compare_row(neume_context *context, const char *folder, const nm_benchmark *set,
                          const index_row *row) {
    const bool is_chorale = strcmp(row->benchmark, "jsb-chorales") == 0;
    neume_midi_read_options options = neume_midi_read_options_default();
    options.pairing = NEUME_PAIRING_LAST;
    options.ticks_per_quarter = is_chorale ? 120 : 0;
    char path[4096];
    neume_score *score;
    neume_error error = {0};
    nm_roll roll;
    snprintf(path, sizeof path, "%s/data/%s/%s/%s", folder, row->benchmark, row->split,
             row->midi_file);
    if (neume_midi_load(&score, context, path, &options, &error))
        fail_msg("%s: %s", path, error.line);
    assert_int_equal(
        nm_roll_of_score(&roll, context, score, &(nm_roll_options){.grid = nm_benchmark_grid(set)}),
        NEUME_OK);
    assert_codec_agrees(context, score, &roll, nm_benchmark_grid(set));
    neume_split split = NEUME_SPLIT_TRAIN;
    while (strcmp(neume_split_name(split), row->split) != 0)
        split++;
    const nm_roll *published = nm_benchmark_roll(set, split, row->sequence);
    const size_t different = count_different(&roll, !is_chorale, row->transpose, published);
    assert_int_equal(roll.frame_count - !is_chorale, published->frame_count);
    nm_roll_clear(context, &roll);
    neume_score_free(score);
    return different;
}

/* Compares every file of a set; the numbers of different cells, where there are any, go into
 * `differences` [3]. Returns how many files are equal. */
static size_t compare_set(neume_context *context, const char *name, size_t differences[3],
                          size_t *difference_count) {
    const char *folder = test_shared();
    char path[4096], line[1024];
    index_row row;
    size_t equal = 0;
    nm_benchmark *set = load_shared(context, folder, name);
    snprintf(path, sizeof path, "%s/data/benchmarks/index.tsv", folder);
    FILE *index = fopen(path, "r");
    assert_non_null(index);
    *difference_count = 0;
    while (fgets(line, sizeof line, index)) {
        if (sscanf(line, "%31[^\t]\t%7[^\t]\t%zu\t%255[^\t]\t%d", row.benchmark, row.split,
                   &row.sequence, row.midi_file, &row.transpose) != 5 ||
            strcmp(row.benchmark, name) != 0)
            continue;
        const size_t different = compare_row(context, folder, set, &row);
        equal += different == 0;
        if (different && *difference_count < 3)
            differences[(*difference_count)++] = different;
        else
            assert_int_equal(different, 0);
    }
    fclose(index);
    nm_benchmark_free(set);
    return equal;
}

static void midi_files_give_the_published_rolls(void **state) {
    neume_context *context = *state;
    size_t differences[3], count;
    if (!test_shared())
        skip();
    assert_int_equal(compare_set(context, "jsb-chorales", differences, &count), 382);
    assert_int_equal(count, 0);
    assert_int_equal(compare_set(context, "nottingham", differences, &count), 1037);
    assert_int_equal(count, 0);
    assert_int_equal(compare_set(context, "piano-midi.de", differences, &count), 121);
    assert_int_equal(count, 3);
    assert_int_equal(differences[0] + differences[1] + differences[2], 1 + 4 + 24);
    assert_int_equal(differences[0] * differences[1] * differences[2], 1 * 4 * 24);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_name_grid_and_the_steps_of_each_split),
        cmocka_unit_test(moves_a_split_to_another_key_and_counts_what_leaves_midi),
        cmocka_unit_test(refuses_what_is_no_benchmark_in_one_line),
        cmocka_unit_test(refuses_a_file_too_large_before_it_is_parsed),
        cmocka_unit_test(a_benchmark_is_told_by_its_beginning),
        cmocka_unit_test(survives_every_failing_allocation),
        cmocka_unit_test(the_published_sets_have_the_known_steps_and_notes),
        cmocka_unit_test(midi_files_give_the_published_rolls),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
