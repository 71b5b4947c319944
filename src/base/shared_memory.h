/* SPDX-License-Identifier: ISC */
/* The memory of a context for several threads at once, whatever its allocator allows: one that is
 * not the C library's is asked by one thread after the other. */
#ifndef NM_BASE_SHARED_MEMORY_H
#define NM_BASE_SHARED_MEMORY_H

#include "base/context.h"

#include <pthread.h>

typedef struct nm_shared_memory {
    neume_allocator allocator;
    pthread_mutex_t mutex;
} nm_shared_memory;

void nm_shared_memory_init(nm_shared_memory *memory, const neume_context *context);
void nm_shared_memory_clear(nm_shared_memory *memory);

/* The context for one thread of a job: what is allocated with either may be freed with the other
 * once the job is over. It has neither a pool nor a log. Borrowed: as long as the memory. */
neume_context nm_shared_memory_context(nm_shared_memory *memory, const neume_context *context);

#endif
