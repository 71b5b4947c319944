/* SPDX-License-Identifier: ISC */
/* The table of operations of the double build. A test may put another in its place for a while. */
#ifndef NM_TEST_OPS_DOUBLE_H
#define NM_TEST_OPS_DOUBLE_H

#include "nn/ops.h"

extern const nm_ops *test_ops;

#endif
