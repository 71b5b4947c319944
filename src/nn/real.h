/* SPDX-License-Identifier: ISC */
/* The number that networks compute with: float; double in the build that checks gradients. */
#ifndef NM_NN_REAL_H
#define NM_NN_REAL_H

#include <math.h>

#ifdef NM_DOUBLE
typedef double real;
#define nm_exp exp
#define nm_lrint lrint
#define nm_sqrt sqrt
#define nm_tanh tanh
#else
typedef float real;
#define nm_exp expf
#define nm_lrint lrintf
#define nm_sqrt sqrtf
#define nm_tanh tanhf
#endif

#endif
