/* SPDX-License-Identifier: ISC */
#include "base/context.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/pool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void *standard_reallocate(void *data, void *block, size_t size_bytes) {
    (void)data;
    if (size_bytes == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, size_bytes);
}

neume_context_options neume_context_options_default(void) {
    return (neume_context_options){.allocator = {standard_reallocate, NULL}};
}

enum { MAX_THREADS = 256 };

static const char *isa_name(neume_isa isa) {
    static const char *const names[] = {"auto", "c", "baseline", "avx2", "avx512"};
    return names[isa];
}

static neume_isa best_isa(void) {
    neume_isa isa = NEUME_ISA_AVX512;
    while (!nm_isa_is_available(isa))
        isa--;
    return isa;
}

neume_status neume_context_new(neume_context **out, const neume_context_options *options,
                               neume_error *error) {
    *out = NULL;
    const neume_isa isa = options->isa == NEUME_ISA_AUTO ? best_isa() : options->isa;
    if (!nm_isa_is_available(isa))
        return nm_fail(error, NEUME_BAD_USAGE, "kernels %s: this machine does not have them",
                       isa_name(isa));
    if (options->thread_count > MAX_THREADS)
        return nm_fail(error, NEUME_BAD_USAGE, "%u threads: expected at most %d",
                       options->thread_count, MAX_THREADS);
    if (options->ranks && options->ranks->count > NEUME_MAX_RANKS)
        return nm_fail(error, NEUME_BAD_USAGE, "%u ranks: expected at most %d",
                       options->ranks->count, NEUME_MAX_RANKS);
    neume_context *context =
        options->allocator.reallocate(options->allocator.data, NULL, sizeof *context);
    if (!context)
        return nm_fail_memory(error, "context");
    *context = (neume_context){.allocator = options->allocator,
                               .isa = isa,
                               .log = options->log,
                               .log_data = options->log_data,
                               .ranks = options->ranks};
    const unsigned cores = nm_cpu_count();
    const unsigned threads = options->thread_count ? options->thread_count
                             : cores > MAX_THREADS ? MAX_THREADS
                                                   : cores;
    const neume_status status = nm_pool_new(&context->pool, context, threads, error);
    if (status) {
        nm_free(context, context);
        return status;
    }
    *out = context;
    return NEUME_OK;
}

neume_status nm_context_alone(neume_context **out, const neume_context *context,
                              neume_error *error) {
    neume_context_options options = neume_context_options_default();
    options.allocator = context->allocator;
    options.thread_count = 1;
    options.isa = context->isa;
    return neume_context_new(out, &options, error);
}

void neume_context_free(neume_context *context) {
    if (!context)
        return;
    nm_pool_free(context->pool);
    const neume_allocator allocator = context->allocator;
    (void)allocator.reallocate(allocator.data, context, 0);
}

unsigned neume_context_thread_count(const neume_context *context) {
    return nm_pool_thread_count(context->pool);
}

const char *neume_context_isa_name(const neume_context *context) {
    return isa_name(context->isa);
}

void nm_log(const neume_context *context, neume_log_level level, const char *format, ...) {
    if (!context->log || (context->ranks && context->ranks->rank != 0))
        return;
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    context->log(context->log_data, level, line);
}
