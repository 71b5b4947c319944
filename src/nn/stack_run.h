/* SPDX-License-Identifier: ISC */
/* The inside of nm_stack_run: where everything that a run changes lies, in one block. */
#ifndef NM_NN_STACK_RUN_H
#define NM_NN_STACK_RUN_H

#include "nn/layers.h"
#include "nn/stack.h"

/* A layer's locked dropout: what it drops goes to `y`. */
typedef struct nm_stack_dropout {
    real *mask; /* [B,H]; NULL: no dropout in this run */
    real *y;    /* [N,H] */
} nm_stack_dropout;

typedef struct nm_stack_lstm {
    size_t I, H;
    size_t weight_ih, weight_hh, bias; /* offsets in a block of parameters */
    real *packed, *tape;
    real *h, *c; /* [B,H] in the state */
    real *y;     /* [N,H] */
    nm_stack_dropout dropout;
    const real *x; /* of the last forward: [N,I], or NULL for one-hot */
} nm_stack_lstm;

typedef struct nm_stack_dense {
    nm_dense dense;
    size_t weight, bias; /* offsets */
    real *y;             /* [N,D] */
    nm_stack_dropout dropout;
    const real *x; /* of the last forward */
} nm_stack_dense;

struct nm_stack_run {
    neume_context *context;
    const nm_ops *ops;
    const nm_stack *stack;
    nm_stack_run_options options;
    const real *weights; /* as last packed */
    real *block;         /* in which all that follows lies */
    real *state;         /* [L][h, c][B,H_l] */
    size_t state_count;
    real *embedded; /* [N,E] */
    nm_stack_lstm lstm[NM_MAX_LAYERS];
    nm_stack_dense trunk; /* dense.n = 0: none */
    nm_head head;
    size_t head_weight, head_bias; /* offsets */
    real *loss;                    /* [N] */
    uint8_t *correct;              /* [N] */
    real *buffers[2]; /* [N, widest layer]: gradients in training; outputs in turn otherwise */
    real *scratch;    /* for lstm_backward */
};

#endif
