/* SPDX-License-Identifier: ISC */
#include "near.h"
#include "roll_case.h"

#include "learn/key_counts.h"

enum { KEY = 60, WIDTH = 2 * NM_ROLL_WORDS };

/* What one key does: '.' rests, '-' is held, 'x' is struck. */
typedef struct line_case {
    neume_codec *codec;
    uint32_t words[16 * WIDTH];
    neume_sequence roll;
} line_case;

static neume_codec *codec_of(neume_context *context, neume_onsets onsets) {
    const music_plan plan = roll_plan(onsets, KEY, KEY);
    neume_codec *codec = NULL;
    assert_int_equal(neume_codec_new(&codec, context, &plan.codec, NULL), NEUME_OK);
    assert_int_equal(nm_codec_close(codec, NULL, NULL), NEUME_OK);
    return codec;
}

/* In place: the roll points into it. */
static void set_line(line_case *c, neume_codec *codec, const char *line) {
    const unsigned width = neume_codec_width(codec);
    *c = (line_case){.codec = codec};
    c->roll = (neume_sequence){.words = c->words, .step_count = strlen(line), .width = width};
    for (size_t t = 0; line[t]; t++) {
        uint32_t *words = c->words + t * width;
        words[KEY / 32] = line[t] != '.' ? UINT32_C(1) << KEY % 32 : 0;
        if (width > NM_ROLL_WORDS)
            words[NM_ROLL_WORDS + KEY / 32] = line[t] == 'x' ? UINT32_C(1) << KEY % 32 : 0;
    }
}

static nm_key_counts *counts_of(neume_context *context, neume_codec *codec, const char *line) {
    line_case c;
    nm_key_counts *counts = nm_alloc(context, 1, sizeof *counts);
    set_line(&c, codec, line);
    nm_key_counts_add(counts, &c.roll);
    return counts;
}

static void tells_what_a_key_does(void **state) {
    line_case c;
    neume_codec *codec = codec_of(*state, NEUME_ONSETS_KEEP);
    set_line(&c, codec, ".x-");
    assert_int_equal(nm_key_state(&c.roll, 0, KEY), NM_KEY_REST);
    assert_int_equal(nm_key_state(&c.roll, 1, KEY), NM_KEY_STRUCK);
    assert_int_equal(nm_key_state(&c.roll, 2, KEY), NM_KEY_HELD);
    assert_int_equal(nm_key_state(&c.roll, 1, KEY + 1), NM_KEY_REST);
    neume_codec_free(codec);
    codec = codec_of(*state, NEUME_ONSETS_DROP);
    set_line(&c, codec, ".x");
    assert_int_equal(nm_key_state(&c.roll, 1, KEY), NM_KEY_HELD);
    neume_codec_free(codec);
}

/* Keys rest before a piece; counts of two pieces do not run into each other. */
static void counts_each_key_by_its_last_two_steps(void **state) {
    neume_codec *codec = codec_of(*state, NEUME_ONSETS_KEEP);
    nm_key_counts *counts = counts_of(*state, codec, "x-x");
    line_case c;
    set_line(&c, codec, "x.");
    nm_key_counts_add(counts, &c.roll);
    const uint64_t(*of)[3][3] = (const uint64_t(*)[3][3])counts->of[KEY];
    assert_int_equal(counts->steps, 5);
    assert_int_equal(of[NM_KEY_REST][NM_KEY_REST][NM_KEY_STRUCK], 2);
    assert_int_equal(of[NM_KEY_REST][NM_KEY_STRUCK][NM_KEY_HELD], 1);
    assert_int_equal(of[NM_KEY_STRUCK][NM_KEY_HELD][NM_KEY_STRUCK], 1);
    assert_int_equal(of[NM_KEY_REST][NM_KEY_STRUCK][NM_KEY_REST], 1);
    assert_int_equal(counts->of[KEY + 1][0][0][NM_KEY_REST], 5);
    assert_near(nm_key_counts_on(counts, KEY), 4.5 / 6, 1e-15);
    assert_near(nm_key_counts_on(counts, KEY + 1), 0.5 / 6, 1e-15);
    nm_free(*state, counts);
    neume_codec_free(codec);
}

static nm_baseline_sums score_of(const nm_key_counts *counts, neume_codec *codec,
                                 const char *line) {
    line_case c;
    nm_baseline_sums sums = {0};
    set_line(&c, codec, line);
    nm_key_counts_score(&sums, counts, codec, &c.roll);
    return sums;
}

/* By hand, of the training line "x-x.": at the begin a key rests or is struck. */
static void the_first_step_has_the_probabilities_that_the_counts_say(void **state) {
    neume_codec *codec = codec_of(*state, NEUME_ONSETS_KEEP);
    nm_key_counts *counts = counts_of(*state, codec, "x-x.");
    const nm_baseline_sums sums = score_of(counts, codec, "x");
    assert_near(sums.uniform, log(2), 1e-15);
    assert_near(sums.unigram, -log(2.5 / (1.5 + 2.5)), 1e-15);
    assert_near(sums.trigram, -log(1.5 / (0.5 + 1.5)), 1e-15);
    const nm_baseline_sums both = score_of(counts, codec, "x-");
    assert_near(both.uniform, log(2) + log(3), 1e-15);
    assert_near(both.unigram - sums.unigram, -log(1.5 / (1.5 + 1.5 + 2.5)), 1e-15);
    assert_near(both.trigram - sums.trigram, -log(1.5 / (0.5 + 1.5 + 0.5)), 1e-15);
    nm_free(*state, counts);
    neume_codec_free(codec);
}

/* Over all states that can follow a line: each baseline's probabilities sum to 1. */
static void assert_sums_to_1(const nm_key_counts *counts, neume_codec *codec, const char *line,
                             const char *states) {
    const nm_baseline_sums before = score_of(counts, codec, line);
    double sums[3] = {0};
    char longer[16];
    for (; *states; states++) {
        snprintf(longer, sizeof longer, "%s%c", line, *states);
        const nm_baseline_sums after = score_of(counts, codec, longer);
        sums[0] += exp(before.uniform - after.uniform);
        sums[1] += exp(before.unigram - after.unigram);
        sums[2] += exp(before.trigram - after.trigram);
    }
    for (unsigned i = 0; i < 3; i++)
        assert_near(sums[i], 1, 1e-12);
}

static void every_baseline_sums_to_1_over_what_a_key_can_do(void **state) {
    static const char *const held[] = {"x", "x-", ".x", "xx", "x.x-x"};
    static const char *const free_lines[] = {"", ".", "x.", "x-.", ".."};
    for (neume_onsets onsets = NEUME_ONSETS_KEEP; onsets <= NEUME_ONSETS_DROP; onsets++) {
        neume_codec *codec = codec_of(*state, onsets);
        nm_key_counts *counts = counts_of(*state, codec, "x-x.x--..xx-.");
        const bool keep = onsets == NEUME_ONSETS_KEEP;
        for (size_t i = 0; i < 5; i++) {
            assert_sums_to_1(counts, codec, held[i], keep ? ".-x" : ".x");
            assert_sums_to_1(counts, codec, free_lines[i], ".x");
        }
        nm_free(*state, counts);
        neume_codec_free(codec);
    }
}

static void only_keys_of_the_range_are_scored(void **state) {
    neume_codec *codec = codec_of(*state, NEUME_ONSETS_DROP);
    nm_key_counts *counts = counts_of(*state, codec, "x.x.");
    line_case c;
    nm_baseline_sums sums = {0}, others = {0};
    set_line(&c, codec, "xx..");
    nm_key_counts_score(&sums, counts, codec, &c.roll);
    c.words[0] = UINT32_MAX;
    c.words[NM_ROLL_WORDS + 1] |= UINT32_C(1) << (KEY + 1) % 32;
    nm_key_counts_score(&others, counts, codec, &c.roll);
    assert_memory_equal(&sums, &others, sizeof sums);
    nm_free(*state, counts);
    neume_codec_free(codec);
}

static nm_buffer bytes_of(neume_context *context, const nm_key_counts *counts) {
    nm_buffer bytes = nm_buffer_on(context);
    nm_key_counts_write(counts, &bytes);
    assert_false(bytes.failed);
    return bytes;
}

static void counts_come_back_from_their_bytes(void **state) {
    neume_codec *codec = codec_of(*state, NEUME_ONSETS_KEEP);
    nm_key_counts *counts = counts_of(*state, codec, "x-x.x--..xx-.");
    nm_key_counts *back = nm_alloc(*state, 1, sizeof *back);
    nm_buffer bytes = bytes_of(*state, counts);
    assert_int_equal(bytes.size, 8 + 8 * 128 * 27);
    assert_int_equal(nm_key_counts_read(back, (neume_bytes){bytes.data, bytes.size}, NULL),
                     NEUME_OK);
    assert_memory_equal(counts, back, sizeof *counts);
    nm_buffer_clear(&bytes);
    nm_free(*state, back);
    nm_free(*state, counts);
    neume_codec_free(codec);
}

static neume_status read_with(neume_context *context, const nm_key_counts *counts, size_t size) {
    nm_key_counts *back = nm_alloc(context, 1, sizeof *back);
    nm_buffer bytes = bytes_of(context, counts);
    neume_error error = {0};
    nm_write_u8(&bytes, 0);
    const neume_status status = nm_key_counts_read(back, (neume_bytes){bytes.data, size}, &error);
    if (status)
        assert_string_equal(error.line, "key counts: not the counts of 128 keys");
    nm_buffer_clear(&bytes);
    nm_free(context, back);
    return status;
}

static void refuses_bytes_that_are_cut_too_long_or_too_large(void **state) {
    enum { SIZE = 8 + 8 * 128 * 27 };
    static const uint64_t most = UINT64_C(1) << 48;
    nm_key_counts *counts = nm_alloc(*state, 1, sizeof *counts);
    assert_int_equal(read_with(*state, counts, SIZE), NEUME_OK);
    static const size_t sizes[] = {0, 7, 8, SIZE - 8, SIZE - 1, SIZE + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        assert_int_equal(read_with(*state, counts, sizes[i]), NEUME_BAD_MODEL);
    uint64_t *const large[] = {&counts->steps, &counts->of[0][0][0][0], &counts->of[127][2][2][2]};
    for (size_t i = 0; i < 3; i++) {
        *large[i] = most;
        assert_int_equal(read_with(*state, counts, SIZE), NEUME_OK);
        *large[i] = most + 1;
        assert_int_equal(read_with(*state, counts, SIZE), NEUME_BAD_MODEL);
        *large[i] = 0;
    }
    nm_free(*state, counts);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_a_key_does),
        cmocka_unit_test(counts_each_key_by_its_last_two_steps),
        cmocka_unit_test(the_first_step_has_the_probabilities_that_the_counts_say),
        cmocka_unit_test(every_baseline_sums_to_1_over_what_a_key_can_do),
        cmocka_unit_test(only_keys_of_the_range_are_scored),
        cmocka_unit_test(counts_come_back_from_their_bytes),
        cmocka_unit_test(refuses_bytes_that_are_cut_too_long_or_too_large),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
