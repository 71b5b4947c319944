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
#include <jansson.h>

#include "base/context.h"

/* An allocator that counts what is out and fails from the `fail_at`th allocation on (0: never), or
 * at that one alone. */
typedef struct test_memory {
    size_t allocations, blocks_out, fail_at;
    bool fails_once;
} test_memory;

static inline bool test_memory_fails(test_memory *memory) {
    if (!memory->fail_at)
        return false;
    const size_t number = ++memory->allocations;
    return memory->fails_once ? number == memory->fail_at : number >= memory->fail_at;
}

static inline void *test_reallocate(void *data, void *block, size_t size) {
    test_memory *memory = data;
    if (size == 0) {
        memory->blocks_out -= block != NULL;
        free(block);
        return NULL;
    }
    if (test_memory_fails(memory))
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

/* Jansson's memory, which is asked for without a context. What is out is not counted, for texts are
 * given back with free(): the sanitizer finds leaks of it. */
static test_memory *test_json_memory;

static inline void *test_json_allocate(size_t size) {
    return test_memory_fails(test_json_memory) ? NULL : malloc(size);
}

typedef neume_status (*test_body)(neume_context *context, void *data);

/* One run of `body`, which must leave nothing allocated; whether an allocation failed in
 * *has_failed. */
static inline neume_status test_failing_at(test_memory memory, test_body body, void *data,
                                           bool *has_failed) {
    const test_memory plan = memory;
    memory = (test_memory){0};
    neume_context *context = test_context(1, NEUME_ISA_C, &memory);
    const size_t before = memory.blocks_out;
    memory.fail_at = plan.fail_at;
    memory.fails_once = plan.fails_once;
    memory.allocations = 0;
    test_json_memory = &memory;
    if (!plan.fails_once)
        json_set_alloc_funcs(test_json_allocate, free);
    const neume_status status = body(context, data);
    json_set_alloc_funcs(malloc, free);
    if (memory.blocks_out != before)
        fail_msg("allocation %zu failed: %zu blocks were not freed", plan.fail_at,
                 memory.blocks_out - before);
    *has_failed = memory.allocations >= plan.fail_at;
    memory.fail_at = 0;
    neume_context_free(context);
    return status;
}

/* Runs `body` with allocations 1, 2, 3 ... and all that follow failing until none is left to fail,
 * jansson's too; then with each of the context's failing alone. `body` returns a status, NEUME_OK
 * where it got over that; it must leave nothing allocated. Allocations of the context itself are
 * made before. */
static inline void test_each_allocation_failing(test_body body, void *data) {
    for (int fails_once = 0; fails_once < 2; fails_once++) {
        bool has_failed = true;
        for (size_t fail_at = 1; has_failed; fail_at++) {
            const test_memory plan = {.fail_at = fail_at, .fails_once = fails_once};
            const neume_status status = test_failing_at(plan, body, data, &has_failed);
            if (!has_failed || status != NEUME_OK)
                assert_int_equal(status, has_failed ? NEUME_NO_MEMORY : NEUME_OK);
        }
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
