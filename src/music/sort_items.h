/* SPDX-License-Identifier: ISC */
/* Items of a list to sort, and how what is nearly in order is put in order. */
#ifndef NM_MUSIC_SORT_ITEMS_H
#define NM_MUSIC_SORT_ITEMS_H

#include "music/sort.h"

#include <string.h>

enum { NM_FAR = 128, NM_MOST_ITEM_SIZE = 64 };

/* `size` and `rank` are constants in most callers, here and below: so items move in registers, and
 * a note's rank takes no call. */
typedef uint64_t nm_rank_of(const void *item);

_Static_assert(offsetof(neume_note, port) == offsetof(neume_note, track) + 2 &&
                   offsetof(neume_note, channel) == offsetof(neume_note, track) + 3 &&
                   offsetof(neume_note, pitch) == offsetof(neume_note, track) + 5 &&
                   sizeof(neume_note) == offsetof(neume_note, track) + 8,
               "a rank is of a note's last eight bytes");

/* Track, port, channel, pitch; all but the track by one load of the note's last eight bytes. */
static inline uint64_t nm_rank_of_note(const void *item) {
    const neume_note *note = item;
    const uint8_t *b = (const uint8_t *)item + offsetof(neume_note, track);
    const uint64_t tail = (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 | (uint64_t)b[2] << 40 |
                          (uint64_t)b[3] << 32 | (uint64_t)b[4] << 24 | (uint64_t)b[5] << 16 |
                          (uint64_t)b[6] << 8 | b[7];
    return (uint64_t)note->track << 48 | (tail & 0xFFFF00FF0000);
}

static inline uint64_t nm_number_of(const uint8_t *item) {
    uint64_t number;
    memcpy(&number, item, sizeof number);
    return number;
}

/* What decides between two items: number, then rank. One comparison of 128 bits is two instructions
 * and one branch, where whether numbers are equal is hard to foretell. */
__extension__ typedef unsigned __int128 nm_place;

static inline nm_place nm_place_of(const uint8_t *item, nm_rank_of *rank) {
    return (nm_place)nm_number_of(item) << 64 | rank(item);
}

/* Moves item i down to its place among those before it; false where that is too far. */
static inline bool nm_insert(uint8_t *items, size_t i, size_t size, nm_rank_of *rank) {
    uint8_t item[NM_MOST_ITEM_SIZE];
    size_t to = i;
    memcpy(item, items + i * size, size);
    const nm_place its = nm_place_of(item, rank);
    if (i >= NM_FAR && nm_place_of(items + (i - NM_FAR) * size, rank) > its)
        return false;
    do {
        memcpy(items + to * size, items + (to - 1) * size, size);
        to--;
    } while (to > 0 && nm_place_of(items + (to - 1) * size, rank) > its);
    memcpy(items + to * size, item, size);
    return true;
}

/* Puts in order what is nearly so; false where an item is too far from its place. Equals stay as
 * they were. */
static inline bool nm_insert_all(uint8_t *items, size_t count, size_t size, nm_rank_of *rank) {
    nm_place highest = 0;
    for (size_t i = 0; i < count; i++) {
        const nm_place its = nm_place_of(items + i * size, rank);
        if (its >= highest)
            highest = its;
        else if (!nm_insert(items, i, size, rank))
            return false;
    }
    return true;
}

#endif
