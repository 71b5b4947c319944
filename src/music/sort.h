/* SPDX-License-Identifier: ISC */
/* A stable sort in linear time, for lists of small items whose keys are whole numbers. */
#ifndef NM_MUSIC_SORT_H
#define NM_MUSIC_SORT_H

#include "base/context.h"

enum { NM_SORT_MAX_DIGITS = 5 };

/* An item begins with a uint64_t, the tick of an event say, that decides first. Then the bytes at
 * these places do, the first of them most. */
typedef struct nm_sort_key {
    size_t size; /* of an item */
    size_t digit_count;
    uint8_t digits[NM_SORT_MAX_DIGITS];
} nm_sort_key;

/* Where the bytes of a field of two lie in its struct, the more significant first. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NM_BYTES_OF_16(type, field) offsetof(type, field) + 1, offsetof(type, field)
#else
#define NM_BYTES_OF_16(type, field) offsetof(type, field), offsetof(type, field) + 1
#endif

/* Sorts `count` items by the key; what is equal keeps its order. Takes 16 bytes for each. */
neume_status nm_sort(neume_context *context, void *items, size_t count, const nm_sort_key *key);

#endif
