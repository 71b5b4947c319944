/* SPDX-License-Identifier: ISC */
#include "mpi/pulse.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Seconds. */
#define PERIOD 2.0           /* between beats */
#define HURRIED_PERIOD 0.1   /* the same once a signal came */
#define HURRIED_PATIENCE 0.6 /* and the silence that is then a loss: see carrier.c */
#define ABSENCE 1.0          /* this process did not run: the silence was its own */
#define SEND_OFF 0.1

double nm_pulse_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int listen(nm_pulse *p) {
    return MPI_Irecv(&p->received, sizeof p->received, MPI_BYTE, MPI_ANY_SOURCE, 0, p->comm,
                     &p->receiving);
}

int nm_pulse_init(nm_pulse *p, MPI_Comm world, double patience) {
    *p = (nm_pulse){.patience = patience, .receiving = MPI_REQUEST_NULL};
    int code = MPI_Comm_dup(world, &p->comm);
    if (code)
        return code;
    MPI_Comm_set_errhandler(p->comm, MPI_ERRORS_RETURN);
    MPI_Comm_rank(p->comm, &p->rank);
    MPI_Comm_size(p->comm, &p->count);
    p->first = p->rank ? 0 : 1;
    p->end = p->rank ? 1 : p->count;
    const size_t count = (size_t)p->count;
    p->heard = calloc(count, sizeof *p->heard);
    p->beats = calloc(count, sizeof *p->beats);
    p->sending = calloc(count, sizeof *p->sending);
    if (!p->heard || !p->beats || !p->sending)
        return MPI_ERR_NO_MEM;
    p->looked = nm_pulse_seconds();
    for (size_t r = 0; r < count; r++) {
        p->heard[r] = p->looked;
        p->sending[r] = MPI_REQUEST_NULL;
    }
    return listen(p);
}

void nm_pulse_clear(nm_pulse *p) {
    if (p->receiving != MPI_REQUEST_NULL) {
        MPI_Cancel(&p->receiving);
        MPI_Wait(&p->receiving, MPI_STATUS_IGNORE);
    }
    free(p->heard);
    free(p->beats);
    free(p->sending);
    *p = (nm_pulse){.receiving = MPI_REQUEST_NULL};
}

static int receive(nm_pulse *p, double now, nm_rank_failure *failure) {
    for (;;) {
        int is_there = 0;
        MPI_Status about;
        int code = MPI_Test(&p->receiving, &is_there, &about);
        if (code || !is_there)
            return code;
        p->heard[about.MPI_SOURCE] = now;
        if (p->received.is_hurried && p->hurried_at == 0)
            p->hurried_at = now;
        if (p->received.failure.status && !failure->status)
            *failure = p->received.failure;
        code = listen(p);
        if (code)
            return code;
    }
}

/* To each whose last one is gone: who does not take them gets no more. */
static int beat(nm_pulse *p, const nm_rank_failure *failure) {
    p->beaten = nm_pulse_seconds();
    for (int r = p->first; r < p->end; r++) {
        int is_gone = 0;
        int code = MPI_Test(&p->sending[r], &is_gone, MPI_STATUS_IGNORE);
        if (!code && is_gone) {
            p->beats[r] = (nm_beat){.is_hurried = p->hurried_at > 0, .failure = *failure};
            code = MPI_Isend(&p->beats[r], sizeof p->beats[r], MPI_BYTE, r, 0, p->comm,
                             &p->sending[r]);
        }
        if (code)
            return code;
    }
    return MPI_SUCCESS;
}

static bool are_gone(nm_pulse *p) {
    int is_gone = 1;
    for (int r = p->first; r < p->end && is_gone; r++)
        if (MPI_Test(&p->sending[r], &is_gone, MPI_STATUS_IGNORE))
            return true; /* nothing more can be done for it */
    return is_gone != 0;
}

/* Waits until all beats are on their way, for SEND_OFF at most. */
static void see_off(nm_pulse *p) {
    const double end = nm_pulse_seconds() + SEND_OFF;
    while (!are_gone(p) && nm_pulse_seconds() < end)
        sched_yield();
}

void nm_pulse_spread(nm_pulse *p, const nm_rank_failure *failure) {
    see_off(p);
    if (!beat(p, failure))
        see_off(p);
}

static void judge(const nm_pulse *p, double now, nm_rank_failure *failure) {
    const bool was_absent = p->absent_at > 0 && now - p->absent_at < p->patience;
    const bool is_hurried =
        p->hurried_at > 0 && now - p->hurried_at > HURRIED_PATIENCE && !was_absent;
    const double limit = is_hurried ? HURRIED_PATIENCE : p->patience;
    for (int r = p->first; r < p->end && !failure->status; r++)
        if (now - p->heard[r] > limit) {
            *failure = (nm_rank_failure){.status = NEUME_FAILED, .rank = r, .is_lost = 1};
            snprintf(failure->line, sizeof failure->line, "ranks: rank %d no longer answers", r);
        }
}

int nm_pulse_look(nm_pulse *p, bool is_hurried, nm_rank_failure *failure) {
    const double now = nm_pulse_seconds(), gap = now - p->looked;
    p->looked = now;
    if (gap > ABSENCE)
        p->absent_at = now;
    for (int r = p->first; gap > ABSENCE && r < p->end; r++)
        p->heard[r] += gap;
    const bool was_hurried = p->hurried_at > 0;
    if (is_hurried && !was_hurried)
        p->hurried_at = now;
    int code = receive(p, now, failure);
    const double period = p->hurried_at > 0 ? HURRIED_PERIOD : PERIOD;
    if (!code && (now - p->beaten >= period || (!was_hurried && p->hurried_at > 0)))
        code = beat(p, failure);
    if (!code)
        judge(p, now, failure);
    return code;
}
