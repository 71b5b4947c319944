/* SPDX-License-Identifier: ISC */
/* How a call ended. Not a log: an error is one line about one thing, owned by the caller. Thread
 * rule: plain values. */
#ifndef NEUME_STATUS_H
#define NEUME_STATUS_H

#include <neume/api.h>

NEUME_BEGIN_DECLS

/** How a call ended; 0 is success. The command maps each to its documented exit code. */
typedef enum neume_status {
    NEUME_OK = 0,
    NEUME_FAILED,       /**< something failed while running (exit 1) */
    NEUME_NO_MEMORY,    /**< an allocation failed (exit 1) */
    NEUME_NOT_FINITE,   /**< a loss, gradient or weight is not finite (exit 1) */
    NEUME_BAD_USAGE,    /**< options that contradict each other or the inputs (exit 2) */
    NEUME_BAD_INPUT,    /**< a file that is no usable music, or no such file (exit 3) */
    NEUME_BAD_MODEL,    /**< a missing, damaged, foreign or newer model or checkpoint (exit 4) */
    NEUME_CANNOT_WRITE, /**< a file could not be written (exit 5) */
    NEUME_INTERRUPTED   /**< stopped on request, after saving (exit 130) */
} neume_status;

/** Why a call failed. The caller owns it; filling it never allocates. Every `neume_error *` may be
 * NULL. */
typedef struct neume_error {
    neume_status status;
    bool has_offset; /**< whether `offset` means something */
    uint64_t offset; /**< bytes from the start of what was being read */
    char
        line[512]; /**< one line, no newline: "what was being read: what is wrong, expected what" */
} neume_error;

/** The status in words, e.g. "out of memory". Borrowed: static. */
NEUME_API const char *neume_status_name(neume_status status);

NEUME_END_DECLS

#endif
