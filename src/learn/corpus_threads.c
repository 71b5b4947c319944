/* SPDX-License-Identifier: ISC */
/* Files to pieces on all threads, a block of files after the other. Each thread has a codec of its
 * own that learns its words; the pieces of a block are then put together in the order of the files,
 * and their words into those of one codec, which so learns them in the order in which they occur:
 * the same for any number of threads. They leave memory where the corpus has a spool. */
#include "base/error.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/shared_memory.h"
#include "learn/cache.h"
#include "learn/corpus_read.h"
#include "learn/corpus_store.h"

#include <stdatomic.h>
#include <string.h>

typedef struct worker {
    neume_context context;
    neume_corpus corpus; /* the entries of the whole, with the thread's memory */
    nm_corpus_reader reader;
    size_t next_piece;                  /* that has not been put together yet */
    uint32_t *words[NEUME_MAX_STREAMS]; /* [V of its codec] the same word of the whole's codec, or
                                           NEUME_NO_WORD: not looked up yet */
    size_t word_counts[NEUME_MAX_STREAMS]; /* words have so many */
} worker;

typedef struct job {
    nm_corpus_reader *whole;
    nm_shared_memory memory;
    worker *workers; /* [worker_count]; the last is no thread's: it reads what a cache turned out
                        not to have */
    unsigned worker_count;
    size_t begin, end; /* files of the block */
    atomic_size_t next_file;
    atomic_size_t failed_file; /* the first that memory was wanting for, or the count of files */
} job;

static void note_failure(job *of, size_t file) {
    size_t first = atomic_load(&of->failed_file);
    while (file < first && !atomic_compare_exchange_weak(&of->failed_file, &first, file))
        continue;
    atomic_store(&of->next_file, of->end);
}

/* By a cache's entry, where there is one and, if that is wanted, the file still has its bytes. */
static bool is_cached(const job *of, worker *own, size_t file) {
    const nm_corpus_reader *whole = of->whole;
    const nm_cache_entry *entry =
        whole->cache ? nm_cache_find(whole->cache, &own->corpus, file) : NULL;
    if (!entry || (whole->verifies && !nm_cache_verify(entry, &own->reader, file)))
        return false;
    own->corpus.origins[file].cached = entry;
    return true;
}

static neume_status read_file(job *of, worker *own, size_t file) {
    if (!own->reader.codec) {
        const neume_codec_options *options = neume_codec_options_of(of->whole->codec);
        const neume_status status =
            neume_codec_new(&own->reader.codec, &own->context, options, NULL);
        if (status)
            return status;
    }
    return nm_corpus_read_file(&own->reader, file);
}

static void read_files(void *data, nm_pool *pool, unsigned thread) {
    (void)pool;
    job *of = data;
    size_t file;
    while ((file = atomic_fetch_add(&of->next_file, 1)) < of->end)
        if (!is_cached(of, &of->workers[thread], file) &&
            read_file(of, &of->workers[thread], file)) {
            note_failure(of, file);
            return;
        }
}

static bool make_word_tables(worker *from, neume_context *context) {
    if (!from->reader.codec || nm_codec_is_roll(from->reader.codec))
        return true;
    for (unsigned s = 0; s < neume_codec_stream_count(from->reader.codec); s++) {
        const uint32_t count = neume_codec_word_count(from->reader.codec, s);
        if (!nm_resize(context, &from->words[s], count, sizeof(uint32_t)))
            return false;
        memset(from->words[s] + from->word_counts[s], 0xFF,
               (count - from->word_counts[s]) * sizeof(uint32_t));
        from->word_counts[s] = count;
    }
    return true;
}

/* The word of the whole's codec, or NEUME_NO_WORD for want of memory. */
static uint32_t translated(const worker *from, neume_codec *codec, unsigned stream, uint32_t word) {
    uint32_t *known = &from->words[stream][word];
    if (*known == NEUME_NO_WORD)
        *known = nm_codec_learn(codec, stream, neume_codec_word(from->reader.codec, stream, word));
    return *known;
}

/* The steps of a roll are the same in any codec. */
static bool translate(const neume_sequence *sequence, const worker *from, neume_codec *codec) {
    uint32_t *words = sequence->words;
    if (nm_codec_is_roll(codec))
        return true;
    for (size_t t = 0; t < sequence->step_count; t++, words += sequence->width)
        for (unsigned s = 0; s < sequence->width; s++) {
            words[s] = translated(from, codec, s, words[s]);
            if (words[s] == NEUME_NO_WORD)
                return false;
        }
    return true;
}

/* A worker's pieces of a file. */
static bool take_pieces(job *of, worker *from, size_t file) {
    nm_corpus_reader *whole = of->whole;
    for (; from->next_piece < from->reader.piece_count; from->next_piece++) {
        nm_piece *piece = &from->reader.pieces[from->next_piece];
        if (piece->file != file)
            break;
        if (!translate(&piece->sequence, from, whole->codec) || !nm_corpus_add(whole, piece))
            return false;
    }
    return true;
}

static bool take_file(job *of, size_t file) {
    for (unsigned i = 0; i < of->worker_count; i++)
        if (!take_pieces(of, &of->workers[i], file))
            return false;
    return true;
}

/* What a cache has of a file; where it no longer has it, the file is read. */
static bool take_cached(job *of, size_t file) {
    worker *late = &of->workers[of->worker_count - 1];
    nm_file_origin *origin = &of->whole->corpus->origins[file];
    const neume_status status = nm_cache_take(of->whole, file);
    if (status != NEUME_BAD_INPUT)
        return status == NEUME_OK;
    origin->cached = NULL;
    return !read_file(of, late, file) && make_word_tables(late, of->whole->corpus->context) &&
           take_pieces(of, late, file);
}

static bool put_together(job *of) {
    neume_corpus *corpus = of->whole->corpus;
    for (unsigned i = 0; i < of->worker_count; i++)
        if (!make_word_tables(&of->workers[i], corpus->context))
            return false;
    for (size_t file = of->begin; file < of->end; file++)
        if (!(corpus->origins[file].cached ? take_cached(of, file) : take_file(of, file)))
            return false;
    for (unsigned i = 0; i < of->worker_count; i++)
        of->workers[i].reader.piece_count = of->workers[i].next_piece = 0;
    return true;
}

static void begin(job *of) {
    for (unsigned i = 0; i < of->worker_count; i++) {
        worker *own = &of->workers[i];
        own->context = nm_shared_memory_context(&of->memory, of->whole->corpus->context);
        own->corpus = *of->whole->corpus;
        own->corpus.context = &own->context;
        own->corpus.notes_beyond = 0;
        own->corpus.spool = (nm_spool){0}; /* words stay in memory until they are put together */
        own->reader = *of->whole;
        own->reader.corpus = &own->corpus;
        own->reader.codec = NULL;
        own->reader.bytes = nm_buffer_on(&own->context);
    }
}

static void end(job *of) {
    for (unsigned i = 0; i < of->worker_count; i++) {
        nm_corpus_reader_clear(&of->workers[i].reader);
        neume_codec_free(of->workers[i].reader.codec);
        for (unsigned s = 0; s < NEUME_MAX_STREAMS; s++)
            nm_free(of->whole->corpus->context, of->workers[i].words[s]);
    }
    nm_free(of->whole->corpus->context, of->workers);
    nm_shared_memory_clear(&of->memory);
}

/* So many bytes of files are read before their pieces leave memory. */
static const uint64_t BLOCK_BYTES = 16 << 20;

static size_t block_end(const neume_corpus *corpus, size_t begin) {
    uint64_t bytes = 0;
    size_t end = begin;
    while (end < corpus->file_count && bytes < BLOCK_BYTES)
        bytes += corpus->found.entries[end++].stamp.size;
    return end;
}

static neume_status read_block(job *of, neume_error *error) {
    const neume_corpus *corpus = of->whole->corpus;
    atomic_store(&of->next_file, of->begin);
    nm_pool_run(corpus->context->pool, read_files, of);
    const size_t failed = atomic_load(&of->failed_file);
    if (failed < corpus->file_count)
        return nm_fail_memory(error, corpus->files[failed].path);
    return put_together(of) ? NEUME_OK : nm_fail_memory(error, "corpus");
}

neume_status nm_corpus_read(nm_corpus_reader *reader, neume_error *error) {
    neume_corpus *corpus = reader->corpus;
    neume_context *context = corpus->context;
    job of = {.whole = reader, .worker_count = nm_pool_thread_count(context->pool) + 1};
    neume_status status = NEUME_OK;
    of.workers = nm_alloc(context, of.worker_count, sizeof *of.workers);
    if (!of.workers)
        return nm_fail_memory(error, "corpus");
    atomic_init(&of.next_file, 0);
    atomic_init(&of.failed_file, corpus->file_count);
    nm_shared_memory_init(&of.memory, context);
    begin(&of);
    for (; of.begin < corpus->file_count && !status; of.begin = of.end) {
        of.end = block_end(corpus, of.begin);
        status = read_block(&of, error);
    }
    for (unsigned i = 0; i < of.worker_count; i++)
        corpus->notes_beyond += of.workers[i].corpus.notes_beyond;
    end(&of);
    if (!status && nm_corpus_store_map(corpus, reader->pieces, reader->piece_count))
        status = nm_fail_memory(error, "corpus");
    return status;
}
