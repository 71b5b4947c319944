/* SPDX-License-Identifier: ISC */
/* How many updates a run will have: its schedule needs to know before the first. */
#ifndef NM_LEARN_PLAN_H
#define NM_LEARN_PLAN_H

#include "learn/run.h"

/* Sets state.planned from the options: the updates or epochs that they name, the fewer of both;
 * else as many as fit into the time limit, once measured (on a run at its start, which it leaves
 * there) or as fast as the run has been; else the preset's usual epochs. A plan made for the same
 * time limit stands. */
neume_status nm_plan(nm_run *run, neume_error *error);

/* Seconds that one of each takes. */
typedef struct nm_plan_times {
    double update, validation;
} nm_plan_times;

/* Measured on updates of about `seconds` and one validation, by a run at its start, which it leaves
 * there. */
neume_status nm_plan_measure(nm_plan_times *out, nm_run *run, double seconds, neume_error *error);

#endif
