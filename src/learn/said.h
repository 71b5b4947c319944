/* SPDX-License-Identifier: ISC */
/* What of a composed song becomes a score: all of it, or what comes behind its primer. */
#ifndef NM_LEARN_SAID_H
#define NM_LEARN_SAID_H

#include "learn/composer.h"

typedef struct nm_said {
    neume_sequence sequence; /* its words are borrowed from the composed song or from `owned` */
    uint32_t *owned;
    double from; /* where it begins, in quarters from the begin of the primer */
} nm_said;

/* With `left_out` steps of primer left out, what holds on behind it (metre, tempo, program, pedals)
 * is said in its place. */
neume_status nm_said_init(nm_said *said, neume_context *context, const nm_composer_plan *plan,
                          const nm_composed *composed, size_t left_out);
void nm_said_clear(neume_context *context, nm_said *said);

#endif
