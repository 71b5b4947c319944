/* SPDX-License-Identifier: ISC */
/* Pieces to batches: B rows run in parallel; a row takes the next piece of the queue when its piece
 * ends, in the middle of a window if need be. Endless for training (the queue of an epoch is a
 * function of seed and epoch; rows flow from one epoch into the next without padding), in order and
 * finite for likelihoods. */
#ifndef NM_LEARN_BATCH_H
#define NM_LEARN_BATCH_H

#include "learn/corpus.h"
#include "learn/row.h"
#include "nn/stack.h"

typedef struct nm_batcher nm_batcher;

typedef struct nm_batcher_options {
    const neume_codec *codec; /* closed; borrowed as long as the batcher, like the pieces */
    const nm_piece *pieces;
    size_t piece_count;
    size_t B, T;
    size_t
        queue_rows;   /* rows that take pieces from the queue, of all ranks; 0: the B of this one */
    size_t first_row; /* of them, the first that is in the batches; the others only go on */
    bool is_endless;  /* shuffled, epoch after epoch; otherwise in order, once, then padding */
    uint64_t seed; /* of shuffling, of <unk> and of keys; only where endless, like the next two */
    neume_shifts shifts; /* a piece moves into one of these keys for an epoch, as far as its words
                            have them */
    double keep_key;     /* share of pieces that stay in their own */
    const uint64_t *const *word_counts; /* [S][V], or NULL: a word of count 1 is <unk> every other
                                           time, so that the network learns p(<unk>) (the share of
                                           words seen once: Good, 1953) */
    bool has_labels; /* the network is told the pieces' labels; where endless, now and then none */
    const uint8_t *const *masks; /* [S] of the codec; handed on to the network; of rolls NULLs */
} nm_batcher_options;

/* Where a row stands; the whole state of an endless batcher is the rows of the queue and the next
 * place in it. */
typedef struct nm_row_position {
    uint64_t epoch;
    uint64_t piece; /* index into the pieces; UINT64_MAX: none left */
    uint64_t step;  /* the next to be a target */
} nm_row_position;

typedef struct nm_queue_place {
    uint64_t epoch, index;
} nm_queue_place;

/* Fails with NEUME_BAD_USAGE where there is no step to repeat endlessly. */
neume_status nm_batcher_new(nm_batcher **out, neume_context *context,
                            const nm_batcher_options *options);
void nm_batcher_free(nm_batcher *batcher);

/* Back to the first piece. */
void nm_batcher_restart(nm_batcher *batcher);

/* The next T steps of every row; a finite batcher's last batch ends with its longest row. Borrowed:
 * until the next call. False where all pieces have ended (never if endless). */
bool nm_batcher_next(nm_batcher *batcher, nm_batch *out);

/* Of the last batch: [T,B] the piece that a position belongs to; UINT32_MAX where it is padding.
 * Borrowed: until the next call. */
const uint32_t *nm_batcher_pieces(const nm_batcher *batcher);
size_t nm_batcher_valid_count(const nm_batcher *batcher);

/* Epochs of which every piece has been seen to its end. */
uint64_t nm_batcher_epochs(const nm_batcher *batcher);

/* Batches from the start of an endless batcher until nm_batcher_epochs reaches `epochs`. */
neume_status nm_batcher_plan(uint64_t *out, const nm_batcher *batcher, uint64_t epochs);

/* For checkpoints: the rows of the queue, how many they are, and the place in it as (epoch, index).
 */
const nm_row_position *nm_batcher_rows(const nm_batcher *batcher);
size_t nm_batcher_row_count(const nm_batcher *batcher);
nm_queue_place nm_batcher_queue(const nm_batcher *batcher);

/* Goes on from `count` such rows; false where a position does not fit the pieces. Rows beyond those
 * of the queue end in their pieces; rows that there were not take the next. */
bool nm_batcher_restore(nm_batcher *batcher, const nm_row_position *rows, size_t count,
                        nm_queue_place place);

#endif
