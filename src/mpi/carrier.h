/* SPDX-License-Identifier: ISC */
/* The thread that owns MPI, and what it shares with the caller: no other thread calls MPI, and it
 * never waits inside MPI. So exchanges go on while the caller computes, with any MPI, and a caller
 * that waits can be told that what it waits for will not come. */
#ifndef NM_MPI_CARRIER_H
#define NM_MPI_CARRIER_H

#include "mpi/pulse.h"
#include "mpi/ranks.h"
#include "mpi/transfer.h"

#include <pthread.h>

enum { NM_SLOTS = 16 }; /* transfers that may be under way at once */

typedef enum nm_stage {
    NM_STAGE_STARTING,
    NM_STAGE_CARRYING,
    NM_STAGE_LEAVING,  /* the caller has no more to ask; waits for the other ranks */
    NM_STAGE_LEFT,     /* all ranks came; MPI has ended */
    NM_STAGE_ABORTING, /* with exit_code */
} nm_stage;

struct nm_mpi {
    neume_ranks ranks;
    nm_mpi_options options;
    int kept_stderr; /* where rank 0 alone speaks; else -1 */
    pthread_t thread;

    pthread_mutex_t lock;      /* over what follows */
    pthread_cond_t work, news; /* for the carrier; for the caller */
    nm_stage stage;
    int exit_code;
    nm_transfer_job jobs[NM_SLOTS];
    bool is_busy[NM_SLOTS]; /* its job is not done yet */
    unsigned next;          /* the slot of the next job: the same on all ranks */
    unsigned busy_count;
    bool is_awaited; /* the caller waits */
    nm_rank_failure failure;
    double failed_at; /* seconds */
    bool has_refused; /* the last job, for a rank had failed */
    bool is_broken;   /* jobs will never be done; MPI is not called again, but to abort */

    /* The carrier's own. */
    nm_transfer transfers[NM_SLOTS];
    bool is_begun[NM_SLOTS];
    nm_pulse pulse;
};

/* The body of the thread. */
void *nm_carrier_run(void *mpi);

#endif
