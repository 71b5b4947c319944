/* SPDX-License-Identifier: ISC */
/* What every part of neume works with: memory, threads, kernels and a log. There is no default
 * context and no global state. Thread rule: objects may be made and freed with one context from
 * several threads if its allocator allows it; one computation (training, composing, evaluation) at
 * a time. */
#ifndef NEUME_CONTEXT_H
#define NEUME_CONTEXT_H

#include <neume/ranks.h>

NEUME_BEGIN_DECLS

typedef struct neume_context neume_context;

/** One function for all memory, as realloc: a size of 0 frees. Returns NULL on failure, the old
 * block untouched. */
typedef struct neume_allocator {
    void *(*reallocate)(void *data, void *block, size_t size_bytes);
    void *data;
} neume_allocator;

/** Which kernels compute. Results are reproducible within one of them. */
typedef enum neume_isa {
    NEUME_ISA_AUTO,     /**< the fastest that this machine has */
    NEUME_ISA_C,        /**< the reference, plain C */
    NEUME_ISA_BASELINE, /**< vectors of 128 bits, any machine: SSE2, NEON */
    NEUME_ISA_AVX2,     /**< AVX2 and FMA */
    NEUME_ISA_AVX512    /**< AVX-512 F, VL, DQ, BW */
} neume_isa;

typedef enum neume_log_level { NEUME_LOG_DEBUG, NEUME_LOG_INFO, NEUME_LOG_WARNING } neume_log_level;

/** Gets one line, without newline. May be called from the thread that called into neume only. */
typedef void (*neume_log_func)(void *data, neume_log_level level, const char *line);

typedef struct neume_context_options {
    neume_allocator allocator; /**< default: the C library's realloc and free */
    unsigned thread_count;     /**< 1..256; default 0: one for each core this process may use */
    neume_isa isa;             /**< default NEUME_ISA_AUTO */
    neume_log_func log;        /**< default NULL: silence */
    void *log_data;            /**< handed to `log` */
    const neume_ranks *ranks;  /**< processes that train together; default NULL: this one alone */
} neume_context_options;

NEUME_API neume_context_options neume_context_options_default(void);

/** Makes a context. Fails with NEUME_BAD_USAGE where `isa` is not in this build or machine. */
NEUME_API NEUME_MUST_USE neume_status neume_context_new(neume_context **out,
                                                        const neume_context_options *options,
                                                        neume_error *error);

/** Frees the context; everything made with it must be gone. NULL is accepted. */
NEUME_API void neume_context_free(neume_context *context);

/** Threads that compute, the caller's included. */
NEUME_API unsigned neume_context_thread_count(const neume_context *context);

/** The kernels in use: "c", "baseline", "avx2" or "avx512". Borrowed: static. */
NEUME_API const char *neume_context_isa_name(const neume_context *context);

NEUME_END_DECLS

#endif
