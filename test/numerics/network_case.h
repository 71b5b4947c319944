/* SPDX-License-Identifier: ISC */
/* A small network with weights and batches drawn at random, for checks of its numbers. */
#ifndef NM_TEST_NETWORK_CASE_H
#define NM_TEST_NETWORK_CASE_H

#include "nn/stack.h"

typedef struct network_case {
    const char *name;
    nm_stack_shape shape; /* the indices of its maps are drawn */
    size_t T, B;
    nm_noise noise;
    double reset_share;   /* of the positions where a piece begins */
    double padding_share; /* of the positions that are not valid */
    double masked_share;  /* of the words that a mask forbids; 0: no masks */
    bool carries_state;   /* another batch was read before */
} network_case;

enum { CASE_BATCHES = 2, CASE_RULES = 3, CASE_BLOCKS = 48 };

typedef struct network_data {
    nm_stack stack;
    real *weights;
    nm_batch batches[CASE_BATCHES];
    void *blocks[CASE_BLOCKS]; /* what the batches and maps lie in */
    size_t block_count;
} network_data;

void network_data_init(network_data *data, neume_context *context, const network_case *shape);
void network_data_clear(network_data *data, neume_context *context);

nm_stack_run *network_run_new(neume_context *context, const network_case *shape,
                              const nm_stack *stack);

#endif
