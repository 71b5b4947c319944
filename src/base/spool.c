/* SPDX-License-Identifier: ISC */
#include "base/spool.h"

#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static neume_status fail(const char *what, neume_error *error) {
    return nm_fail(error, NEUME_CANNOT_WRITE, "%s: cannot be written: %s", what, strerror(errno));
}

neume_status nm_spool_open(nm_spool *spool, const char *folder, neume_error *error) {
    char path[4096];
    *spool = (nm_spool){0};
    if ((size_t)snprintf(path, sizeof path, "%s/words.part-XXXXXX", folder) >= sizeof path) {
        errno = ENAMETOOLONG;
        return fail(folder, error);
    }
    spool->file = mkostemp(path, O_CLOEXEC);
    if (spool->file < 0)
        return fail(folder, error);
    spool->is_open = true;
    if (unlink(path) == 0)
        return NEUME_OK;
    const neume_status status = fail(folder, error);
    nm_spool_close(spool);
    return status;
}

static neume_status write_at(const nm_spool *spool, uint64_t offset, const void *data, size_t size,
                             neume_error *error) {
    if (lseek(spool->file, (off_t)offset, SEEK_SET) < 0)
        return fail("words outside of memory", error);
    errno = nm_file_put(spool->file, data, size);
    return errno ? fail("words outside of memory", error) : NEUME_OK;
}

neume_status nm_spool_put(nm_spool *spool, const void *data, size_t size, neume_error *error) {
    const neume_status status = write_at(spool, spool->size, data, size, error);
    if (!status)
        spool->size += size;
    return status;
}

neume_status nm_spool_map(nm_spool *spool, neume_error *error) {
    if (spool->size == 0)
        return NEUME_OK;
    void *map = mmap(NULL, (size_t)spool->size, PROT_READ, MAP_SHARED, spool->file, 0);
    if (map == MAP_FAILED)
        return fail("words outside of memory", error);
    spool->map = map;
    spool->mapped = (size_t)spool->size;
    return NEUME_OK;
}

neume_status nm_spool_rewrite(nm_spool *spool, uint64_t offset, const void *data, size_t size,
                              neume_error *error) {
    return write_at(spool, offset, data, size, error);
}

void nm_spool_close(nm_spool *spool) {
    if (spool->map)
        munmap(spool->map, spool->mapped);
    if (spool->is_open)
        close(spool->file);
    *spool = (nm_spool){0};
}
