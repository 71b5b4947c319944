/* SPDX-License-Identifier: ISC */
/* Codec "frame": words to scores, and codecs that are stored. */
#include "test_codec_frame.h"

#include "base/rng.h"

#include <neume/midi.h>

static void a_held_pitch_decodes_to_one_note(void **state) {
    (void)state;
    fixture f = open_codec(frame_options(7, NEUME_ORDER_ASCENDING));
    neume_sequence sequence;
    neume_score *score;
    assert_int_equal(
        neume_codec_parse(&sequence, f.codec, ". 60 64 . 60 . <unk> 60 62 . . 60", NULL), NEUME_OK);
    assert_int_equal(sequence.note_count, 4);
    assert_int_equal(neume_codec_decode(&score, f.codec, &sequence), NEUME_OK);
    /* frame t at 480 t / 7 ticks: 0, 69, 137, 206, 274, 343, 411 */
    static const uint64_t expected[4][3] = {
        {69, 205, 60}, {69, 68, 64}, {206, 68, 62}, {343, 68, 60}};
    size_t count;
    const neume_note *notes = neume_score_notes(score, &count);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(notes[i].start_ticks, expected[i][0]);
        assert_int_equal(notes[i].duration_ticks, expected[i][1]);
        assert_int_equal(notes[i].pitch, expected[i][2]);
        assert_int_equal(notes[i].velocity, 80);
    }
    assert_int_equal(neume_score_tempos(score, &count)->microseconds_per_quarter, 500000);
    assert_int_equal(neume_score_time_signatures(score, &count)->numerator, 4);
    assert_int_equal(neume_score_ticks_per_quarter(score), 480);
    neume_score_free(score);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

/* A random piece by the grammar: about 3 notes a frame; the last one is not empty, as a score ends
 * with a note. */
static size_t random_piece(uint32_t *words, size_t frame_count, uint64_t seed) {
    size_t count = 0;
    for (size_t t = 0; t < frame_count; t++) {
        for (uint32_t p = 0; p < NM_PITCHES; p++)
            if (nm_random_at(seed, NM_PURPOSE_TEST, t, p / 2).word[p % 2] % 40 == 0)
                words[count++] = NM_FRAME_PITCH + p;
        words[count++] = NM_FRAME_PERIOD;
    }
    words[count++] = NM_FRAME_PITCH + 60;
    words[count++] = NM_FRAME_PERIOD;
    return count;
}

static void assert_identity(const fixture *f, const neume_sequence *sequence) {
    neume_score *score;
    neume_sequence again;
    assert_int_equal(neume_codec_decode(&score, f->codec, sequence), NEUME_OK);
    assert_int_equal(neume_codec_encode(&again, f->codec, score, NULL), NEUME_OK);
    assert_int_equal(again.step_count, sequence->step_count);
    assert_memory_equal(again.words, sequence->words,
                        sequence->step_count * sizeof *sequence->words);
    assert_int_equal(again.omission_count, 0);
    neume_sequence_clear(f->context, &again);
    neume_score_free(score);
}

static void every_piece_of_the_grammar_survives_decoding_at_any_grid(void **state) {
    (void)state;
    enum { FRAMES = 200 };
    static uint32_t words[FRAMES * 129 + 3];
    for (uint32_t grid = 1; grid <= 24; grid++) {
        fixture f = open_codec(frame_options(grid, (neume_order)(grid % 2)));
        neume_sequence piece = {.words = words, .width = 1};
        piece.step_count = random_piece(words, FRAMES, grid);
        words[piece.step_count++] = NM_WORD_END;
        close_vocabulary(&f, NULL);
        assert_grammatical(f.codec, &piece);
        assert_identity(&f, &piece);
        assert_true(word_quarters(f.codec, 0, NM_FRAME_PERIOD) == 1.0 / grid);
        assert_true(word_quarters(f.codec, 0, NM_FRAME_PITCH + 60) == 0);
        assert_int_equal(nm_codec_unseen_count(f.codec, 0), 0);
        close_fixture(&f);
    }
}

/* MIDI says all of what frames say: notes, the tempo, the metre. */
static void assert_midi_keeps(const fixture *f, const neume_score *score) {
    neume_bytes bytes;
    neume_score *read;
    size_t count;
    assert_int_equal(neume_midi_write(&bytes, f->context, score, NULL), NEUME_OK);
    assert_int_equal(neume_midi_read(&read, f->context, bytes, NULL, NULL), NEUME_OK);
    (void)neume_score_repairs(read, &count);
    assert_int_equal(count, 0);
    size_t note_count, read_count;
    const neume_note *notes = neume_score_notes(score, &note_count);
    const neume_note *read_notes = neume_score_notes(read, &read_count);
    assert_int_equal(note_count, read_count);
    for (size_t i = 0; i < note_count; i++) {
        assert_int_equal(notes[i].start_ticks, read_notes[i].start_ticks);
        assert_int_equal(notes[i].duration_ticks, read_notes[i].duration_ticks);
        assert_int_equal(notes[i].pitch, read_notes[i].pitch);
        assert_int_equal(notes[i].velocity, read_notes[i].velocity);
    }
    neume_score_free(read);
    neume_midi_bytes_free(f->context, bytes);
}

static void decoding_is_total_and_gives_clean_midi(void **state) {
    (void)state;
    for (int order = 0; order < 2; order++) {
        fixture f = open_codec(frame_options(order ? 24 : 7, (neume_order)order));
        uint32_t words[16];
        neume_sequence sequence = {.words = words, .width = 1};
        for (uint64_t i = 0; i < 50000; i++) {
            const nm_random r = nm_random_at(5, NM_PURPOSE_TEST, (uint64_t)order, i);
            sequence.step_count = r.word[0] % 17;
            for (size_t step = 0; step < sequence.step_count; step++) {
                const nm_random w = nm_random_at(6, NM_PURPOSE_TEST, i, step);
                words[step] = w.word[0] % 3 ? w.word[1] % 131 : NM_FRAME_PERIOD;
            }
            neume_score *score;
            assert_int_equal(neume_codec_decode(&score, f.codec, &sequence), NEUME_OK);
            assert_midi_keeps(&f, score);
            neume_score_free(score);
        }
        close_fixture(&f);
    }
}

static void settings_and_vocabulary_make_the_same_codec_again(void **state) {
    (void)state;
    fixture f = open_codec(frame_options(3, NEUME_ORDER_DESCENDING));
    nm_codec_set_shifts(f.codec, -6, 5);
    close_vocabulary(&f, NULL);
    char *settings = nm_codec_settings(f.codec);
    nm_buffer words = nm_buffer_on(f.context);
    assert_int_equal(nm_codec_vocabulary(f.codec, &words), NEUME_OK);
    neume_codec *again;
    neume_error error = {0};
    if (nm_codec_restore(&again, f.context, settings, (neume_bytes){words.data, words.size},
                         &error))
        fail_msg("%s", error.line);
    assert_true(nm_codec_is_closed(again));
    assert_string_equal(neume_codec_options_of(again)->name, "frame");
    assert_int_equal(neume_codec_options_of(again)->grid, 3);
    assert_int_equal(neume_codec_options_of(again)->order, NEUME_ORDER_DESCENDING);
    assert_int_equal(neume_codec_word_count(again, 0), 131);
    assert_string_equal(neume_codec_word(again, 0, NM_FRAME_PITCH), "127");
    assert_int_equal(nm_codec_shifted(again, 0, NM_FRAME_PITCH + 60, 2), NM_FRAME_PITCH + 58);
    neume_codec_free(again);
    nm_buffer_clear(&words);
    nm_free(f.context, settings);
    close_fixture(&f);
}

/* The life of a codec, from a score to a decoded one. */
static neume_status whole_life(neume_context *context, void *data) {
    const neume_codec_options options = frame_options(2, NEUME_ORDER_ASCENDING);
    const nm_roll *roll = data;
    const uint64_t counts[NM_FRAME_WORDS] = {0};
    uint32_t remap[NM_FRAME_WORDS], context_count, width;
    neume_codec *codec = NULL;
    neume_score *score = NULL;
    uint16_t *map = NULL;
    neume_sequence sequence = {0}, encoded = {0};
    neume_status status = neume_codec_new(&codec, context, &options, NULL);
    if (!status)
        status = nm_codec_encode_roll(&sequence, codec, roll);
    if (status)
        assert_null(sequence.words);
    if (!status)
        status = neume_codec_decode(&score, codec, &sequence);
    if (!status)
        status = neume_codec_encode(&encoded, codec, score, NULL);
    if (!status)
        status =
            nm_codec_close(codec, (const uint64_t *const[]){counts}, (uint32_t *const[]){remap});
    if (!status)
        status = (map = nm_codec_map(context, codec, 1, &context_count, &width)) ? NEUME_OK
                                                                                 : NEUME_NO_MEMORY;
    nm_free(context, map);
    neume_codec_free(codec);
    neume_score_free(score);
    neume_sequence_clear(context, &sequence);
    neume_sequence_clear(context, &encoded);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    static nm_pitch_set frames[40];
    nm_roll roll = {.frames = frames, .frame_count = 40};
    for (unsigned t = 0; t < 40; t++)
        nm_pitch_set_add(&frames[t], 40 + t);
    test_each_allocation_failing(whole_life, &roll);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_held_pitch_decodes_to_one_note),
        cmocka_unit_test(every_piece_of_the_grammar_survives_decoding_at_any_grid),
        cmocka_unit_test(decoding_is_total_and_gives_clean_midi),
        cmocka_unit_test(settings_and_vocabulary_make_the_same_codec_again),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
