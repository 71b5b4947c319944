/* SPDX-License-Identifier: ISC */
#include "learn/corpus_cache.h"

#include "base/error.h"
#include "base/mem.h"
#include "learn/corpus_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

static uint64_t add_text(uint64_t hash, const char *text) {
    return XXH3_64bits_withSeed(text, strlen(text) + 1, hash);
}

/* Where an input lies, so that another working directory finds the same cache. */
static uint64_t add_inputs(uint64_t hash, neume_inputs inputs) {
    for (size_t i = 0; i < inputs.count; i++) {
        char *real = realpath(inputs.paths[i], NULL);
        hash = add_text(hash, real ? real : inputs.paths[i]);
        free(real);
    }
    return add_text(hash, "");
}

/* All that decides what becomes of a file beside its bytes and its name. */
static uint64_t add_reading(uint64_t hash, const nm_corpus_reader *reader) {
    const neume_midi_read_options *midi = &reader->midi;
    char text[256];
    snprintf(text, sizeof text, "%d %d %u %zu %zu %zu %zu %zu %d", midi->strict, (int)midi->pairing,
             midi->ticks_per_quarter, midi->max_file_bytes, midi->max_events, midi->max_chunks,
             reader->min_steps, reader->max_steps, reader->wants_prints);
    return add_text(hash, text);
}

static bool is_folder(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* The folders of a path, each that is missing. */
static neume_status make_folders(const char *path, neume_error *error) {
    char part[PATH_MAX];
    const size_t length = strlen(path);
    for (size_t i = 1; i <= length && length < sizeof part; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        const int failure = mkdir(part, 0700) == 0 ? 0 : errno;
        if (failure && !is_folder(part))
            return nm_fail(error, NEUME_CANNOT_WRITE, "%s: cannot be made: %s", part,
                           strerror(failure == EEXIST ? ENOTDIR : failure));
    }
    return NEUME_OK;
}

/* What killed processes left unfinished; of what is being written now it keeps its hands. */
static void remove_left_over(const char *folder) {
    enum { OLD_SECONDS = 3600 };
    static const char mark[] = ".part-";
    DIR *entries = opendir(folder);
    const struct dirent *entry;
    while (entries && (entry = readdir(entries))) {
        struct stat about;
        const char *end = strstr(entry->d_name, mark);
        if (end && strlen(end) == strlen(mark) + 6 &&
            fstatat(dirfd(entries), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(about.st_mode) && time(NULL) - about.st_mtime > OLD_SECONDS)
            unlinkat(dirfd(entries), entry->d_name, 0);
    }
    if (entries)
        closedir(entries);
}

static neume_status place(nm_corpus_cache *out, const nm_corpus_reader *reader,
                          const neume_corpus_options *options, neume_inputs inputs) {
    char *settings = nm_codec_settings(reader->codec);
    if (!settings)
        return NEUME_NO_MEMORY;
    uint64_t hash = add_reading(add_text(0, settings), reader);
    nm_free(reader->corpus->context, settings);
    hash = add_inputs(add_inputs(hash, inputs), options->valid_from);
    snprintf(out->path, sizeof out->path, "%s/%016llx.words", options->cache,
             (unsigned long long)hash);
    const uint64_t format = NM_CACHE_FORMAT;
    out->key = XXH3_64bits_withSeed(&format, sizeof format, add_text(hash, NEUME_VERSION));
    return NEUME_OK;
}

neume_status nm_corpus_cache_open(nm_corpus_cache *out, nm_corpus_reader *reader,
                                  const neume_corpus_options *options, neume_inputs inputs) {
    neume_corpus *corpus = reader->corpus;
    neume_error why = {0};
    *out = (nm_corpus_cache){.cache.context = corpus->context};
    if (!options->cache)
        return NEUME_OK;
    if (strlen(options->cache) + sizeof "/0123456789abcdef.words" > sizeof out->path)
        nm_fail(&why, NEUME_CANNOT_WRITE, "%.40s...: cannot be made: too long", options->cache);
    if (why.status || make_folders(options->cache, &why)) {
        nm_corpus_store_give_up(corpus, &why);
        return NEUME_OK;
    }
    neume_status status = place(out, reader, options, inputs);
    if (!status)
        status = nm_cache_open(&out->cache, reader->codec, out->path, out->key, &why);
    if (status == NEUME_BAD_INPUT)
        nm_log(corpus->context, NEUME_LOG_WARNING, "cache: %s; it is made anew", why.line);
    if (status == NEUME_NO_MEMORY)
        return status;
    remove_left_over(options->cache);
    nm_corpus_store_open(corpus, options->cache);
    reader->cache = &out->cache;
    reader->verifies = options->verify_cache;
    return NEUME_OK;
}

/* Whether the cache holds what it could, and nothing else. */
static bool is_complete(const nm_corpus_cache *cache, const neume_corpus *corpus) {
    size_t held = 0;
    for (size_t i = 0; i < corpus->file_count; i++) {
        if (!nm_cache_can_hold(corpus, i))
            continue;
        if (!corpus->origins[i].cached)
            return false;
        held++;
    }
    return held == cache->cache.entry_count;
}

void nm_corpus_cache_save(const nm_corpus_cache *cache, const nm_corpus_reader *reader) {
    const neume_corpus *corpus = reader->corpus;
    neume_error why = {0};
    if (!cache->path[0] || corpus->is_in_memory || is_complete(cache, corpus))
        return;
    if (nm_cache_save(cache->path, cache->key, reader, &why))
        nm_log(corpus->context, NEUME_LOG_WARNING, "cache: %s; files are read anew next time",
               why.line);
}

void nm_corpus_cache_close(nm_corpus_cache *cache) {
    nm_cache_close(&cache->cache);
}
