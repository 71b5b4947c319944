/* SPDX-License-Identifier: ISC */
/* A stable sort in linear time, for lists of small items whose keys are whole numbers. */
#ifndef NM_MUSIC_SORT_H
#define NM_MUSIC_SORT_H

#include "base/context.h"

#include <neume/score.h>

/* An item begins with a uint64_t, the tick of an event say, that decides first; then its rank
 * does. */
typedef struct nm_sort_key {
    size_t size; /* of an item; 64 bytes at most */
    uint64_t (*rank)(const void *item);
} nm_sort_key;

/* The rank of items that their numbers alone put in order. */
uint64_t nm_rank_none(const void *item);

/* Notes are most of what is sorted; the sort knows them by this key. */
extern const nm_sort_key nm_note_key;

/* Sorts a list by the key; what is equal keeps its order. `items` is the address of the pointer to
 * its items, which may lie elsewhere afterwards, in room for `*capacity`. Fails for want of memory,
 * the list being no less in order than it was. Takes as much memory again, and 4 to 8 bytes for
 * each item. */
neume_status nm_sort(neume_context *context, void *items, size_t *capacity, size_t count,
                     const nm_sort_key *key);

#endif
