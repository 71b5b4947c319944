/* SPDX-License-Identifier: ISC */
/* The codecs on every file of the shared music that can be read. */
#include "test_codec.h"

#include "base/file.h"
#include "music/codec_kind.h"

#include <neume/midi.h>

/* A codec, and what encoding has found in many files. */
typedef struct trial {
    fixture f;
    size_t files, steps, notes, omitted;
} trial;

/* What a codec shortens is not a note left out. */
static bool is_of_notes(const char *what) {
    return strncmp(what, "long-", 5) != 0 && strcmp(what, "time-signatures") != 0;
}

/* Every note is either said or counted as left out. */
static void assert_notes_add_up(const neume_sequence *sequence, const neume_score *score) {
    size_t note_count, read = sequence->note_count;
    (void)neume_score_notes(score, &note_count);
    for (unsigned i = 0; i < sequence->omission_count; i++)
        if (is_of_notes(sequence->omissions[i].what))
            read += sequence->omissions[i].count;
    assert_int_equal(read, note_count);
}

/* Encodes, decodes, encodes again: the words are the same, and nothing more is left out; those of a
 * closed codec are as the grammar wants them. */
static void check_file(trial *t, const neume_score *score, const char *path) {
    neume_sequence words, again;
    neume_score *decoded;
    assert_int_equal(neume_codec_encode(&words, t->f.codec, score, NULL), NEUME_OK);
    assert_int_equal(neume_codec_decode(&decoded, t->f.codec, &words), NEUME_OK);
    assert_int_equal(neume_codec_encode(&again, t->f.codec, decoded, NULL), NEUME_OK);
    const size_t size = words.step_count * words.width * sizeof *words.words;
    if (words.step_count != again.step_count || words.note_count != again.note_count ||
        (size && memcmp(words.words, again.words, size) != 0))
        fail_msg("%s: decoded, it has other words", path);
    assert_int_equal(again.omission_count, 0);
    assert_notes_add_up(&words, score);
    if (nm_codec_is_closed(t->f.codec) && !nm_codec_is_roll(t->f.codec))
        assert_grammatical(t->f.codec, &words);
    size_t note_count;
    (void)neume_score_notes(score, &note_count);
    t->files++;
    t->steps += words.step_count;
    t->notes += words.note_count;
    t->omitted += note_count - words.note_count;
    neume_score_free(decoded);
    neume_sequence_clear(t->f.context, &words);
    neume_sequence_clear(t->f.context, &again);
}

/* The same with a closed codec, for the grammar. */
static void check_grammar(trial *t, const neume_score *score, const char *path) {
    neume_sequence words;
    (void)path;
    assert_int_equal(neume_codec_encode(&words, t->f.codec, score, NULL), NEUME_OK);
    assert_grammatical(t->f.codec, &words);
    neume_sequence_clear(t->f.context, &words);
}

/* The scores of all files, read once for all codecs. */
typedef struct shared_scores {
    neume_context *context;
    nm_file_list list;
    neume_score **scores; /* [list.count] NULL where a file cannot be read */
} shared_scores;

static void for_each_file(trial *t, const shared_scores *all,
                          void (*check)(trial *t, const neume_score *score, const char *path)) {
    for (size_t i = 0; i < all->list.count; i++)
        if (all->scores[i])
            check(t, all->scores[i], all->list.entries[i].path);
}

static void check_all_files(const shared_scores *all, neume_codec_options options) {
    if (!all)
        skip();
    trial t = {.f = open_codec(options)};
    const bool is_fixed = nm_codec_is_fixed(t.f.codec, 0); /* there is nothing to learn */
    if (is_fixed)
        close_vocabulary(&t.f, NULL);
    for_each_file(&t, all, check_file);
    print_message("%s: %zu files: %zu %ss, %zu notes said, %zu left out; words:", options.name,
                  t.files, t.steps, neume_codec_step_unit(t.f.codec), t.notes, t.omitted);
    for (unsigned s = 0; s < neume_codec_stream_count(t.f.codec); s++)
        print_message(" %u", neume_codec_word_count(t.f.codec, s));
    print_message("\n");
    assert_true(t.files > 3000);
    if (!is_fixed) {
        close_vocabulary(&t.f, NULL);
        for_each_file(&t, all, check_grammar);
    }
    close_fixture(&t.f);
}

static neume_codec_options codec_of(const char *name, uint32_t grid) {
    neume_codec_options options = neume_codec_options_default();
    options.name = name;
    options.grid = grid;
    return options;
}

static void in_both_voicings(const shared_scores *all, neume_codec_options options) {
    options.voicing = NEUME_VOICING_CLASSES;
    check_all_files(all, options);
    options.voicing = NEUME_VOICING_PITCHES;
    check_all_files(all, options);
}

static void every_shared_file_survives_as_words(void **state) {
    in_both_voicings(*state, codec_of("word", 12));
}

static void every_shared_file_survives_as_streams(void **state) {
    in_both_voicings(*state, codec_of("stream", 24));
}

static void every_shared_file_survives_as_intervals(void **state) {
    neume_codec_options options = codec_of("interval", 4);
    check_all_files(*state, options);
    options.rest_unit = NEUME_REST_SIXTEENTH;
    options.metres[0] = 3;
    options.metres[1] = 2;
    check_all_files(*state, options);
    options.melody = true;
    options.metres[0] = 0;
    check_all_files(*state, options);
}

static void every_shared_file_survives_as_frames(void **state) {
    neume_codec_options options = codec_of("frame", 4);
    check_all_files(*state, options);
    options.grid = 2;
    options.order = NEUME_ORDER_DESCENDING;
    check_all_files(*state, options);
}

static void every_shared_file_survives_as_rolls(void **state) {
    neume_codec_options options = codec_of("roll", 4);
    check_all_files(*state, options);
    options.onsets = NEUME_ONSETS_DROP;
    options.grid = 12;
    check_all_files(*state, options);
}

static void every_shared_file_survives_as_events(void **state) {
    neume_codec_options options = codec_of("event", 12);
    check_all_files(*state, options);
    options.grid = 4;
    options.drums = NEUME_DRUMS_DROP;
    check_all_files(*state, options);
    options.grid = 48;
    check_all_files(*state, options);
    options.timing = NEUME_TIMING_PERFORMANCE;
    options.drums = NEUME_DRUMS_KEEP;
    check_all_files(*state, options);
}

static int read_all_files(void **state) {
    const char *folder = test_shared();
    char path[4096];
    if (!folder)
        return 0;
    shared_scores *all = calloc(1, sizeof *all);
    all->context = test_context(1, NEUME_ISA_C, NULL);
    all->list.context = all->context;
    snprintf(path, sizeof path, "%s/data", folder);
    assert_int_equal(nm_file_list_add(&all->list, path), NEUME_OK);
    all->scores = calloc(all->list.count, sizeof *all->scores);
    for (size_t i = 0; i < all->list.count; i++)
        if (neume_midi_load(&all->scores[i], all->context, all->list.entries[i].path, NULL, NULL))
            all->scores[i] = NULL;
    *state = all;
    return 0;
}

static int free_all_files(void **state) {
    shared_scores *all = *state;
    if (!all)
        return 0;
    for (size_t i = 0; i < all->list.count; i++)
        neume_score_free(all->scores[i]);
    free(all->scores);
    nm_file_list_clear(&all->list);
    neume_context_free(all->context);
    free(all);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shared_file_survives_as_words),
        cmocka_unit_test(every_shared_file_survives_as_streams),
        cmocka_unit_test(every_shared_file_survives_as_intervals),
        cmocka_unit_test(every_shared_file_survives_as_frames),
        cmocka_unit_test(every_shared_file_survives_as_rolls),
        cmocka_unit_test(every_shared_file_survives_as_events),
    };
    return cmocka_run_group_tests(tests, read_all_files, free_all_files);
}
