/* SPDX-License-Identifier: ISC */
#include "learn/cache.h"

#include "base/error.h"
#include "base/mem.h"

#define XXH_STATIC_LINKING_ONLY /* so that a hash state may live on the stack */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { CHECKED_FROM = 16 }; /* bytes that the checksum leaves out */

static const char MAGIC[8] = {'n', 'e', 'u', 'm', 'e', 'w', 'd', 's'};

bool nm_cache_read(const nm_cache *cache, uint64_t offset, void *out, size_t size) {
    char *to = out;
    while (size > 0) {
        const ssize_t got = pread(cache->file, to, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        to += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return true;
}

static bool read_into(const nm_cache *cache, nm_buffer *out, uint64_t offset, size_t size) {
    if (!nm_reserve(cache->context, &out->data, &out->capacity, size ? size : 1, 1))
        return false;
    out->size = size;
    return nm_cache_read(cache, offset, out->data, size);
}

/* The XXH3 of all that is behind the checksum; false where it cannot be read. */
static bool sum_up(uint64_t *out, const nm_cache *cache, uint64_t size) {
    uint8_t block[1 << 16];
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    for (uint64_t at = CHECKED_FROM; at < size;) {
        const size_t part = size - at < sizeof block ? (size_t)(size - at) : sizeof block;
        if (!nm_cache_read(cache, at, block, part))
            return false;
        XXH3_64bits_update(&state, block, part);
        at += part;
    }
    *out = XXH3_64bits_digest(&state);
    return true;
}

static const char *check_file(const nm_cache *cache, uint64_t *size) {
    struct stat about;
    if (fstat(cache->file, &about) != 0 || !S_ISREG(about.st_mode))
        return "not a regular file";
    if (about.st_uid != geteuid())
        return "another user's";
    *size = (uint64_t)about.st_size;
    return NULL;
}

/* What is wrong with the file, or NULL; then the sizes are those of its parts. */
static const char *check(nm_cache *cache, uint64_t key) {
    uint8_t header[NM_CACHE_HEADER_BYTES];
    uint64_t size, sum, entries;
    const char *wrong = check_file(cache, &size);
    if (wrong)
        return wrong;
    if (size < sizeof header || !nm_cache_read(cache, 0, header, sizeof header) ||
        memcmp(header, MAGIC, sizeof MAGIC) != 0)
        return "not a cache of words";
    nm_reader reader = nm_reader_on(header + sizeof MAGIC, sizeof header - sizeof MAGIC);
    const uint64_t expected = nm_read_u64_le(&reader);
    if (nm_read_u64_le(&reader) != key)
        return "of another version or of other settings";
    entries = nm_read_u64_le(&reader);
    cache->text_size = nm_read_u64_le(&reader);
    cache->words_size = nm_read_u64_le(&reader);
    const uint64_t rest = size - sizeof header;
    if (entries > rest / NM_CACHE_ENTRY_BYTES || cache->text_size > rest ||
        cache->words_size > rest ||
        entries * NM_CACHE_ENTRY_BYTES + cache->text_size + cache->words_size != rest)
        return "cut off";
    cache->entry_count = (size_t)entries;
    cache->words_begin = size - cache->words_size;
    return sum_up(&sum, cache, size) && sum == expected ? NULL : "damaged";
}

static void read_entry(nm_cache_entry *entry, nm_reader *reader) {
    *entry = (nm_cache_entry){.stamp = {.device = nm_read_u64_le(reader)}};
    entry->stamp.inode = nm_read_u64_le(reader);
    entry->stamp.size = nm_read_u64_le(reader);
    entry->stamp.seconds = (int64_t)nm_read_u64_le(reader);
    entry->stamp.nanoseconds = (int64_t)nm_read_u64_le(reader);
    entry->content = nm_read_u64_le(reader);
    entry->offset = nm_read_u64_le(reader);
    entry->note_count = nm_read_u64_le(reader);
    entry->step_count = nm_read_u64_le(reader);
    entry->hash = nm_read_u64_le(reader);
    entry->words_at = nm_read_u64_le(reader);
    entry->reason_at = nm_read_u64_le(reader);
    entry->status = nm_read_u8(reader);
    entry->has_offset = nm_read_u8(reader) != 0;
    entry->has_midi_name = nm_read_u8(reader) != 0;
    entry->number_bytes = nm_read_u8(reader);
    (void)nm_read_u32_le(reader);
    for (size_t i = 0; i < NM_FINGERPRINT_BINS; i++) {
        entry->print.bins[i] = nm_read_u8(reader);
        entry->print.bins[i] |= (uint16_t)(nm_read_u8(reader) << 8);
    }
}

static bool is_sound(const nm_cache *cache, const nm_cache_entry *entry) {
    const bool is_piece = entry->status == NEUME_FILE_CLEAN || entry->status == NEUME_FILE_REPAIRED;
    const uint64_t bytes = entry->number_bytes;
    if (entry->reason_at >= cache->text_size || entry->status > NEUME_FILE_CLEAN ||
        entry->status == NEUME_FILE_DUPLICATE)
        return false;
    if (!is_piece)
        return bytes == 0;
    return (bytes == 1 || bytes == 2 || bytes == 4) && entry->step_count > 0 &&
           entry->words_at <= cache->words_size &&
           entry->step_count <=
               (cache->words_size - entry->words_at) / (bytes * nm_cache_numbers(cache));
}

static int compare(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static int by_stamp(const void *a, const void *b) {
    const nm_cache_entry *x = a, *y = b;
    int order = compare(x->stamp.device, y->stamp.device);
    order = order ? order : compare(x->stamp.inode, y->stamp.inode);
    order = order ? order : compare(x->stamp.size, y->stamp.size);
    order = order ? order : compare((uint64_t)x->stamp.seconds, (uint64_t)y->stamp.seconds);
    order = order ? order : compare((uint64_t)x->stamp.nanoseconds, (uint64_t)y->stamp.nanoseconds);
    return order ? order : compare(x->has_midi_name, y->has_midi_name);
}

static neume_status read_entries(nm_cache *cache) {
    nm_reader reader = nm_reader_on(cache->head.data, cache->head.size);
    cache->entries = nm_alloc(cache->context, cache->entry_count, sizeof *cache->entries);
    if (!cache->entries)
        return NEUME_NO_MEMORY;
    for (size_t i = 0; i < cache->entry_count; i++) {
        read_entry(&cache->entries[i], &reader);
        if (!is_sound(cache, &cache->entries[i]))
            return NEUME_BAD_INPUT;
    }
    qsort(cache->entries, cache->entry_count, sizeof *cache->entries, by_stamp);
    return NEUME_OK;
}

static bool make_tables(nm_cache *cache, unsigned stream, uint32_t count) {
    cache->words[stream] = nm_alloc(cache->context, count, sizeof(char *));
    cache->known[stream] = nm_alloc(cache->context, count, sizeof(uint32_t));
    cache->word_counts[stream] = count;
    if (!cache->words[stream] || !cache->known[stream])
        return false;
    memset(cache->known[stream], 0xFF, count * sizeof(uint32_t));
    return true;
}

static neume_status read_words(nm_cache *cache) {
    nm_reader reader = nm_reader_on(cache->texts, (size_t)cache->text_size);
    if (cache->text_size == 0 || cache->texts[cache->text_size - 1] != '\0')
        return NEUME_BAD_INPUT;
    for (unsigned s = 0; s < cache->stream_count; s++) {
        const uint32_t count = nm_read_u32_le(&reader);
        if (count > cache->text_size)
            return NEUME_BAD_INPUT;
        if (!make_tables(cache, s, count))
            return NEUME_NO_MEMORY;
    }
    for (unsigned s = 0; s < cache->stream_count; s++)
        for (uint32_t w = 0; w < cache->word_counts[s]; w++) {
            const char *text = cache->texts + reader.position;
            if (reader.failed || nm_reader_left(&reader) == 0)
                return NEUME_BAD_INPUT;
            cache->words[s][w] = text;
            (void)nm_read_bytes(&reader, strlen(text) + 1);
        }
    return reader.failed ? NEUME_BAD_INPUT : NEUME_OK;
}

static neume_status read_head(nm_cache *cache) {
    const size_t entries_size = cache->entry_count * NM_CACHE_ENTRY_BYTES;
    if (!read_into(cache, &cache->head, NM_CACHE_HEADER_BYTES,
                   entries_size + (size_t)cache->text_size))
        return cache->head.data ? NEUME_BAD_INPUT : NEUME_NO_MEMORY;
    cache->texts = (const char *)cache->head.data + entries_size;
    const neume_status status = read_words(cache);
    return status ? status : read_entries(cache);
}

/* An empty one stays good to be asked. */
static void forget(nm_cache *cache) {
    const nm_cache old = *cache;
    nm_cache_close(cache);
    *cache = (nm_cache){.context = old.context,
                        .stream_count = old.stream_count,
                        .width = old.width,
                        .has_given = old.has_given};
}

neume_status nm_cache_open(nm_cache *cache, const neume_codec *codec, const char *path,
                           uint64_t key, neume_error *error) {
    const bool is_roll = nm_codec_is_roll(codec);
    cache->stream_count = is_roll ? 0 : neume_codec_stream_count(codec);
    cache->width = neume_codec_width(codec);
    cache->has_given = is_roll;
    cache->head = cache->bytes = nm_buffer_on(cache->context);
    cache->file = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
    cache->is_open = cache->file >= 0;
    if (!cache->is_open)
        return errno == ENOENT ? NEUME_OK
                               : nm_fail(error, NEUME_BAD_INPUT, "%s: %s", path, strerror(errno));
    const char *wrong = check(cache, key);
    const neume_status status = wrong ? NEUME_BAD_INPUT : read_head(cache);
    if (!status)
        return NEUME_OK;
    forget(cache);
    if (status == NEUME_NO_MEMORY)
        return nm_fail_memory(error, path);
    return nm_fail(error, status, "%s: %s", path, wrong ? wrong : "damaged");
}

void nm_cache_close(nm_cache *cache) {
    for (unsigned s = 0; s < NEUME_MAX_STREAMS; s++) {
        nm_free(cache->context, cache->words[s]);
        nm_free(cache->context, cache->known[s]);
    }
    nm_free(cache->context, cache->entries);
    nm_free(cache->context, cache->head.data);
    nm_free(cache->context, cache->bytes.data);
    if (cache->is_open)
        close(cache->file);
    *cache = (nm_cache){.context = cache->context};
}

const nm_cache_entry *nm_cache_find(const nm_cache *cache, const neume_corpus *corpus,
                                    size_t file) {
    const nm_cache_entry wanted = {.stamp = corpus->found.entries[file].stamp,
                                   .has_midi_name = corpus->origins[file].has_midi_name};
    if (cache->entry_count == 0 || corpus->found.entries[file].failure)
        return NULL;
    return bsearch(&wanted, cache->entries, cache->entry_count, sizeof wanted, by_stamp);
}
