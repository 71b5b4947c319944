/* SPDX-License-Identifier: ISC */
/* Memory from the context's allocator. Products are checked; what is new is zeroed; NULL means no
 * memory. */
#ifndef NM_BASE_MEM_H
#define NM_BASE_MEM_H

#include "base/context.h"

#define NM_ALIGNMENT 64 /* bytes; a cache line and a 512-bit vector */

/* `count` zeroed elements of `size` bytes; never NULL for want of elements. Freed by nm_free. */
void *nm_alloc(neume_context *context, size_t count, size_t size);

/* The same at a multiple of NM_ALIGNMENT. Freed by nm_free_aligned. */
void *nm_alloc_aligned(neume_context *context, size_t count, size_t size);

/* nm_reserve where there is less room. */
bool nm_reserve_more(neume_context *context, void *array, size_t *capacity, size_t count,
                     size_t size);

/* Makes room for `count` elements in the growing array at `*array`, doubling; what is new is not
 * zeroed. False where there is no memory; then nothing has changed. */
static inline bool nm_reserve(neume_context *context, void *array, size_t *capacity, size_t count,
                              size_t size) {
    return count <= *capacity || nm_reserve_more(context, array, capacity, count, size);
}

/* Makes the array at `*array` hold exactly `count` elements, 1 or more; what is new is not zeroed.
 * False where there is no memory; then nothing has changed. */
bool nm_resize(neume_context *context, void *array, size_t count, size_t size);

/* A copy of `size` bytes and a NUL. */
char *nm_copy_text(neume_context *context, const char *text, size_t size);

void nm_free(neume_context *context, void *block);
void nm_free_aligned(neume_context *context, void *block);

#endif
