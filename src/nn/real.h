/* SPDX-License-Identifier: ISC */
/* The number that networks compute with: float; double in the build that checks gradients. */
#ifndef NM_NN_REAL_H
#define NM_NN_REAL_H

#ifdef NM_DOUBLE
typedef double real;
#else
typedef float real;
#endif

#endif
