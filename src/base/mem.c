/* SPDX-License-Identifier: ISC */
#include "base/mem.h"

#include "base/pages.h"

#include <string.h>

/* Below this, large pages would only waste memory. */
enum { LARGE = 8 << 20 };

/* Of the allocator; its bytes may be anything but those that `old` had. */
static void *block_of(neume_context *context, void *old, size_t bytes) {
    void *block = context->allocator.reallocate(context->allocator.data, old, bytes);
    if (block && bytes >= LARGE)
        nm_pages_prefer_large(block, bytes);
    return block;
}

void *nm_alloc(neume_context *context, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    if (bytes == 0)
        bytes = 1;
    void *block = block_of(context, NULL, bytes);
    if (block)
        memset(block, 0, bytes);
    return block;
}

void nm_free(neume_context *context, void *block) {
    if (block)
        (void)context->allocator.reallocate(context->allocator.data, block, 0);
}

/* The start of the allocator's block is kept just before the aligned one. */
void *nm_alloc_aligned(neume_context *context, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) ||
        __builtin_add_overflow(bytes, NM_ALIGNMENT + sizeof(void *), &bytes))
        return NULL;
    char *block = nm_alloc(context, bytes, 1);
    if (!block)
        return NULL;
    uintptr_t start = (uintptr_t)(block + sizeof(void *));
    char *aligned = block + sizeof(void *) + (-start & (NM_ALIGNMENT - 1));
    memcpy(aligned - sizeof(void *), &block, sizeof block);
    return aligned;
}

void nm_free_aligned(neume_context *context, void *block) {
    if (!block)
        return;
    void *start;
    memcpy(&start, (char *)block - sizeof(void *), sizeof start);
    nm_free(context, start);
}

bool nm_resize(neume_context *context, void *array, size_t count, size_t size) {
    size_t bytes;
    if (count == 0 || __builtin_mul_overflow(count, size, &bytes))
        return false;
    void *old;
    memcpy(&old, array, sizeof old);
    void *block = block_of(context, old, bytes);
    if (block)
        memcpy(array, &block, sizeof block);
    return block != NULL;
}

bool nm_reserve_more(neume_context *context, void *array, size_t *capacity, size_t count,
                     size_t size) {
    size_t wanted = *capacity < 8 ? 8 : *capacity;
    while (wanted < count)
        if (__builtin_mul_overflow(wanted, 2, &wanted))
            return false;
    if (!nm_resize(context, array, wanted, size))
        return false;
    *capacity = wanted;
    return true;
}

char *nm_copy_text(neume_context *context, const char *text, size_t size) {
    if (size == SIZE_MAX)
        return NULL;
    char *copy = nm_alloc(context, size + 1, 1);
    if (copy && size)
        memcpy(copy, text, size);
    return copy;
}
