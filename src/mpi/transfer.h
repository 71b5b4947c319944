/* SPDX-License-Identifier: ISC */
/* One exchange of bytes between all ranks, made of calls that do not wait: begun, then advanced
 * again and again until it is done. Long ones go piece by piece. Each has a communicator of its
 * own, for several are under way at once, and where they stand differs from rank to rank. Functions
 * return MPI_SUCCESS or MPI's error code. */
#ifndef NM_MPI_TRANSFER_H
#define NM_MPI_TRANSFER_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum nm_transfer_kind {
    NM_TRANSFER_GATHER,
    NM_TRANSFER_BROADCAST,
    NM_TRANSFER_SUM, /* as MPI adds */
    NM_TRANSFER_TREE /* ((0 + 1) + (2 + 3)) + ...: one order, whatever MPI does */
} nm_transfer_kind;

/* What is asked for. */
typedef struct nm_transfer_job {
    nm_transfer_kind kind;
    int from;         /* of a broadcast: whose bytes */
    char *bytes;      /* of a gather [ranks][size]; else [size] */
    const char *mine; /* of a gather [size] */
    size_t size;      /* bytes */
} nm_transfer_job;

typedef struct nm_transfer {
    nm_transfer_job job;
    MPI_Comm comm;
    int rank, count;
    size_t done, piece; /* bytes: before the piece under way, and of it */
    bool is_returning;  /* a tree's sums go back to all */
    MPI_Request request;
    char *scratch; /* a gather's piece of each rank; a tree's slice of each rank */
    size_t scratch_size;
    int *layout; /* [4][ranks]: a tree's sizes and places of slices, sent and received */
} nm_transfer;

/* Collective: all ranks make their transfers in the same order. */
int nm_transfer_init(nm_transfer *transfer, MPI_Comm world);
void nm_transfer_clear(nm_transfer *transfer);

int nm_transfer_begin(nm_transfer *transfer, const nm_transfer_job *job);
int nm_transfer_advance(nm_transfer *transfer, bool *is_done);

#endif
