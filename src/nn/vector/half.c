/* SPDX-License-Identifier: ISC */
/* A build with products of halves. */
#include "nn/vector/tables.h"

extern const nm_ops nm_ops_avx512fp16;

const nm_ops *const nm_ops_half = &nm_ops_avx512fp16;
