/* SPDX-License-Identifier: ISC */
/* Processes that train one model together, on one machine or on many: each is a rank, from 0 on,
 * and runs the same program on the same files. This is what neume asks of whoever carries their
 * bytes (MPI, or threads in a test); neume itself carries none. Rank 0 speaks and writes for all.
 * Thread rule: every function is called by one thread of each rank, and by all ranks in the same
 * order with the same sizes. */
#ifndef NEUME_RANKS_H
#define NEUME_RANKS_H

#include <neume/status.h>

NEUME_BEGIN_DECLS

enum { NEUME_MAX_RANKS = 4096 };

/** Each function fails with NEUME_FAILED where a rank no longer answers; then nothing more can be
 * asked, and the process is to end. The caller owns it, and it outlives the contexts that use it.
 */
typedef struct neume_ranks {
    unsigned rank;  /**< this process, 0..count-1 */
    unsigned count; /**< 1..NEUME_MAX_RANKS */
    void *data;     /**< handed to each function */

    /** Every rank's `mine`, `size_bytes` long, one after the other into `all`. */
    neume_status (*gather)(void *data, void *all, const void *mine, size_t size_bytes,
                           neume_error *error);
    /** The bytes of rank `from`, to every rank. */
    neume_status (*broadcast)(void *data, unsigned from, void *bytes, size_t size_bytes,
                              neume_error *error);
    /** Begins to replace `values` by their sums over all ranks, which are the same bits on each.
     * Returns at once; several may be under way, and the values are not to be touched until
     * reduce_end, which also tells what failed. */
    void (*reduce_begin)(void *data, float *values, size_t count);
    /** Waits for all sums that were begun. */
    neume_status (*reduce_end)(void *data, neume_error *error);
} neume_ranks;

NEUME_END_DECLS

#endif
