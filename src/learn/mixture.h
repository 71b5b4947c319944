/* SPDX-License-Identifier: ISC */
/* An exact mixture of models over the units of the same pieces:
 *
 *   p(unit | past) = sum over m of w_m p_m(unit | past),   w_m >= 0, sum of w_m = 1
 *
 * It sums to 1 over all units, as each p_m does. */
#ifndef NM_LEARN_MIXTURE_H
#define NM_LEARN_MIXTURE_H

#include <neume/evaluate.h>

/* What each unit costs each model. */
typedef struct nm_mixture_table {
    size_t model_count, unit_count;
    double *nats; /* [model_count][unit_count] */
} nm_mixture_table;

/* The weights [model_count] under which the units are likeliest, by EM from equal ones. Equal where
 * there is no unit. */
neume_status nm_mixture_fit(double *weights, neume_context *context, const nm_mixture_table *table);

/* Nats of the mixture, [unit_count]. */
void nm_mixture_nats(double *nats, const nm_mixture_table *table, const double *weights);

#endif
