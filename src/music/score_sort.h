/* SPDX-License-Identifier: ISC */
/* A stable sort in linear time for the lists of a score. */
#ifndef NM_MUSIC_SCORE_SORT_H
#define NM_MUSIC_SCORE_SORT_H

#include "base/context.h"

#include <neume/score.h>

/* The kinds of items that a score sorts; each starts with its start_ticks. */
typedef enum nm_item_kind {
    NM_ITEM_NOTE,   /* by start, track, port, channel, pitch */
    NM_ITEM_GLOBAL, /* tempo, time signature, key signature: by start */
    NM_ITEM_CONTROL,
    NM_ITEM_PITCH_BEND, /* like a control by start, track, port, channel */
    NM_ITEM_TEXT        /* by start, track */
} nm_item_kind;

/* Sorts `count` items of the kind; what is equal keeps its order. Needs memory for as many again.
 */
neume_status nm_sort_items(neume_context *context, void *items, size_t count, nm_item_kind kind);

#endif
