/* SPDX-License-Identifier: ISC */
/* What unit tests share: cmocka, a context whose memory can be made to fail, and the optional
 * shared music. */
#ifndef NM_TEST_H
#define NM_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/context.h"

/* An allocator that counts what is out and fails from the `fail_at`th allocation on (0: never). */
typedef struct test_memory {
    size_t allocations, blocks_out, fail_at;
} test_memory;

static inline void *test_reallocate(void *data, void *block, size_t size) {
    test_memory *memory = data;
    if (size == 0) {
        memory->blocks_out -= block != NULL;
        free(block);
        return NULL;
    }
    if (memory->fail_at && ++memory->allocations >= memory->fail_at)
        return NULL;
    void *grown = realloc(block, size);
    memory->blocks_out += !block && grown;
    return grown;
}

/* A context of `threads` threads and kernels `isa`; `memory` may be NULL. Fails the test where
 * there is none. */
static inline neume_context *test_context(unsigned threads, neume_isa isa, test_memory *memory) {
    neume_context_options options = neume_context_options_default();
    options.thread_count = threads;
    options.isa = isa;
    if (memory)
        options.allocator = (neume_allocator){test_reallocate, memory};
    neume_context *context = NULL;
    neume_error error = {0};
    if (neume_context_new(&context, &options, &error))
        fail_msg("%s", error.line);
    return context;
}

/* For tests whose state is a context of one thread and the C kernels. */
static inline int test_set_up(void **state) {
    *state = test_context(1, NEUME_ISA_C, NULL);
    return 0;
}

static inline int test_tear_down(void **state) {
    neume_context_free(*state);
    return 0;
}

/* Runs `body` with allocation 1, 2, 3 ... failing until it succeeds. `body` returns a status; on
 * failure it must leave nothing allocated. Allocations of the context itself are made before. */
static inline void
test_each_allocation_failing(neume_status (*body)(neume_context *context, void *data), void *data) {
    for (size_t fail_at = 1;; fail_at++) {
        test_memory memory = {0};
        neume_context *context = test_context(1, NEUME_ISA_C, &memory);
        const size_t before = memory.blocks_out;
        memory.allocations = 0;
        memory.fail_at = fail_at;
        const neume_status status = body(context, data);
        if (memory.blocks_out != before)
            fail_msg("allocation %zu failed: %zu blocks were not freed", fail_at,
                     memory.blocks_out - before);
        memory.fail_at = 0;
        neume_context_free(context);
        if (status == NEUME_OK)
            return;
        assert_int_equal(status, NEUME_NO_MEMORY);
    }
}

/* The folder of shared music (NEUME_SHARED), or NULL: then a test says so loudly and skips. */
static inline const char *test_shared(void) {
    const char *folder = getenv("NEUME_SHARED");
    char path[4096];
    snprintf(path, sizeof path, "%s/data/README.md", folder ? folder : "");
    FILE *file = folder ? fopen(path, "r") : NULL;
    if (!file) {
        print_message("SKIPPED: the shared music is not here (NEUME_SHARED)\n");
        return NULL;
    }
    fclose(file);
    return folder;
}

#endif
