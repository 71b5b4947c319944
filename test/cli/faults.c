/* SPDX-License-Identifier: ISC */
/* Preloaded into a program (LD_PRELOAD), makes one of its calls to the system fail:
 *   NEUME_FAULT=GROUP:K:HOW   the K-th call of a group, or with K+ that and all that follow
 *     GROUP  write   what writes a file: open to write, mkstemp, write, fsync, fchmod, ftruncate,
 *                    rename, mkdir, and to open and close the file or its folder
 *            remove  unlink, unlinkat
 *            read    open to read, read
 *            memory  malloc, calloc, realloc, pthread_create
 *     HOW    a number: errno. short: half of what was to be written or read is. kill: the process
 *            ends before the call. torn: it ends with half of it written.
 *   NEUME_FAULT_FOLDER        only files below this one count
 *   NEUME_FAULT_REPORT=FILE   is created where the fault has struck, and names call and file
 * What libc writes for itself (stdio) goes by unseen. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <dlfcn.h>

#define FAULTS_API __attribute__((visibility("default")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

typedef enum group { NONE, WRITE, REMOVE, READ, MEMORY } group;

enum { MADE = 0, SHORT = -1, KILL = -2, TORN = -3 }; /* and errnos */

/* What the environment asks for. A preloaded library has nowhere else to keep it. */
static struct {
    group of;
    bool stays;
    size_t at, count;
    int how;
    const char *folder, *report;
} plan;

static group group_named(const char *name, size_t length) {
    static const char *const names[] = {"none", "write", "remove", "read", "memory"};
    for (group g = WRITE; g <= MEMORY; g++)
        if (strlen(names[g]) == length && strncmp(names[g], name, length) == 0)
            return g;
    return NONE;
}

static int how_named(const char *name) {
    if (strcmp(name, "short") == 0)
        return SHORT;
    if (strcmp(name, "kill") == 0)
        return KILL;
    return strcmp(name, "torn") == 0 ? TORN : atoi(name);
}

__attribute__((constructor)) static void read_plan(void) {
    const char *text = getenv("NEUME_FAULT"), *folder = getenv("NEUME_FAULT_FOLDER");
    if (!text)
        return;
    const size_t length = strcspn(text, ":");
    char *rest;
    plan.at = strtoul(text + length + 1, &rest, 10);
    plan.stays = *rest == '+';
    plan.how = how_named(rest + plan.stays + 1);
    plan.folder = folder ? folder : "/";
    plan.report = getenv("NEUME_FAULT_REPORT");
    plan.of = group_named(text, length);
}

/* Without memory of its own. */
static void report(const char *call, const char *path) {
    char line[4400];
    if (!plan.report)
        return;
    const long file =
        syscall(SYS_openat, AT_FDCWD, plan.report, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int length = snprintf(line, sizeof line, "%s %s\n", call, path);
    syscall(SYS_write, (int)file, line, (size_t)length);
    syscall(SYS_close, (int)file);
}

/* What becomes of a call of a group, in the order in which they are made. */
static int judge(group of, const char *call, const char *path) {
    if (of != plan.of || (of != MEMORY && strncmp(path, plan.folder, strlen(plan.folder)) != 0))
        return MADE;
    const size_t number = __atomic_add_fetch(&plan.count, 1, __ATOMIC_RELAXED);
    if (number != plan.at && !(plan.stays && number > plan.at))
        return MADE;
    if (number == plan.at)
        report(call, path);
    if (plan.how == KILL || (plan.how == TORN && strcmp(call, "write") != 0))
        kill(getpid(), SIGKILL);
    return plan.how;
}

static bool fails(group of, const char *call, const char *path) {
    const int how = judge(of, call, path);
    if (how <= MADE)
        return false;
    errno = how;
    return true;
}

/* The same for a file that is open. */
static int judge_open(group of, const char *call, int file) {
    char link[64], path[4096];
    if (of != plan.of)
        return MADE;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    const ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return MADE;
    path[length] = '\0';
    return judge(of, call, path);
}

static bool fails_open(group of, const char *call, int file) {
    const int how = judge_open(of, call, file);
    if (how <= MADE)
        return false;
    errno = how;
    return true;
}

static bool is_for_writing(int file) {
    struct stat about;
    const int flags = fcntl(file, F_GETFL);
    if (flags < 0 || fstat(file, &about) != 0)
        return false;
    return (flags & O_ACCMODE) != O_RDONLY || S_ISDIR(about.st_mode);
}

static int opened(const char *path, int flags, va_list more) {
    const bool creates = flags & O_CREAT;
    const mode_t mode = creates ? va_arg(more, mode_t) : 0;
    const bool writes = creates || (flags & O_ACCMODE) != O_RDONLY || (flags & O_DIRECTORY);
    if (fails(writes ? WRITE : READ, "open", path))
        return -1;
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

FAULTS_API int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const int file = opened(path, flags, more);
    va_end(more);
    return file;
}

FAULTS_API int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const int file = opened(path, flags, more);
    va_end(more);
    return file;
}

FAULTS_API int mkstemp(char *template) {
    int (*made)(char *);
    *(void **)&made = dlsym(RTLD_NEXT, "mkstemp");
    return fails(WRITE, "mkstemp", template) ? -1 : made(template);
}

FAULTS_API int mkstemp64(char *template) {
    return mkstemp(template);
}

FAULTS_API ssize_t write(int file, const void *data, size_t size) {
    const int how = judge_open(WRITE, "write", file);
    if (how > MADE) {
        errno = how;
        return -1;
    }
    if (how != MADE && size > 1)
        size /= 2;
    const ssize_t put = syscall(SYS_write, file, data, size);
    if (how == TORN)
        kill(getpid(), SIGKILL);
    return put;
}

FAULTS_API ssize_t read(int file, void *data, size_t size) {
    const int how = judge_open(READ, "read", file);
    if (how > MADE) {
        errno = how;
        return -1;
    }
    return syscall(SYS_read, file, data, how == SHORT && size > 1 ? size / 2 : size);
}

FAULTS_API int fsync(int file) {
    return fails_open(WRITE, "fsync", file) ? -1 : (int)syscall(SYS_fsync, file);
}

FAULTS_API int fchmod(int file, mode_t mode) {
    return fails_open(WRITE, "fchmod", file) ? -1 : (int)syscall(SYS_fchmod, file, mode);
}

FAULTS_API int ftruncate(int file, off_t size) {
    return fails_open(WRITE, "ftruncate", file) ? -1 : (int)syscall(SYS_ftruncate, file, size);
}

FAULTS_API int ftruncate64(int file, off64_t size) {
    return ftruncate(file, size);
}

/* The file is closed even where that fails, as on Linux. */
FAULTS_API int close(int file) {
    const bool is_bad = is_for_writing(file) && fails_open(WRITE, "close", file);
    const int failure = errno, result = (int)syscall(SYS_close, file);
    if (!is_bad)
        return result;
    errno = failure;
    return -1;
}

FAULTS_API int rename(const char *from, const char *to) {
    return fails(WRITE, "rename", from) ? -1 : (int)syscall(SYS_rename, from, to);
}

FAULTS_API int mkdir(const char *path, mode_t mode) {
    return fails(WRITE, "mkdir", path) ? -1 : (int)syscall(SYS_mkdir, path, mode);
}

FAULTS_API int unlink(const char *path) {
    return fails(REMOVE, "unlink", path) ? -1 : (int)syscall(SYS_unlink, path);
}

FAULTS_API int unlinkat(int folder, const char *path, int flags) {
    if (fails_open(REMOVE, "unlinkat", folder))
        return -1;
    return (int)syscall(SYS_unlinkat, folder, path, flags);
}

FAULTS_API void *malloc(size_t size) {
    return fails(MEMORY, "malloc", "") ? NULL : __libc_malloc(size);
}

FAULTS_API void *calloc(size_t count, size_t size) {
    return fails(MEMORY, "calloc", "") ? NULL : __libc_calloc(count, size);
}

FAULTS_API void *realloc(void *block, size_t size) {
    return size && fails(MEMORY, "realloc", "") ? NULL : __libc_realloc(block, size);
}

FAULTS_API int pthread_create(pthread_t *out, const pthread_attr_t *attributes,
                              void *(*body)(void *), void *data) {
    int (*made)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    *(void **)&made = dlsym(RTLD_NEXT, "pthread_create");
    return fails(MEMORY, "pthread_create", "") ? EAGAIN : made(out, attributes, body, data);
}
