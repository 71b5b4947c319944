/* SPDX-License-Identifier: ISC */
/* The caller's side: jobs for the carrier, and the begin and end of all. */
#include "mpi/carrier.h"
#include "mpi/launcher.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 20.0 /* seconds of silence */

/* Seconds that a rank that knows of a failure leaves to those before it, to speak and end all. */
#define FIRST_TURN 1.0
#define OTHER_TURNS 3.0 /* where a rank is lost; and where all came to an end: */
#define LATE_TURNS 20.0 /* the others may write their reports */
#define TURN 1.0
enum { TURNS = 5 };

static neume_status fail(neume_error *error, neume_status status, const char *line) {
    if (error) {
        *error = (neume_error){.status = status};
        snprintf(error->line, sizeof error->line, "%s", line);
    }
    return status;
}

/* As another rank sees it. */
static neume_status fail_as(const nm_mpi *m, neume_error *error) {
    const nm_rank_failure *failure = &m->failure;
    char line[sizeof error->line];
    if (failure->is_lost || failure->rank == (int32_t)m->ranks.rank)
        return fail(error, (neume_status)failure->status, failure->line);
    snprintf(line, sizeof line, "rank %d: %.480s", (int)failure->rank, failure->line);
    return fail(error, (neume_status)failure->status, line);
}

static void await_news(nm_mpi *m) {
    m->is_awaited = true;
    pthread_cond_wait(&m->news, &m->lock);
    m->is_awaited = false;
}

/* With the lock. Waits where as many are under way as can be. NM_SLOTS: a rank has failed, and the
 * others will not take part. */
static unsigned post(nm_mpi *m, nm_transfer_job job) {
    const unsigned slot = m->next;
    while (m->is_busy[slot] && !m->is_broken)
        await_news(m);
    m->has_refused = m->failure.status != NEUME_OK;
    if (m->has_refused)
        return NM_SLOTS;
    m->jobs[slot] = job;
    m->is_busy[slot] = true;
    m->busy_count++;
    m->next = (slot + 1) % NM_SLOTS;
    pthread_cond_signal(&m->work);
    return slot;
}

static neume_status judge(const nm_mpi *m, neume_error *error) {
    return m->failure.status ? fail_as(m, error) : NEUME_OK;
}

static neume_status exchange(nm_mpi *m, nm_transfer_job job, neume_error *error) {
    if (job.size == 0)
        return NEUME_OK;
    pthread_mutex_lock(&m->lock);
    const unsigned slot = post(m, job);
    while (slot < NM_SLOTS && m->is_busy[slot] && !m->is_broken)
        await_news(m);
    const bool is_done = slot < NM_SLOTS && !m->is_busy[slot];
    const neume_status status = is_done ? NEUME_OK : judge(m, error);
    pthread_mutex_unlock(&m->lock);
    return status;
}

static neume_status gather(void *data, void *all, const void *mine, size_t size_bytes,
                           neume_error *error) {
    const nm_transfer_job job = {
        .kind = NM_TRANSFER_GATHER, .bytes = all, .mine = mine, .size = size_bytes};
    return exchange(data, job, error);
}

static neume_status broadcast(void *data, unsigned from, void *bytes, size_t size_bytes,
                              neume_error *error) {
    const nm_transfer_job job = {
        .kind = NM_TRANSFER_BROADCAST, .from = (int)from, .bytes = bytes, .size = size_bytes};
    return exchange(data, job, error);
}

static void reduce_begin(void *data, float *values, size_t count) {
    nm_mpi *m = data;
    const nm_transfer_job job = {.kind = m->options.is_deterministic ? NM_TRANSFER_TREE
                                                                     : NM_TRANSFER_SUM,
                                 .bytes = (char *)values,
                                 .size = count * sizeof *values};
    pthread_mutex_lock(&m->lock);
    if (count)
        post(m, job);
    pthread_mutex_unlock(&m->lock);
}

static neume_status reduce_end(void *data, neume_error *error) {
    nm_mpi *m = data;
    pthread_mutex_lock(&m->lock);
    while (m->busy_count && !m->is_broken)
        await_news(m);
    const bool are_done = m->busy_count == 0 && !m->has_refused;
    const neume_status status = are_done ? NEUME_OK : judge(m, error);
    pthread_mutex_unlock(&m->lock);
    return status;
}

/* Drops what this process says; gives what its standard error was, or -1. */
static int hush(void) {
    fflush(stdout);
    fflush(stderr);
    const int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) {
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
        close(nowhere);
    }
    return kept;
}

static void speak(nm_mpi *m) {
    fflush(stderr);
    if (m->kept_stderr >= 0)
        dup2(m->kept_stderr, STDERR_FILENO);
}

/* The signals are the caller's, for its handlers ask the caller to stop. */
static int start_thread(nm_mpi *m) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int code = pthread_create(&m->thread, NULL, nm_carrier_run, m);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

static nm_mpi *create(const nm_mpi_options *options) {
    nm_mpi *m = calloc(1, sizeof *m);
    pthread_condattr_t attributes;
    if (!m)
        return NULL;
    m->options = *options;
    m->options.patience = options->patience > 0 ? options->patience : PATIENCE;
    m->kept_stderr = -1;
    m->ranks = (neume_ranks){.count = 1,
                             .data = m,
                             .gather = gather,
                             .broadcast = broadcast,
                             .reduce_begin = reduce_begin,
                             .reduce_end = reduce_end};
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->work, &attributes);
    pthread_cond_init(&m->news, &attributes);
    pthread_condattr_destroy(&attributes);
    return m;
}

static void destroy(nm_mpi *m) {
    pthread_cond_destroy(&m->news);
    pthread_cond_destroy(&m->work);
    pthread_mutex_destroy(&m->lock);
    if (m->kept_stderr >= 0)
        close(m->kept_stderr);
    free(m);
}

neume_status nm_mpi_start(nm_mpi **out, const nm_mpi_options *options, neume_error *error) {
    *out = NULL;
    if (!nm_launcher_is_there())
        return NEUME_OK;
    nm_mpi *m = create(options);
    if (!m)
        return fail(error, NEUME_NO_MEMORY, "out of memory: the ranks");
    if (start_thread(m)) {
        destroy(m);
        return fail(error, NEUME_FAILED, "ranks: no thread can be made for them");
    }
    pthread_mutex_lock(&m->lock);
    while (m->stage == NM_STAGE_STARTING)
        pthread_cond_wait(&m->news, &m->lock);
    const neume_status status = judge(m, error);
    pthread_mutex_unlock(&m->lock);
    if (m->ranks.rank)
        m->kept_stderr = hush();
    *out = m;
    return status;
}

const neume_ranks *nm_mpi_ranks(const nm_mpi *m) {
    return m ? &m->ranks : NULL;
}

/* Whether other ranks can have come to another end: a stop, or a loss that is not finite, is what
 * all come to together. */
static bool is_alone(neume_status status) {
    return status && status != NEUME_INTERRUPTED && status != NEUME_NOT_FINITE;
}

/* With the lock: makes this rank's failure the others', if it is the first. */
static void tell(nm_mpi *m, neume_status status, const neume_error *error) {
    if (!is_alone(status) || m->failure.status)
        return;
    m->failure = (nm_rank_failure){.status = (int32_t)status, .rank = (int32_t)m->ranks.rank};
    m->failed_at = nm_pulse_seconds();
    const char *line = error && error->line[0] ? error->line : neume_status_name(status);
    snprintf(m->failure.line, sizeof m->failure.line, "%s", line);
}

/* With the lock: whether this rank is to say what happened, and end all. */
static bool is_my_turn(const nm_mpi *m) {
    const unsigned rank = m->ranks.rank;
    const unsigned speaker = m->failure.is_lost && m->failure.rank == 0 ? 1 : 0;
    const double others = m->is_broken ? OTHER_TURNS : LATE_TURNS;
    double turn = others + TURN * (rank < TURNS ? rank : TURNS);
    if (rank == speaker)
        turn = m->is_broken ? 0 : FIRST_TURN;
    return m->failure.status && nm_pulse_seconds() - m->failed_at >= turn;
}

static void wait_a_little(nm_mpi *m) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 50000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&m->news, &m->lock, &until);
}

bool nm_mpi_finish(nm_mpi *m, neume_status *status, neume_error *error) {
    if (!m)
        return true;
    pthread_mutex_lock(&m->lock);
    tell(m, *status, error);
    m->stage = NM_STAGE_LEAVING;
    pthread_cond_signal(&m->work);
    while (m->stage != NM_STAGE_LEFT && !is_my_turn(m))
        wait_a_little(m);
    const bool have_all_left = m->stage == NM_STAGE_LEFT;
    if (!*status)
        *status = judge(m, error);
    pthread_mutex_unlock(&m->lock);
    if (!have_all_left) {
        speak(m);
        return false;
    }
    pthread_join(m->thread, NULL);
    destroy(m);
    return true;
}

void nm_mpi_abort(nm_mpi *m, int exit_code) {
    fflush(NULL);
    pthread_mutex_lock(&m->lock);
    m->exit_code = exit_code;
    m->stage = NM_STAGE_ABORTING;
    pthread_cond_signal(&m->work);
    pthread_mutex_unlock(&m->lock);
    for (;;)
        pause();
}
