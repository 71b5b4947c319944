/* SPDX-License-Identifier: ISC */
/* The inside of nm_stack_run: where everything that a run changes lies, in one block; and the parts
 * of a pass, each a pair of forward and backward. */
#ifndef NM_NN_STACK_RUN_H
#define NM_NN_STACK_RUN_H

#include "nn/layer_weights.h"
#include "nn/stack.h"

/* A locked dropout of a row `width` wide. */
typedef struct nm_stack_dropout {
    nm_purpose purpose;
    unsigned place;
    real probability;
    size_t width;
    real *mask; /* [B,width]; NULL: no dropout in this run */
} nm_stack_dropout;

typedef struct nm_stack_norm {
    size_t D;                          /* 0: none */
    size_t gain, bias, mean, variance; /* offsets in a block of parameters */
    real *given;                       /* [2,D] mean and variance of the weights, batch norm only */
    real *batch;                       /* [2,D] those of the last pass that was not an evaluation */
    real *kept;                        /* for backward */
} nm_stack_norm;

/* An LSTM layer, or the branch of a stream: y, then h = y + x where there is a residual, then norm
 * and dropout to `out`. Without backward all three are one. */
typedef struct nm_stack_lstm {
    nm_layer_weights w; /* places: branches first */
    bool has_residual;
    real *tape;
    real *h0, *c0;     /* [B,H] in the state */
    real *y, *h, *out; /* [N,H] */
    nm_stack_norm norm;
    nm_stack_dropout dropout;
    real *table;           /* of words, where it has one */
    const real *x;         /* of the last forward: [N,I], with words [D,I], or NULL for one-hot */
    const uint32_t *words; /* of the last forward: [N] rows of x, or one-hot inputs; or NULL */
    size_t D;
} nm_stack_lstm;

/* The distinct rows of embed.weight that a batch names: where a position has a single row, and
 * nothing is done to it before the layer, the layer's products are made once for each of them. */
typedef struct nm_stack_words {
    uint32_t *rows;  /* [D] in the order of their first positions; NULL: a layer without words */
    uint32_t *index; /* [N] which of them */
    size_t D;
} nm_stack_words;

/* dense -> activation -> dropout, in place in y. */
typedef struct nm_stack_dense {
    nm_dense dense;      /* n = 0: none */
    size_t weight, bias; /* offsets */
    real *y;             /* [N,D] */
    nm_stack_dropout dropout;
    const real *x; /* of the last forward */
} nm_stack_dense;

/* A head: [dense -> + chains -> activation, to `hidden` -> norm -> dropout, to `normed`] -> out
 * [-> + chains], to `z` -> logits. */
typedef struct nm_stack_head {
    nm_dense dense;                  /* n = 0: none */
    size_t dense_weight, dense_bias; /* offsets */
    nm_stack_norm norm;
    nm_stack_dropout dropout;
    size_t chains[NM_MAX_STREAMS]; /* offsets */
    size_t chain_width;            /* D or Z */
    nm_dense out;                  /* n = Z */
    size_t weight, bias;           /* offsets */
    real *dweight;                 /* [Z,k], like dheads */
    size_t chunk;                  /* positions whose logits are made at once */
    real *loss;                    /* [N] */
    uint8_t *correct;              /* [N] */
} nm_stack_head;

struct nm_stack_run {
    neume_context *context;
    const nm_ops *ops;
    const nm_stack *stack;
    nm_run_options options;
    real temperature;
    const real *weights; /* as last packed */
    bool is_noisy;       /* packed with weight-drop, where there is one */
    real *block;         /* in which all that follows lies */
    real *state;         /* [layer][h, c][B,H], branches first */
    size_t state_count;

    uint32_t first_row[NM_MAX_STREAMS + NM_MAX_FEATURES]; /* of each input in embed.weight */
    uint32_t *rows;                                       /* [N,S+F] of embed.weight */
    uint32_t row_count;                                   /* of embed.weight */
    uint32_t *places;                                     /* [row_count+1] in `words` */
    nm_stack_words words[NM_MAX_STREAMS];                 /* of each branch, or one */
    real *embedded[NM_MAX_STREAMS];                       /* [N,E]: of each branch, or one */
    unsigned embedded_count;
    nm_stack_dropout input_dropout[NM_MAX_STREAMS];
    real *branches; /* [N, S*H] the branches' outputs, side by side */
    nm_stack_dropout branch_dropout;
    real *dembedded; /* [N,E], of branches */

    unsigned branch_count, lstm_count;
    nm_stack_lstm lstm[NM_MAX_STREAMS + NM_MAX_LAYERS]; /* branches first */
    nm_stack_dense trunk;
    size_t body_width; /* k */
    const real *body;  /* what the last forward handed to the heads, [N,k] */

    nm_stack_head heads[NM_MAX_STREAMS];
    real *hidden, *normed, *dhidden; /* [N,D] of a head at a time */
    real *z, *logits;                /* [chunk,Z], [chunk,V]; the same where there are no maps */
    real *dbody;                     /* [N,k] of the unscaled losses */
    size_t heads_offset;             /* where the heads' parameters begin */
    real *dheads;                    /* their gradients, of the unscaled losses */

    real *buffers[2]; /* [N, widest]: gradients in training; outputs in turn otherwise */
    real *scratch;    /* for lstm_backward */
};

/* Shapes and offsets of all parts. */
void nm_stack_run_locate(nm_stack_run *run);

/* Places everything in the block; returns the reals that it takes. NULL: only counts. */
size_t nm_stack_run_place(nm_stack_run *run, real *block);

/* A pass over T steps: what all parts need to know. */
typedef struct nm_stack_pass {
    nm_stack_run *run;
    nm_pool *pool;
    size_t T, N;
    const nm_batch *batch;
    uint64_t update;
    nm_pass_kind kind;
    const uint32_t *chosen; /* [B,S] of a step; NULL: the batch's targets */
} nm_stack_pass;

/* y = x with dropout, in a training pass; y may be x. Returns y, or x where there is no dropout. */
const real *nm_stack_drop(const nm_stack_pass *p, const nm_stack_dropout *dropout, real *y,
                          const real *x);
void nm_stack_drop_backward(const nm_stack_pass *p, const nm_stack_dropout *dropout, real *dy);

/* y = x normed; y may be x. Returns y, or x where there is no norm. */
const real *nm_stack_norm_forward(const nm_stack_pass *p, const nm_stack_norm *norm, real *y,
                                  const real *x);
void nm_stack_norm_backward(const nm_stack_pass *p, const nm_stack_norm *norm,
                            const nm_norm_grad *grad);

/* As many layers, of which each hears the y of the one before. */
void nm_stack_lstm_forward(const nm_stack_pass *p, nm_stack_lstm *lstms, unsigned count,
                           const real *x);
/* dx NULL: not wanted. */
void nm_stack_lstm_backward(const nm_stack_pass *p, const nm_stack_lstm *lstm, real *gradient,
                            const real *dy, real *dx);

/* From words to what enters the first layer, [N,I]; NULL for one-hot. */
const real *nm_stack_input_forward(const nm_stack_pass *p);
void nm_stack_input_backward(const nm_stack_pass *p, real *gradient, real *dx);

/* The losses of all heads; in training their gradients too, to dheads and dbody. */
void nm_stack_heads_forward(const nm_stack_pass *p, const real *x);
void nm_stack_heads_backward(const nm_stack_pass *p, real scale, real *gradient, real *dx);
const real *nm_stack_head_logits(const nm_stack_pass *p, unsigned stream, const real *x);

#endif
