/* SPDX-License-Identifier: ISC */
/* The inside of neume_context, for the rooms below it. */
#ifndef NM_BASE_CONTEXT_H
#define NM_BASE_CONTEXT_H

#include <neume/context.h>

typedef struct nm_pool nm_pool;

struct neume_context {
    neume_allocator allocator;
    nm_pool *pool;
    neume_isa isa; /* what was asked for, resolved: never NEUME_ISA_AUTO */
    neume_log_func log;
    void *log_data;
    const neume_ranks *ranks; /* NULL: this process alone */
};

/* A context like another, but of one thread: for work that shares no job with others. Silent. */
neume_status nm_context_alone(neume_context **out, const neume_context *context,
                              neume_error *error);

/* Whether this machine and this build have the kernels `isa`. */
bool nm_isa_is_available(neume_isa isa);

/* Whether the processor computes with vectors of halves (AVX512-FP16), with tiles of bfloat16 and
 * of bytes (AMX; the process may use them once this was asked), and sums products of bytes in one
 * instruction of 512 bits (AVX512-VNNI). */
bool nm_cpu_has_halves(void);
bool nm_cpu_has_tiles(void);
bool nm_cpu_has_byte_tiles(void);
bool nm_cpu_has_byte_sums(void);

/* Hands one formatted line to the log callback, cut at 511 bytes; the first rank's alone. */
void nm_log(const neume_context *context, neume_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
