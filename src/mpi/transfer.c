/* SPDX-License-Identifier: ISC */
#include "mpi/transfer.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of a piece, and so of scratch memory: enough that latency does not count, far below the
 * INT_MAX elements of MPI-3. A multiple of a float's. */
enum { PIECE = 16 << 20 };

int nm_transfer_init(nm_transfer *t, MPI_Comm world) {
    *t = (nm_transfer){.comm = MPI_COMM_NULL, .request = MPI_REQUEST_NULL};
    int code = MPI_Comm_dup(world, &t->comm);
    if (code)
        return code;
    MPI_Comm_rank(t->comm, &t->rank);
    MPI_Comm_size(t->comm, &t->count);
    t->layout = calloc(4 * (size_t)t->count, sizeof *t->layout);
    return t->layout ? MPI_Comm_set_errhandler(t->comm, MPI_ERRORS_RETURN) : MPI_ERR_NO_MEM;
}

void nm_transfer_clear(nm_transfer *t) {
    free(t->scratch);
    free(t->layout);
    t->scratch = NULL;
    t->layout = NULL;
}

static int reserve(nm_transfer *t, size_t size) {
    if (size <= t->scratch_size)
        return MPI_SUCCESS;
    char *grown = realloc(t->scratch, size);
    if (!grown)
        return MPI_ERR_NO_MEM;
    t->scratch = grown;
    t->scratch_size = size;
    return MPI_SUCCESS;
}

/* The first value of the slice of the piece that `rank` adds. */
static size_t slice_at(const nm_transfer *t, size_t rank) {
    const size_t values = t->piece / sizeof(float), count = (size_t)t->count;
    return values / count * rank + (rank < values % count ? rank : values % count);
}

/* Brings each rank the others' values of its slice: scratch [ranks][slice]. */
static int send_slices(nm_transfer *t) {
    const size_t n = (size_t)t->count, rank = (size_t)t->rank;
    const size_t slice = slice_at(t, rank + 1) - slice_at(t, rank);
    int *sizes = t->layout, *places = sizes + n, *got_sizes = places + n,
        *got_places = got_sizes + n;
    for (size_t r = 0; r < n; r++) {
        places[r] = (int)slice_at(t, r);
        sizes[r] = (int)slice_at(t, r + 1) - places[r];
        got_sizes[r] = (int)slice;
        got_places[r] = (int)(slice * r);
    }
    const int code = reserve(t, n * slice * sizeof(float));
    if (code)
        return code;
    return MPI_Ialltoallv(t->job.bytes + t->done, sizes, places, MPI_FLOAT, t->scratch, got_sizes,
                          got_places, MPI_FLOAT, t->comm, &t->request);
}

static void add(float *restrict a, const float *restrict b, size_t count) {
    for (size_t i = 0; i < count; i++)
        a[i] += b[i];
}

/* Adds what the ranks sent, each to its neighbour, each two to the next two, and so on; the sums go
 * back to all. */
static int return_sums(nm_transfer *t) {
    const size_t n = (size_t)t->count, rank = (size_t)t->rank;
    const size_t slice = slice_at(t, rank + 1) - slice_at(t, rank);
    float *rows = (float *)(void *)t->scratch;
    for (size_t step = 1; step < n; step *= 2)
        for (size_t r = 0; r + step < n; r += 2 * step)
            add(rows + r * slice, rows + (r + step) * slice, slice);
    char *piece = t->job.bytes + t->done;
    if (slice)
        memcpy(piece + slice_at(t, rank) * sizeof(float), rows, slice * sizeof(float));
    t->is_returning = true;
    return MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_FLOAT, piece, t->layout, t->layout + n, MPI_FLOAT,
                           t->comm, &t->request);
}

/* A piece of a gather, for the whole of which the places of the ranks' bytes lie too far apart. */
static int gather(nm_transfer *t) {
    const int code = reserve(t, (size_t)t->count * t->piece);
    if (code)
        return code;
    return MPI_Iallgather(t->job.mine + t->done, (int)t->piece, MPI_BYTE, t->scratch, (int)t->piece,
                          MPI_BYTE, t->comm, &t->request);
}

static void spread_gathered(nm_transfer *t) {
    for (size_t r = 0; r < (size_t)t->count; r++)
        memcpy(t->job.bytes + r * t->job.size + t->done, t->scratch + r * t->piece, t->piece);
}

static size_t most_of_piece(const nm_transfer *t) {
    if (t->job.kind != NM_TRANSFER_GATHER)
        return PIECE;
    return t->count < PIECE ? PIECE / (size_t)t->count : 1;
}

/* Begins what comes after `done`, if anything. */
static int begin_piece(nm_transfer *t) {
    const size_t left = t->job.size - t->done, most = most_of_piece(t);
    char *bytes = t->job.bytes + t->done;
    t->piece = left < most ? left : most;
    if (t->piece == 0)
        return MPI_SUCCESS;
    switch (t->job.kind) {
    case NM_TRANSFER_GATHER:
        return gather(t);
    case NM_TRANSFER_BROADCAST:
        return MPI_Ibcast(bytes, (int)t->piece, MPI_BYTE, t->job.from, t->comm, &t->request);
    case NM_TRANSFER_SUM:
        return MPI_Iallreduce(MPI_IN_PLACE, bytes, (int)(t->piece / sizeof(float)), MPI_FLOAT,
                              MPI_SUM, t->comm, &t->request);
    case NM_TRANSFER_TREE:
        t->is_returning = false;
        return send_slices(t);
    }
    return MPI_ERR_INTERN;
}

int nm_transfer_begin(nm_transfer *t, const nm_transfer_job *job) {
    t->job = *job;
    t->done = 0;
    return begin_piece(t);
}

int nm_transfer_advance(nm_transfer *t, bool *is_done) {
    int is_there = 0;
    const int code = MPI_Test(&t->request, &is_there, MPI_STATUS_IGNORE);
    *is_done = false;
    if (code || !is_there)
        return code;
    if (t->job.kind == NM_TRANSFER_TREE && !t->is_returning && t->piece)
        return return_sums(t);
    if (t->job.kind == NM_TRANSFER_GATHER && t->piece)
        spread_gathered(t);
    t->done += t->piece;
    *is_done = t->done == t->job.size;
    return *is_done ? MPI_SUCCESS : begin_piece(t);
}
