/* SPDX-License-Identifier: ISC */
/* Ranks that are threads of the test, and groups of sessions that train as such. */
#ifndef NM_TEST_RANK_THREADS_H
#define NM_TEST_RANK_THREADS_H

#include "music_sessions.h"

#include "base/context.h"
#include "base/error.h"

#include <pthread.h>

enum { MOST_RANKS = 4, MOST_SUMS = 64 };

typedef struct pending_sum {
    float *values;
    size_t count;
} pending_sum;

struct rank_group;

typedef struct rank_thread {
    struct rank_group *group;
    unsigned rank;
    pending_sum sums[MOST_SUMS];
    unsigned sum_count;
    uint64_t operations; /* that returned a status */
} rank_thread;

typedef struct rank_group {
    unsigned count;
    pthread_barrier_t barrier;
    const void *slots[MOST_RANKS];
    rank_thread threads[MOST_RANKS];
    neume_ranks ranks[MOST_RANKS];
    session sessions[MOST_RANKS];
    neume_status status[MOST_RANKS];
    uint64_t lost_at;   /* the operation from which on all fail; 0: none */
    unsigned most_sums; /* under way at once, that any rank has had */
} rank_group;

static inline bool is_lost(rank_thread *it) {
    it->operations++;
    return it->group->lost_at && it->operations >= it->group->lost_at;
}

static inline neume_status fail_lost(neume_error *error) {
    return nm_fail(error, NEUME_FAILED, "ranks: rank 1 no longer answers");
}

static inline void show(rank_thread *it, const void *mine) {
    it->group->slots[it->rank] = mine;
    pthread_barrier_wait(&it->group->barrier);
}

static inline neume_status thread_gather(void *data, void *all, const void *mine, size_t size,
                                         neume_error *error) {
    rank_thread *it = data;
    if (is_lost(it))
        return fail_lost(error);
    show(it, mine);
    for (unsigned r = 0; r < it->group->count; r++)
        memcpy((char *)all + r * size, it->group->slots[r], size);
    pthread_barrier_wait(&it->group->barrier);
    return NEUME_OK;
}

static inline neume_status thread_broadcast(void *data, unsigned from, void *bytes, size_t size,
                                            neume_error *error) {
    rank_thread *it = data;
    if (is_lost(it))
        return fail_lost(error);
    show(it, bytes);
    if (it->rank != from)
        memcpy(bytes, it->group->slots[from], size);
    pthread_barrier_wait(&it->group->barrier);
    return NEUME_OK;
}

static inline void thread_reduce_begin(void *data, float *values, size_t count) {
    rank_thread *it = data;
    it->sums[it->sum_count++] = (pending_sum){values, count};
}

/* The first rank adds, in the order of the ranks. */
static inline void add_up(rank_group *group, size_t count) {
    float *sum = (float *)(uintptr_t)group->slots[0];
    for (unsigned r = 1; r < group->count; r++)
        for (size_t i = 0; i < count; i++)
            sum[i] += ((const float *)group->slots[r])[i];
}

static inline neume_status thread_reduce_end(void *data, neume_error *error) {
    rank_thread *it = data;
    const unsigned count = it->sum_count;
    it->sum_count = 0;
    if (is_lost(it))
        return fail_lost(error);
    for (unsigned s = 0; s < count; s++) {
        const pending_sum *sum = &it->sums[s];
        show(it, sum->values);
        if (it->rank == 0)
            add_up(it->group, sum->count);
        pthread_barrier_wait(&it->group->barrier);
        if (it->rank != 0)
            memcpy(sum->values, it->group->slots[0], sum->count * sizeof *sum->values);
        pthread_barrier_wait(&it->group->barrier);
    }
    if (it->rank == 0 && count > it->group->most_sums)
        it->group->most_sums = count;
    return NEUME_OK;
}

/* Sessions as `open` makes them, all with the files of the first. */
static inline void open_group(rank_group *group, unsigned count, opening open) {
    *group = (rank_group){.count = count};
    assert_int_equal(pthread_barrier_init(&group->barrier, NULL, count), 0);
    for (unsigned r = 0; r < count; r++) {
        session *it = &group->sessions[r];
        open(it, 1, NEUME_ISA_AUTO);
        group->threads[r] = (rank_thread){.group = group, .rank = r};
        group->ranks[r] = (neume_ranks){.rank = r,
                                        .count = count,
                                        .data = &group->threads[r],
                                        .gather = thread_gather,
                                        .broadcast = thread_broadcast,
                                        .reduce_begin = thread_reduce_begin,
                                        .reduce_end = thread_reduce_end};
        it->context->ranks = &group->ranks[r];
        it->options.output = group->sessions[0].folder.model;
        it->options.log = group->sessions[0].folder.log;
    }
}

static inline void close_group(rank_group *group) {
    for (unsigned r = 0; r < group->count; r++)
        close_session(&group->sessions[r]);
    pthread_barrier_destroy(&group->barrier);
}

typedef neume_status (*rank_body)(session *it);

typedef struct rank_start {
    rank_group *group;
    unsigned rank;
    rank_body body;
} rank_start;

static inline void *run_rank(void *data) {
    const rank_start *start = data;
    start->group->status[start->rank] = start->body(&start->group->sessions[start->rank]);
    return NULL;
}

/* Runs `body` on every rank at once; returns the first rank's status. */
static inline neume_status run_group(rank_group *group, rank_body body) {
    pthread_t threads[MOST_RANKS];
    rank_start starts[MOST_RANKS];
    for (unsigned r = 0; r < group->count; r++) {
        starts[r] = (rank_start){group, r, body};
        assert_int_equal(pthread_create(&threads[r], NULL, run_rank, &starts[r]), 0);
    }
    for (unsigned r = 0; r < group->count; r++)
        assert_int_equal(pthread_join(threads[r], NULL), 0);
    return group->status[0];
}

/* All ranks end alike. */
static inline void train_group(rank_group *group, neume_status expected) {
    run_group(group, train);
    for (unsigned r = 0; r < group->count; r++)
        if (group->status[r] != expected)
            fail_msg("rank %u: status %d: %s", r, group->status[r], group->sessions[r].error.line);
}

#endif
