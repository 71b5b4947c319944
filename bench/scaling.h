/* SPDX-License-Identifier: ISC */
/* What `scaling` is asked, and its picture. */
#ifndef NM_BENCH_SCALING_H
#define NM_BENCH_SCALING_H

#include "scaling_model.h"

#include <stdbool.h>
#include <stddef.h>

enum { SCALING_MAX_NETWORKS = 3, SCALING_MAX_RANKS = 64, SCALING_MAX_MEASURED = 32 };

typedef struct scaling_question {
    const char *preset;
    double batch, steps; /* of a rank */
    scaling_update update;
    scaling_network networks[SCALING_MAX_NETWORKS];
    const char *names[SCALING_MAX_NETWORKS];
    unsigned network_count;
    scaling_ranks ranks;
    scaling_epoch epoch; /* updates 0: not asked */
    double critical;     /* rows; 0: not asked */
    unsigned counts[SCALING_MAX_RANKS];
    unsigned count_count;
    double measured[2][SCALING_MAX_MEASURED]; /* ranks, efficiencies */
    size_t measured_count;
} scaling_question;

/* Of n ranks on a network: the time that one rank takes over that of n. */
double scaling_efficiency(const scaling_question *question, unsigned network, unsigned n);

/* How many times sooner than one rank n of them are at the same loss. */
double scaling_sooner(const scaling_question *question, unsigned network, unsigned n);

/* Draws the curves into a file whose name ends in .svg, .png or .pdf; false where that fails. */
bool scaling_draw(const scaling_question *question, const char *path);

#endif
