/* SPDX-License-Identifier: ISC */
/* Batches of rolls: sets of keys, the cell of the bar, other keys. */
#include "roll_case.h"

#include "learn/batch.h"

enum { B = 3, T = 5, PIECES = 9, MOST_WIDTH = 2 * NM_ROLL_WORDS };

static const uint8_t *const no_masks[NEUME_MAX_STREAMS];

static nm_batcher_options options_of(const roll_case *c, bool is_endless) {
    return (nm_batcher_options){.codec = c->model->codec,
                                .pieces = c->corpus->train,
                                .piece_count = c->corpus->train_count,
                                .B = B,
                                .T = T,
                                .is_endless = is_endless,
                                .seed = 4,
                                .masks = no_masks};
}

static nm_batcher *batcher_of(const roll_case *c, const nm_batcher_options *options) {
    nm_batcher *batcher;
    assert_int_equal(nm_batcher_new(&batcher, c->context, options), NEUME_OK);
    return batcher;
}

/* A batch's place as words, beside those of the piece that it is of. */
static void assert_step(const nm_batch *batch, const neume_sequence *piece, size_t step,
                        size_t at) {
    const unsigned width = piece->width;
    const uint32_t *inputs = batch->inputs + at * (width + 1);
    for (unsigned w = 0; w < width; w++) {
        assert_int_equal(inputs[w], step ? piece->words[(step - 1) * width + w] : 0);
        assert_int_equal(batch->targets[w].words[at], piece->words[step * width + w]);
        assert_null(batch->targets[w].masks);
    }
    assert_int_equal(inputs[width], piece->given[step]);
    assert_int_equal(batch->reset[at], step == 0);
}

/* In order and once; what is behind the last piece of a row is padding. */
static void the_network_is_told_the_sets_of_the_step_before_and_the_cell(void **state) {
    (void)state;
    for (neume_onsets onsets = NEUME_ONSETS_KEEP; onsets <= NEUME_ONSETS_DROP; onsets++) {
        roll_case c = roll_case_new(onsets, 40, 80);
        const nm_batcher_options options = options_of(&c, false);
        nm_batcher *batcher = batcher_of(&c, &options);
        size_t steps[PIECES] = {0};
        nm_batch batch;
        while (nm_batcher_next(batcher, &batch))
            for (size_t at = 0; at < batch.T * B; at++) {
                const uint32_t piece = nm_batcher_pieces(batcher)[at];
                assert_int_equal(batch.valid[at], piece != UINT32_MAX);
                if (piece != UINT32_MAX)
                    assert_step(&batch, &c.corpus->train[piece].sequence, steps[piece]++, at);
                else
                    assert_int_equal(batch.reset[at], 1);
            }
        for (size_t p = 0; p < PIECES; p++)
            assert_int_equal(steps[p], c.corpus->train[p].sequence.step_count);
        nm_batcher_free(batcher);
        roll_case_clear(&c);
    }
}

static bool has_key(const uint32_t *words, int key) {
    return words[key / 32] >> key % 32 & 1;
}

/* Whether a step is another one, moved. */
static bool is_moved(const uint32_t *words, const uint32_t *own, unsigned width, int shift) {
    for (int key = 0; key < 128; key++)
        for (unsigned set = 0; set < width; set += NM_ROLL_WORDS) {
            const bool is_on = key >= shift && key - shift < 128 && has_key(own + set, key - shift);
            if (has_key(words + set, key) != is_on)
                return false;
        }
    return true;
}

/* The targets of a place as a step. */
static void read_targets(uint32_t words[MOST_WIDTH], const nm_batch *batch, unsigned width,
                         size_t at) {
    for (unsigned w = 0; w < width; w++)
        words[w] = batch->targets[w].words[at];
}

enum { LOW = -2, HIGH = 48 };

/* Where one row stands; `possible` are the keys in which its piece was so far, from LOW on. */
typedef struct place {
    size_t step;
    uint64_t possible;
} place;

static void follow(place *row, const nm_batch *batch, const neume_sequence *piece, size_t at) {
    uint32_t words[MOST_WIDTH];
    *row = batch->reset[at] ? (place){0, UINT64_MAX} : (place){row->step + 1, row->possible};
    read_targets(words, batch, piece->width, at);
    for (int shift = LOW; shift <= HIGH; shift++)
        if (!is_moved(words, piece->words + row->step * piece->width, piece->width, shift))
            row->possible &= ~(UINT64_C(1) << (shift - LOW));
    assert_int_equal(batch->inputs[at * (piece->width + 1) + piece->width],
                     piece->given[row->step]);
}

/* The keys of whole pieces in some epochs of one row. */
static uint64_t keys_seen(const roll_case *c, neume_shifts shifts) {
    nm_batcher_options options = options_of(c, true);
    options.shifts = shifts;
    options.B = 1;
    nm_codec_set_shifts(c->model->codec, shifts.low, shifts.high);
    nm_batcher *batcher = batcher_of(c, &options);
    uint64_t seen = 0;
    place row = {0};
    while (nm_batcher_epochs(batcher) < 20) {
        nm_batch batch;
        nm_batcher_next(batcher, &batch);
        for (size_t at = 0; at < batch.T; at++) {
            const neume_sequence *piece =
                &c->corpus->train[nm_batcher_pieces(batcher)[at]].sequence;
            follow(&row, &batch, piece, at);
            if (row.step + 1 < piece->step_count)
                continue;
            assert_int_equal(__builtin_popcountll(row.possible & (UINT64_MAX >> 13)), 1);
            seen |= row.possible & (UINT64_MAX >> 13);
        }
    }
    nm_batcher_free(batcher);
    return seen;
}

/* One key for a whole piece and epoch, all of the asked ones in time. */
static void other_keys_move_all_sets_of_a_piece(void **state) {
    (void)state;
    for (neume_onsets onsets = NEUME_ONSETS_KEEP; onsets <= NEUME_ONSETS_DROP; onsets++) {
        roll_case c = roll_case_new(onsets, 40, 80);
        assert_true(keys_seen(&c, (neume_shifts){-2, 3}) == 0x3F);
        roll_case_clear(&c);
    }
}

/* Of 80..103 none can go up by 48, and no piece by more than 127 - its highest. */
static void a_piece_moves_only_as_far_as_its_keys_go(void **state) {
    (void)state;
    roll_case c = roll_case_new(NEUME_ONSETS_DROP, 40, 127);
    for (size_t p = 0; p < PIECES; p++)
        for (size_t t = 0; t < c.corpus->train[p].sequence.step_count; t++) {
            uint32_t *words = c.corpus->train[p].sequence.words + t * NM_ROLL_WORDS;
            memmove(words + 1, words, 3 * sizeof *words);
            words[0] = 0;
        }
    const uint64_t seen = keys_seen(&c, (neume_shifts){0, 48});
    assert_true(seen >> (24 - LOW) != 0 && seen >> (36 - LOW) == 0);
    roll_case_clear(&c);
}

static void assert_same_batch(const nm_batch *a, const nm_batch *b, unsigned width) {
    assert_int_equal(a->T, b->T);
    assert_memory_equal(a->inputs, b->inputs, T * B * (width + 1) * sizeof *a->inputs);
    assert_memory_equal(a->reset, b->reset, T * B);
    for (unsigned w = 0; w < width; w++)
        assert_memory_equal(a->targets[w].words, b->targets[w].words,
                            T * B * sizeof *a->targets[w].words);
}

static void goes_on_from_any_place_as_if_it_had_not_stopped(void **state) {
    (void)state;
    roll_case c = roll_case_new(NEUME_ONSETS_KEEP, 40, 80);
    nm_batcher_options options = options_of(&c, true);
    const unsigned width = neume_codec_width(c.model->codec);
    options.shifts = (neume_shifts){-5, 6};
    nm_codec_set_shifts(c.model->codec, -5, 6);
    nm_batcher *whole = batcher_of(&c, &options), *part = batcher_of(&c, &options);
    for (size_t i = 0; i < 60; i++) {
        nm_batch a, b;
        assert_true(nm_batcher_restore(part, nm_batcher_rows(whole), nm_batcher_row_count(whole),
                                       nm_batcher_queue(whole)));
        nm_batcher_next(whole, &a);
        nm_batcher_next(part, &b);
        assert_same_batch(&a, &b, width);
    }
    nm_batcher_free(whole);
    nm_batcher_free(part);
    roll_case_clear(&c);
}

static neume_status make(neume_context *context, void *data) {
    const nm_batcher_options *options = data;
    nm_batcher *batcher;
    const neume_status status = nm_batcher_new(&batcher, context, options);
    nm_batcher_free(batcher);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    roll_case c = roll_case_new(NEUME_ONSETS_KEEP, 40, 80);
    nm_batcher_options options = options_of(&c, true);
    test_each_allocation_failing(make, &options);
    roll_case_clear(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_network_is_told_the_sets_of_the_step_before_and_the_cell),
        cmocka_unit_test(other_keys_move_all_sets_of_a_piece),
        cmocka_unit_test(a_piece_moves_only_as_far_as_its_keys_go),
        cmocka_unit_test(goes_on_from_any_place_as_if_it_had_not_stopped),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
