/* SPDX-License-Identifier: ISC */
/* The grammar of codec "interval", its keys and its time. */
#include "interval_case.h"

#include "base/rng.h"

/* The state after some words. */
static uint32_t state_after(const fixture *f, const char *text) {
    neume_sequence sequence = parse(f, text);
    const nm_grammar *grammar = nm_codec_grammar(f->codec);
    uint32_t state = 0;
    assert_grammatical(f->codec, &sequence);
    for (size_t i = 0; i < sequence.step_count; i++)
        state = nm_grammar_next(grammar, state, grammar->word_class[0][sequence.words[i]]);
    neume_sequence_clear(f->context, &sequence);
    return state;
}

/* Which words are allowed after `text`: those of `expected`; "notes" stands for all notes. */
static void assert_follow(const fixture *f, const uint8_t *masks, const char *text,
                          const char *expected) {
    const uint32_t count = neume_codec_word_count(f->codec, 0);
    const uint32_t rule = nm_codec_grammar(f->codec)->rule[state_after(f, text)];
    const uint8_t *mask = masks + (size_t)rule * count;
    const bool has_notes = strncmp(expected, "notes", 5) == 0;
    neume_sequence words = parse(f, expected + (has_notes ? 5 : 0));
    for (uint32_t word = 0; word < count; word++) {
        bool is_expected = has_notes && word >= 2 && word < 130;
        for (size_t i = 0; i < words.step_count; i++)
            is_expected = is_expected || words.words[i] == word;
        if (mask[word] != is_expected)
            fail_msg("after \"%s\": %s", text, neume_codec_word(f->codec, 0, word));
    }
    neume_sequence_clear(f->context, &words);
}

static void the_grammar_allows_what_the_codec_writes_and_no_more(void **state) {
    (void)state;
    fixture f = closed_codec(intervals());
    uint8_t *masks = nm_codec_masks(f.context, f.codec, 0);
    const char *const all = "notes r1 r2 r3 r4 x1 x2 x3";
    assert_follow(&f, masks, "", all);
    assert_follow(&f, masks, "r4 r4", all);
    assert_follow(&f, masks, "r4 r2", "notes x1 x2 x3");
    assert_follow(&f, masks, "x3", "notes");
    assert_follow(&f, masks, "5", "-1 -2 -3 -4 -5 r1 r2 r3 r4 x1 x2 x3");
    assert_follow(&f, masks, "5 -3", "-4 -5 r1 r2 r3 r4 x1 x2 x3");
    assert_follow(&f, masks, "5 -1 -5", "r1 r2 r3 r4 x1 x2 x3");
    assert_follow(&f, masks, "0", "r1 r2 r3 r4 x1 x2 x3");
    assert_follow(&f, masks, "127 -125", "-126 -127 r1 r2 r3 r4 x1 x2 x3");
    assert_follow(&f, masks, "5 r4", "notes r1 r2 r3 r4 x1 x2 x3 <end>");
    assert_follow(&f, masks, "5 r4 r4 r1", "notes x1 x2 x3 <end>");
    assert_follow(&f, masks, "5 x2", "notes <end>");
    assert_follow(&f, masks, "5 x2 <end>", "<end>");
    assert_follow(&f, masks, "5 x2 <end> <end>", "<end>");
    nm_free(f.context, masks);
    close_fixture(&f);
}

static void the_grammar_of_sixteenths_has_two_sizes_of_rests(void **state) {
    (void)state;
    neume_codec_options options = intervals();
    options.rest_unit = NEUME_REST_SIXTEENTH;
    fixture f = closed_codec(options);
    uint8_t *masks = nm_codec_masks(f.context, f.codec, 0);
    assert_follow(&f, masks, "", "notes r1 r2 r3 r4");
    assert_follow(&f, masks, "r4 r4", "notes r1 r2 r3 r4");
    assert_follow(&f, masks, "r3", "notes");
    assert_follow(&f, masks, "2", "-1 -2 r1 r2 r3 r4");
    assert_follow(&f, masks, "2 r4 r2", "notes <end>");
    nm_free(f.context, masks);
    close_fixture(&f);
}

/* Every chord of a top and a lowest interval has a state of its own. */
static void every_top_and_interval_have_their_state(void **state) {
    (void)state;
    fixture f = closed_codec(intervals());
    const nm_grammar *grammar = nm_codec_grammar(f.codec);
    uint8_t *seen = nm_alloc(f.context, grammar->state_count, 1);
    size_t count = 0;
    for (uint32_t top = 0; top < 128; top++) {
        const uint32_t first = nm_grammar_next(grammar, 0, grammar->word_class[0][2 + top]);
        for (uint32_t interval = 0; interval <= top; interval++) {
            const uint32_t class = interval ? grammar->word_class[0][129 + interval] : 0;
            const uint32_t pair = interval ? nm_grammar_next(grammar, first, class) : first;
            assert_int_equal(seen[pair], 0);
            seen[pair] = 1;
            count++;
        }
    }
    assert_int_equal(count, grammar->state_count - 7);
    nm_free(f.context, seen);
    close_fixture(&f);
}

static const char *shifted(const fixture *f, const char *text, int shift) {
    const uint32_t word = neume_codec_find(f->codec, 0, text);
    const uint32_t moved = nm_codec_shifted(f->codec, 0, word, shift);
    return moved == NEUME_NO_WORD ? "none" : neume_codec_word(f->codec, 0, moved);
}

static void notes_move_to_other_keys_and_nothing_else_does(void **state) {
    (void)state;
    fixture f = open_codec(intervals());
    nm_codec_set_shifts(f.codec, -6, 5);
    close_vocabulary(&f, &(neume_sequence){0});
    assert_string_equal(shifted(&f, "60", 5), "65");
    assert_string_equal(shifted(&f, "60", -6), "54");
    assert_string_equal(shifted(&f, "122", 5), "127");
    assert_string_equal(shifted(&f, "123", 5), "none");
    assert_string_equal(shifted(&f, "5", -6), "none");
    assert_string_equal(shifted(&f, "6", -6), "0");
    static const char *const others[] = {"<end>", "<unk>", "-1", "-127", "r1", "r4", "x3"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_string_equal(shifted(&f, others[i], -6), others[i]);
    close_fixture(&f);
}

static double quarters_of(const fixture *f, const char *text) {
    return word_quarters(f->codec, 0, neume_codec_find(f->codec, 0, text));
}

static void rests_alone_take_time(void **state) {
    (void)state;
    neume_codec_options options = intervals();
    fixture f = closed_codec(options);
    assert_true(quarters_of(&f, "60") == 0 && quarters_of(&f, "-3") == 0);
    assert_true(quarters_of(&f, "r1") == 1 && quarters_of(&f, "r4") == 4);
    assert_true(quarters_of(&f, "x1") == 0.25 && quarters_of(&f, "x3") == 0.75);
    assert_true(quarters_of(&f, "<end>") == 0);
    close_fixture(&f);
    options.rest_unit = NEUME_REST_SIXTEENTH;
    f = closed_codec(options);
    assert_true(quarters_of(&f, "r1") == 0.25 && quarters_of(&f, "r4") == 1);
    close_fixture(&f);
}

/* A walk through the grammar: every second word a rest or the end where one may come, so that
 * chords stay small; ended after LEAST words as soon as it may be, a whole after the last chord at
 * most. */
static void walk(const fixture *f, const uint8_t *masks, neume_sequence *out, uint64_t seed) {
    enum { LEAST = 12, FIRST_REST = 2 + 128 + 127 };
    const uint32_t count = neume_codec_word_count(f->codec, 0);
    const nm_grammar *grammar = nm_codec_grammar(f->codec);
    uint32_t state = 0;
    double tail = 0;
    out->step_count = 0;
    for (uint64_t draw = 0; state != 6; draw++) {
        const uint8_t *mask = masks + (size_t)grammar->rule[state] * count;
        const nm_random r = nm_random_at(8, NM_PURPOSE_TEST, seed, draw);
        uint32_t word = r.word[1] % count;
        if (r.word[0] % 2)
            word = FIRST_REST + r.word[1] % (count - FIRST_REST);
        if (out->step_count >= LEAST && mask[NM_WORD_END] && tail <= 4)
            word = NM_WORD_END;
        if (!mask[word] || (word == NM_WORD_END && (out->step_count < LEAST || tail > 4)))
            continue;
        assert_true(out->step_count < 64);
        out->words[out->step_count++] = word;
        tail = word < FIRST_REST ? 0 : tail + word_quarters(f->codec, 0, word);
        state = nm_grammar_next(grammar, state, grammar->word_class[0][word]);
    }
}

static void walks_survive_decoding(neume_codec_options options) {
    fixture f = closed_codec(options);
    uint8_t *masks = nm_codec_masks(f.context, f.codec, 0);
    uint32_t words[64];
    for (uint64_t i = 0; i < 5000; i++) {
        neume_sequence sequence = {.words = words, .width = 1}, again;
        neume_score *score;
        walk(&f, masks, &sequence, i);
        assert_int_equal(neume_codec_decode(&score, f.codec, &sequence), NEUME_OK);
        assert_int_equal(neume_codec_encode(&again, f.codec, score, NULL), NEUME_OK);
        if (again.step_count != sequence.step_count ||
            memcmp(again.words, words, again.step_count * sizeof *words) != 0)
            fail_msg("walk %llu: %s", (unsigned long long)i, text_of(&f, &sequence));
        neume_score_free(score);
        neume_sequence_clear(f.context, &again);
    }
    nm_free(f.context, masks);
    close_fixture(&f);
}

static void what_the_grammar_allows_decodes_to_music_of_the_same_words(void **state) {
    (void)state;
    neume_codec_options options = intervals();
    walks_survive_decoding(options);
    options.rest_unit = NEUME_REST_SIXTEENTH;
    walks_survive_decoding(options);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_grammar_allows_what_the_codec_writes_and_no_more),
        cmocka_unit_test(the_grammar_of_sixteenths_has_two_sizes_of_rests),
        cmocka_unit_test(every_top_and_interval_have_their_state),
        cmocka_unit_test(notes_move_to_other_keys_and_nothing_else_does),
        cmocka_unit_test(rests_alone_take_time),
        cmocka_unit_test(what_the_grammar_allows_decodes_to_music_of_the_same_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
