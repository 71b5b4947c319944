/* SPDX-License-Identifier: ISC */
/* Clocks that only go forward, in seconds. */
#ifndef NM_BASE_CLOCK_H
#define NM_BASE_CLOCK_H

#include "base/context.h"

/* Real time. */
double nm_clock(void);

/* What computations are timed with. Of a context with one thread the processor's time of the thread
 * that calls, so that others on the machine matter less; with several, real time. */
double nm_clock_of(const neume_context *context);

#endif
