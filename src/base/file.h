/* SPDX-License-Identifier: ISC */
/* Whole files in, whole files out. Reading opens regular files only; writing replaces a file at
 * once or not at all. */
#ifndef NM_BASE_FILE_H
#define NM_BASE_FILE_H

#include "base/bytes.h"

/* Reads the regular file at `path` of at most `max_size` bytes into an empty buffer. Fails with
 * NEUME_BAD_INPUT. */
neume_status nm_file_read(nm_buffer *out, const char *path, size_t max_size, neume_error *error);

/* Reads at most `size` bytes from the start of the regular file at `path`. */
neume_status nm_file_read_start(nm_buffer *out, const char *path, size_t size, neume_error *error);

/* Writes the parts one after the other: a new file in the same folder, fsync, rename, fsync of the
 * folder; after a failure (NEUME_CANNOT_WRITE) the old file is as it was. "-" writes to standard
 * output; a device or FIFO is written to, not replaced. */
neume_status nm_file_write(const char *path, neume_context *context, const neume_bytes *parts,
                           size_t part_count, neume_error *error);

/* The same bit by bit: a new file beside `path`, to be written through `file`; its end puts it into
 * its place where nothing has failed so far, or removes it. Both return an errno, or 0; after a
 * failure to begin there is nothing to end. `path` is borrowed till the end. */
typedef struct nm_file_draft {
    neume_context *context;
    const char *path;
    char *temporary;
    int file;
} nm_file_draft;

int nm_file_draft_begin(nm_file_draft *draft, const char *path, neume_context *context);
int nm_file_draft_end(nm_file_draft *draft, int failure);

/* Removes what killed processes left beside `path` of files that they had not written to the end.
 */
void nm_file_remove_unfinished(const char *path);

/* False only where it is certain that there is none. */
bool nm_file_exists(const char *path);

/* As open(), write(), fsync() and close(), whatever signals come in between, which happens on file
 * systems of a network: all of `data` is written, and what is on no disk is synced. All but the
 * first return an errno, or 0. */
int nm_file_open(const char *path, int flags);
int nm_file_put(int file, const void *data, size_t size);
int nm_file_sync(int file);
int nm_file_close(int file);

/* By what a file is known to be as it was: all 0 where it cannot be looked at. */
typedef struct nm_file_stamp {
    uint64_t device, inode, size;
    int64_t seconds, nanoseconds; /* of its last change */
} nm_file_stamp;

/* The regular files at and below a path, depth first, the names of a folder in byte order; hidden
 * ones and links to folders are left out. What cannot be opened is an entry with a reason. */
typedef struct nm_file_entry {
    char *path;          /* as found: root, or root/sub/name */
    size_t name_offset;  /* of the path relative to the root; for a root that is a file, of its base
                            name */
    int failure;         /* errno where it cannot be looked at, or 0 */
    nm_file_stamp stamp; /* when it was found */
} nm_file_entry;

typedef struct nm_file_list {
    neume_context *context;
    nm_file_entry *entries;
    size_t count, capacity;
} nm_file_list;

/* Adds what is at and below `root`. Fails only with NEUME_NO_MEMORY; a missing root is an entry. */
neume_status nm_file_list_add(nm_file_list *list, const char *root);
void nm_file_list_clear(nm_file_list *list);

#endif
