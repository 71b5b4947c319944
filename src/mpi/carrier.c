/* SPDX-License-Identifier: ISC */
/* What launchers do when a rank dies: Open MPI's mpirun sends SIGTERM to the others and SIGKILL a
 * second later, hence HURRIED_PATIENCE of pulse.c: who was asked to stop says within that second
 * who is missing. MPICH's hydra kills them at once, and names the process itself. Neither notices a
 * rank that is stopped, or a machine that is cut off: then the beats do. */
#include "mpi/carrier.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* Seconds. */
#define BUSY 5e-6    /* a look that took longer moved bytes: the next may, too */
#define EAGER 1e-3   /* so long after the last progress an awaited carrier only yields */
#define PAUSE 30e-6  /* between looks where something is under way */
#define SLUMBER 0.05 /* where nothing is; a job wakes it */
#define LAST_CALL                                                                                  \
    0.5 /* for jobs under way when a rank tells that it failed: it may have done its part */
#define FORWARD 0.2 /* launchers pass on what was said, but not after an abort */

static void fail(nm_mpi *m, int code, nm_rank_failure *failure) {
    char text[MPI_MAX_ERROR_STRING];
    int length = 0;
    if (failure->status)
        return;
    if (code == MPI_ERR_NO_MEM) {
        *failure = (nm_rank_failure){.status = NEUME_NO_MEMORY,
                                     .rank = (int32_t)m->ranks.rank,
                                     .line = "out of memory: buffers of the ranks"};
        return;
    }
    MPI_Error_string(code, text, &length);
    *failure = (nm_rank_failure){.status = NEUME_FAILED, .rank = -1, .is_lost = 1};
    snprintf(failure->line, sizeof failure->line, "ranks: a rank no longer answers: %.*s", length,
             text);
}

static int join(nm_mpi *m) {
    int given = 0, rank = 0, count = 1;
    int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &given);
    if (code)
        return code;
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &count);
    m->ranks.rank = (unsigned)rank;
    m->ranks.count = (unsigned)count;
    for (unsigned i = 0; i < NM_SLOTS && !code; i++)
        code = nm_transfer_init(&m->transfers[i], MPI_COMM_WORLD);
    return code ? code : nm_pulse_init(&m->pulse, MPI_COMM_WORLD, m->options.patience);
}

/* What the carrier sees of the caller's wishes, and does to them, between two looks. */
typedef struct view {
    nm_stage stage;
    bool is_busy[NM_SLOTS], is_done[NM_SLOTS];
    bool is_awaited, has_jobs, has_progress;
    bool is_told; /* the failure went to the other ranks */
    MPI_Request leaving;
    nm_rank_failure failure;
} view;

static void take_view(view *v, const nm_mpi *m) {
    v->stage = m->stage;
    memcpy(v->is_busy, m->is_busy, sizeof v->is_busy);
    memset(v->is_done, 0, sizeof v->is_done);
    v->is_awaited = m->is_awaited || m->stage == NM_STAGE_LEAVING;
    v->has_jobs = m->busy_count > 0;
    v->has_progress = false;
    v->failure = m->failure;
}

static void give_view(nm_mpi *m, const view *v) {
    bool is_news = v->stage != m->stage && v->stage == NM_STAGE_LEFT;
    for (unsigned i = 0; i < NM_SLOTS; i++)
        if (v->is_done[i]) {
            m->is_busy[i] = false;
            m->busy_count--;
            is_news = true;
        }
    if (v->failure.status && !m->failure.status) {
        m->failure = v->failure;
        m->failed_at = nm_pulse_seconds();
        is_news = true;
    }
    const bool will_not_be_done =
        m->busy_count > 0 && nm_pulse_seconds() - m->failed_at > LAST_CALL;
    if (v->is_told && (m->failure.is_lost || will_not_be_done) && v->stage != NM_STAGE_LEFT)
        m->is_broken = is_news = true;
    if (v->stage == NM_STAGE_LEFT)
        m->stage = v->stage;
    if (is_news)
        pthread_cond_broadcast(&m->news);
}

static int advance(nm_mpi *m, view *v) {
    int code = MPI_SUCCESS;
    for (unsigned i = 0; i < NM_SLOTS && !code; i++) {
        if (!v->is_busy[i])
            continue;
        if (!m->is_begun[i]) {
            m->is_begun[i] = true;
            code = nm_transfer_begin(&m->transfers[i], &m->jobs[i]);
        }
        if (!code)
            code = nm_transfer_advance(&m->transfers[i], &v->is_done[i]);
        if (v->is_done[i]) {
            m->is_begun[i] = false;
            v->has_progress = true;
        }
    }
    return code;
}

/* All ranks leave together, so that nobody's silence is taken for a loss. */
static int leave(nm_mpi *m, view *v) {
    int are_all_here = 0;
    int code = MPI_SUCCESS;
    if (v->leaving == MPI_REQUEST_NULL)
        code = MPI_Ibarrier(MPI_COMM_WORLD, &v->leaving);
    if (!code)
        code = MPI_Test(&v->leaving, &are_all_here, MPI_STATUS_IGNORE);
    if (code || !are_all_here)
        return code;
    nm_pulse_clear(&m->pulse);
    for (unsigned i = 0; i < NM_SLOTS; i++)
        nm_transfer_clear(&m->transfers[i]);
    MPI_Finalize();
    v->stage = NM_STAGE_LEFT;
    return MPI_SUCCESS;
}

static void look(nm_mpi *m, view *v) {
    const bool is_asked =
        m->options.is_asked_to_stop && m->options.is_asked_to_stop(m->options.data);
    int code = nm_pulse_look(&m->pulse, is_asked, &v->failure);
    if (!code)
        code = advance(m, v);
    if (code)
        fail(m, code, &v->failure);
    if (v->failure.status && !v->is_told) {
        nm_pulse_spread(&m->pulse, &v->failure);
        v->is_told = true;
    }
    code = v->stage == NM_STAGE_LEAVING && !v->failure.is_lost ? leave(m, v) : MPI_SUCCESS;
    if (code)
        fail(m, code, &v->failure);
}

static void sleep_for(double seconds) {
    nanosleep(&(struct timespec){.tv_nsec = (long)(1e9 * seconds)}, NULL);
}

/* With the lock: until the caller wants something, or a while. */
static void slumber(nm_mpi *m) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(1e9 * SLUMBER);
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&m->work, &m->lock, &until);
}

/* Without the lock: as long as the next look is worth it. */
static void rest(const view *v, double took, double idle) {
    if (v->has_progress || took > BUSY)
        return;
    if (v->is_awaited && idle < EAGER)
        sched_yield();
    else
        sleep_for(PAUSE);
}

/* Until MPI has ended, or is not to be called any more. */
static void carry(nm_mpi *m) {
    view v = {.leaving = MPI_REQUEST_NULL};
    double progressed = 0;
    while (m->stage < NM_STAGE_LEFT && !m->is_broken) {
        take_view(&v, m);
        pthread_mutex_unlock(&m->lock);
        const double start = nm_pulse_seconds();
        look(m, &v);
        const double end = v.stage == NM_STAGE_LEFT ? start : nm_pulse_seconds();
        if (v.has_progress || !v.has_jobs)
            progressed = end;
        if (v.has_jobs || v.stage == NM_STAGE_LEAVING)
            rest(&v, end - start, end - progressed);
        pthread_mutex_lock(&m->lock);
        give_view(m, &v);
        if (m->busy_count == 0 && m->stage == NM_STAGE_CARRYING && !m->is_broken)
            slumber(m);
    }
}

void *nm_carrier_run(void *data) {
    nm_mpi *m = data;
    prctl(PR_SET_TIMERSLACK, 1UL); /* nanoseconds: pauses are as short as they say */
    const int code = join(m);
    pthread_mutex_lock(&m->lock);
    if (code)
        fail(m, code, &m->failure);
    m->is_broken = code != MPI_SUCCESS;
    m->stage = NM_STAGE_CARRYING;
    pthread_cond_broadcast(&m->news);
    carry(m);
    while (m->stage != NM_STAGE_LEFT && m->stage != NM_STAGE_ABORTING)
        pthread_cond_wait(&m->work, &m->lock);
    pthread_mutex_unlock(&m->lock);
    if (m->stage == NM_STAGE_ABORTING) {
        sleep_for(FORWARD);
        MPI_Abort(MPI_COMM_WORLD, m->exit_code);
        _exit(m->exit_code);
    }
    return NULL;
}
