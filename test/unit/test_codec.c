/* SPDX-License-Identifier: ISC */
/* What all kinds of codec share, on codec "word". */
#include "test_codec.h"

#include "music/codec_kind.h"

#include <math.h>

static void assert_parse_fails(const fixture *f, const char *text, const char *expected) {
    neume_sequence sequence;
    neume_error error = {0};
    const uint32_t before = neume_codec_word_count(f->codec, 0);
    assert_int_equal(neume_codec_parse(&sequence, f->codec, text, &error), NEUME_BAD_USAGE);
    assert_string_equal(error.line, expected);
    assert_null(sequence.words);
    assert_int_equal(neume_codec_word_count(f->codec, 0), before);
}

static void parsing_names_the_word_that_is_none(void **state) {
    (void)state;
    fixture f = open_codec(neume_codec_options_default());
    neume_sequence sequence;
    assert_parse_fails(&f, "C4 H4",
                       "word \"H4\": expected a pitch such as E-4 or a chord such as "
                       "0.4.7 (with true pitches C4.E4.G4)");
    assert_parse_fails(&f, "C4 9.4 E4", "word \"9.4\": expected the spelling \"4.9\"");
    assert_parse_fails(&f, "C4.E4", "word \"C4.E4\": expected the spelling \"0.4\"");
    assert_int_equal(neume_codec_parse(&sequence, f.codec, "", NULL), NEUME_OK);
    assert_int_equal(sequence.step_count, 0);
    close_vocabulary(&f, &sequence);
    assert_parse_fails(&f, "C4",
                       "word \"C4\": the vocabulary does not have it, expected one of "
                       "its words");
    close_fixture(&f);
}

/* Each option with the one codec that has it, or the two. */
static void refuses_options_that_a_codec_does_not_have(void **state) {
    (void)state;
    static const char *const names[] = {"word", "stream", "interval", "frame"};
    static const uint32_t grids[] = {12, 24, 4, 2};
    static const unsigned have[] = {3, 1, 4, 4, 4, 8}; /* a bit for each name */
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    for (unsigned option = 0; option < 6; option++)
        for (unsigned n = 0; n < 4; n++) {
            neume_codec_options options = neume_codec_options_default();
            options.name = names[n];
            options.grid = grids[n];
            options.voicing = option == 0 ? NEUME_VOICING_PITCHES : options.voicing;
            options.spacing_quarters = option == 1 ? 1 : options.spacing_quarters;
            options.melody = option == 2;
            options.rest_unit = option == 3 ? NEUME_REST_SIXTEENTH : NEUME_REST_QUARTER;
            options.metres[0] = option == 4 ? 3 : 0;
            options.order = option == 5 ? NEUME_ORDER_DESCENDING : NEUME_ORDER_ASCENDING;
            neume_codec *codec;
            neume_error error = {0};
            const bool has = have[option] >> n & 1;
            assert_int_equal(neume_codec_new(&codec, context, &options, &error),
                             has ? NEUME_OK : NEUME_BAD_USAGE);
            assert_true(has || strstr(error.line, "has no such option"));
            neume_codec_free(codec);
        }
    neume_context_free(context);
}

static void refuses_options_out_of_range(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    neume_codec_options bad[14];
    for (int i = 0; i < 14; i++)
        bad[i] = neume_codec_options_default();
    bad[0].name = "words";
    bad[1].name = NULL;
    bad[2].grid = 0;
    bad[3].grid = 961;
    bad[4].voicing = (neume_voicing)2;
    bad[5].spacing_quarters = 0;
    bad[6].spacing_quarters = NAN;
    bad[7].spacing_quarters = 64.1;
    bad[8].spacing_quarters = 0.08; /* two words in a cell of the grid */
    bad[9].track = -2;
    bad[10].program = 128;
    bad[11].program = -2;
    bad[12].track = 65536;
    bad[13].grid = 7;
    bad[13].spacing_quarters = 1.0 / 7; /* 68 or 69 ticks, a cell being 68.6 */
    for (int i = 0; i < 14; i++) {
        neume_codec *codec;
        neume_error error = {0};
        assert_int_equal(neume_codec_new(&codec, context, &bad[i], &error), NEUME_BAD_USAGE);
        assert_null(codec);
        assert_true(error.line[0]);
    }
    neume_context_free(context);
}

static void closing_sorts_the_words_that_count(void **state) {
    (void)state;
    fixture f = open_codec(neume_codec_options_default());
    neume_sequence sequence;
    assert_int_equal(neume_codec_parse(&sequence, f.codec, "G4 4.9 C4 F#3 0.4.7", NULL), NEUME_OK);
    assert_int_equal(nm_codec_unseen_count(f.codec, 0), 4223 - 5);
    const uint64_t counts[] = {9, 9, 1, 2, 0, 7, 1};
    uint32_t remap[7];
    assert_int_equal(
        nm_codec_close(f.codec, (const uint64_t *const[]){counts}, (uint32_t *const[]){remap}),
        NEUME_OK);
    assert_true(nm_codec_is_closed(f.codec));
    static const char *const words[] = {"<end>", "<unk>", "0.4.7", "4.9", "F#3", "G4"};
    static const uint32_t expected[] = {0, 1, 5, 3, NM_WORD_UNKNOWN, 4, 2};
    assert_int_equal(neume_codec_word_count(f.codec, 0), 6);
    for (uint32_t i = 0; i < 6; i++) {
        assert_string_equal(neume_codec_word(f.codec, 0, i), words[i]);
        assert_int_equal(neume_codec_find(f.codec, 0, words[i]), i);
    }
    assert_memory_equal(remap, expected, sizeof expected);
    assert_null(neume_codec_word(f.codec, 0, 6));
    assert_null(neume_codec_word(f.codec, 1, 0));
    assert_int_equal(neume_codec_find(f.codec, 0, "C4"), NEUME_NO_WORD);
    assert_int_equal(nm_codec_unseen_count(f.codec, 0), 4223 - 4);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void a_closed_codec_writes_unknown_words_as_such(void **state) {
    (void)state;
    fixture f = open_codec(neume_codec_options_default());
    const neume_note notes[] = {note_at(0, 60), note_at(480, 62), note_at(960, 64)};
    neume_sequence sequence = encode_notes(&f, notes, 2);
    close_vocabulary(&f, &sequence);
    neume_sequence_clear(f.context, &sequence);
    sequence = encode_notes(&f, notes, 3);
    assert_string_equal(text_of(&f, &sequence), "C4 D4 <unk> <end>");
    assert_int_equal(neume_codec_word_count(f.codec, 0), 4);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void the_grammar_forbids_only_an_empty_piece(void **state) {
    (void)state;
    fixture f = open_codec(neume_codec_options_default());
    neume_sequence sequence;
    assert_int_equal(neume_codec_parse(&sequence, f.codec, "C4 E4", NULL), NEUME_OK);
    close_vocabulary(&f, &sequence);
    const nm_grammar *grammar = nm_codec_grammar(f.codec);
    assert_int_equal(grammar->state_count, 2);
    uint8_t *masks = nm_codec_masks(f.context, f.codec, 0);
    const uint8_t expected[] = {0, 1, 1, 1, 1, 1, 1, 1};
    assert_memory_equal(masks, expected, sizeof expected);
    for (uint32_t state_before = 0; state_before < 2; state_before++)
        for (uint32_t word = 1; word < 4; word++) {
            const uint32_t class = grammar->word_class[0][word];
            assert_int_equal(nm_grammar_next(grammar, state_before, class), 1);
        }
    nm_free(f.context, masks);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void settings_and_vocabulary_make_the_same_codec_again(void **state) {
    (void)state;
    neume_codec_options options = neume_codec_options_default();
    options.grid = 24;
    options.voicing = NEUME_VOICING_PITCHES;
    options.spacing_quarters = 1.0 / 3;
    options.track = 2;
    options.program = 73;
    fixture f = open_codec(options);
    neume_sequence sequence;
    assert_int_equal(neume_codec_parse(&sequence, f.codec, "G4 C4.E4 E--1", NULL), NEUME_OK);
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
    const neume_codec_options *restored = neume_codec_options_of(again);
    assert_string_equal(restored->name, "word");
    assert_int_equal(restored->grid, 24);
    assert_int_equal(restored->voicing, NEUME_VOICING_PITCHES);
    assert_true(restored->spacing_quarters == 1.0 / 3);
    assert_int_equal(restored->track, 2);
    assert_int_equal(restored->program, 73);
    assert_int_equal(neume_codec_word_count(again, 0), 5);
    for (uint32_t i = 0; i < 5; i++)
        assert_string_equal(neume_codec_word(again, 0, i), neume_codec_word(f.codec, 0, i));
    assert_int_equal(nm_codec_hash(again, &sequence), nm_codec_hash(f.codec, &sequence));
    neume_codec_free(again);
    nm_buffer_clear(&words);
    nm_free(f.context, settings);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

#define SETTINGS(grid, voicing, more)                                                              \
    "{\"name\": \"word\", \"grid\": " grid ", \"voicing\": \"" voicing                             \
    "\", \"spacing_quarters\": 0.5, \"track\": -1, \"program\": -1, \"melody\": false, "           \
    "\"rest_unit\": \"quarter\", \"order\": \"ascending\", \"metres\": [], "                       \
    "\"pitch_range\": [0, 127], \"onsets\": \"keep\", \"timing\": \"metrical\", "                  \
    "\"drums\": \"keep\", \"shifts\": [0, 0]" more "}"
#define GOOD_SETTINGS SETTINGS("12", "classes", "")

static void refuses_foreign_settings_and_vocabularies(void **state) {
    (void)state;
    static const struct {
        const char *settings, *words;
        size_t size;
    } bad[] = {
        {"", "<end>\0<unk>\0C4", 16},
        {"[]", "<end>\0<unk>\0C4", 16},
        {"{}", "<end>\0<unk>\0C4", 16},
        {SETTINGS("0", "classes", ""), "<end>\0<unk>\0C4", 16},
        {SETTINGS("12", "x", ""), "<end>\0<unk>\0C4", 16},
        {SETTINGS("12", "classes", ", \"more\": 1"), "<end>\0<unk>\0C4", 16},
        {GOOD_SETTINGS, "", 0},
        {GOOD_SETTINGS, "<end>\0<unk>\0C4", 14},
        {GOOD_SETTINGS, "<end>\0", 6},
        {GOOD_SETTINGS, "C4", 3},
        {GOOD_SETTINGS, "<end>\0C4", 9},
        {GOOD_SETTINGS, "<end>\0<unk>\0D4\0C4", 18},
        {GOOD_SETTINGS, "<end>\0<unk>\0C4\0C4", 18},
        {GOOD_SETTINGS, "<end>\0<unk>\0004.0", 16},
        {GOOD_SETTINGS, "<end>\0<unk>\0C4.E4", 18},
        {GOOD_SETTINGS, "<end>\0<unk>\0C4\0<end>\0<unk>", 27},
        {GOOD_SETTINGS, "<end>\0<unk>\0\0C4", 16},
    };
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        neume_codec *codec;
        neume_error error = {0};
        const neume_bytes words = {bad[i].words, bad[i].size};
        const neume_status status =
            nm_codec_restore(&codec, context, bad[i].settings, words, &error);
        if (status != NEUME_BAD_MODEL)
            fail_msg("case %zu: status %d", i, status);
        assert_null(codec);
        assert_true(error.line[0]);
    }
    neume_codec *codec;
    assert_int_equal(nm_codec_restore(&codec, context, GOOD_SETTINGS,
                                      (neume_bytes){"<end>\0<unk>\0C4", 15}, NULL),
                     NEUME_OK);
    neume_codec_free(codec);
    neume_context_free(context);
}

static void equal_pieces_have_equal_hashes_whatever_the_vocabulary(void **state) {
    (void)state;
    fixture a = open_codec(neume_codec_options_default());
    fixture b = open_codec(neume_codec_options_default());
    neume_sequence one, two, more;
    assert_int_equal(neume_codec_parse(&more, b.codec, "D4 E4 C4", NULL), NEUME_OK);
    assert_int_equal(neume_codec_parse(&one, a.codec, "C4 D4 0.4", NULL), NEUME_OK);
    assert_int_equal(neume_codec_parse(&two, b.codec, "C4 D4 0.4", NULL), NEUME_OK);
    const uint64_t hash = nm_codec_hash(a.codec, &one);
    assert_int_equal(hash, nm_codec_hash(b.codec, &two));
    close_vocabulary(&a, &one);
    assert_int_equal(hash, nm_codec_hash(a.codec, &one));
    assert_int_not_equal(hash, nm_codec_hash(b.codec, &more));
    two.step_count--;
    assert_int_not_equal(hash, nm_codec_hash(b.codec, &two));
    neume_sequence_clear(a.context, &one);
    neume_sequence_clear(b.context, &two);
    neume_sequence_clear(b.context, &more);
    close_fixture(&a);
    close_fixture(&b);
}

/* The life of a codec, from the open one to the restored one. */
static neume_status whole_life(neume_context *context, void *data) {
    (void)data;
    const neume_codec_options options = neume_codec_options_default();
    neume_codec *codec = NULL, *again = NULL;
    neume_score *score = NULL;
    char *settings = NULL;
    uint8_t *masks = NULL;
    neume_sequence sequence = {0}, encoded = {0};
    nm_buffer words = nm_buffer_on(context);
    const uint64_t counts[] = {1, 1, 1, 0, 1};
    uint32_t remap[5];
    neume_status status = neume_codec_new(&codec, context, &options, NULL);
    if (!status)
        status = neume_codec_parse(&sequence, codec, "C4 D4 0.4", NULL);
    if (!status)
        status = neume_codec_decode(&score, codec, &sequence);
    if (!status)
        status = neume_codec_encode(&encoded, codec, score, NULL);
    if (!status)
        status =
            nm_codec_close(codec, (const uint64_t *const[]){counts}, (uint32_t *const[]){remap});
    if (!status)
        status = nm_codec_vocabulary(codec, &words);
    if (!status)
        status = (masks = nm_codec_masks(context, codec, 0)) ? NEUME_OK : NEUME_NO_MEMORY;
    if (!status)
        status = (settings = nm_codec_settings(codec)) ? NEUME_OK : NEUME_NO_MEMORY;
    if (!status)
        status = nm_codec_restore(&again, context, settings, (neume_bytes){words.data, words.size},
                                  NULL);
    neume_codec_free(codec);
    neume_codec_free(again);
    neume_score_free(score);
    nm_free(context, settings);
    nm_free(context, masks);
    neume_sequence_clear(context, &sequence);
    neume_sequence_clear(context, &encoded);
    nm_buffer_clear(&words);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    test_each_allocation_failing(whole_life, NULL);
}

/* Learns many words while allocation fails later and later: a failed call leaves the vocabulary as
 * it was. */
static void a_failed_encoding_leaves_the_vocabulary_as_it_was(void **state) {
    (void)state;
    enum { NOTES = 100 };
    for (size_t fail_at = 1; fail_at < 150; fail_at++) {
        test_memory memory = {0};
        fixture f = {.context = test_context(1, NEUME_ISA_C, &memory)};
        const neume_codec_options options = neume_codec_options_default();
        assert_int_equal(neume_codec_new(&f.codec, f.context, &options, NULL), NEUME_OK);
        neume_note notes[NOTES];
        for (unsigned i = 0; i < NOTES; i++)
            notes[i] = note_at(480 * i, (uint8_t)i);
        neume_score *score = score_of(&f, notes, NOTES);
        neume_sequence sequence;
        memory.allocations = 0;
        memory.fail_at = fail_at;
        const neume_status status = neume_codec_encode(&sequence, f.codec, score, NULL);
        memory.fail_at = 0;
        if (status)
            assert_int_equal(neume_codec_word_count(f.codec, 0), 2);
        neume_sequence_clear(f.context, &sequence);
        assert_int_equal(neume_codec_encode(&sequence, f.codec, score, NULL), NEUME_OK);
        assert_int_equal(neume_codec_word_count(f.codec, 0), 2 + NOTES);
        for (uint32_t i = 0; i < NOTES; i++)
            assert_int_equal(sequence.words[i], 2 + i);
        neume_sequence_clear(f.context, &sequence);
        neume_score_free(score);
        close_fixture(&f);
    }
}

__extension__ typedef unsigned __int128 wide;

/* floor(ticks grid / quarter + 1/2), in 128 bits and then cut to 64. */
static uint64_t wide_cell(uint64_t ticks, uint64_t grid, uint64_t quarter) {
    return (uint64_t)(((wide)ticks * grid * 2 + quarter) / ((wide)quarter * 2));
}

static void cells_are_the_nearest_of_any_ticks(void **state) {
    (void)state;
    static const uint64_t grids[] = {1, 12, 960};
    enum { GRIDS = sizeof grids / sizeof *grids };
    for (unsigned of_ticks = 0; of_ticks <= 60; of_ticks += 5)
        for (unsigned of_quarter = 0; of_quarter <= 30; of_quarter += 5)
            for (unsigned i = 0; i < 100 * GRIDS; i++) {
                const uint64_t ticks = (UINT64_C(1) << of_ticks) + i / GRIDS - 1;
                const uint64_t quarter = (UINT64_C(1) << of_quarter) + i % 7,
                               grid = grids[i % GRIDS];
                assert_int_equal(nm_grid_cell(ticks, grid, quarter),
                                 wide_cell(ticks, grid, quarter));
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parsing_names_the_word_that_is_none),
        cmocka_unit_test(refuses_options_that_a_codec_does_not_have),
        cmocka_unit_test(refuses_options_out_of_range),
        cmocka_unit_test(closing_sorts_the_words_that_count),
        cmocka_unit_test(a_closed_codec_writes_unknown_words_as_such),
        cmocka_unit_test(the_grammar_forbids_only_an_empty_piece),
        cmocka_unit_test(settings_and_vocabulary_make_the_same_codec_again),
        cmocka_unit_test(refuses_foreign_settings_and_vocabularies),
        cmocka_unit_test(equal_pieces_have_equal_hashes_whatever_the_vocabulary),
        cmocka_unit_test(survives_every_failing_allocation),
        cmocka_unit_test(a_failed_encoding_leaves_the_vocabulary_as_it_was),
        cmocka_unit_test(cells_are_the_nearest_of_any_ticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
