/* SPDX-License-Identifier: ISC */
#ifndef NM_BASE_PAGES_H
#define NM_BASE_PAGES_H

#include <stddef.h>

/* Asks the system to hold the whole pages of a fresh block in large ones (2 MiB on x86-64), so that
 * passes over large matrices do not wait for address translation. */
void nm_pages_prefer_large(void *block, size_t size);

#endif
