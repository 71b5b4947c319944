/* SPDX-License-Identifier: ISC */
/* The learning rate of an update, and the decay of the average. */
#ifndef NM_LEARN_SCHEDULE_H
#define NM_LEARN_SCHEDULE_H

#include <neume/train.h>

/* What a plateau schedule has seen of a run. */
typedef struct nm_plateau {
    uint64_t seen;  /* validations */
    uint64_t worse; /* of these in a row without a better one, since the last drop */
    uint64_t drops;
    double best; /* the lowest loss; of no meaning before the first */
} nm_plateau;

/* The learning rate of update 1, 2, ... of `planned`, after so many drops of a plateau: rising
 * linearly over the warm-up, then as the schedule says. Beyond the plan it stays at its last. */
double nm_schedule_rate(const neume_train_options *options, uint64_t update, uint64_t planned,
                        uint64_t drops);

/* Takes the loss of a validation; NAN is none. True where the rate drops now. */
bool nm_plateau_note(nm_plateau *plateau, const neume_schedule_options *options, double loss);

/* min(decay, (1 + t) / (10 + t)) at update t: a young average forgets its start. */
double nm_average_decay(double decay, uint64_t update);

/* Fails with NEUME_BAD_USAGE, naming the first number of the schedule that is out of its range. */
neume_status nm_schedule_check(const neume_train_options *options, neume_error *error);

#endif
