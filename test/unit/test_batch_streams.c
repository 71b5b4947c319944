/* SPDX-License-Identifier: ISC */
/* Batches of pieces with several streams, with side features and contexts. */
#include "music_case.h"

#include "learn/batch.h"
#include "learn/row.h"

static neume_corpus *corpus_of(neume_context *context, const char *preset, neume_shifts shifts) {
    music_plan plan = music_plan_of(preset);
    plan.shifts = shifts;
    return music_corpus(context, &plan);
}

static const uint8_t *const no_masks[NEUME_MAX_STREAMS];

static nm_batcher_options options_on(const neume_corpus *corpus, size_t B, size_t T) {
    return (nm_batcher_options){.codec = corpus->codec,
                                .pieces = corpus->train,
                                .piece_count = corpus->train_count,
                                .B = B,
                                .T = T,
                                .seed = 6,
                                .shifts = corpus->shifts,
                                .masks = no_masks};
}

static nm_batcher *batcher_of(neume_context *context, const nm_batcher_options *options) {
    nm_batcher *batcher = NULL;
    assert_int_equal(nm_batcher_new(&batcher, context, options), NEUME_OK);
    return batcher;
}

/* What one row met, step after step. */
typedef struct row_track {
    nm_row row;
    uint32_t piece;
    size_t step;
    bool is_running;
} row_track;

/* Whether the batch has at this place what the piece says there, told to the network as a row of
 * its own would be. */
static void assert_place(row_track *track, const neume_corpus *corpus, const nm_batch *batch,
                         size_t at) {
    const neume_codec *codec = corpus->codec;
    const unsigned streams = neume_codec_stream_count(codec), maps = nm_codec_map_count(codec);
    const unsigned columns = streams + nm_codec_feature_count(codec);
    const neume_sequence *piece = &corpus->train[track->piece].sequence;
    uint32_t inputs[64], contexts[8];
    nm_row_read(&track->row, codec, inputs, contexts);
    assert_memory_equal(batch->inputs + at * columns, inputs, columns * sizeof *inputs);
    if (maps)
        assert_memory_equal(batch->contexts + at * maps, contexts, maps * sizeof *contexts);
    for (unsigned s = 0; s < streams; s++) {
        const uint32_t word = piece->words[track->step * streams + s];
        assert_int_equal(batch->targets[s].words[at], word);
        assert_int_equal(batch->targets[s].rules[at],
                         nm_codec_grammar(codec)->rule[track->row.state]);
        assert_true(nm_row_allows(&track->row, codec, s, word));
        nm_row_say(&track->row, codec, s, word);
    }
    nm_row_end_step(&track->row, codec, piece->words + track->step * streams);
    track->is_running = ++track->step < piece->step_count;
}

/* Returns how many steps the batch holds. */
static size_t follow(row_track *tracks, size_t B, const neume_corpus *corpus,
                     const nm_batcher *batcher, const nm_batch *batch) {
    size_t valid = 0;
    for (size_t at = 0; at < batch->T * B; at++) {
        row_track *track = &tracks[at % B];
        if (!batch->valid[at])
            continue;
        assert_int_equal(batch->reset[at], !track->is_running);
        if (batch->reset[at]) {
            *track = (row_track){.piece = nm_batcher_pieces(batcher)[at]};
            nm_row_begin(&track->row, corpus->codec, 0);
        }
        assert_int_equal(nm_batcher_pieces(batcher)[at], track->piece);
        assert_place(track, corpus, batch, at);
        valid++;
    }
    return valid;
}

static void a_scoring_pass_says_every_word_of_every_stream(void **state) {
    static const char *const presets[] = {"streams", "frames", "intervals", "chords"};
    for (size_t p = 0; p < 4; p++) {
        neume_corpus *corpus = corpus_of(*state, presets[p], (neume_shifts){0, 0});
        size_t steps = 0;
        for (size_t i = 0; i < corpus->train_count; i++)
            steps += corpus->train[i].sequence.step_count;
        for (size_t B = 1; B <= 11; B += 5) {
            const nm_batcher_options options = options_on(corpus, B, 7);
            nm_batcher *batcher = batcher_of(*state, &options);
            row_track tracks[11] = {0};
            nm_batch batch;
            size_t valid = 0;
            while (nm_batcher_next(batcher, &batch))
                valid += follow(tracks, B, corpus, batcher, &batch);
            assert_int_equal(valid, steps);
            nm_batcher_free(batcher);
        }
        neume_corpus_free(corpus);
    }
}

static void training_says_every_word_of_every_stream(void **state) {
    neume_corpus *corpus = corpus_of(*state, "streams", (neume_shifts){0, 0});
    nm_batcher_options options = options_on(corpus, 4, 6);
    options.is_endless = true;
    nm_batcher *batcher = batcher_of(*state, &options);
    row_track tracks[4] = {0};
    while (nm_batcher_epochs(batcher) < 3) {
        nm_batch batch;
        assert_true(nm_batcher_next(batcher, &batch));
        assert_int_equal(follow(tracks, 4, corpus, batcher, &batch), 24);
    }
    nm_batcher_free(batcher);
    neume_corpus_free(corpus);
}

static void masks_and_tables_of_each_stream_are_handed_on(void **state) {
    neume_corpus *corpus = corpus_of(*state, "streams", (neume_shifts){0, 0});
    static const uint8_t masks[4];
    const uint8_t *const of_streams[NEUME_MAX_STREAMS] = {masks, masks + 1, masks + 2, masks + 3};
    nm_batcher_options options = options_on(corpus, 2, 3);
    options.masks = of_streams;
    nm_batcher *batcher = batcher_of(*state, &options);
    nm_batch batch;
    assert_true(nm_batcher_next(batcher, &batch));
    for (unsigned s = 0; s < 4; s++)
        assert_ptr_equal(batch.targets[s].masks, masks + s);
    nm_batcher_free(batcher);
    neume_corpus_free(corpus);
}

/* Words that a stream has but once stand for unknown ones every other time, in each stream. */
static void words_seen_once_are_unknown_every_other_time_in_their_stream(void **state) {
    neume_corpus *corpus = corpus_of(*state, "streams", (neume_shifts){0, 0});
    nm_batcher_options options = options_on(corpus, 3, 8);
    uint64_t *once[4];
    for (unsigned s = 0; s < 4; s++) {
        const uint32_t V = neume_codec_word_count(corpus->codec, s);
        once[s] = nm_alloc(*state, V, sizeof **once);
        for (uint32_t w = 0; w < V; w++)
            once[s][w] = s == 1 || s == 3 ? 1 : 2;
    }
    options.is_endless = true;
    options.word_counts = (const uint64_t *const *)once;
    nm_batcher *batcher = batcher_of(*state, &options);
    size_t unknown[4] = {0}, known = 0;
    while (nm_batcher_epochs(batcher) < 30) {
        nm_batch batch;
        assert_true(nm_batcher_next(batcher, &batch));
        for (size_t at = 0; at < batch.T * 3; at++) {
            for (unsigned s = 0; s < 4; s++)
                unknown[s] += batch.targets[s].words[at] == NM_WORD_UNKNOWN;
            known += batch.targets[1].words[at] >= NM_WORD_FIRST;
        }
    }
    assert_int_equal(unknown[0] + unknown[2], 0);
    assert_in_range(unknown[1] * 100 / (unknown[1] + known), 47, 53);
    assert_in_range(unknown[3] * 100 / (unknown[1] + known), 47, 53);
    assert_int_not_equal(unknown[1], unknown[3]); /* each stream draws for itself */
    for (unsigned s = 0; s < 4; s++)
        nm_free(*state, once[s]);
    nm_batcher_free(batcher);
    neume_corpus_free(corpus);
}

static bool is_same_batch(const neume_corpus *corpus, const nm_batch *a, const nm_batch *b,
                          size_t B) {
    const unsigned streams = neume_codec_stream_count(corpus->codec);
    const size_t columns = streams + nm_codec_feature_count(corpus->codec);
    const size_t N = a->T * B, size = N * sizeof(uint32_t);
    bool is_same =
        a->T == b->T && memcmp(a->inputs, b->inputs, columns * size) == 0 &&
        memcmp(a->contexts, b->contexts, nm_codec_map_count(corpus->codec) * size) == 0 &&
        memcmp(a->reset, b->reset, N) == 0 && memcmp(a->valid, b->valid, N) == 0;
    for (unsigned s = 0; s < streams; s++)
        is_same = is_same && memcmp(a->targets[s].words, b->targets[s].words, size) == 0 &&
                  memcmp(a->targets[s].rules, b->targets[s].rules, size) == 0;
    return is_same;
}

static void assert_goes_on(neume_context *context, const neume_corpus *corpus,
                           const nm_batcher_options *options, size_t before) {
    nm_batcher *a = batcher_of(context, options), *b = batcher_of(context, options);
    nm_batch of_a, of_b;
    for (size_t i = 0; i < before; i++)
        assert_true(nm_batcher_next(a, &of_a));
    assert_true(
        nm_batcher_restore(b, nm_batcher_rows(a), nm_batcher_row_count(a), nm_batcher_queue(a)));
    for (size_t i = 0; i < 12; i++) {
        assert_true(nm_batcher_next(a, &of_a) && nm_batcher_next(b, &of_b));
        assert_true(is_same_batch(corpus, &of_a, &of_b, options->B));
    }
    nm_batcher_free(a);
    nm_batcher_free(b);
}

static void a_restored_batcher_goes_on_to_the_bit_in_the_middle_of_pieces(void **state) {
    static const char *const presets[] = {"streams", "frames", "intervals", "chords"};
    for (size_t p = 0; p < 4; p++) {
        neume_corpus *corpus = corpus_of(*state, presets[p], (neume_shifts){-4, 5});
        nm_batcher_options options = options_on(corpus, 3, 5);
        options.is_endless = true;
        options.keep_key = 0.3;
        options.word_counts = (const uint64_t *const *)corpus->word_counts;
        for (size_t before = 0; before < 40; before += 3)
            assert_goes_on(*state, corpus, &options, before);
        neume_corpus_free(corpus);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scoring_pass_says_every_word_of_every_stream),
        cmocka_unit_test(training_says_every_word_of_every_stream),
        cmocka_unit_test(masks_and_tables_of_each_stream_are_handed_on),
        cmocka_unit_test(words_seen_once_are_unknown_every_other_time_in_their_stream),
        cmocka_unit_test(a_restored_batcher_goes_on_to_the_bit_in_the_middle_of_pieces),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
