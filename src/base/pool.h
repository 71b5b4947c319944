/* SPDX-License-Identifier: ISC */
/* Threads that compute one thing together. Which thread does what never changes a result: work is
 * divided so that every sum has one order. */
#ifndef NM_BASE_POOL_H
#define NM_BASE_POOL_H

#include "base/context.h"

/* One thread's part of a job: thread 0..thread_count-1; thread 0 is the caller. */
typedef void (*nm_job)(void *data, nm_pool *pool, unsigned thread);

neume_status nm_pool_new(nm_pool **out, neume_context *context, unsigned thread_count,
                         neume_error *error);
void nm_pool_free(nm_pool *pool);
unsigned nm_pool_thread_count(const nm_pool *pool);

/* Runs `job` once on every thread and waits for all. Not from inside a job. */
void nm_pool_run(nm_pool *pool, nm_job job, void *data);

/* The pool for jobs that take one thread about so long each: `pool`, or one that is the caller
 * alone where threads would wait for each other longer than they work; much longer, where others
 * want the cores. Results are the same. Borrowed: as long as the pool. */
nm_pool *nm_pool_for(nm_pool *pool, double nanoseconds);

/* The same for jobs that take so long together and come after a pause, in which the other threads
 * fell asleep. */
nm_pool *nm_pool_after_pause(nm_pool *pool, double nanoseconds);

/* Waits, inside a job, until all threads are here. Spins for about 50 microseconds, then sleeps;
 * sleeps at once where the pool has more threads than there are cores. */
void nm_pool_barrier(nm_pool *pool);

/* The same in two: a thread says that it is here, does what needs no other, and waits, with what
 * arriving returned, until all have said so. It arrives again only after that. */
unsigned nm_pool_arrive(nm_pool *pool);
void nm_pool_wait(nm_pool *pool, unsigned arrival);

/* begin <= i < end. */
typedef struct nm_range {
    size_t begin, end;
} nm_range;

/* The part of 0..count-1 that is this thread's, in multiples of `grain` (the last may be less). */
nm_range nm_pool_share(const nm_pool *pool, unsigned thread, size_t count, size_t grain);

/* Memory of each thread, for what a job puts in order before it computes: NM_POOL_SCRATCH bytes at
 * a multiple of NM_ALIGNMENT. Borrowed: until the job ends. */
#define NM_POOL_SCRATCH ((size_t)2048 * 1024)
void *nm_pool_scratch(nm_pool *pool, unsigned thread);

/* The cores that this process may use: fewer than the machine's in a container or under taskset. */
unsigned nm_cpu_count(void);

/* Tells the processor that the thread spins. */
void nm_cpu_relax(void);

#endif
