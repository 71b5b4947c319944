/* SPDX-License-Identifier: ISC */
/* What follows from the number of an update alone: learning rate and decay of the average. */
#ifndef NM_LEARN_SCHEDULE_H
#define NM_LEARN_SCHEDULE_H

#include <neume/train.h>

/* The learning rate of update 1, 2, ... of `planned`: rising linearly over the warm-up, then
 * constant, or half a cosine down to (not including) zero. Beyond the plan it stays at its last. */
double nm_schedule_rate(const neume_train_options *options, uint64_t update, uint64_t planned);

/* min(decay, (1 + t) / (10 + t)) at update t: a young average forgets its start. */
double nm_average_decay(double decay, uint64_t update);

#endif
