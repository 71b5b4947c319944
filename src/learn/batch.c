/* SPDX-License-Identifier: ISC */
#include "learn/batch.h"

#include "base/mem.h"
#include "base/rng.h"

#include <string.h>

/* A row: where it stands, and what follows from that. */
typedef struct row_cursor {
    uint32_t state; /* of the grammar, before the next target */
    uint32_t input; /* the word before, as it was fed: with <unk> where it stood in */
} row_cursor;

struct nm_batcher {
    neume_context *context;
    const nm_grammar *grammar;
    uint32_t vocabulary; /* V, also the begin input */
    nm_batcher_options options;
    uint64_t *starts; /* [piece_count] place of a piece's first step in the corpus */
    uint32_t *order;  /* [piece_count] the queue of `queue_epoch` */
    uint64_t queue_epoch, queue_index;
    nm_row_position *rows;                        /* [B] */
    row_cursor *cursors;                          /* [B] */
    uint32_t *inputs, *targets, *states, *owners; /* [T,B] */
    uint8_t *reset, *valid;                       /* [T,B] */
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

static void start_piece(nm_batcher *batcher, size_t b) {
    batcher->rows[b] = take_piece(batcher);
    batcher->cursors[b] = (row_cursor){.state = 0, .input = batcher->vocabulary};
}

static bool is_allowed(const nm_grammar *grammar, uint32_t state, uint32_t word) {
    return grammar->allowed[state * grammar->class_count + grammar->word_class[0][word]] != 0;
}

/* The word at a position as this epoch has it: a word seen once is <unk> every other time. */
static uint32_t word_at(const nm_batcher *batcher, const nm_row_position *at, uint32_t state) {
    const uint32_t word = batcher->options.pieces[at->piece].sequence.words[at->step];
    const nm_batcher_options *options = &batcher->options;
    if (!options->is_endless || !options->word_counts || word < NM_WORD_FIRST ||
        options->word_counts[word] != 1 || !is_allowed(batcher->grammar, state, NM_WORD_UNKNOWN))
        return word;
    const uint64_t place = batcher->starts[at->piece] + at->step;
    const nm_random coin = nm_random_at(options->seed, NM_PURPOSE_UNKNOWN, at->epoch, place);
    return coin.word[0] & 1 ? NM_WORD_UNKNOWN : word;
}

/* Moves the row behind `word`, within its piece. */
static void step_over(nm_batcher *batcher, size_t b, uint32_t word) {
    const nm_grammar *grammar = batcher->grammar;
    row_cursor *cursor = &batcher->cursors[b];
    cursor->state =
        grammar->next[cursor->state * grammar->class_count + grammar->word_class[0][word]];
    cursor->input = word;
    batcher->rows[b].step++;
}

/* Padding runs from zero state, so that it stays bounded however long it is. */
static void fill_padding(nm_batcher *batcher, size_t at) {
    batcher->inputs[at] = batcher->vocabulary;
    batcher->targets[at] = NM_WORD_UNKNOWN;
    batcher->states[at] = 0;
    batcher->owners[at] = UINT32_MAX;
    batcher->reset[at] = 1;
    batcher->valid[at] = 0;
}

static void fill_step(nm_batcher *batcher, size_t at, size_t b) {
    const nm_row_position row = batcher->rows[b];
    if (row.piece == NO_PIECE) {
        fill_padding(batcher, at);
        return;
    }
    const row_cursor cursor = batcher->cursors[b];
    const uint32_t word = word_at(batcher, &row, cursor.state);
    batcher->inputs[at] = cursor.input;
    batcher->targets[at] = word;
    batcher->states[at] = cursor.state;
    batcher->owners[at] = (uint32_t)row.piece;
    batcher->reset[at] = row.step == 0;
    batcher->valid[at] = 1;
    batcher->valid_count++;
    step_over(batcher, b, word);
    if (batcher->rows[b].step == length_of(batcher, row.piece))
        start_piece(batcher, b);
}

void nm_batcher_restart(nm_batcher *batcher) {
    fill_queue(batcher, 0);
    for (size_t b = 0; b < batcher->options.B; b++)
        start_piece(batcher, b);
}

static bool has_rows_left(const nm_batcher *batcher) {
    for (size_t b = 0; b < batcher->options.B; b++)
        if (batcher->rows[b].piece != NO_PIECE)
            return true;
    return false;
}

bool nm_batcher_next(nm_batcher *batcher, nm_stack_batch *out) {
    const size_t B = batcher->options.B, T = batcher->options.T;
    size_t t = 0;
    batcher->valid_count = 0;
    for (; t < T && has_rows_left(batcher); t++)
        for (size_t b = 0; b < B; b++)
            fill_step(batcher, t * B + b, b);
    *out = (nm_stack_batch){.T = t,
                            .inputs = batcher->inputs,
                            .targets = batcher->targets,
                            .reset = batcher->reset,
                            .valid = batcher->valid,
                            .masks = batcher->options.masks,
                            .states = batcher->states};
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
    for (size_t b = 0; b < batcher->options.B; b++)
        if (batcher->rows[b].epoch < epochs)
            epochs = batcher->rows[b].epoch;
    return epochs;
}

/* Which row is free first; of equals the first, as in nm_batcher_next. */
static size_t first_free(const uint64_t *ends, size_t B) {
    size_t first = 0;
    for (size_t b = 1; b < B; b++)
        if (ends[b] < ends[first])
            first = b;
    return first;
}

/* Hands out one epoch's queue; returns the step at which the last of its pieces ends. */
static uint64_t hand_out(const nm_batcher *batcher, const uint32_t *order, uint64_t *ends) {
    uint64_t last = 0;
    for (size_t i = 0; i < batcher->options.piece_count; i++) {
        uint64_t *end = &ends[first_free(ends, batcher->options.B)];
        *end += length_of(batcher, order[i]);
        last = *end > last ? *end : last;
    }
    return last;
}

neume_status nm_batcher_plan(uint64_t *out, const nm_batcher *batcher, uint64_t epochs) {
    neume_context *context = batcher->context;
    const nm_batcher_options *options = &batcher->options;
    uint32_t *order = nm_alloc(context, options->piece_count, sizeof *order);
    uint64_t *ends = nm_alloc(context, options->B, sizeof *ends); /* [B] when a row is free */
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
    return batcher->rows;
}

void nm_batcher_queue(const nm_batcher *batcher, uint64_t *epoch, uint64_t *index) {
    *epoch = batcher->queue_epoch;
    *index = batcher->queue_index;
}

static bool is_position(const nm_batcher *batcher, const nm_row_position *row, uint64_t epoch) {
    if (row->epoch > epoch)
        return false;
    if (row->piece == NO_PIECE)
        return !batcher->options.is_endless;
    return row->piece < batcher->options.piece_count && row->step < length_of(batcher, row->piece);
}

/* Grammar state and input follow from the words before: they are replayed. */
static void restore_row(nm_batcher *batcher, size_t b, const nm_row_position *row) {
    batcher->rows[b] = *row;
    batcher->cursors[b] = (row_cursor){.state = 0, .input = batcher->vocabulary};
    if (row->piece == NO_PIECE)
        return;
    batcher->rows[b].step = 0;
    while (batcher->rows[b].step < row->step)
        step_over(batcher, b, word_at(batcher, &batcher->rows[b], batcher->cursors[b].state));
}

bool nm_batcher_restore(nm_batcher *batcher, const nm_row_position *rows, uint64_t epoch,
                        uint64_t index) {
    if (index > batcher->options.piece_count)
        return false;
    for (size_t b = 0; b < batcher->options.B; b++)
        if (!is_position(batcher, &rows[b], epoch))
            return false;
    for (size_t b = 0; b < batcher->options.B; b++)
        restore_row(batcher, b, &rows[b]);
    fill_queue(batcher, epoch);
    batcher->queue_index = index;
    return true;
}

static bool allocate(nm_batcher *batcher) {
    neume_context *context = batcher->context;
    const size_t B = batcher->options.B, N = B * batcher->options.T;
    return (batcher->starts =
                nm_alloc(context, batcher->options.piece_count, sizeof *batcher->starts)) &&
           (batcher->order =
                nm_alloc(context, batcher->options.piece_count, sizeof *batcher->order)) &&
           (batcher->rows = nm_alloc(context, B, sizeof *batcher->rows)) &&
           (batcher->cursors = nm_alloc(context, B, sizeof *batcher->cursors)) &&
           (batcher->inputs = nm_alloc(context, N, sizeof *batcher->inputs)) &&
           (batcher->targets = nm_alloc(context, N, sizeof *batcher->targets)) &&
           (batcher->states = nm_alloc(context, N, sizeof *batcher->states)) &&
           (batcher->owners = nm_alloc(context, N, sizeof *batcher->owners)) &&
           (batcher->reset = nm_alloc(context, N, 1)) && (batcher->valid = nm_alloc(context, N, 1));
}

/* Returns the steps of all pieces. */
static uint64_t place_pieces(nm_batcher *batcher) {
    uint64_t steps = 0;
    for (size_t i = 0; i < batcher->options.piece_count; i++) {
        batcher->starts[i] = steps;
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
                            .grammar = nm_codec_grammar(options->codec),
                            .vocabulary = neume_codec_word_count(options->codec, 0),
                            .options = *options};
    neume_status status = allocate(batcher) ? NEUME_OK : NEUME_NO_MEMORY;
    if (!status && place_pieces(batcher) == 0 && options->is_endless)
        status = NEUME_BAD_USAGE;
    if (status) {
        nm_batcher_free(batcher);
        return status;
    }
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
    nm_free(context, batcher->states);
    nm_free(context, batcher->targets);
    nm_free(context, batcher->inputs);
    nm_free(context, batcher->cursors);
    nm_free(context, batcher->rows);
    nm_free(context, batcher->order);
    nm_free(context, batcher->starts);
    nm_free(context, batcher);
}
