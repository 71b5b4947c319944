/* SPDX-License-Identifier: ISC */
#include "learn/batch.h"

#include "base/mem.h"
#include "base/rng.h"
#include "learn/keys.h"

#include <string.h>

struct nm_batcher {
    neume_context *context;
    nm_batcher_options options;
    unsigned width, columns, maps; /* words of a step; + features + what is given; M */
    bool is_roll;
    uint64_t *starts;   /* [piece_count] place of a piece's first step in the corpus */
    neume_shifts *keys; /* [piece_count] into which a piece can move */
    uint32_t *order;    /* [piece_count] the queue of `queue_epoch` */
    uint64_t queue_epoch, queue_index;
    nm_row_position *all_rows; /* [queue_rows] */
    nm_row_position *rows;     /* [B] of them, those in the batches */
    nm_row *cursors;           /* [B] what follows from that */
    int *shifts;               /* [B] the key of the row's piece */
    uint32_t *inputs;          /* [T,B,columns] */
    uint32_t *contexts;        /* [T,B,maps] */
    uint32_t *targets;         /* [width,T,B], like the next */
    uint32_t *rules;
    uint32_t *owners; /* [T,B], like the next two */
    uint8_t *reset, *valid;
    size_t valid_count;
};

static const uint64_t NO_PIECE = UINT64_MAX;

static size_t length_of(const nm_batcher *batcher, uint64_t piece) {
    return batcher->options.pieces[piece].sequence.step_count;
}

static void fill_queue(nm_batcher *batcher, uint64_t epoch) {
    const nm_batcher_options *options = &batcher->options;
    batcher->queue_epoch = epoch;
    batcher->queue_index = 0;
    if (options->is_endless)
        nm_random_shuffle(batcher->order, batcher->options.piece_count, options->seed,
                          NM_PURPOSE_SHUFFLE, epoch);
    else
        for (size_t i = 0; i < batcher->options.piece_count; i++)
            batcher->order[i] = (uint32_t)i;
}

/* The next piece with a step, or none. An endless queue has one, for nm_batcher_new saw to it. */
static nm_row_position take_piece(nm_batcher *batcher) {
    for (;;) {
        if (batcher->queue_index == batcher->options.piece_count) {
            if (!batcher->options.is_endless)
                return (nm_row_position){.epoch = batcher->queue_epoch, .piece = NO_PIECE};
            fill_queue(batcher, batcher->queue_epoch + 1);
        }
        const uint32_t piece = batcher->order[batcher->queue_index++];
        if (length_of(batcher, piece) > 0)
            return (nm_row_position){.epoch = batcher->queue_epoch, .piece = piece};
    }
}

/* The key of a piece in an epoch: its own with the chance keep_key, else one of those that it can
 * move into, all alike. */
static int draw_shift(const nm_batcher *batcher, const nm_row_position *at) {
    const nm_batcher_options *options = &batcher->options;
    const neume_shifts keys = batcher->keys[at->piece];
    const nm_random draw = nm_random_at(options->seed, NM_PURPOSE_SHIFT, at->epoch, at->piece);
    if (!options->is_endless || draw.word[0] * 0x1p-32 < options->keep_key)
        return 0;
    const uint64_t count = (uint64_t)(keys.high - keys.low + 1);
    return keys.low + (int)(draw.word[1] * count >> 32);
}

/* Share of the pieces of an epoch whose label is kept back, so that the network can do without. */
static const double LABEL_DROPOUT = 0.1;

static uint32_t draw_label(const nm_batcher *batcher, const nm_row_position *at) {
    const nm_batcher_options *options = &batcher->options;
    if (!options->has_labels)
        return NM_NO_LABELS;
    if (at->piece == NO_PIECE ||
        (options->is_endless &&
         nm_random_uniform(options->seed, NM_PURPOSE_LABEL, at->epoch, at->piece) < LABEL_DROPOUT))
        return 0;
    return options->pieces[at->piece].label;
}

static void enter_piece(nm_batcher *batcher, size_t b) {
    const nm_row_position *at = &batcher->rows[b];
    batcher->shifts[b] = at->piece == NO_PIECE ? 0 : draw_shift(batcher, at);
    nm_row_begin(&batcher->cursors[b], batcher->options.codec, batcher->shifts[b]);
    batcher->cursors[b].label = draw_label(batcher, at);
}

static bool is_own(const nm_batcher *batcher, size_t row) {
    return row - batcher->options.first_row < batcher->options.B;
}

/* Of a row of the queue. */
static void start_piece(nm_batcher *batcher, size_t row) {
    batcher->all_rows[row] = take_piece(batcher);
    if (is_own(batcher, row))
        enter_piece(batcher, row - batcher->options.first_row);
}

static void end_piece(nm_batcher *batcher, size_t row) {
    const nm_row_position *at = &batcher->all_rows[row];
    if (at->piece != NO_PIECE && at->step == length_of(batcher, at->piece))
        start_piece(batcher, row);
}

/* Whether a word that the corpus has but once stands for the unknown ones in this epoch. */
static bool is_hidden(const nm_batcher *batcher, size_t b, unsigned stream, uint32_t word) {
    const nm_batcher_options *options = &batcher->options;
    if (!options->is_endless || !options->word_counts || word < NM_WORD_FIRST ||
        options->word_counts[stream][word] != 1 ||
        !nm_row_allows(&batcher->cursors[b], options->codec, stream, NM_WORD_UNKNOWN))
        return false;
    const nm_row_position *at = &batcher->rows[b];
    const uint64_t place = (batcher->starts[at->piece] + at->step) * batcher->width + stream;
    return nm_random_at(options->seed, NM_PURPOSE_UNKNOWN, at->epoch, place).word[0] & 1;
}

static const uint32_t *step_of(const nm_batcher *batcher, size_t b) {
    const nm_row_position *at = &batcher->rows[b];
    return batcher->options.pieces[at->piece].sequence.words + at->step * batcher->width;
}

/* A word of the row's next step as this epoch has it, and the grammar behind it. */
static uint32_t say_word(nm_batcher *batcher, size_t b, unsigned stream) {
    uint32_t word = step_of(batcher, b)[stream];
    word = is_hidden(batcher, b, stream, word)
               ? NM_WORD_UNKNOWN
               : nm_codec_shifted(batcher->options.codec, stream, word, batcher->shifts[b]);
    nm_row_say(&batcher->cursors[b], batcher->options.codec, stream, word);
    return word;
}

/* The row's next step as this epoch has it, and the grammar's rules before each of its words. */
static void say_step(nm_batcher *batcher, size_t b, uint32_t *words, uint32_t *rules) {
    if (batcher->is_roll)
        (void)nm_codec_shift_step(batcher->options.codec, words, step_of(batcher, b),
                                  batcher->shifts[b]);
    for (unsigned s = 0; s < batcher->width && !batcher->is_roll; s++) {
        rules[s] = nm_codec_grammar(batcher->options.codec)->rule[batcher->cursors[b].state];
        words[s] = say_word(batcher, b, s);
    }
}

static void end_step(nm_batcher *batcher, size_t b, const uint32_t *words) {
    nm_row_end_step(&batcher->cursors[b], batcher->options.codec, words);
    batcher->rows[b].step++;
}

static size_t positions_of(const nm_batcher *batcher) {
    return batcher->options.B * batcher->options.T;
}

/* Padding runs from zero state, so that it stays bounded however long it is. */
static void fill_padding(nm_batcher *batcher, size_t at) {
    for (unsigned s = 0; s < batcher->width; s++) {
        batcher->targets[s * positions_of(batcher) + at] = NM_WORD_UNKNOWN;
        batcher->rules[s * positions_of(batcher) + at] = 0;
    }
    batcher->owners[at] = UINT32_MAX;
    batcher->reset[at] = 1;
    batcher->valid[at] = 0;
}

/* What the network is told before the row's next step. */
static void read_inputs(nm_batcher *batcher, size_t at, size_t b) {
    const nm_row_position *row = &batcher->rows[b];
    if (batcher->is_roll && row->piece != NO_PIECE)
        batcher->cursors[b].given = batcher->options.pieces[row->piece].sequence.given[row->step];
    nm_row_read(&batcher->cursors[b], batcher->options.codec,
                batcher->inputs + at * batcher->columns, batcher->contexts + at * batcher->maps);
}

static void fill_step(nm_batcher *batcher, size_t at, size_t b) {
    const nm_row_position row = batcher->rows[b];
    uint32_t words[NEUME_MAX_STREAMS], rules[NEUME_MAX_STREAMS] = {0};
    read_inputs(batcher, at, b);
    if (row.piece == NO_PIECE) {
        fill_padding(batcher, at);
        return;
    }
    say_step(batcher, b, words, rules);
    for (unsigned s = 0; s < batcher->width; s++) {
        batcher->rules[s * positions_of(batcher) + at] = rules[s];
        batcher->targets[s * positions_of(batcher) + at] = words[s];
    }
    batcher->owners[at] = (uint32_t)row.piece;
    batcher->reset[at] = row.step == 0;
    batcher->valid[at] = 1;
    batcher->valid_count++;
    end_step(batcher, b, words);
}

/* Step t of a row of the queue: into the batch, or, of another rank's, only gone past. */
static void take_step(nm_batcher *batcher, size_t t, size_t row) {
    const size_t b = row - batcher->options.first_row;
    if (is_own(batcher, row))
        fill_step(batcher, t * batcher->options.B + b, b);
    else if (batcher->all_rows[row].piece != NO_PIECE)
        batcher->all_rows[row].step++;
    end_piece(batcher, row);
}

void nm_batcher_restart(nm_batcher *batcher) {
    fill_queue(batcher, 0);
    for (size_t row = 0; row < batcher->options.queue_rows; row++)
        start_piece(batcher, row);
}

static bool has_rows_left(const nm_batcher *batcher) {
    for (size_t row = 0; row < batcher->options.queue_rows; row++)
        if (batcher->all_rows[row].piece != NO_PIECE)
            return true;
    return false;
}

bool nm_batcher_next(nm_batcher *batcher, nm_batch *out) {
    const size_t rows = batcher->options.queue_rows, T = batcher->options.T;
    size_t t = 0;
    batcher->valid_count = 0;
    for (; t < T && has_rows_left(batcher); t++)
        for (size_t row = 0; row < rows; row++)
            take_step(batcher, t, row);
    *out = (nm_batch){.T = t,
                      .inputs = batcher->inputs,
                      .contexts = batcher->contexts,
                      .reset = batcher->reset,
                      .valid = batcher->valid};
    for (unsigned s = 0; s < batcher->width; s++)
        out->targets[s] =
            (nm_targets){batcher->targets + s * positions_of(batcher), batcher->options.masks[s],
                         batcher->rules + s * positions_of(batcher)};
    return t > 0;
}

const uint32_t *nm_batcher_pieces(const nm_batcher *batcher) {
    return batcher->owners;
}

size_t nm_batcher_valid_count(const nm_batcher *batcher) {
    return batcher->valid_count;
}

/* A row stands in a piece that is not at its end, and the queue is never behind a row. */
uint64_t nm_batcher_epochs(const nm_batcher *batcher) {
    uint64_t epochs = batcher->queue_epoch;
    for (size_t row = 0; row < batcher->options.queue_rows; row++)
        if (batcher->all_rows[row].epoch < epochs)
            epochs = batcher->all_rows[row].epoch;
    return epochs;
}

/* Which row is free first; of equals the first, as in nm_batcher_next. */
static size_t first_free(const uint64_t *ends, size_t rows) {
    size_t first = 0;
    for (size_t row = 1; row < rows; row++)
        if (ends[row] < ends[first])
            first = row;
    return first;
}

/* Hands out one epoch's queue; returns the step at which the last of its pieces ends. */
static uint64_t hand_out(const nm_batcher *batcher, const uint32_t *order, uint64_t *ends) {
    uint64_t last = 0;
    for (size_t i = 0; i < batcher->options.piece_count; i++) {
        uint64_t *end = &ends[first_free(ends, batcher->options.queue_rows)];
        *end += length_of(batcher, order[i]);
        last = *end > last ? *end : last;
    }
    return last;
}

neume_status nm_batcher_plan(uint64_t *out, const nm_batcher *batcher, uint64_t epochs) {
    neume_context *context = batcher->context;
    const nm_batcher_options *options = &batcher->options;
    uint32_t *order = nm_alloc(context, options->piece_count, sizeof *order);
    uint64_t *ends = nm_alloc(context, options->queue_rows, sizeof *ends); /* when a row is free */
    uint64_t last = 0;
    for (uint64_t epoch = 0; order && ends && epoch < epochs; epoch++) {
        nm_random_shuffle(order, options->piece_count, options->seed, NM_PURPOSE_SHUFFLE, epoch);
        const uint64_t end = hand_out(batcher, order, ends);
        last = end > last ? end : last;
    }
    *out = (last + options->T - 1) / options->T;
    const neume_status status = order && ends ? NEUME_OK : NEUME_NO_MEMORY;
    nm_free(context, ends);
    nm_free(context, order);
    return status;
}

const nm_row_position *nm_batcher_rows(const nm_batcher *batcher) {
    return batcher->all_rows;
}

size_t nm_batcher_row_count(const nm_batcher *batcher) {
    return batcher->options.queue_rows;
}

nm_queue_place nm_batcher_queue(const nm_batcher *batcher) {
    return (nm_queue_place){batcher->queue_epoch, batcher->queue_index};
}

static bool is_position(const nm_batcher *batcher, const nm_row_position *row, uint64_t epoch) {
    if (row->epoch > epoch)
        return false;
    if (row->piece == NO_PIECE)
        return !batcher->options.is_endless;
    return row->piece < batcher->options.piece_count && row->step < length_of(batcher, row->piece);
}

/* Key, grammar and what the network is told follow from the words before: they are replayed. */
static void replay_row(nm_batcher *batcher, size_t b) {
    const nm_row_position row = batcher->rows[b];
    enter_piece(batcher, b);
    if (row.piece == NO_PIECE)
        return;
    batcher->rows[b].step = 0;
    while (batcher->rows[b].step < row.step) {
        uint32_t words[NEUME_MAX_STREAMS], rules[NEUME_MAX_STREAMS];
        say_step(batcher, b, words, rules);
        end_step(batcher, b, words);
    }
}

bool nm_batcher_restore(nm_batcher *batcher, const nm_row_position *rows, size_t count,
                        nm_queue_place place) {
    const nm_batcher_options *options = &batcher->options;
    const size_t kept = count < options->queue_rows ? count : options->queue_rows;
    if (place.index > options->piece_count)
        return false;
    for (size_t row = 0; row < count; row++)
        if (!is_position(batcher, &rows[row], place.epoch))
            return false;
    fill_queue(batcher, place.epoch);
    batcher->queue_index = place.index;
    memcpy(batcher->all_rows, rows, kept * sizeof *rows);
    for (size_t row = kept; row < options->queue_rows; row++)
        start_piece(batcher, row);
    for (size_t b = 0; b < options->B; b++)
        replay_row(batcher, b);
    return true;
}

static bool allocate(nm_batcher *batcher) {
    neume_context *context = batcher->context;
    const size_t B = batcher->options.B, N = positions_of(batcher);
    const size_t pieces = batcher->options.piece_count;
    return (batcher->starts = nm_alloc(context, pieces, sizeof *batcher->starts)) &&
           (batcher->keys = nm_alloc(context, pieces, sizeof *batcher->keys)) &&
           (batcher->order = nm_alloc(context, pieces, sizeof *batcher->order)) &&
           (batcher->all_rows =
                nm_alloc(context, batcher->options.queue_rows, sizeof *batcher->all_rows)) &&
           (batcher->cursors = nm_alloc(context, B, sizeof *batcher->cursors)) &&
           (batcher->shifts = nm_alloc(context, B, sizeof *batcher->shifts)) &&
           (batcher->inputs = nm_alloc(context, N * batcher->columns, sizeof(uint32_t))) &&
           (batcher->contexts = nm_alloc(context, N * batcher->maps, sizeof(uint32_t))) &&
           (batcher->targets = nm_alloc(context, N * batcher->width, sizeof(uint32_t))) &&
           (batcher->rules = nm_alloc(context, N * batcher->width, sizeof(uint32_t))) &&
           (batcher->owners = nm_alloc(context, N, sizeof *batcher->owners)) &&
           (batcher->reset = nm_alloc(context, N, 1)) && (batcher->valid = nm_alloc(context, N, 1));
}

/* Returns the steps of all pieces. */
static uint64_t place_pieces(nm_batcher *batcher) {
    uint64_t steps = 0;
    for (size_t i = 0; i < batcher->options.piece_count; i++) {
        batcher->starts[i] = steps;
        batcher->keys[i] = nm_keys_of(batcher->options.codec, batcher->options.shifts,
                                      &batcher->options.pieces[i].sequence);
        steps += length_of(batcher, i);
    }
    return steps;
}

neume_status nm_batcher_new(nm_batcher **out, neume_context *context,
                            const nm_batcher_options *options) {
    *out = NULL;
    nm_batcher *batcher = nm_alloc(context, 1, sizeof *batcher);
    if (!batcher)
        return NEUME_NO_MEMORY;
    *batcher = (nm_batcher){.context = context,
                            .options = *options,
                            .width = neume_codec_width(options->codec),
                            .is_roll = nm_codec_is_roll(options->codec),
                            .maps = nm_codec_map_count(options->codec)};
    batcher->columns = nm_row_columns(options->codec, options->has_labels);
    if (options->queue_rows == 0)
        batcher->options.queue_rows = options->B;
    neume_status status = allocate(batcher) ? NEUME_OK : NEUME_NO_MEMORY;
    if (!status && place_pieces(batcher) == 0 && options->is_endless)
        status = NEUME_BAD_USAGE;
    if (status) {
        nm_batcher_free(batcher);
        return status;
    }
    batcher->rows = batcher->all_rows + options->first_row;
    nm_batcher_restart(batcher);
    *out = batcher;
    return NEUME_OK;
}

void nm_batcher_free(nm_batcher *batcher) {
    if (!batcher)
        return;
    neume_context *context = batcher->context;
    nm_free(context, batcher->valid);
    nm_free(context, batcher->reset);
    nm_free(context, batcher->owners);
    nm_free(context, batcher->rules);
    nm_free(context, batcher->targets);
    nm_free(context, batcher->contexts);
    nm_free(context, batcher->inputs);
    nm_free(context, batcher->shifts);
    nm_free(context, batcher->cursors);
    nm_free(context, batcher->all_rows);
    nm_free(context, batcher->order);
    nm_free(context, batcher->keys);
    nm_free(context, batcher->starts);
    nm_free(context, batcher);
}
