/* SPDX-License-Identifier: ISC */
/* What a context's ranks do together. Of one rank alone nothing is exchanged, and nothing fails. */
#ifndef NM_BASE_RANKS_H
#define NM_BASE_RANKS_H

#include "base/context.h"

unsigned nm_rank(const neume_context *context);
unsigned nm_rank_count(const neume_context *context);

/* Whether this process speaks and writes for all. */
bool nm_is_first_rank(const neume_context *context);

/* As the functions of neume_ranks. */
neume_status nm_ranks_gather(const neume_context *context, void *all, const void *mine, size_t size,
                             neume_error *error);
neume_status nm_ranks_broadcast(const neume_context *context, unsigned from, void *bytes,
                                size_t size, neume_error *error);
void nm_ranks_reduce_begin(const neume_context *context, float *values, size_t count);
neume_status nm_ranks_reduce_end(const neume_context *context, neume_error *error);

/* Whether a number is that of the first rank. */
neume_status nm_ranks_compare(bool *is_same, const neume_context *context, uint64_t mine,
                              neume_error *error);

/* What each rank did by itself went as `status` and `error` say: returns, on each, the status of
 * the first rank where it failed, with its line, "rank N: ..." where N is not 0. To be called by
 * every rank wherever one may fail alone: otherwise the others would wait for it. */
neume_status nm_ranks_agree(const neume_context *context, neume_status status, neume_error *error);

#endif
