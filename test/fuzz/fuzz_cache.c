/* SPDX-License-Identifier: ISC */
/* Caches of words. Whatever the bytes, a cache is opened or refused in one line; what it says of a
 * file is taken or refused, and music that was taken can be closed into a vocabulary, moved into
 * other keys and decoded. An input is looked at twice: as it is, and with the sizes and the sum of
 * its header set right. Bred from real ones, which the program makes itself. */
#include "folder.h"

#include "base/mem.h"
#include "learn/cache.h"
#include "learn/corpus_split.h"

#include <fcntl.h>
#include <xxhash.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

enum { CODECS = 6, HEADER = NM_CACHE_HEADER_BYTES, ENTRY = NM_CACHE_ENTRY_BYTES };

static neume_context *new_context(void) {
    neume_context_options options = neume_context_options_default();
    neume_context *context = NULL;
    options.thread_count = 1;
    if (neume_context_new(&context, &options, NULL))
        abort();
    return context;
}

static neume_codec_options codec_options(unsigned which) {
    static const char *const names[CODECS] = {"word",  "event", "stream",
                                              "frame", "roll",  "interval"};
    neume_codec_options options = neume_codec_options_default();
    options.name = names[which % CODECS];
    options.grid = 4;
    return options;
}

/* The cache of three small files; their times lie back, or they would not be in it. */
static size_t make_seed(uint8_t *data, size_t max_size, unsigned which) {
    static const struct timespec past[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    const test_folder songs = test_folder_new(new_context()), caches = test_folder_new(NULL);
    static const char *const names[] = {"a.mid", "b.mid", "c.mid"};
    for (unsigned i = 0; i < 3; i++) {
        test_put_tune(&songs, names[i], which + i, 6 * i);
        utimensat(AT_FDCWD, test_path(&songs, names[i]), past, 0);
    }
    neume_corpus_options options = neume_corpus_options_default();
    const char *path = songs.path;
    neume_corpus *corpus = NULL;
    options.codec = codec_options(which);
    options.cache = caches.path;
    if (neume_corpus_load(&corpus, songs.context, &options, (neume_inputs){&path, 1}, NULL))
        abort();
    neume_corpus_free(corpus);
    nm_file_list list = {.context = songs.context};
    nm_buffer bytes = nm_buffer_on(songs.context);
    if (nm_file_list_add(&list, caches.path) || list.count != 1 ||
        nm_file_read(&bytes, list.entries[0].path, max_size, NULL))
        bytes.size = 0;
    memcpy(data, bytes.data, bytes.size);
    data[0] = (uint8_t)which; /* says which codec it is of */
    const size_t size = bytes.size;
    nm_buffer_clear(&bytes);
    nm_file_list_clear(&list);
    test_folder_remove(&songs);
    test_folder_remove(&caches);
    neume_context_free(songs.context);
    return size;
}

enum { MOST_SEED = 16384 };

/* A seed of each codec, made once. */
static size_t copy_seed(uint8_t *data, size_t max_size, unsigned which) {
    static uint8_t seeds[CODECS][MOST_SEED];
    static size_t sizes[CODECS];
    if (sizes[which] == 0)
        sizes[which] = make_seed(seeds[which], MOST_SEED, which);
    const size_t size = sizes[which] < max_size ? sizes[which] : max_size;
    memcpy(data, seeds[which], size);
    return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    if (size < HEADER)
        return copy_seed(data, max_size, seed % CODECS);
    return LLVMFuzzerMutate(data, size, max_size);
}

static void put_u64(uint8_t *to, uint64_t number) {
    for (unsigned i = 0; i < 8; i++)
        to[i] = (uint8_t)(number >> 8 * i);
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* Entries, texts and words that add up, and a sum that is right. */
static void set_right(nm_buffer *bytes) {
    uint8_t *data = bytes->data;
    nm_reader reader = nm_reader_on(data + 24, 24);
    uint64_t rest = bytes->size - HEADER;
    const uint64_t entries = least(nm_read_u64_le(&reader), rest / ENTRY);
    rest -= entries * ENTRY;
    const uint64_t texts = least(nm_read_u64_le(&reader), rest);
    memcpy(data, "neumewds", 8);
    put_u64(data + 24, entries);
    put_u64(data + 32, texts);
    put_u64(data + 40, rest - texts);
    put_u64(data + 8, XXH3_64bits(data + 16, bytes->size - 16));
}

/* One file that all inputs are written to. */
static const char *write_input(const nm_buffer *bytes) {
    static char path[64];
    snprintf(path, sizeof path, "%s/neume-fuzz-cache-%d",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid());
    FILE *file = fopen(path, "wbe");
    if (!file || fwrite(bytes->data, 1, bytes->size, file) != bytes->size || fclose(file) != 0)
        abort();
    return path;
}

/* A corpus of as many files as the cache has entries, each known to it. */
static neume_corpus *corpus_of(neume_codec *codec, const nm_cache *cache) {
    neume_context *context = cache->context;
    const size_t count = cache->entry_count;
    neume_corpus *corpus = nm_alloc(context, 1, sizeof *corpus);
    corpus->context = corpus->found.context = context;
    corpus->codec = codec;
    corpus->file_count = count;
    corpus->files = nm_alloc(context, count, sizeof *corpus->files);
    corpus->reasons = nm_alloc(context, count, sizeof *corpus->reasons);
    corpus->folders = nm_alloc(context, count, sizeof *corpus->folders);
    corpus->prints = nm_alloc(context, count, sizeof *corpus->prints);
    corpus->origins = nm_alloc(context, count, sizeof *corpus->origins);
    for (size_t i = 0; i < count; i++)
        corpus->origins[i].cached = &cache->entries[i];
    return corpus;
}

static void decode(const neume_corpus *corpus) {
    for (size_t i = 0; i < corpus->train_count && i < 4; i++) {
        neume_score *score = NULL;
        if (corpus->train[i].sequence.step_count > 500)
            continue;
        if (neume_codec_decode(&score, corpus->codec, &corpus->train[i].sequence))
            abort();
        neume_score_free(score);
    }
}

static void close_and_decode(nm_corpus_reader *reader) {
    neume_corpus *corpus = reader->corpus;
    for (size_t i = 0; i < reader->piece_count; i++)
        reader->pieces[i].split = NEUME_SPLIT_TRAIN;
    corpus->shifts = (neume_shifts){-1, 1};
    if (nm_corpus_share_out(reader) || nm_corpus_close(corpus))
        abort();
    decode(corpus);
}

/* A codec is left open, but where `is_last` says that it is no longer needed. */
static void take_all(neume_codec *codec, nm_cache *cache, bool is_last) {
    neume_corpus *corpus = corpus_of(codec, cache);
    nm_corpus_reader reader = {.corpus = corpus, .codec = codec, .cache = cache};
    for (size_t i = 0; i < corpus->file_count; i++) {
        const neume_status status = nm_cache_take(&reader, i);
        if (status != NEUME_OK && status != NEUME_BAD_INPUT)
            abort();
    }
    if (is_last && reader.piece_count > 0)
        close_and_decode(&reader);
    nm_corpus_reader_clear(&reader);
    neume_corpus_free(corpus);
}

static void look_at(neume_codec *codec, neume_context *context, const nm_buffer *bytes,
                    bool is_last) {
    nm_reader key = nm_reader_on(bytes->data + 16, 8);
    nm_cache cache = {.context = context};
    neume_error error = {0};
    const neume_status status =
        nm_cache_open(&cache, codec, write_input(bytes), nm_read_u64_le(&key), &error);
    if (status != NEUME_OK && status != NEUME_BAD_INPUT)
        abort();
    if ((status == NEUME_OK) != (error.line[0] == '\0') || (status && cache.entry_count))
        abort();
    if (status == NEUME_OK)
        take_all(codec, &cache, is_last);
    nm_cache_close(&cache);
}

/* A codec takes a while to make and to close: one serves 256 inputs. */
static neume_codec *codec_for(neume_context *context, unsigned which, bool *is_last) {
    static neume_codec *codecs[CODECS];
    static unsigned uses[CODECS];
    const neume_codec_options options = codec_options(which);
    *is_last = uses[which] == 255;
    if (uses[which] == 0) {
        neume_codec_free(codecs[which]);
        if (neume_codec_new(&codecs[which], context, &options, NULL))
            abort();
    }
    uses[which] = (uses[which] + 1) % 256;
    return codecs[which];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static neume_context *context;
    bool is_last;
    if (!context)
        context = new_context();
    if (size < HEADER)
        return 0;
    nm_buffer bytes = nm_buffer_on(context);
    neume_codec *codec = codec_for(context, data[0] % CODECS, &is_last);
    nm_write_bytes(&bytes, data, size);
    look_at(codec, context, &bytes, false);
    set_right(&bytes);
    look_at(codec, context, &bytes, is_last);
    nm_buffer_clear(&bytes);
    return 0;
}
