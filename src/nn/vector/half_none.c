/* SPDX-License-Identifier: ISC */
/* A build without products of halves. */
#include "nn/vector/tables.h"

const nm_ops *const nm_ops_half = NULL;
