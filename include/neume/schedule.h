/* SPDX-License-Identifier: ISC */
/* How the learning rate of a run moves: it rises linearly over the warm-up, then follows a
 * schedule. A run's rates follow from its settings, the number of the update, the planned updates
 * and, for plateau, its validations: nothing here has a state. Thread rule: plain data. */
#ifndef NEUME_SCHEDULE_H
#define NEUME_SCHEDULE_H

#include <neume/api.h>

NEUME_BEGIN_DECLS

typedef enum neume_schedule {
    NEUME_SCHEDULE_CONSTANT,
    NEUME_SCHEDULE_COSINE, /**< half a cosine down to the lowest rate, or several: warm restarts
                              (Loshchilov, Hutter 2017) */
    NEUME_SCHEDULE_STEP,   /**< lower by a factor every so many updates */
    NEUME_SCHEDULE_PLATEAU /**< lower by a factor when validations no longer improve */
} neume_schedule;

/** How a learning rate grows with the ranks that train together, whose batches are as one. */
typedef enum neume_rate_scaling {
    NEUME_RATE_SCALING_NONE,
    NEUME_RATE_SCALING_LINEAR, /**< times their number (Goyal et al. 2017) */
    NEUME_RATE_SCALING_SQRT    /**< times its square root (Krizhevsky 2014; for adaptive optimisers
                                  Malladi et al. 2022) */
} neume_rate_scaling;

/** The numbers of the schedules; a schedule looks at its own alone. */
typedef struct neume_schedule_options {
    double lowest;     /**< no rate after the warm-up is below it, 0..learning rate; default 0 */
    uint64_t restarts; /**< of a cosine; 0..100, default 0 */
    double restart_growth; /**< a period's length beside that of the one before, 1..100; default 2
                            */
    double restart_height; /**< its highest rate beside that of the one before, >0..1; default 1 */
    uint64_t step_every;   /**< updates from step to step; 0, the default: a quarter of those after
                              the   warm-up */
    double step_factor;    /**< >0..1, default 0.5 */
    uint64_t plateau_patience; /**< validations in a row without a better one, at least 1; default 3
                                */
    double plateau_factor;     /**< >0..1, default 0.5 */
    neume_rate_scaling scaling; /**< of every schedule; default NEUME_RATE_SCALING_NONE */
} neume_schedule_options;

NEUME_API neume_schedule_options neume_schedule_options_default(void);

NEUME_END_DECLS

#endif
