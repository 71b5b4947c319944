/* SPDX-License-Identifier: ISC */
/* Where neume is built without MPI. */
#include "mpi/launcher.h"
#include "mpi/ranks.h"

#include <stdio.h>
#include <stdlib.h>

neume_status nm_mpi_start(nm_mpi **out, const nm_mpi_options *options, neume_error *error) {
    (void)options;
    *out = NULL;
    const unsigned long count = nm_launcher_count();
    if (count < 2)
        return NEUME_OK;
    if (error) {
        *error = (neume_error){.status = NEUME_BAD_USAGE};
        snprintf(error->line, sizeof error->line,
                 "started as one of %lu ranks, but this neume was built without MPI; expected a "
                 "build with -Dmpi=enabled",
                 count);
    }
    return NEUME_BAD_USAGE;
}

const neume_ranks *nm_mpi_ranks(const nm_mpi *mpi) {
    (void)mpi;
    return NULL;
}

bool nm_mpi_finish(nm_mpi *mpi, neume_status *status, neume_error *error) {
    (void)mpi;
    (void)status;
    (void)error;
    return true;
}

void nm_mpi_abort(nm_mpi *mpi, int exit_code) {
    (void)mpi;
    exit(exit_code);
}
