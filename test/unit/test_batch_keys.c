/* SPDX-License-Identifier: ISC */
/* Pieces in other keys, drawn anew for each piece and epoch. */
#include "test_codec.h"

#include "learn/batch.h"
#include "music/codec_kind.h"

enum { PIECES = 4, LOW = -5, HIGH = 6, EPOCHS = 150 };

/* Pieces of codec "interval", which begin with a note. */
static const char *const texts[PIECES] = {
    "60 r1 62 -2 r1 x1 64 r2 <end>", "70 -12 r4 71 r1 <end>", "125 r1 20 r1 <end>", /* up by 2 */
    "60 r1 7 -4 r1 <end>", /* down by 3: the lower note of the chord is 3 */
};
static const neume_shifts keys[PIECES] = {{LOW, HIGH}, {LOW, HIGH}, {LOW, 2}, {-3, HIGH}};

typedef struct key_case {
    fixture f;
    nm_piece pieces[PIECES];
} key_case;

static key_case open_case(const char *name, uint32_t grid, const char *const *of) {
    neume_codec_options options = neume_codec_options_default();
    options.name = name;
    options.grid = grid;
    key_case c = {.f = open_codec(options)};
    neume_error error = {0};
    nm_codec_set_shifts(c.f.codec, LOW, HIGH);
    for (size_t p = 0; p < PIECES; p++)
        if (neume_codec_parse(&c.pieces[p].sequence, c.f.codec, of[p], &error))
            fail_msg("%s", error.line);
    close_vocabulary(&c.f, NULL);
    for (size_t p = 0; p < PIECES; p++) { /* again, in the closed vocabulary */
        neume_sequence_clear(c.f.context, &c.pieces[p].sequence);
        assert_int_equal(neume_codec_parse(&c.pieces[p].sequence, c.f.codec, of[p], NULL),
                         NEUME_OK);
    }
    return c;
}

static void close_case(key_case *c) {
    for (size_t p = 0; p < PIECES; p++)
        neume_sequence_clear(c->f.context, &c->pieces[p].sequence);
    close_fixture(&c->f);
}

static const uint8_t *const no_masks[NEUME_MAX_STREAMS];

static nm_batcher *batcher_of(const key_case *c, size_t B, size_t T, uint64_t seed,
                              double keep_key) {
    const nm_batcher_options options = {.codec = c->f.codec,
                                        .pieces = c->pieces,
                                        .piece_count = PIECES,
                                        .B = B,
                                        .T = T,
                                        .is_endless = true,
                                        .seed = seed,
                                        .shifts = {LOW, HIGH},
                                        .keep_key = keep_key,
                                        .masks = no_masks};
    nm_batcher *batcher;
    assert_int_equal(nm_batcher_new(&batcher, c->f.context, &options), NEUME_OK);
    return batcher;
}

/* By epoch and piece. Rows need not be in the same epoch, but a piece has its epochs in order. */
typedef struct key_table {
    int shift[EPOCHS][PIECES];
    size_t begun[PIECES], step[PIECES];
} key_table;

/* What the words of a place say of its key, which is one for the whole piece. */
static void note_place(key_table *table, const key_case *c, const nm_batch *batch, uint32_t piece,
                       size_t at) {
    const uint32_t word = batch->targets[0].words[at];
    if (batch->reset[at]) {
        const int shift = (int)word - (int)c->pieces[piece].sequence.words[0];
        if (table->begun[piece] < EPOCHS)
            table->shift[table->begun[piece]][piece] = shift;
        table->begun[piece]++;
        table->step[piece] = 0;
    }
    const size_t epoch = table->begun[piece] - 1;
    const uint32_t own = c->pieces[piece].sequence.words[table->step[piece]++];
    if (epoch < EPOCHS)
        assert_int_equal(word, nm_codec_shifted(c->f.codec, 0, own, table->shift[epoch][piece]));
}

/* In one row, so that no piece runs twice at once. */
static void fill_table(key_table *table, const key_case *c, size_t T, uint64_t seed,
                       double keep_key) {
    nm_batcher *batcher = batcher_of(c, 1, T, seed, keep_key);
    *table = (key_table){0};
    while (nm_batcher_epochs(batcher) < EPOCHS) {
        nm_batch batch;
        assert_true(nm_batcher_next(batcher, &batch));
        for (size_t at = 0; at < batch.T; at++)
            note_place(table, c, &batch, nm_batcher_pieces(batcher)[at], at);
    }
    nm_batcher_free(batcher);
}

static void every_key_in_which_a_piece_can_be_said_occurs_and_no_other(void **state) {
    (void)state;
    static key_table table;
    key_case c = open_case("interval", 4, texts);
    fill_table(&table, &c, 4, 1, 0);
    for (size_t p = 0; p < PIECES; p++) {
        size_t seen[HIGH - LOW + 1] = {0};
        for (size_t e = 0; e < EPOCHS; e++) {
            assert_true(table.shift[e][p] >= keys[p].low && table.shift[e][p] <= keys[p].high);
            seen[table.shift[e][p] - LOW]++;
        }
        for (int shift = LOW; shift <= HIGH; shift++)
            assert_int_equal(seen[shift - LOW] > 0, shift >= keys[p].low && shift <= keys[p].high);
    }
    close_case(&c);
}

static void a_key_is_a_function_of_seed_epoch_and_piece(void **state) {
    (void)state;
    static key_table first, same, other;
    key_case c = open_case("interval", 4, texts);
    fill_table(&first, &c, 4, 1, 0);
    fill_table(&same, &c, 9, 1, 0);
    assert_memory_equal(first.shift, same.shift, sizeof first.shift);
    fill_table(&other, &c, 4, 2, 0);
    assert_memory_not_equal(first.shift, other.shift, sizeof first.shift);
    assert_memory_not_equal(first.shift[0], first.shift[1], sizeof first.shift[0]);
    size_t alike = 0;
    for (size_t e = 0; e < EPOCHS; e++)
        alike += first.shift[e][0] == first.shift[e][1];
    assert_in_range(alike, 1, EPOCHS / 4); /* about a twelfth: each piece draws for itself */
    nm_batcher *batcher = batcher_of(&c, 2, 3, 1, 0); /* the same in any row */
    for (size_t b = 0; b < 2; b++) {
        nm_batch batch;
        nm_batcher_restart(batcher);
        assert_true(nm_batcher_next(batcher, &batch));
        const uint32_t piece = nm_batcher_pieces(batcher)[b];
        assert_int_equal((int)batch.targets[0].words[b] - (int)c.pieces[piece].sequence.words[0],
                         first.shift[0][piece]);
    }
    nm_batcher_free(batcher);
    close_case(&c);
}

static void a_share_of_the_pieces_keeps_its_key(void **state) {
    (void)state;
    static key_table table;
    key_case c = open_case("interval", 4, texts);
    for (int tenths = 0; tenths <= 10; tenths += 5) {
        size_t own = 0;
        fill_table(&table, &c, 5, 3, tenths / 10.0);
        for (size_t e = 0; e < EPOCHS; e++)
            own += table.shift[e][0] == 0;
        const size_t expected = (size_t)(EPOCHS * (tenths + (10 - tenths) / 12.0) / 10);
        if (tenths == 10)
            assert_int_equal(own, EPOCHS);
        else
            assert_in_range(own, expected > 12 ? expected - 12 : 0, expected + 12);
    }
    close_case(&c);
}

static void scoring_leaves_every_piece_in_its_key(void **state) {
    (void)state;
    key_case c = open_case("interval", 4, texts);
    const nm_batcher_options options = {.codec = c.f.codec,
                                        .pieces = c.pieces,
                                        .piece_count = PIECES,
                                        .B = PIECES,
                                        .T = 1,
                                        .shifts = {LOW, HIGH},
                                        .masks = no_masks};
    nm_batcher *batcher;
    nm_batch batch;
    assert_int_equal(nm_batcher_new(&batcher, c.f.context, &options), NEUME_OK);
    assert_true(nm_batcher_next(batcher, &batch));
    for (size_t p = 0; p < PIECES; p++)
        assert_int_equal(batch.targets[0].words[p], c.pieces[p].sequence.words[0]);
    nm_batcher_free(batcher);
    close_case(&c);
}

/* Chords of pitch classes move too, and all their words are in the vocabulary; what says time and
 * instruments stays. */
static void notes_move_and_the_other_streams_stay(void **state) {
    (void)state;
    static const char *const of[PIECES] = {
        "C4 0 1/2 p0 0.4.7 1 1 p40 <end> <end> <end> <end>",
        "B4 0 1 p0 C5 1/2 1 p0 <end> <end> <end> <end>",
        "G9 0 1/2 p9 E4 1 1 p9 <end> <end> <end> <end>",
        "C-1 0 1 p0 G4 1/2 2 p0 <end> <end> <end> <end>",
    };
    static const neume_shifts possible[PIECES] = {{LOW, HIGH}, {LOW, HIGH}, {LOW, 0}, {0, HIGH}};
    key_case c = open_case("stream", 24, of);
    nm_batcher *batcher = batcher_of(&c, 1, 1, 4, 0);
    bool seen[PIECES][HIGH - LOW + 1] = {{false}};
    while (nm_batcher_epochs(batcher) < EPOCHS) {
        nm_batch batch;
        assert_true(nm_batcher_next(batcher, &batch));
        const uint32_t piece = nm_batcher_pieces(batcher)[0];
        const uint32_t *own = c.pieces[piece].sequence.words;
        if (!batch.reset[0])
            continue;
        for (unsigned s = 1; s < 4; s++)
            assert_int_equal(batch.targets[s].words[0], own[s]);
        int shift = LOW;
        while (shift <= HIGH &&
               nm_codec_shifted(c.f.codec, 0, own[0], shift) != batch.targets[0].words[0])
            shift++;
        assert_true(shift <= HIGH);
        seen[piece][shift - LOW] = true;
    }
    for (size_t p = 0; p < PIECES; p++)
        for (int shift = LOW; shift <= HIGH; shift++)
            assert_int_equal(seen[p][shift - LOW],
                             shift >= possible[p].low && shift <= possible[p].high);
    nm_batcher_free(batcher);
    close_case(&c);
}

/* No codec says them: there is nothing to move. */
static void drums_are_in_no_key(void **state) {
    (void)state;
    neume_codec_options options = neume_codec_options_default();
    fixture f = open_codec(options);
    const neume_note notes[] = {
        {.start_ticks = 0, .duration_ticks = 10, .pitch = 36, .velocity = 64, .channel = 9},
        {.start_ticks = 480, .duration_ticks = 10, .pitch = 60, .velocity = 64},
    };
    neume_sequence sequence = encode_notes(&f, notes, 2);
    nm_codec_set_shifts(f.codec, -1, 1);
    close_vocabulary(&f, &sequence);
    assert_int_equal(omitted(&sequence, "drums"), 1);
    assert_int_equal(neume_codec_word_count(f.codec, 0), 2 + 3);
    static const char *const words[] = {"B3", "C4", "C#4"};
    for (size_t i = 0; i < 3; i++)
        assert_true(neume_codec_find(f.codec, 0, words[i]) != NEUME_NO_WORD);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_in_which_a_piece_can_be_said_occurs_and_no_other),
        cmocka_unit_test(a_key_is_a_function_of_seed_epoch_and_piece),
        cmocka_unit_test(a_share_of_the_pieces_keeps_its_key),
        cmocka_unit_test(scoring_leaves_every_piece_in_its_key),
        cmocka_unit_test(notes_move_and_the_other_streams_stay),
        cmocka_unit_test(drums_are_in_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
