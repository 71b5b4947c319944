/* SPDX-License-Identifier: ISC */
/* A file without a name: what is put into it leaves memory and is mapped for reading. Nobody else
 * can open, cut or remove it, so that a mapped page is always there; it ends with the process. */
#ifndef NM_BASE_SPOOL_H
#define NM_BASE_SPOOL_H

#include "base/context.h"

typedef struct nm_spool {
    bool is_open;
    int file;
    uint64_t size; /* bytes that were put */
    void *map;     /* once mapped */
    size_t mapped; /* bytes */
} nm_spool;

/* In a folder on the disk that has the room. This and the next three fail with NEUME_CANNOT_WRITE;
 * nothing has then changed. */
neume_status nm_spool_open(nm_spool *spool, const char *folder, neume_error *error);

/* Puts bytes at the end. */
neume_status nm_spool_put(nm_spool *spool, const void *data, size_t size, neume_error *error);

/* Maps all that was put; nothing can be put any more. Borrowed: as long as the spool is open. */
neume_status nm_spool_map(nm_spool *spool, neume_error *error);

/* Writes over what was put; the map shows it. */
neume_status nm_spool_rewrite(nm_spool *spool, uint64_t offset, const void *data, size_t size,
                              neume_error *error);

void nm_spool_close(nm_spool *spool);

#endif
