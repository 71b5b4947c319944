/* SPDX-License-Identifier: ISC */
#include "music_case.h"

#include "learn/row.h"

static neume_corpus *corpus_of(neume_context *context, const char *preset) {
    const music_plan plan = music_plan_of(preset);
    return music_corpus(context, &plan);
}

static void a_row_begins_with_begin_words_and_start_state(void **state) {
    neume_corpus *corpus = corpus_of(*state, "streams");
    uint32_t inputs[4], contexts[1] = {7};
    nm_row row;
    nm_row_begin(&row, corpus->codec, 0);
    assert_int_equal(row.state, 0);
    nm_row_read(&row, corpus->codec, inputs, contexts);
    for (unsigned s = 0; s < 4; s++)
        assert_int_equal(inputs[s], neume_codec_word_count(corpus->codec, s));
    assert_int_equal(contexts[0], 7); /* there are no maps */
    neume_corpus_free(corpus);
}

/* Says a step, asking the grammar before every word. */
static void say_step(nm_row *row, const neume_codec *codec, const uint32_t *words) {
    const nm_grammar *grammar = nm_codec_grammar(codec);
    for (unsigned s = 0; s < neume_codec_stream_count(codec); s++) {
        assert_int_equal(grammar->stream[row->state], s);
        assert_true(nm_row_allows(row, codec, s, words[s]));
        nm_row_say(row, codec, s, words[s]);
    }
    nm_row_end_step(row, codec, words);
}

static void follows_a_piece_of_streams_word_after_word(void **state) {
    neume_corpus *corpus = corpus_of(*state, "streams");
    const neume_sequence *piece = &corpus->train[0].sequence;
    uint32_t inputs[4];
    nm_row row;
    nm_row_begin(&row, corpus->codec, 0);
    assert_false(nm_row_allows(&row, corpus->codec, 0, NM_WORD_END));
    for (size_t i = 0; i < piece->step_count; i++) {
        say_step(&row, corpus->codec, piece->words + 4 * i);
        nm_row_read(&row, corpus->codec, inputs, NULL);
        assert_memory_equal(inputs, piece->words + 4 * i, sizeof inputs);
    }
    assert_true(nm_row_allows(&row, corpus->codec, 0, NM_WORD_END));
    assert_false(nm_row_allows(&row, corpus->codec, 0, NM_WORD_FIRST)); /* behind the end */
    neume_corpus_free(corpus);
}

/* What codec "frame" says of the past, word after word. */
static void reads_side_features_and_contexts_of_the_shifted_piece(void **state) {
    neume_corpus *corpus = corpus_of(*state, "frames");
    const neume_codec *codec = corpus->codec;
    const neume_sequence *piece = &corpus->train[1].sequence;
    const unsigned features = nm_codec_feature_count(codec), maps = nm_codec_map_count(codec);
    assert_true(features > 0 && maps > 0);
    for (int shift = -5; shift <= 6; shift++) {
        nm_tracker tracker;
        nm_row row;
        nm_codec_track_begin(codec, &tracker, shift);
        nm_row_begin(&row, codec, shift);
        for (size_t i = 0; i < piece->step_count; i++) {
            uint32_t inputs[64], contexts[8], expected[64], expected_contexts[8];
            nm_codec_read_side(codec, &tracker, expected, expected_contexts);
            nm_row_read(&row, codec, inputs, contexts);
            assert_int_equal(inputs[0], i ? nm_codec_shifted(codec, 0, piece->words[i - 1], shift)
                                          : neume_codec_word_count(codec, 0));
            assert_memory_equal(inputs + 1, expected, features * sizeof *inputs);
            assert_memory_equal(contexts, expected_contexts, maps * sizeof *contexts);
            const uint32_t word = nm_codec_shifted(codec, 0, piece->words[i], shift);
            say_step(&row, codec, &word);
            nm_codec_track(codec, &tracker, &word);
        }
    }
    neume_corpus_free(corpus);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_begins_with_begin_words_and_start_state),
        cmocka_unit_test(follows_a_piece_of_streams_word_after_word),
        cmocka_unit_test(reads_side_features_and_contexts_of_the_shifted_piece),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
