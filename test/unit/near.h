/* SPDX-License-Identifier: ISC */
/* Real numbers compared in double: cmocka's own assertion rounds to float. */
#ifndef NM_TEST_NEAR_H
#define NM_TEST_NEAR_H

#include "test.h"

#include <math.h>

static inline void test_near(double found, double expected, double tolerance, const char *where) {
    if (!(fabs(found - expected) <= tolerance))
        fail_msg("%s: %.17g, expected %.17g within %g", where, found, expected, tolerance);
}

#define assert_near(found, expected, tolerance) test_near(found, expected, tolerance, #found)

#endif
