/* SPDX-License-Identifier: ISC */
/* A run that several ranks share (neume/ranks.h). All hold the same weights; each trains B rows of
 * one queue, so that n ranks of B rows see what one of n B rows would; gradients are summed over
 * ranks layer by layer while the backward goes on. Of one rank alone all of this is nothing. */
#ifndef NM_LEARN_RUN_RANKS_H
#define NM_LEARN_RUN_RANKS_H

#include "learn/run.h"

/* Fails with NEUME_BAD_INPUT where the ranks do not have the same corpus, with NEUME_BAD_USAGE
 * where not the same kernels. */
neume_status nm_run_check_ranks(const nm_run *run, neume_error *error);

/* Room for all that follows but the validation; nm_run_clear_sharing frees all. */
neume_status nm_run_make_sharing(nm_run *run, neume_error *error);
void nm_run_clear_sharing(nm_run *run);

/* Rows of the queue before those of this rank, and in all. */
size_t nm_run_first_row(const nm_run *run);
size_t nm_run_row_count(const nm_run *run);

/* What the learning rate is multiplied by. */
double nm_run_rate_factor(const nm_run *run);

/* Sums the gradient as the backward tells that parts of it are done. */
nm_gradient_watch nm_run_watch_gradient(nm_run *run);

/* After the backward: the gradient and these sums are those of all ranks. */
neume_status nm_run_share_update(nm_run *run, nm_pass_sums *sums, neume_error *error);

/* Statistics of norms that each rank has moved to its own batch: their means over the ranks. */
neume_status nm_run_share_statistics(nm_run *run, neume_error *error);

/* The network's state of all rows of the queue, as nm_network_state of that many rows, for the
 * first rank; for the others NULL. The caller frees it. */
neume_status nm_run_gather_carried(nm_run *run, real **out, neume_error *error);

/* This rank's part of such a state of `row_count` rows; rows beyond start from zero. */
void nm_run_adopt_carried(nm_run *run, const real *carried, size_t row_count);

/* Fails where the weights are not the same on all ranks. */
neume_status nm_run_compare_weights(const nm_run *run, neume_error *error);

/* The first rank's clock, in seconds. */
neume_status nm_run_clock(double *out, const nm_run *run, neume_error *error);

/* Validation pieces are dealt out, the longest first. The second fills valid_sums, under any
 * weights, at the scorer's temperature; fails with NEUME_INTERRUPTED where the observer asks to
 * stop. */
neume_status nm_run_make_scoring(nm_run *run, neume_error *error);
neume_status nm_run_score(nm_run *run, const real *weights, neume_error *error);

#endif
