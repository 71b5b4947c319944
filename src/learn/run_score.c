/* SPDX-License-Identifier: ISC */
/* The validation pieces, scored by all ranks of a run: each some of them. */
#include "learn/run_ranks.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/ranks.h"

#include <stdlib.h>

typedef struct measured {
    size_t steps;
    uint32_t piece;
} measured;

static int by_length(const void *a, const void *b) {
    const measured *x = a, *y = b;
    if (x->steps != y->steps)
        return x->steps > y->steps ? -1 : 1;
    return (x->piece > y->piece) - (x->piece < y->piece);
}

/* The longest first: dealt out in turn, all ranks get about as many steps. */
static bool sort_pieces(nm_run *run) {
    const size_t count = run->corpus->valid_count;
    nm_run_sharing *sharing = &run->sharing;
    measured *sorted = nm_alloc(run->context, count, sizeof *sorted);
    sharing->order = nm_alloc(run->context, count, sizeof *sharing->order);
    const bool has_room = sorted && sharing->order;
    for (size_t i = 0; i < count && has_room; i++)
        sorted[i] = (measured){run->corpus->valid[i].sequence.step_count, (uint32_t)i};
    if (has_room)
        qsort(sorted, count, sizeof *sorted, by_length);
    for (size_t i = 0; i < count && has_room; i++)
        sharing->order[i] = sorted[i].piece;
    nm_free(run->context, sorted);
    return has_room;
}

/* Pieces that a rank has, of those dealt out to `ranks`. */
static size_t share_of(size_t count, unsigned rank, unsigned ranks) {
    return (count + ranks - 1 - rank) / ranks;
}

neume_status nm_run_make_scoring(nm_run *run, neume_error *error) {
    neume_context *context = run->context;
    const unsigned rank = nm_rank(context), ranks = nm_rank_count(context);
    const size_t count = run->corpus->valid_count, most = share_of(count, 0, ranks);
    nm_run_sharing *sharing = &run->sharing;
    run->valid_sums = nm_alloc(context, count, sizeof *run->valid_sums);
    sharing->pieces = nm_alloc(context, most, sizeof *sharing->pieces);
    sharing->mine = nm_alloc(context, most, sizeof *sharing->mine);
    sharing->all = nm_alloc(context, most * ranks, sizeof *sharing->all);
    if (!run->valid_sums || !sharing->pieces || !sharing->mine || !sharing->all ||
        !sort_pieces(run))
        return nm_fail_memory(error, "validation");
    for (size_t i = 0; i < share_of(count, rank, ranks); i++)
        sharing->pieces[i] = run->corpus->valid[sharing->order[i * ranks + rank]];
    return NEUME_OK;
}

static neume_status score_own(const nm_run *run, const real *weights, neume_error *error) {
    const neume_context *context = run->context;
    const size_t count =
        share_of(run->corpus->valid_count, nm_rank(context), nm_rank_count(context));
    const neume_status status =
        nm_scorer_run(run->scorer, weights, run->sharing.pieces, count, run->sharing.mine);
    if (status == NEUME_INTERRUPTED)
        return nm_fail(error, status, "training: interrupted before the first update");
    return status ? nm_fail_memory(error, "validation") : NEUME_OK;
}

neume_status nm_run_score(nm_run *run, const real *weights, neume_error *error) {
    const nm_run_sharing *sharing = &run->sharing;
    const unsigned ranks = nm_rank_count(run->context);
    const size_t count = run->corpus->valid_count, most = share_of(count, 0, ranks);
    run->packed_for = 0; /* the scorer may borrow the packings */
    neume_status status = nm_ranks_agree(run->context, score_own(run, weights, error), error);
    if (!status)
        status = nm_ranks_gather(run->context, sharing->all, sharing->mine,
                                 most * sizeof *sharing->mine, error);
    for (size_t i = 0; i < count && !status; i++)
        run->valid_sums[sharing->order[i]] = sharing->all[i % ranks * most + i / ranks];
    return status;
}
