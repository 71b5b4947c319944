/* SPDX-License-Identifier: ISC */
#include "mpi/launcher.h"

#include "mpi/ranks.h"

#include <stdlib.h>
#include <unistd.h>

/* Of Open MPI; of MPICH, Intel MPI and Slurm's PMI; of anything with PMIx. */
static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMI_RANK", "PMIX_RANK"};
enum { COUNTS = 2 }; /* of these, in front, say how many */

bool nm_launcher_is_there(void) {
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i]))
            return true;
    return false;
}

bool nm_mpi_is_other_rank(void) {
    static const char *const ranks[] = {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"};
    for (unsigned i = 0; i < sizeof ranks / sizeof *ranks; i++) {
        const char *text = getenv(ranks[i]);
        if (text && strtoul(text, NULL, 10) > 0)
            return true;
    }
    return false;
}

void nm_mpi_leave_last(void) {
    sleep(1);
}

unsigned long nm_launcher_count(void) {
    unsigned long most = 1;
    for (unsigned i = 0; i < COUNTS; i++) {
        const char *text = getenv(names[i]);
        const unsigned long count = text ? strtoul(text, NULL, 10) : 0;
        most = count > most ? count : most;
    }
    return most;
}
