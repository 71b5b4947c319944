/* SPDX-License-Identifier: ISC */
/* What every public header needs: visibility, must-use results, C linkage. Declares nothing else.
 */
#ifndef NEUME_API_H
#define NEUME_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NEUME_VERSION "0.1.0"

#if defined(__GNUC__)
#define NEUME_API __attribute__((visibility("default")))
#define NEUME_MUST_USE __attribute__((warn_unused_result))
#else
#define NEUME_API
#define NEUME_MUST_USE
#endif

#ifdef __cplusplus
#define NEUME_BEGIN_DECLS extern "C" {
#define NEUME_END_DECLS }
#else
#define NEUME_BEGIN_DECLS
#define NEUME_END_DECLS
#endif

/** Bytes to be read. Borrowed: for the call. */
typedef struct neume_bytes {
    const void *data;
    size_t size_bytes;
} neume_bytes;

#endif
