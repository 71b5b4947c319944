/* SPDX-License-Identifier: ISC */
/* Codec "roll": sets of keys to scores, and codecs that are stored. */
#include "test_codec_roll.h"

#include "base/rng.h"

#include <neume/midi.h>

static neume_score *decode_text(const fixture *f, const char *text) {
    neume_sequence sequence;
    neume_score *score;
    assert_int_equal(neume_codec_parse(&sequence, f->codec, text, NULL), NEUME_OK);
    assert_int_equal(neume_codec_decode(&score, f->codec, &sequence), NEUME_OK);
    neume_sequence_clear(f->context, &sequence);
    return score;
}

static void assert_notes(const neume_score *score, const uint64_t (*expected)[3], size_t count) {
    size_t note_count;
    const neume_note *notes = neume_score_notes(score, &note_count);
    assert_int_equal(note_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(notes[i].start_ticks, expected[i][0]);
        assert_int_equal(notes[i].duration_ticks, expected[i][1]);
        assert_int_equal(notes[i].pitch, expected[i][2]);
        assert_int_equal(notes[i].velocity, 80);
    }
}

/* Frame t of 7 cells a quarter is at 480 t / 7 ticks: 0, 69, 137, 206, 274, 343. Key 62 is played
 * where it did not sound, though not articulated; the last cell ends what sounds. */
static void a_key_sounds_until_it_is_struck_again_or_not_played(void **state) {
    (void)state;
    static const uint64_t expected[][3] = {
        {69, 68, 60}, {69, 68, 64}, {137, 137, 60}, {206, 137, 62}, {274, 69, 60}};
    fixture f = open_codec(roll_options(7, NEUME_ONSETS_KEEP));
    neume_score *score = decode_text(&f, "_ 60.64 60 60-.62- 60.62-");
    size_t count;
    assert_notes(score, expected, 5);
    assert_int_equal(neume_score_tempos(score, &count)->microseconds_per_quarter, 500000);
    assert_int_equal(neume_score_time_signatures(score, &count)->numerator, 4);
    assert_int_equal(count, 1);
    assert_int_equal(neume_score_ticks_per_quarter(score), 480);
    neume_score_free(score);
    close_fixture(&f);
}

static void articulate_of_a_key_that_is_not_played_says_nothing(void **state) {
    (void)state;
    fixture f = open_codec(roll_options(1, NEUME_ONSETS_KEEP));
    uint32_t words[16] = {[1] = 1, [5] = 3, [13] = 2};
    const neume_sequence sequence = {.words = words, .width = 8, .step_count = 2};
    static const uint64_t expected[][3] = {{0, 480, 32}};
    neume_score *score;
    assert_int_equal(neume_codec_decode(&score, f.codec, &sequence), NEUME_OK);
    assert_notes(score, expected, 1);
    neume_score_free(score);
    close_fixture(&f);
}

static void without_onsets_a_note_is_a_run_of_cells(void **state) {
    (void)state;
    static const uint64_t expected[][3] = {{0, 1440, 60}, {480, 480, 61}, {1920, 480, 60}};
    fixture f = open_codec(roll_options(1, NEUME_ONSETS_DROP));
    neume_score *score = decode_text(&f, "60 60.61 60 _ 60 _ _");
    assert_notes(score, expected, 3);
    neume_score_free(score);
    close_fixture(&f);
}

static void bars_become_time_signatures(void **state) {
    (void)state;
    fixture f = open_codec(roll_options(2, NEUME_ONSETS_KEEP));
    static uint32_t words[40 * 8], given[40];
    /* bars of 3, 3, 1.5, 2, 2 and 2 quarters, the last of them cut short */
    static const size_t bars[] = {6, 6, 3, 4, 4, 3};
    static const unsigned expected[][3] = {{0, 3, 4}, {2880, 3, 8}, {3600, 2, 4}};
    neume_sequence sequence = {.words = words, .width = 8, .given = given};
    for (size_t bar = 0; bar < 6; bar++)
        for (uint32_t cell = 0; cell < bars[bar]; cell++)
            given[sequence.step_count++] = cell;
    words[8 * (sequence.step_count - 1)] = 1;
    neume_score *score;
    neume_sequence again;
    size_t count;
    assert_int_equal(neume_codec_decode(&score, f.codec, &sequence), NEUME_OK);
    const neume_time_signature *metres = neume_score_time_signatures(score, &count);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(metres[i].start_ticks, expected[i][0]);
        assert_int_equal(metres[i].numerator, expected[i][1]);
        assert_int_equal(metres[i].denominator, expected[i][2]);
    }
    assert_int_equal(neume_codec_encode(&again, f.codec, score, NULL), NEUME_OK);
    assert_int_equal(again.step_count, sequence.step_count);
    assert_memory_equal(again.given, given, again.step_count * sizeof *given);
    neume_sequence_clear(f.context, &again);
    neume_score_free(score);
    close_fixture(&f);
}

static void bars_that_no_signature_says_are_passed_over(void **state) {
    (void)state;
    fixture f = open_codec(roll_options(3, NEUME_ONSETS_DROP));
    static uint32_t words[4 * 2000], given[2000];
    neume_sequence sequence = {.words = words, .width = 4, .given = given, .step_count = 2000};
    neume_score *score;
    size_t count;
    for (uint32_t t = 0; t < 2000; t++) /* 4 cells a bar, then one of 900 */
        given[t] = t < 400 ? t % 4 : t < 1300 ? t - 400 : t - 1300;
    words[4 * 1999] = 1;
    assert_int_equal(neume_codec_decode(&score, f.codec, &sequence), NEUME_OK);
    const neume_time_signature *metres = neume_score_time_signatures(score, &count);
    assert_int_equal(count, 1);
    assert_int_equal(metres->numerator, 4);
    neume_score_free(score);
    sequence.given = NULL;
    assert_int_equal(neume_codec_decode(&score, f.codec, &sequence), NEUME_OK);
    neume_score_free(score);
    close_fixture(&f);
}

static void cells_behind_one_another_count_through_bars_of_four_quarters(void **state) {
    (void)state;
    fixture f = open_codec(roll_options(3, NEUME_ONSETS_KEEP));
    assert_int_equal(nm_codec_next_given(f.codec, 0), 1);
    assert_int_equal(nm_codec_next_given(f.codec, 10), 11);
    assert_int_equal(nm_codec_next_given(f.codec, 11), 0);
    close_fixture(&f);
}

/* MIDI says all of what rolls say. */
static void assert_midi_keeps(const fixture *f, const neume_score *score) {
    neume_bytes bytes;
    neume_score *read;
    size_t count, note_count, read_count;
    assert_int_equal(neume_midi_write(&bytes, f->context, score, NULL), NEUME_OK);
    assert_int_equal(neume_midi_read(&read, f->context, bytes, NULL, NULL), NEUME_OK);
    (void)neume_score_repairs(read, &count);
    assert_int_equal(count, 0);
    const neume_note *notes = neume_score_notes(score, &note_count);
    const neume_note *read_notes = neume_score_notes(read, &read_count);
    assert_int_equal(note_count, read_count);
    for (size_t i = 0; i < note_count; i++) {
        assert_int_equal(notes[i].start_ticks, read_notes[i].start_ticks);
        assert_int_equal(notes[i].duration_ticks, read_notes[i].duration_ticks);
        assert_int_equal(notes[i].pitch, read_notes[i].pitch);
    }
    neume_score_free(read);
    neume_midi_bytes_free(f->context, bytes);
}

/* Encoding what was decoded may say less (bits without a meaning, silence at the end), but then
 * nothing changes any more. */
static void assert_settles(const fixture *f, const neume_score *score) {
    neume_sequence once, twice;
    neume_score *decoded;
    size_t count;
    (void)neume_score_notes(score, &count);
    assert_int_equal(neume_codec_encode(&once, f->codec, score, NULL), NEUME_OK);
    assert_int_equal(once.note_count, count);
    assert_int_equal(once.omission_count, 0);
    assert_int_equal(neume_codec_decode(&decoded, f->codec, &once), NEUME_OK);
    assert_int_equal(neume_codec_encode(&twice, f->codec, decoded, NULL), NEUME_OK);
    assert_same_words(&once, &twice);
    neume_score_free(decoded);
    neume_sequence_clear(f->context, &once);
    neume_sequence_clear(f->context, &twice);
}

enum { CELLS = 16 };

static void random_steps(neume_sequence *sequence, uint64_t seed) {
    const nm_random how = nm_random_at(seed, NM_PURPOSE_TEST, 1, 0);
    sequence->step_count = how.word[0] % (CELLS + 1);
    for (size_t t = 0; t < sequence->step_count; t++) {
        sequence->given[t] =
            nm_random_at(seed, NM_PURPOSE_TEST, 2, t).word[how.word[1] % 4] % (how.word[2] % 9 + 1);
        for (unsigned w = 0; w < sequence->width; w++) {
            const nm_random r = nm_random_at(seed, NM_PURPOSE_TEST, 3 + t, w);
            sequence->words[t * sequence->width + w] =
                how.word[3] % 2 ? r.word[0] : r.word[0] & r.word[1] & r.word[2] & r.word[3];
        }
    }
}

static void any_bits_decode_to_clean_midi(void **state) {
    (void)state;
    static const uint32_t grids[] = {1, 4, 7, 24};
    static uint32_t words[CELLS * 8], given[CELLS];
    for (int onsets = 0; onsets < 2; onsets++)
        for (int g = 0; g < 4; g++) {
            fixture f = open_codec(roll_options(grids[g], (neume_onsets)onsets));
            neume_sequence sequence = {
                .words = words, .given = given, .width = neume_codec_width(f.codec)};
            for (uint64_t i = 0; i < 500; i++) {
                neume_score *score;
                random_steps(&sequence, i);
                assert_int_equal(neume_codec_decode(&score, f.codec, &sequence), NEUME_OK);
                assert_midi_keeps(&f, score);
                assert_settles(&f, score);
                neume_score_free(score);
            }
            close_fixture(&f);
        }
}

static void equal_pieces_have_equal_hashes(void **state) {
    (void)state;
    fixture a = open_codec(roll_options(4, NEUME_ONSETS_KEEP));
    fixture b = open_codec(roll_options(4, NEUME_ONSETS_KEEP));
    neume_sequence one, two;
    assert_int_equal(neume_codec_parse(&one, a.codec, "60 60- 64", NULL), NEUME_OK);
    assert_int_equal(neume_codec_parse(&two, b.codec, "60 60- 64", NULL), NEUME_OK);
    const uint64_t hash = nm_codec_hash(a.codec, &one);
    assert_int_equal(nm_codec_close(b.codec, NULL, NULL), NEUME_OK);
    assert_int_equal(hash, nm_codec_hash(b.codec, &two));
    two.given[2] = 0;
    assert_int_not_equal(hash, nm_codec_hash(b.codec, &two));
    two.given[2] = 2;
    two.words[0] ^= 1;
    assert_int_not_equal(hash, nm_codec_hash(b.codec, &two));
    neume_sequence_clear(a.context, &one);
    neume_sequence_clear(b.context, &two);
    close_fixture(&a);
    close_fixture(&b);
}

static void settings_alone_make_the_same_codec_again(void **state) {
    (void)state;
    neume_codec_options options = roll_options(3, NEUME_ONSETS_DROP);
    options.pitch_range = (neume_pitch_range){24, 101};
    fixture f = open_codec(options);
    nm_codec_set_shifts(f.codec, -6, 5);
    assert_int_equal(nm_codec_close(f.codec, NULL, NULL), NEUME_OK);
    assert_true(nm_codec_is_closed(f.codec));
    char *settings = nm_codec_settings(f.codec);
    nm_buffer words = nm_buffer_on(f.context);
    assert_int_equal(nm_codec_vocabulary(f.codec, &words), NEUME_OK);
    assert_int_equal(words.size, 0);
    neume_codec *again;
    neume_error error = {0};
    if (nm_codec_restore(&again, f.context, settings, (neume_bytes){words.data, 0}, &error))
        fail_msg("%s", error.line);
    const neume_codec_options *restored = neume_codec_options_of(again);
    const uint32_t step[4] = {1};
    uint32_t out[4];
    assert_true(nm_codec_is_closed(again) && nm_codec_is_roll(again));
    assert_string_equal(restored->name, "roll");
    assert_int_equal(restored->grid, 3);
    assert_int_equal(restored->onsets, NEUME_ONSETS_DROP);
    assert_int_equal(restored->pitch_range.low, 24);
    assert_int_equal(restored->pitch_range.high, 101);
    assert_true(nm_codec_shift_step(again, out, step, 5) && out[0] == 32);
    assert_false(nm_codec_shift_step(again, out, step, 6));
    neume_codec_free(again);
    assert_int_equal(
        nm_codec_restore(&again, f.context, settings, (neume_bytes){"<end>", 6}, &error),
        NEUME_BAD_MODEL);
    assert_string_equal(error.line, "vocabulary: 6 bytes, expected none of a roll");
    assert_null(again);
    nm_buffer_clear(&words);
    nm_free(f.context, settings);
    close_fixture(&f);
}

/* The life of a codec, from a text to a score and back. */
static neume_status whole_life(neume_context *context, void *data) {
    const neume_codec_options *options = data;
    neume_codec *codec = NULL;
    neume_score *score = NULL;
    neume_sequence sequence = {0}, encoded = {0}, given = {0};
    nm_pitch_set frames[3] = {{{1}}, {{0}}, {{2}}};
    neume_status status = neume_codec_new(&codec, context, options, NULL);
    if (!status)
        status = neume_codec_parse(&sequence, codec, "60.64 _ 60 _ _ 61.62", NULL);
    if (status)
        assert_null(sequence.words);
    if (!status)
        status = neume_codec_decode(&score, codec, &sequence);
    if (!status)
        status = neume_codec_encode(&encoded, codec, score, NULL);
    if (status)
        assert_true(!encoded.words && !encoded.given);
    if (!status)
        status = nm_codec_close(codec, NULL, NULL);
    if (!status && options->onsets == NEUME_ONSETS_DROP)
        status =
            nm_codec_encode_roll(&given, codec, &(nm_roll){.frames = frames, .frame_count = 3});
    neume_codec_free(codec);
    neume_score_free(score);
    neume_sequence_clear(context, &sequence);
    neume_sequence_clear(context, &encoded);
    neume_sequence_clear(context, &given);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    for (int onsets = 0; onsets < 2; onsets++) {
        neume_codec_options options = roll_options(4, (neume_onsets)onsets);
        test_each_allocation_failing(whole_life, &options);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_sounds_until_it_is_struck_again_or_not_played),
        cmocka_unit_test(articulate_of_a_key_that_is_not_played_says_nothing),
        cmocka_unit_test(without_onsets_a_note_is_a_run_of_cells),
        cmocka_unit_test(bars_become_time_signatures),
        cmocka_unit_test(bars_that_no_signature_says_are_passed_over),
        cmocka_unit_test(cells_behind_one_another_count_through_bars_of_four_quarters),
        cmocka_unit_test(any_bits_decode_to_clean_midi),
        cmocka_unit_test(equal_pieces_have_equal_hashes),
        cmocka_unit_test(settings_alone_make_the_same_codec_again),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
