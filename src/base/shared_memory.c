/* SPDX-License-Identifier: ISC */
#include "base/shared_memory.h"

void nm_shared_memory_init(nm_shared_memory *memory, const neume_context *context) {
    memory->allocator = context->allocator;
    pthread_mutex_init(&memory->mutex, NULL);
}

void nm_shared_memory_clear(nm_shared_memory *memory) {
    pthread_mutex_destroy(&memory->mutex);
}

static void *reallocate_alone(void *data, void *block, size_t size_bytes) {
    nm_shared_memory *memory = data;
    pthread_mutex_lock(&memory->mutex);
    void *moved = memory->allocator.reallocate(memory->allocator.data, block, size_bytes);
    pthread_mutex_unlock(&memory->mutex);
    return moved;
}

neume_context nm_shared_memory_context(nm_shared_memory *memory, const neume_context *context) {
    const neume_allocator standard = neume_context_options_default().allocator;
    const bool is_standard = context->allocator.reallocate == standard.reallocate;
    return (neume_context){.allocator =
                               is_standard ? standard : (neume_allocator){reallocate_alone, memory},
                           .isa = context->isa};
}
