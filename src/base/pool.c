/* SPDX-License-Identifier: ISC */
#include "base/pool.h"

#include "base/error.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

typedef struct worker {
    nm_pool *pool;
    pthread_t thread;
    unsigned index;
} worker;

/* A job starts when the pool's barrier opens for the first time and ends when it opens again: one
 * mechanism for both, and for the barriers inside. The count goes up as threads arrive; the last to
 * arrive resets it and moves the generation on. */
struct nm_pool {
    neume_context *context;
    unsigned thread_count;
    nm_pool *alone;  /* the caller, on the scratch of thread 0 */
    worker *workers; /* [thread_count - 1] */
    unsigned started;
    char *scratch; /* [thread_count][NM_POOL_SCRATCH] */
    nm_job job;
    void *data;
    uint64_t spin_nanoseconds;
    bool is_ending;
    pthread_mutex_t mutex;
    pthread_cond_t opened;
    _Alignas(NM_ALIGNMENT) atomic_uint arrived;
    _Alignas(NM_ALIGNMENT) atomic_uint generation;
    _Alignas(NM_ALIGNMENT) atomic_uint sleepers;
};

enum { SPINS_A_LOOK = 64, SPIN_NANOSECONDS = 50000 };

static uint64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool has_opened(nm_pool *pool, unsigned generation) {
    return atomic_load_explicit(&pool->generation, memory_order_acquire) != generation;
}

static void sleep_until_opened(nm_pool *pool, unsigned generation) {
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1);
    while (atomic_load(&pool->generation) == generation)
        pthread_cond_wait(&pool->opened, &pool->mutex);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
}

static void open_barrier(nm_pool *pool, unsigned generation) {
    atomic_store_explicit(&pool->arrived, 0, memory_order_relaxed);
    atomic_store(&pool->generation, generation + 1);
    if (atomic_load(&pool->sleepers) == 0)
        return;
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->opened);
    pthread_mutex_unlock(&pool->mutex);
}

unsigned nm_pool_arrive(nm_pool *pool) {
    const unsigned generation = atomic_load_explicit(&pool->generation, memory_order_acquire);
    if (atomic_fetch_add_explicit(&pool->arrived, 1, memory_order_acq_rel) ==
        pool->thread_count - 1)
        open_barrier(pool, generation);
    return generation;
}

void nm_pool_wait(nm_pool *pool, unsigned arrival) {
    if (has_opened(pool, arrival))
        return;
    const uint64_t start = nanoseconds();
    while (nanoseconds() - start < pool->spin_nanoseconds)
        for (int i = 0; i < SPINS_A_LOOK; i++) {
            if (has_opened(pool, arrival))
                return;
            nm_cpu_relax();
        }
    sleep_until_opened(pool, arrival);
}

void nm_pool_barrier(nm_pool *pool) {
    if (pool->thread_count > 1)
        nm_pool_wait(pool, nm_pool_arrive(pool));
}

static void *work(void *argument) {
    worker *self = argument;
    nm_pool *pool = self->pool;
    for (;;) {
        nm_pool_barrier(pool);
        if (pool->is_ending)
            return NULL;
        pool->job(pool->data, pool, self->index);
        nm_pool_barrier(pool);
    }
}

void nm_pool_run(nm_pool *pool, nm_job job, void *data) {
    pool->job = job;
    pool->data = data;
    nm_pool_barrier(pool);
    job(data, pool, 0);
    nm_pool_barrier(pool);
}

static nm_pool *pool_from(nm_pool *pool, double least, double nanoseconds) {
    return nanoseconds < least ? pool->alone : pool;
}

/* Two barriers of busy threads take some microseconds. */
nm_pool *nm_pool_for(nm_pool *pool, double nanoseconds) {
    return pool_from(pool, 25000, nanoseconds);
}

/* To wake those that sleep takes tens of microseconds. */
nm_pool *nm_pool_after_pause(nm_pool *pool, double nanoseconds) {
    return pool_from(pool, 250000, nanoseconds);
}

neume_status nm_pool_new(nm_pool **out, neume_context *context, unsigned thread_count,
                         neume_error *error) {
    *out = NULL;
    nm_pool *pool = nm_alloc_aligned(context, 1, sizeof *pool);
    nm_pool *alone = nm_alloc_aligned(context, 1, sizeof *alone);
    worker *workers = nm_alloc(context, thread_count, sizeof *workers);
    char *scratch = nm_alloc_aligned(context, thread_count, NM_POOL_SCRATCH);
    if (!pool || !alone || !workers || !scratch) {
        nm_free_aligned(context, pool);
        nm_free_aligned(context, alone);
        nm_free(context, workers);
        nm_free_aligned(context, scratch);
        return nm_fail_memory(error, "threads");
    }
    pool->context = context;
    pool->thread_count = thread_count;
    pool->spin_nanoseconds = thread_count <= nm_cpu_count() ? SPIN_NANOSECONDS : 0;
    pool->workers = workers;
    pool->scratch = scratch;
    *alone = (nm_pool){.alone = alone, .thread_count = 1, .scratch = scratch};
    pool->alone = alone;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->opened, NULL);
    for (unsigned i = 0; i + 1 < thread_count; i++) {
        workers[i] = (worker){.pool = pool, .index = i + 1};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) {
            nm_pool_free(pool);
            return nm_fail(error, NEUME_FAILED, "threads: only %u of %u could be started", i + 1,
                           thread_count);
        }
        pool->started++;
    }
    *out = pool;
    return NEUME_OK;
}

void nm_pool_free(nm_pool *pool) {
    if (!pool)
        return;
    pool->is_ending = true;
    /* Where not all threads could be started, those missing at the barrier are counted as arrived.
     */
    atomic_fetch_add(&pool->arrived, pool->thread_count - 1 - pool->started);
    nm_pool_barrier(pool);
    for (unsigned i = 0; i < pool->started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->opened);
    pthread_mutex_destroy(&pool->mutex);
    nm_free(pool->context, pool->workers);
    nm_free_aligned(pool->context, pool->scratch);
    nm_free_aligned(pool->context, pool->alone);
    nm_free_aligned(pool->context, pool);
}

unsigned nm_pool_thread_count(const nm_pool *pool) {
    return pool->thread_count;
}

void *nm_pool_scratch(nm_pool *pool, unsigned thread) {
    return pool->scratch + thread * NM_POOL_SCRATCH;
}

nm_range nm_pool_share(const nm_pool *pool, unsigned thread, size_t count, size_t grain) {
    const size_t grains = (count + grain - 1) / grain;
    const size_t begin = grains * thread / pool->thread_count * grain;
    const size_t end = grains * (thread + 1) / pool->thread_count * grain;
    return (nm_range){begin < count ? begin : count, end < count ? end : count};
}
