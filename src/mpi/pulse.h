/* SPDX-License-Identifier: ISC */
/* Signs of life: each rank sends them to rank 0, and rank 0 to all, whatever their callers compute
 * meanwhile. They bring the news of a rank that failed, too. */
#ifndef NM_MPI_PULSE_H
#define NM_MPI_PULSE_H

#include <neume/status.h>

#include <mpi.h>
#include <stdbool.h>

/* Why the ranks cannot go on. */
typedef struct nm_rank_failure {
    int32_t status;  /* a neume_status; NEUME_OK: they can */
    int32_t rank;    /* whose failure it is; -1: not known */
    int32_t is_lost; /* it is gone, and will not come to the end */
    char line[sizeof((neume_error *)0)->line];
} nm_rank_failure;

typedef struct nm_beat {
    int32_t is_hurried;
    nm_rank_failure failure;
} nm_beat;

typedef struct nm_pulse {
    MPI_Comm comm;
    int rank, count;
    int first, end;       /* the ranks that it hears of: all others for rank 0, else rank 0 */
    double patience;      /* seconds */
    double *heard;        /* [count] seconds, when */
    nm_beat *beats;       /* [count], and */
    MPI_Request *sending; /* [count]: what is on its way to each */
    nm_beat received;
    MPI_Request receiving;
    double beaten, looked; /* seconds, when: last sent, last looked */
    double absent_at;  /* when this process had not run for long, last: others may be gone; or 0 */
    double hurried_at; /* since when a signal asks some rank to stop; 0: none did */
} nm_pulse;

/* Collective. Return MPI_SUCCESS or MPI's error code. */
int nm_pulse_init(nm_pulse *pulse, MPI_Comm world, double patience);
void nm_pulse_clear(nm_pulse *pulse);

/* Receives what came, sends what is due, and looks who is silent; fills `failure` where there was
 * none. `is_hurried`: this process was asked to stop. */
int nm_pulse_look(nm_pulse *pulse, bool is_hurried, nm_rank_failure *failure);

/* Sends a failure to all that hear of this rank, and sees it off, for a fifth of a second at most.
 */
void nm_pulse_spread(nm_pulse *pulse, const nm_rank_failure *failure);

double nm_pulse_seconds(void);

#endif
