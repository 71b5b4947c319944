/* SPDX-License-Identifier: ISC */
/* A stable sort in linear time, for lists of small items whose keys are whole numbers. */
#ifndef NM_MUSIC_SORT_H
#define NM_MUSIC_SORT_H

#include "base/context.h"

enum { NM_SORT_MAX_DIGITS = 13, NM_SORT_MAX_SIZE = 24 };

/* A key: the positions of its bytes in an item, the least significant first. */
typedef struct nm_sort_key {
    size_t size; /* of an item, at most NM_SORT_MAX_SIZE */
    size_t digit_count;
    uint8_t digits[NM_SORT_MAX_DIGITS];
} nm_sort_key;

/* Where byte `k` of a field lies in its struct; k = 0 is the least significant. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NM_BYTE_OF(type, field, k) (offsetof(type, field) + (k))
#else
#define NM_BYTE_OF(type, field, k) (offsetof(type, field) + sizeof(((type *)0)->field) - 1 - (k))
#endif

#define NM_BYTES_OF_16(type, field) NM_BYTE_OF(type, field, 0), NM_BYTE_OF(type, field, 1)
#define NM_BYTES_OF_64(type, field)                                                                \
    NM_BYTE_OF(type, field, 0), NM_BYTE_OF(type, field, 1), NM_BYTE_OF(type, field, 2),            \
        NM_BYTE_OF(type, field, 3), NM_BYTE_OF(type, field, 4), NM_BYTE_OF(type, field, 5),        \
        NM_BYTE_OF(type, field, 6), NM_BYTE_OF(type, field, 7)

/* Sorts `count` items by the key; what is equal keeps its order. Takes memory for as many again. */
neume_status nm_sort(neume_context *context, void *items, size_t count, const nm_sort_key *key);

#endif
