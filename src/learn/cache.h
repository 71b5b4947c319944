/* SPDX-License-Identifier: ISC */
/* A cache of a corpus: what became of each file, and its words, so that only files that are new or
 * have changed are read again. It is a file like any other, and not trusted: what does not check is
 * read from the files themselves.
 *
 * All numbers are little-endian. From the start:
 *   header   64 bytes: "neumewds", XXH3 of all bytes behind this number, the key of what it is a
 *            cache of, and the sizes of what follows: entries (a count), texts and words (bytes);
 *            16 zeroes
 *   entries  NM_CACHE_ENTRY_BYTES each: see nm_cache_entry
 *   texts    u32 for each stream, the number of its words; these, then the entries' reasons, each
 *            with a NUL
 *   words    of each entry that is a piece: S numbers a step, or of a roll its words and then what
 *            is given; of 1, 2 or 4 bytes as its largest one needs */
#ifndef NM_LEARN_CACHE_H
#define NM_LEARN_CACHE_H

#include "learn/corpus_read.h"

/* Raised with every change of this format, and of what reading, encoding or fingerprints give for
 * the same file and options. */
enum { NM_CACHE_FORMAT = 1 };

enum { NM_CACHE_HEADER_BYTES = 64, NM_CACHE_ENTRY_BYTES = 232 };

struct nm_cache_entry {
    nm_file_stamp stamp; /* five numbers of 8 bytes, like the next six */
    uint64_t content;    /* XXH3 of the bytes that were read */
    uint64_t offset, note_count, step_count;
    uint64_t hash;
    uint64_t words_at;  /* bytes into the words */
    uint64_t reason_at; /* bytes into the texts */
    uint8_t status;     /* neume_file_status, never a duplicate: that follows from the others */
    bool has_offset, has_midi_name;
    uint8_t number_bytes; /* of a word: 1, 2, 4; 0: it is no piece; then 4 zeroes */
    nm_fingerprint print;
};

struct nm_cache {
    neume_context *context;
    bool is_open;
    int file;
    nm_buffer head;          /* entries and texts */
    nm_cache_entry *entries; /* [entry_count] by stamp */
    size_t entry_count;
    const char *texts; /* in `head` */
    uint64_t text_size, words_begin, words_size;
    unsigned stream_count, width;
    bool has_given;
    const char **words[NEUME_MAX_STREAMS]; /* [word_counts] texts of the words */
    uint32_t *known[NEUME_MAX_STREAMS];    /* [word_counts] in the codec of the corpus, or
                                              NEUME_NO_WORD: not asked for yet */
    uint32_t word_counts[NEUME_MAX_STREAMS];
    nm_buffer bytes; /* of a piece */
};

/* Opens the cache of this key at `path`, for the words of a codec; where there is none it is empty.
 * Fails with NEUME_BAD_INPUT where it is damaged or of something else, and is then empty too. */
neume_status nm_cache_open(nm_cache *cache, const neume_codec *codec, const char *path,
                           uint64_t key, neume_error *error);
void nm_cache_close(nm_cache *cache);

/* All of `size` bytes of the file, or false. */
bool nm_cache_read(const nm_cache *cache, uint64_t offset, void *out, size_t size);

/* Numbers of a step: its words, and what is given. */
static inline size_t nm_cache_numbers(const nm_cache *cache) {
    return cache->width + cache->has_given;
}

/* What it knows of a file that has not changed since, or NULL. From any thread. Borrowed: as long
 * as the cache. */
const nm_cache_entry *nm_cache_find(const nm_cache *cache, const neume_corpus *corpus, size_t file);

/* Whether the file still has the bytes that it had. */
bool nm_cache_verify(const nm_cache_entry *entry, nm_corpus_reader *reader, size_t file);

/* Fills in the file's entry as `cached` in its origin says, and adds its piece. Fails with
 * NEUME_BAD_INPUT where the words are not there: nothing has then changed. */
neume_status nm_cache_take(nm_corpus_reader *reader, size_t file);

/* Writes a cache of the files that are settled and were not touched just before they were found;
 * the reader's pieces are in words of its codec. */
neume_status nm_cache_save(const char *path, uint64_t key, const nm_corpus_reader *reader,
                           neume_error *error);

/* Whether a file can be in a cache. */
bool nm_cache_can_hold(const neume_corpus *corpus, size_t file);

#endif
