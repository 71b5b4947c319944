/* SPDX-License-Identifier: ISC */
/* Filling a neume_error. Both return `status`, so that a caller can `return nm_fail(...)`. `error`
 * may be NULL. */
#ifndef NM_BASE_ERROR_H
#define NM_BASE_ERROR_H

#include <neume/status.h>

neume_status nm_fail(neume_error *error, neume_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for something found `offset` bytes into what was being read. */
neume_status nm_fail_at(neume_error *error, neume_status status, uint64_t offset,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

/* "out of memory", naming what there was no memory for. */
neume_status nm_fail_memory(neume_error *error, const char *what);

#endif
