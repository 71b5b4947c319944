/* SPDX-License-Identifier: ISC */
/* Ranks that MPI carries: for a command that a launcher (mpirun, mpiexec, srun) started many times.
 * Not a part of the library, which knows <neume/ranks.h> only. Thread rule: one thread. */
#ifndef NM_MPI_RANKS_H
#define NM_MPI_RANKS_H

#include <neume/ranks.h>

typedef struct nm_mpi nm_mpi;

typedef struct nm_mpi_options {
    bool is_deterministic; /* sums in an order of our own: the same bits with any MPI and network */
    double patience;       /* seconds without a sign of life after which a rank is lost; 0: 20 */
    bool (*is_asked_to_stop)(void *data); /* by a signal; then silence is judged sooner; or NULL */
    void *data;                           /* handed to it */
} nm_mpi_options;

/* Whether a launcher started this process as another rank than 0, which says it where all fail
 * alike before they join. */
bool nm_mpi_is_other_rank(void);

/* Waits a second: launchers end all ranks once one has failed, and rank 0 is to say why before. */
void nm_mpi_leave_last(void);

/* Joins the ranks; *out is NULL where no launcher started this process. From then on what ranks
 * other than 0 say on standard output and standard error is dropped, so that every line comes once.
 * Fails with NEUME_BAD_USAGE where there are several ranks and this neume was built without MPI. */
neume_status nm_mpi_start(nm_mpi **out, const nm_mpi_options *options, neume_error *error);

/* Borrowed: until nm_mpi_finish. NULL for NULL. */
const neume_ranks *nm_mpi_ranks(const nm_mpi *mpi);

/* Ends together with the other ranks, `status` and `error` being how this one did; they become why
 * the ranks failed where they did. True: all is freed. False: some rank will never come, and this
 * one is to say so, with its standard error back; then nm_mpi_abort. NULL is accepted. */
bool nm_mpi_finish(nm_mpi *mpi, neume_status *status, neume_error *error);

/* Ends this process and all other ranks with this exit code. */
void nm_mpi_abort(nm_mpi *mpi, int exit_code) __attribute__((noreturn));

#endif
