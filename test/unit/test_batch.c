/* SPDX-License-Identifier: ISC */
#include "test_codec.h"

#include "base/rng.h"
#include "learn/batch.h"
#include "music/codec_kind.h"

#include <string.h>

/* The codec of these tests: codec "word" with eight words and a grammar of three states (start;
 * after a plain word or <unk>; after a special word, where <unk> is not allowed). */
enum { V = 10, SPECIAL = 8, CLASSES = 4, STATES = 3 };
static const uint32_t word_class[V] = {0, 1, 2, 2, 2, 2, 2, 2, 3, 3};
static const uint32_t rule[STATES] = {0, 1, 2};
static const uint8_t allowed[STATES * CLASSES] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1};
static const uint32_t next_state[STATES * CLASSES] = {0, 1, 1, 2, 0, 1, 1, 2, 0, 0, 1, 2};
static fixture f;

static uint32_t next_of(const nm_grammar *grammar, uint32_t state, uint32_t class) {
    return next_state[state * grammar->class_count + class];
}

static void *copy_of(const void *table, size_t size) {
    void *copy = nm_alloc(f.context, size, 1);
    memcpy(copy, table, size);
    return copy;
}

static void make_codec(void) {
    neume_sequence sequence;
    f = open_codec(neume_codec_options_default());
    assert_int_equal(neume_codec_parse(&sequence, f.codec, "C4 D4 E4 F4 G4 A4 B4 C5", NULL),
                     NEUME_OK);
    close_vocabulary(&f, NULL);
    neume_sequence_clear(f.context, &sequence);
    assert_int_equal(neume_codec_word_count(f.codec, 0), V);
    nm_grammar *grammar = &f.codec->grammar;
    nm_codec_grammar_clear(f.codec);
    *grammar = (nm_grammar){.state_count = STATES,
                            .rule_count = STATES,
                            .class_count = CLASSES,
                            .rule = copy_of(rule, sizeof rule),
                            .allowed = copy_of(allowed, sizeof allowed),
                            .next = next_of,
                            .word_class = {copy_of(word_class, sizeof word_class)},
                            .stream = nm_alloc(f.context, STATES, 1)};
}

enum { PIECES = 7, MOST = 64 };
static uint32_t words[PIECES][MOST];
static nm_piece pieces[PIECES];
static const size_t lengths[PIECES] = {5, 1, 17, 3, 40, 2, 9};
static size_t step_total;

static int set_up(void **state) {
    (void)state;
    uint32_t word = 2;
    make_codec();
    for (size_t p = 0; p < PIECES; p++) {
        for (size_t s = 0; s + 1 < lengths[p]; s++)
            words[p][s] = 2 + (word = (word * 5 + 3) % 17) % (V - 2);
        words[p][lengths[p] - 1] = NM_WORD_END;
        pieces[p].sequence =
            (neume_sequence){.words = words[p], .step_count = lengths[p], .width = 1};
        step_total += lengths[p];
    }
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    close_fixture(&f);
    return 0;
}

static const uint8_t *const no_masks[NEUME_MAX_STREAMS];

static nm_batcher *new_batcher(neume_context *context, size_t count,
                               const nm_batcher_options *options) {
    nm_batcher_options filled = *options;
    filled.codec = f.codec;
    filled.masks = no_masks;
    filled.pieces = pieces;
    filled.piece_count = count;
    nm_batcher *batcher = NULL;
    assert_int_equal(nm_batcher_new(&batcher, context, &filled), NEUME_OK);
    return batcher;
}

/* What one row met, step after step. */
typedef struct row_track {
    uint32_t piece, step, state, input;
    bool is_running;
} row_track;

/* Follows the rows of a batch: each goes through whole pieces from their begin, in order, with the
 * word before as input and the automaton's state. Counts the visits of every step. */
static void follow(row_track *rows, size_t B, const nm_batcher *batcher, const nm_batch *batch,
                   size_t visits[PIECES][MOST]) {
    const uint32_t *owners = nm_batcher_pieces(batcher);
    for (size_t at = 0; at < batch->T * B; at++) {
        row_track *row = &rows[at % B];
        if (!batch->valid[at])
            continue;
        assert_int_equal(batch->reset[at], !row->is_running);
        if (batch->reset[at])
            *row = (row_track){.piece = owners[at], .input = V, .is_running = true};
        const uint32_t target = batch->targets[0].words[at], class = word_class[target];
        assert_int_equal(owners[at], row->piece);
        assert_int_equal(batch->inputs[at], row->input);
        assert_int_equal(batch->targets[0].rules[at], row->state);
        assert_true(allowed[row->state * CLASSES + class]);
        if (target != NM_WORD_UNKNOWN)
            assert_int_equal(target, words[row->piece][row->step]);
        visits[row->piece][row->step]++;
        row->state = next_state[row->state * CLASSES + class];
        row->input = target;
        row->is_running = ++row->step < lengths[row->piece];
    }
}

static void a_scoring_pass_visits_every_step_once_and_then_pads(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    for (size_t B = 1; B <= PIECES + 3; B++) {
        const nm_batcher_options options = {.B = B, .T = 4};
        nm_batcher *batcher = new_batcher(context, PIECES, &options);
        row_track rows[PIECES + 3] = {0};
        size_t visits[PIECES][MOST] = {0}, valid = 0;
        nm_batch batch;
        while (nm_batcher_next(batcher, &batch)) {
            follow(rows, B, batcher, &batch, visits);
            valid += nm_batcher_valid_count(batcher);
        }
        assert_int_equal(valid, step_total);
        for (size_t p = 0; p < PIECES; p++)
            for (size_t s = 0; s < lengths[p]; s++)
                assert_int_equal(visits[p][s], 1);
        assert_false(nm_batcher_next(batcher, &batch));
        nm_batcher_free(batcher);
    }
    neume_context_free(context);
}

static void a_scoring_pass_takes_pieces_in_order(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    nm_batcher *batcher = new_batcher(context, PIECES, &(nm_batcher_options){.B = 3, .T = 1});
    nm_batch batch;
    uint32_t taken = 0;
    while (nm_batcher_next(batcher, &batch))
        for (size_t b = 0; b < 3; b++)
            if (batch.valid[b] && batch.reset[b])
                assert_int_equal(nm_batcher_pieces(batcher)[b], taken++);
    assert_int_equal(taken, PIECES);
    nm_batcher_free(batcher);
    neume_context_free(context);
}

static void an_epoch_of_training_visits_every_step_once_without_padding(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    for (size_t B = 1; B <= PIECES + 3; B++) {
        nm_batcher *batcher = new_batcher(
            context, PIECES, &(nm_batcher_options){.B = B, .T = 3, .is_endless = true, .seed = 5});
        row_track rows[PIECES + 3] = {0};
        size_t visits[PIECES][MOST] = {0};
        nm_batch batch;
        for (uint64_t epoch = 0; epoch < 5;) {
            assert_true(nm_batcher_next(batcher, &batch));
            assert_int_equal(batch.T, 3);
            assert_int_equal(nm_batcher_valid_count(batcher), 3 * B);
            follow(rows, B, batcher, &batch, visits);
            const uint64_t done = nm_batcher_epochs(batcher);
            assert_in_range(done, epoch, epoch + 3 * B);
            epoch = done;
            size_t fewest = SIZE_MAX;
            for (size_t p = 0; p < PIECES; p++)
                for (size_t s = 0; s < lengths[p]; s++)
                    fewest = visits[p][s] < fewest ? visits[p][s] : fewest;
            assert_int_equal(fewest, epoch);
        }
        nm_batcher_free(batcher);
    }
    neume_context_free(context);
}

static void the_end_of_an_epoch_is_known_before(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    for (size_t B = 1; B <= PIECES + 3; B++) {
        nm_batcher *batcher = new_batcher(
            context, PIECES, &(nm_batcher_options){.B = B, .T = 3, .is_endless = true, .seed = B});
        uint64_t planned, batches = 0;
        for (uint64_t epochs = 1; epochs < 20; epochs++) {
            nm_batch batch;
            for (; nm_batcher_epochs(batcher) < epochs; batches++)
                assert_true(nm_batcher_next(batcher, &batch));
            assert_int_equal(nm_batcher_plan(&planned, batcher, epochs), NEUME_OK);
            assert_int_equal(planned, batches);
        }
        nm_batcher_free(batcher);
    }
    neume_context_free(context);
}

static void the_queue_is_a_function_of_seed_and_epoch(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    nm_batcher *batcher = new_batcher(
        context, PIECES, &(nm_batcher_options){.B = 1, .T = 1, .is_endless = true, .seed = 9});
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
        uint32_t order[PIECES];
        nm_random_shuffle(order, PIECES, 9, NM_PURPOSE_SHUFFLE, epoch);
        for (size_t p = 0; p < PIECES; p++)
            for (size_t s = 0; s < lengths[order[p]]; s++) {
                nm_batch batch;
                assert_true(nm_batcher_next(batcher, &batch));
                assert_int_equal(nm_batcher_pieces(batcher)[0], order[p]);
            }
    }
    nm_batcher_free(batcher);
    neume_context_free(context);
}

static void one_piece_alone_runs_in_every_row(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    nm_batcher *batcher =
        new_batcher(context, 1, &(nm_batcher_options){.B = 2, .T = 10, .is_endless = true});
    nm_batch batch;
    assert_true(nm_batcher_next(batcher, &batch));
    for (size_t at = 0; at < 20; at++)
        assert_int_equal(batch.targets[0].words[at], words[0][at / 2 % 5]);
    assert_int_equal(nm_batcher_epochs(batcher), 4);
    nm_batcher_free(batcher);
    neume_context_free(context);
}

static bool is_same_batch(const nm_batch *a, const nm_batch *b, size_t B) {
    const size_t N = a->T * B;
    return a->T == b->T && memcmp(a->inputs, b->inputs, N * sizeof *a->inputs) == 0 &&
           memcmp(a->targets[0].words, b->targets[0].words, N * sizeof(uint32_t)) == 0 &&
           memcmp(a->targets[0].rules, b->targets[0].rules, N * sizeof(uint32_t)) == 0 &&
           memcmp(a->reset, b->reset, N) == 0 && memcmp(a->valid, b->valid, N) == 0;
}

static void a_restored_batcher_goes_on_with_the_same_batches(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    const uint64_t counts[V] = {9, 0, 1, 1, 5, 1, 1, 1, 1, 4};
    const nm_batcher_options options = {.B = 4,
                                        .T = 5,
                                        .is_endless = true,
                                        .seed = 3,
                                        .word_counts = (const uint64_t *const[]){counts}};
    for (size_t before = 0; before < 25; before++) {
        nm_batcher *a = new_batcher(context, PIECES, &options);
        nm_batcher *b = new_batcher(context, PIECES, &options);
        nm_batch from_a, from_b;
        for (size_t i = 0; i < before; i++)
            assert_true(nm_batcher_next(a, &from_a));
        assert_true(nm_batcher_restore(b, nm_batcher_rows(a), nm_batcher_row_count(a),
                                       nm_batcher_queue(a)));
        for (size_t i = 0; i < 10; i++) {
            assert_true(nm_batcher_next(a, &from_a) && nm_batcher_next(b, &from_b));
            assert_true(is_same_batch(&from_a, &from_b, options.B));
            assert_int_equal(nm_batcher_epochs(a), nm_batcher_epochs(b));
        }
        nm_batcher_free(b);
        nm_batcher_free(a);
    }
    neume_context_free(context);
}

static void words_seen_once_are_unknown_every_other_time(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    const uint64_t counts[V] = {1, 0, 1, 1, 1, 1, 9, 9, 1, 1};
    nm_batcher *batcher = new_batcher(
        context, PIECES,
        &(nm_batcher_options){
            .B = 2, .T = 8, .is_endless = true, .word_counts = (const uint64_t *const[]){counts}});
    row_track rows[2] = {0};
    size_t visits[PIECES][MOST] = {0}, unknown = 0, once = 0;
    while (nm_batcher_epochs(batcher) < 40) {
        nm_batch batch;
        assert_true(nm_batcher_next(batcher, &batch));
        follow(rows, 2, batcher, &batch, visits);
        for (size_t at = 0; at < batch.T * 2; at++) {
            if (!allowed[batch.targets[0].rules[at] * CLASSES + word_class[NM_WORD_UNKNOWN]])
                continue;
            const uint32_t word = batch.targets[0].words[at];
            unknown += word == NM_WORD_UNKNOWN;
            once += word >= NM_WORD_FIRST && counts[word] == 1;
        }
    }
    assert_in_range(unknown * 100 / (unknown + once), 45, 55);
    nm_batcher_free(batcher);
    neume_context_free(context);
}

static void scoring_never_replaces_a_word(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    const uint64_t counts[V] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    nm_batcher *batcher = new_batcher(
        context, PIECES,
        &(nm_batcher_options){.B = 2, .T = 100, .word_counts = (const uint64_t *const[]){counts}});
    nm_batch batch;
    assert_true(nm_batcher_next(batcher, &batch));
    for (size_t at = 0; at < batch.T * 2; at++)
        assert_true(!batch.valid[at] || batch.targets[0].words[at] != NM_WORD_UNKNOWN);
    nm_batcher_free(batcher);
    neume_context_free(context);
}

static void refuses_positions_that_do_not_fit(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    nm_batcher *batcher =
        new_batcher(context, PIECES, &(nm_batcher_options){.B = 1, .T = 1, .is_endless = true});
    const nm_row_position good = {0, 2, 16};
    assert_true(nm_batcher_restore(batcher, &good, 1, (nm_queue_place){0, PIECES}));
    assert_false(nm_batcher_restore(batcher, &good, 1, (nm_queue_place){0, PIECES + 1}));
    assert_false(
        nm_batcher_restore(batcher, &(nm_row_position){1, 2, 16}, 1, (nm_queue_place){0, 0}));
    assert_false(
        nm_batcher_restore(batcher, &(nm_row_position){0, 2, 17}, 1, (nm_queue_place){0, 0}));
    assert_false(
        nm_batcher_restore(batcher, &(nm_row_position){0, PIECES, 0}, 1, (nm_queue_place){0, 0}));
    assert_false(nm_batcher_restore(batcher, &(nm_row_position){0, UINT64_MAX, 0}, 1,
                                    (nm_queue_place){0, 0}));
    nm_batcher_free(batcher);
    neume_context_free(context);
}

static void refuses_to_repeat_pieces_without_a_step(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    const nm_piece empty[2] = {0};
    nm_batcher *batcher = NULL;
    nm_batcher_options options = {.codec = f.codec,
                                  .masks = no_masks,
                                  .pieces = empty,
                                  .piece_count = 2,
                                  .B = 1,
                                  .T = 1,
                                  .is_endless = true};
    assert_int_equal(nm_batcher_new(&batcher, context, &options), NEUME_BAD_USAGE);
    assert_null(batcher);
    options.is_endless = false;
    assert_int_equal(nm_batcher_new(&batcher, context, &options), NEUME_OK);
    assert_false(nm_batcher_next(batcher, &(nm_batch){0}));
    nm_batcher_free(batcher);
    neume_context_free(context);
}

static neume_status make_and_free(neume_context *context, void *data) {
    const nm_batcher_options options = {.codec = f.codec,
                                        .masks = no_masks,
                                        .pieces = data,
                                        .piece_count = PIECES,
                                        .B = 2,
                                        .T = 3,
                                        .is_endless = true};
    nm_batcher *batcher;
    const neume_status status = nm_batcher_new(&batcher, context, &options);
    nm_batcher_free(batcher);
    return status;
}

static void survives_each_failing_allocation(void **state) {
    (void)state;
    test_each_allocation_failing(make_and_free, pieces);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scoring_pass_visits_every_step_once_and_then_pads),
        cmocka_unit_test(a_scoring_pass_takes_pieces_in_order),
        cmocka_unit_test(an_epoch_of_training_visits_every_step_once_without_padding),
        cmocka_unit_test(the_end_of_an_epoch_is_known_before),
        cmocka_unit_test(the_queue_is_a_function_of_seed_and_epoch),
        cmocka_unit_test(one_piece_alone_runs_in_every_row),
        cmocka_unit_test(a_restored_batcher_goes_on_with_the_same_batches),
        cmocka_unit_test(words_seen_once_are_unknown_every_other_time),
        cmocka_unit_test(scoring_never_replaces_a_word),
        cmocka_unit_test(refuses_positions_that_do_not_fit),
        cmocka_unit_test(refuses_to_repeat_pieces_without_a_step),
        cmocka_unit_test(survives_each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
