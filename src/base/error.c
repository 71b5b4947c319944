/* SPDX-License-Identifier: ISC */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

static neume_status fill(neume_error *error, neume_status status, const char *format,
                         va_list arguments) {
    if (error) {
        error->status = status;
        error->has_offset = false;
        error->offset = 0;
        vsnprintf(error->line, sizeof error->line, format, arguments);
    }
    return status;
}

neume_status nm_fail(neume_error *error, neume_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fill(error, status, format, arguments);
    va_end(arguments);
    return status;
}

neume_status nm_fail_at(neume_error *error, neume_status status, uint64_t offset,
                        const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fill(error, status, format, arguments);
    va_end(arguments);
    if (error) {
        error->has_offset = true;
        error->offset = offset;
    }
    return status;
}

neume_status nm_fail_memory(neume_error *error, const char *what) {
    return nm_fail(error, NEUME_NO_MEMORY, "%s: out of memory", what);
}

const char *neume_status_name(neume_status status) {
    switch (status) {
    case NEUME_OK:
        return "ok";
    case NEUME_FAILED:
        return "failed";
    case NEUME_NO_MEMORY:
        return "out of memory";
    case NEUME_NOT_FINITE:
        return "not finite";
    case NEUME_BAD_USAGE:
        return "bad usage";
    case NEUME_BAD_INPUT:
        return "bad input";
    case NEUME_BAD_MODEL:
        return "bad model";
    case NEUME_CANNOT_WRITE:
        return "cannot write";
    case NEUME_INTERRUPTED:
        return "interrupted";
    }
    return "unknown status";
}
