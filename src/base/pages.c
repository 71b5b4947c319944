/* SPDX-License-Identifier: ISC */
#include "base/pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(MADV_HUGEPAGE)
#define ADVICE MADV_HUGEPAGE
#else
#define ADVICE MADV_NORMAL
#endif

/* An advice that is not taken is no failure. */
void nm_pages_prefer_large(void *block, size_t size) {
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t begin = ((uintptr_t)block + page - 1) / page * page;
    const uintptr_t end = ((uintptr_t)block + size) / page * page;
    if (begin < end)
        (void)madvise((char *)block + (begin - (uintptr_t)block), end - begin, ADVICE);
}
