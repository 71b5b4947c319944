/* SPDX-License-Identifier: ISC */
/* The networks whose gradients are checked: each part alone, then all that a network of frames and
 * one of streams have at once. */
#ifndef NM_TEST_GRADIENT_CASES_H
#define NM_TEST_GRADIENT_CASES_H

#include "network_case.h"

extern const network_case gradient_cases[];
extern const size_t gradient_case_count;

#endif
