/* SPDX-License-Identifier: ISC */
#include "base/ranks.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

unsigned nm_rank(const neume_context *context) {
    return context->ranks ? context->ranks->rank : 0;
}

unsigned nm_rank_count(const neume_context *context) {
    return context->ranks ? context->ranks->count : 1;
}

bool nm_is_first_rank(const neume_context *context) {
    return nm_rank(context) == 0;
}

static bool is_alone(const neume_context *context) {
    return nm_rank_count(context) == 1;
}

neume_status nm_ranks_gather(const neume_context *context, void *all, const void *mine, size_t size,
                             neume_error *error) {
    const neume_ranks *ranks = context->ranks;
    if (!is_alone(context))
        return ranks->gather(ranks->data, all, mine, size, error);
    memcpy(all, mine, size);
    return NEUME_OK;
}

neume_status nm_ranks_broadcast(const neume_context *context, unsigned from, void *bytes,
                                size_t size, neume_error *error) {
    const neume_ranks *ranks = context->ranks;
    return is_alone(context) ? NEUME_OK : ranks->broadcast(ranks->data, from, bytes, size, error);
}

void nm_ranks_reduce_begin(const neume_context *context, float *values, size_t count) {
    if (!is_alone(context))
        context->ranks->reduce_begin(context->ranks->data, values, count);
}

neume_status nm_ranks_reduce_end(const neume_context *context, neume_error *error) {
    const neume_ranks *ranks = context->ranks;
    return is_alone(context) ? NEUME_OK : ranks->reduce_end(ranks->data, error);
}

neume_status nm_ranks_compare(bool *is_same, const neume_context *context, uint64_t mine,
                              neume_error *error) {
    uint64_t first = mine;
    const neume_status status = nm_ranks_broadcast(context, 0, &first, sizeof first, error);
    *is_same = first == mine;
    return status;
}

/* The line of the rank that failed first, in front of which stands whose it is. */
static neume_status take_line(const neume_context *context, unsigned from, neume_error *error) {
    neume_error failure = {.status = NEUME_FAILED};
    if (error && nm_rank(context) == from)
        failure = *error;
    const neume_status status = nm_ranks_broadcast(context, from, &failure, sizeof failure, error);
    if (status || !error)
        return status;
    failure.line[sizeof failure.line - 1] = '\0';
    if (from == 0)
        *error = failure;
    else
        (void)nm_fail(error, failure.status, "rank %u: %s", from, failure.line);
    return NEUME_OK;
}

neume_status nm_ranks_agree(const neume_context *context, neume_status status, neume_error *error) {
    uint8_t all[NEUME_MAX_RANKS];
    const uint8_t mine = (uint8_t)status;
    if (is_alone(context))
        return status;
    const neume_status lost = nm_ranks_gather(context, all, &mine, sizeof mine, error);
    if (lost)
        return lost;
    unsigned first = 0;
    while (first < nm_rank_count(context) && all[first] == NEUME_OK)
        first++;
    if (first == nm_rank_count(context))
        return NEUME_OK;
    const neume_status untold = take_line(context, first, error);
    return untold ? untold : (neume_status)all[first];
}
