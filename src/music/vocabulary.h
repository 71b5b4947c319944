/* SPDX-License-Identifier: ISC */
/* The words of a stream: texts to ids 0, 1, 2 ... in the order of their adding, and back. */
#ifndef NM_MUSIC_VOCABULARY_H
#define NM_MUSIC_VOCABULARY_H

#include "base/context.h"

typedef struct nm_vocabulary {
    neume_context *context;
    char **texts; /* [count], each its own block, so that pointers stay */
    size_t capacity;
    uint32_t count;
    uint32_t *slots;   /* open addressing by hash; UINT32_MAX: empty */
    size_t slot_count; /* a power of two, or 0 */
} nm_vocabulary;

nm_vocabulary nm_vocabulary_on(neume_context *context);
void nm_vocabulary_clear(nm_vocabulary *vocabulary);

/* The id of a text, or UINT32_MAX. */
uint32_t nm_vocabulary_find(const nm_vocabulary *vocabulary, const char *text);

/* The id of a text, which is added if it is new; UINT32_MAX where there is no memory. */
uint32_t nm_vocabulary_add(nm_vocabulary *vocabulary, const char *text);

/* Forgets all but the first `count` words. */
void nm_vocabulary_truncate(nm_vocabulary *vocabulary, uint32_t count);

#endif
