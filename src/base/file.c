/* SPDX-License-Identifier: ISC */
#include "base/file.h"

#include "base/error.h"
#include "base/mem.h"

#include <neume/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int nm_file_open(const char *path, int flags) {
    int file;
    do
        file = open(path, flags | O_CLOEXEC | O_NOCTTY, 0666);
    while (file < 0 && errno == EINTR);
    return file;
}

/* Opens a regular file; a FIFO or a device would block or never end. */
static neume_status open_regular(int *out, struct stat *about, const char *path,
                                 neume_error *error) {
    const int file = nm_file_open(path, O_RDONLY | O_NONBLOCK);
    if (file < 0)
        return nm_fail(error, NEUME_BAD_INPUT, "%s: %s", path, strerror(errno));
    if (fstat(file, about) != 0 || !S_ISREG(about->st_mode)) {
        close(file);
        return nm_fail(error, NEUME_BAD_INPUT, "%s: not a regular file", path);
    }
    *out = file;
    return NEUME_OK;
}

static neume_status read_open(nm_buffer *out, int file, const char *path, size_t size,
                              neume_error *error) {
    if (!nm_reserve(out->context, &out->data, &out->capacity, size ? size : 1, 1))
        return nm_fail_memory(error, path);
    while (out->size < size) {
        const ssize_t got = read(file, out->data + out->size, size - out->size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return nm_fail_at(error, NEUME_BAD_INPUT, out->size, "%s: %s", path, strerror(errno));
        if (got == 0)
            break;
        out->size += (size_t)got;
    }
    return NEUME_OK;
}

neume_status nm_file_read(nm_buffer *out, const char *path, size_t max_size, neume_error *error) {
    int file = -1;
    struct stat about;
    neume_status status = open_regular(&file, &about, path, error);
    if (status)
        return status;
    if ((uint64_t)about.st_size > max_size)
        status = nm_fail(error, NEUME_BAD_INPUT, "%s: %llu bytes, expected at most %zu", path,
                         (unsigned long long)about.st_size, max_size);
    else
        status = read_open(out, file, path, (size_t)about.st_size, error);
    close(file);
    return status;
}

neume_status nm_file_read_start(nm_buffer *out, const char *path, size_t size, neume_error *error) {
    int file = -1;
    struct stat about;
    neume_status status = open_regular(&file, &about, path, error);
    if (status)
        return status;
    const size_t wanted = (uint64_t)about.st_size < size ? (size_t)about.st_size : size;
    status = read_open(out, file, path, wanted, error);
    close(file);
    return status;
}

bool nm_file_exists(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/* What is being written lies beside its place under the same name and this, for mkstemp. */
static const char TEMPORARY[] = ".part-XXXXXX";

int nm_file_put(int file, const void *data, size_t size) {
    const char *from = data;
    while (size > 0) {
        const ssize_t put = write(file, from, size);
        if (put == 0)
            return EIO;
        if (put < 0 && errno != EINTR)
            return errno;
        if (put > 0) {
            from += put;
            size -= (size_t)put;
        }
    }
    return 0;
}

int nm_file_sync(int file) {
    int result;
    do
        result = fsync(file);
    while (result != 0 && errno == EINTR);
    return result == 0 || errno == EINVAL ? 0 : errno;
}

int nm_file_close(int file) {
    return close(file) == 0 || errno == EINTR ? 0 : errno;
}

static int put_all(int file, const neume_bytes *parts, size_t part_count) {
    int failure = 0;
    for (size_t p = 0; p < part_count && !failure; p++)
        failure = nm_file_put(file, parts[p].data, parts[p].size_bytes);
    return failure;
}

/* After the rename the folder's entry must reach the disk too. */
static int sync_folder_of(char *path) {
    char *slash = strrchr(path, '/');
    const char *folder = ".";
    if (slash) {
        slash[slash == path] = '\0';
        folder = path;
    }
    const int file = nm_file_open(folder, O_RDONLY | O_DIRECTORY);
    if (file < 0)
        return errno;
    const int failure = nm_file_sync(file);
    (void)nm_file_close(file);
    return failure;
}

/* A new file of a name of its own, which takes the place of the last letters of `temporary`. */
static int make_temporary(char *temporary) {
    static const char letters[] = "XXXXXX";
    int file;
    do {
        memcpy(temporary + strlen(temporary) - strlen(letters), letters, strlen(letters));
        file = mkstemp(temporary);
    } while (file < 0 && errno == EINTR);
    return file;
}

/* Tries again where a signal comes in between. Returns an errno, or 0. */
static int set_mode(int file, mode_t mode) {
    int result;
    do
        result = fchmod(file, mode);
    while (result != 0 && errno == EINTR);
    return result ? errno : 0;
}

static int move(const char *from, const char *to) {
    int result;
    do
        result = rename(from, to);
    while (result != 0 && errno == EINTR);
    return result ? errno : 0;
}

static int begin(nm_file_draft *draft) {
    struct stat about;
    draft->file = make_temporary(draft->temporary);
    if (draft->file < 0)
        return errno;
    const mode_t mask = umask(0);
    umask(mask);
    return set_mode(draft->file,
                    stat(draft->path, &about) == 0 ? about.st_mode & 0777 : 0666 & ~mask);
}

int nm_file_draft_begin(nm_file_draft *draft, const char *path, neume_context *context) {
    const size_t length = strlen(path);
    *draft = (nm_file_draft){.context = context, .path = path, .file = -1};
    draft->temporary = nm_alloc(context, length + sizeof TEMPORARY, 1);
    if (!draft->temporary)
        return ENOMEM;
    memcpy(draft->temporary, path, length);
    memcpy(draft->temporary + length, TEMPORARY, sizeof TEMPORARY);
    const int failure = begin(draft);
    return failure ? nm_file_draft_end(draft, failure) : 0;
}

int nm_file_draft_end(nm_file_draft *draft, int failure) {
    const bool is_open = draft->file >= 0;
    if (is_open && !failure)
        failure = nm_file_sync(draft->file);
    const int lost = is_open ? nm_file_close(draft->file) : 0;
    if (!failure)
        failure = lost ? lost : move(draft->temporary, draft->path);
    if (failure && is_open)
        unlink(draft->temporary);
    if (!failure)
        failure = sync_folder_of(draft->temporary);
    nm_free(draft->context, draft->temporary);
    *draft = (nm_file_draft){.file = -1};
    return failure;
}

static int replace(const char *path, neume_context *context, const neume_bytes *parts,
                   size_t part_count) {
    nm_file_draft draft;
    const int failure = nm_file_draft_begin(&draft, path, context);
    return failure ? failure : nm_file_draft_end(&draft, put_all(draft.file, parts, part_count));
}

/* A device or FIFO is written to, not replaced. Returns an errno, or 0. */
static int write_through(const char *path, const neume_bytes *parts, size_t part_count) {
    const int file = nm_file_open(path, O_WRONLY);
    if (file < 0)
        return errno;
    const int failure = put_all(file, parts, part_count), lost = nm_file_close(file);
    return failure ? failure : lost;
}

static bool is_special(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && !S_ISREG(about.st_mode);
}

neume_status nm_file_write(const char *path, neume_context *context, const neume_bytes *parts,
                           size_t part_count, neume_error *error) {
    int failure;
    if (strcmp(path, "-") == 0) {
        fflush(stdout);
        failure = put_all(STDOUT_FILENO, parts, part_count);
    } else if (is_special(path)) {
        failure = write_through(path, parts, part_count);
    } else {
        failure = replace(path, context, parts, part_count);
        if (failure == ENOMEM)
            return nm_fail_memory(error, path);
    }
    if (failure)
        return nm_fail(error, NEUME_CANNOT_WRITE, "%s: cannot be written: %s", path,
                       strerror(failure));
    return NEUME_OK;
}

neume_status neume_file_save(const char *path, neume_context *context, neume_bytes bytes,
                             neume_error *error) {
    nm_file_remove_unfinished(path);
    return nm_file_write(path, context, &bytes, 1, error);
}

static bool is_temporary_of(const char *name, const char *whole) {
    const size_t length = strlen(whole), fixed = sizeof TEMPORARY - sizeof "XXXXXX";
    return strlen(name) == length + sizeof TEMPORARY - 1 && strncmp(name, whole, length) == 0 &&
           strncmp(name + length, TEMPORARY, fixed) == 0;
}

void nm_file_remove_unfinished(const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const int folder_length = slash ? (int)(name - path) : 2;
    char folder[4096];
    snprintf(folder, sizeof folder, "%.*s", folder_length, slash ? path : "./");
    DIR *entries = opendir(folder);
    const struct dirent *entry;
    while (entries && (entry = readdir(entries)))
        if (is_temporary_of(entry->d_name, name))
            unlinkat(dirfd(entries), entry->d_name, 0);
    if (entries)
        closedir(entries);
}

static neume_status add_entry(nm_file_list *list, const char *path, size_t name_offset,
                              int failure) {
    if (!nm_reserve(list->context, &list->entries, &list->capacity, list->count + 1,
                    sizeof *list->entries))
        return NEUME_NO_MEMORY;
    char *copy = nm_copy_text(list->context, path, strlen(path));
    if (!copy)
        return NEUME_NO_MEMORY;
    list->entries[list->count++] =
        (nm_file_entry){.path = copy, .name_offset = name_offset, .failure = failure};
    return NEUME_OK;
}

static neume_status walk(nm_file_list *list, const char *path, size_t name_offset, unsigned depth);

static neume_status walk_name(nm_file_list *list, const char *folder, const char *name,
                              size_t name_offset, unsigned depth) {
    const size_t length = strlen(folder), room = length + strlen(name) + 2;
    char *path = nm_alloc(list->context, room, 1);
    if (!path)
        return NEUME_NO_MEMORY;
    snprintf(path, room, "%s%s%s", folder, length && folder[length - 1] == '/' ? "" : "/", name);
    const neume_status status = walk(list, path, name_offset, depth);
    nm_free(list->context, path);
    return status;
}

static int is_shown(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static neume_status walk_folder(nm_file_list *list, const char *path, size_t name_offset,
                                unsigned depth) {
    struct dirent **names;
    const int count = scandir(path, &names, is_shown, by_bytes);
    if (count < 0 && errno == ENOMEM)
        return NEUME_NO_MEMORY;
    if (count < 0)
        return add_entry(list, path, name_offset, errno);
    neume_status status = NEUME_OK;
    for (int i = 0; i < count; i++) {
        if (!status)
            status = walk_name(list, path, names[i]->d_name, name_offset, depth + 1);
        free(names[i]);
    }
    free(names);
    return status;
}

static neume_status add_file(nm_file_list *list, const char *path, size_t name_offset,
                             const struct stat *about) {
    const neume_status status = add_entry(list, path, name_offset, 0);
    if (!status)
        list->entries[list->count - 1].stamp =
            (nm_file_stamp){.device = about->st_dev,
                            .inode = about->st_ino,
                            .size = (uint64_t)about->st_size,
                            .seconds = about->st_mtim.tv_sec,
                            .nanoseconds = about->st_mtim.tv_nsec};
    return status;
}

enum { MAX_DEPTH = 64 };

/* Links are followed to files and from a root, not to folders below it: so there are no loops. */
static neume_status walk(nm_file_list *list, const char *path, size_t name_offset, unsigned depth) {
    struct stat about, itself;
    if (stat(path, &about) != 0)
        return add_entry(list, path, name_offset, errno);
    if (!S_ISDIR(about.st_mode))
        return add_file(list, path, name_offset, &about);
    if (lstat(path, &itself) != 0)
        return add_entry(list, path, name_offset, errno);
    if (depth > 0 && S_ISLNK(itself.st_mode))
        return NEUME_OK;
    if (depth >= MAX_DEPTH)
        return add_entry(list, path, name_offset, ELOOP);
    return walk_folder(list, path, name_offset, depth);
}

neume_status nm_file_list_add(nm_file_list *list, const char *root) {
    struct stat about;
    const char *slash = strrchr(root, '/');
    size_t name_offset = slash ? (size_t)(slash + 1 - root) : 0;
    const size_t length = strlen(root);
    if (stat(root, &about) == 0 && S_ISDIR(about.st_mode))
        name_offset = length + (length && root[length - 1] == '/' ? 0 : 1);
    return walk(list, root, name_offset, 0);
}

void nm_file_list_clear(nm_file_list *list) {
    for (size_t i = 0; i < list->count; i++)
        nm_free(list->context, list->entries[i].path);
    nm_free(list->context, list->entries);
    *list = (nm_file_list){.context = list->context};
}
