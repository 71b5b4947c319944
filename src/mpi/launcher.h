/* SPDX-License-Identifier: ISC */
/* What the environment says of who started this process. */
#ifndef NM_MPI_LAUNCHER_H
#define NM_MPI_LAUNCHER_H

#include <stdbool.h>

/* Whether it was a launcher of MPI programs. */
bool nm_launcher_is_there(void);

/* How many processes it started, as far as it says; at least 1. */
unsigned long nm_launcher_count(void);

#endif
