/* SPDX-License-Identifier: ISC */
/* Files to pieces on all threads. Each has a codec of its own that learns its words; the pieces are
 * then put together in the order of the files, and their words into those of one codec, which so
 * learns them in the order in which they occur: the same for any number of threads. */
#include "base/error.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/shared_memory.h"
#include "learn/corpus_read.h"

#include <stdatomic.h>
#include <string.h>

typedef struct worker {
    neume_context context;
    neume_corpus corpus; /* the entries of the whole, with the thread's memory */
    nm_corpus_reader reader;
    size_t next_piece;                  /* that has not been put together yet */
    uint32_t *words[NEUME_MAX_STREAMS]; /* [V of its codec] the same word of the whole's codec, or
                                           NEUME_NO_WORD: not looked up yet */
} worker;

typedef struct job {
    nm_corpus_reader *whole;
    nm_shared_memory memory;
    worker *workers; /* [worker_count] */
    unsigned worker_count;
    atomic_size_t next_file;
    atomic_size_t failed_file; /* the first that memory was wanting for, or the count of files */
} job;

static void note_failure(job *of, size_t file) {
    size_t first = atomic_load(&of->failed_file);
    while (file < first && !atomic_compare_exchange_weak(&of->failed_file, &first, file))
        continue;
    atomic_store(&of->next_file, of->whole->corpus->file_count);
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
    while ((file = atomic_fetch_add(&of->next_file, 1)) < of->whole->corpus->file_count)
        if (read_file(of, &of->workers[thread], file)) {
            note_failure(of, file);
            return;
        }
}

static bool make_word_tables(worker *from, neume_context *context) {
    if (!from->reader.codec || nm_codec_is_roll(from->reader.codec))
        return true;
    for (unsigned s = 0; s < neume_codec_stream_count(from->reader.codec); s++) {
        const uint32_t count = neume_codec_word_count(from->reader.codec, s);
        from->words[s] = nm_alloc(context, count, sizeof(uint32_t));
        if (!from->words[s])
            return false;
        memset(from->words[s], 0xFF, count * sizeof(uint32_t));
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

/* The worker that has the piece of the first file of those left, or NULL. */
static worker *next_worker(job *of) {
    worker *next = NULL;
    for (unsigned i = 0; i < of->worker_count; i++) {
        worker *w = &of->workers[i];
        if (w->next_piece < w->reader.piece_count &&
            (!next ||
             w->reader.pieces[w->next_piece].file < next->reader.pieces[next->next_piece].file))
            next = w;
    }
    return next;
}

static bool put_together(job *of) {
    nm_corpus_reader *whole = of->whole;
    neume_context *context = whole->corpus->context;
    size_t count = 0;
    for (unsigned i = 0; i < of->worker_count; i++) {
        count += of->workers[i].reader.piece_count;
        whole->corpus->notes_beyond += of->workers[i].corpus.notes_beyond;
        if (!make_word_tables(&of->workers[i], context))
            return false;
    }
    if (!nm_reserve(context, &whole->pieces, &whole->piece_capacity, count, sizeof *whole->pieces))
        return false;
    for (worker *next = next_worker(of); next; next = next_worker(of)) {
        nm_piece *piece = &next->reader.pieces[next->next_piece++];
        if (!translate(&piece->sequence, next, whole->codec))
            return false;
        whole->pieces[whole->piece_count] = *piece;
        whole->pieces[whole->piece_count++].folder = whole->corpus->folders[piece->file];
        piece->sequence = (neume_sequence){0};
    }
    return true;
}

static void begin(job *of) {
    for (unsigned i = 0; i < of->worker_count; i++) {
        worker *own = &of->workers[i];
        own->context = nm_shared_memory_context(&of->memory, of->whole->corpus->context);
        own->corpus = *of->whole->corpus;
        own->corpus.context = &own->context;
        own->corpus.notes_beyond = 0;
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

neume_status nm_corpus_read(nm_corpus_reader *reader, neume_error *error) {
    neume_corpus *corpus = reader->corpus;
    neume_context *context = corpus->context;
    job of = {.whole = reader, .worker_count = nm_pool_thread_count(context->pool)};
    of.workers = nm_alloc(context, of.worker_count, sizeof *of.workers);
    if (!of.workers)
        return nm_fail_memory(error, "corpus");
    atomic_init(&of.next_file, 0);
    atomic_init(&of.failed_file, corpus->file_count);
    nm_shared_memory_init(&of.memory, context);
    begin(&of);
    nm_pool_run(context->pool, read_files, &of);
    const size_t failed = atomic_load(&of.failed_file);
    neume_status status = NEUME_OK;
    if (failed < corpus->file_count)
        status = nm_fail_memory(error, corpus->files[failed].path);
    else if (!put_together(&of))
        status = nm_fail_memory(error, "corpus");
    end(&of);
    return status;
}
