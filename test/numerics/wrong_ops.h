/* SPDX-License-Identifier: ISC */
/* Backward operations that lack a term each: a check of gradients must fail for every one of them.
 */
#ifndef NM_TEST_WRONG_OPS_H
#define NM_TEST_WRONG_OPS_H

#include "nn/ops.h"

typedef void (*wrong_lstm)(nm_pool *pool, const nm_lstm *layer, const nm_lstm_grad *grad);

enum { WRONG_LSTMS = 5 };

extern const wrong_lstm wrong_lstms[WRONG_LSTMS];

/* A matmul_grad without the bias. */
void wrong_dense(nm_pool *pool, const nm_matmul_grad *product);

#endif
