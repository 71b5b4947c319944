/* SPDX-License-Identifier: ISC */
/* Optimisers on parameter blocks. State is blocks of the same layout, so that a checkpoint can hold
 * it. Elementwise: the same for any number of threads. */
#ifndef NM_NN_OPTIM_H
#define NM_NN_OPTIM_H

#include "nn/frozen.h"

#include <neume/train.h>

typedef struct nm_optim {
    neume_optimizer kind;
    double learning_rate;
    double weight_decay;
    double gradient_factor;  /* of the gradient, for clipping; 1: as it is */
    double average_decay;    /* of blocks.average */
    uint64_t update;         /* 1 for the first */
    const nm_frozen *frozen; /* left alone: weights, state and average; NULL: none */
} nm_optim;

/* What an update reads and writes, all of one layout. */
typedef struct nm_optim_blocks {
    real *weights;
    real *gradient; /* zero afterwards, for the next backward to add to */
    real *state[2]; /* nm_optim_state_count of them, zero before the first update */
    real *average;  /* average = decay average + (1 - decay) weights; NULL: none */
} nm_optim_blocks;

/* Blocks of state that an optimiser needs: 0, 1 or 2. */
unsigned nm_optim_state_count(neume_optimizer kind);

/* One update, in one pass over the memory. With g the gradient times its factor, w the weight, t
 * the update, lr the learning rate: adamw    m = .9 m + .1 g;  v = .99 v + .01 g²;  m' = m / (1 -
 * .9^t);  v' = v / (1 - .99^t) w -= lr (m' / (sqrt(v') + 1e-8) + decay w) adam     the same with
 * .999 for .99, and decay as below rmsprop  v = .9 v + .1 g²;  w -= lr g / (sqrt(v) + 1e-7) sgd m =
 * .9 m + g;  w -= lr m adadelta v = .95 v + .05 g²;  d = g sqrt(u + 1e-6) / sqrt(v + 1e-6);  u =
 * .95 u + .05 d² w -= lr d All but adamw take g + decay w for g. Decay holds for parameters that
 * have it. Sources: Loshchilov, Hutter 2019; Kingma, Ba 2015; Tieleman, Hinton 2012; Sutskever et
 * al. 2013; Zeiler 2012. The same as torch.optim's of these names with these constants. */
void nm_optim_step(nm_pool *pool, const nm_optim *optim, const nm_params *params,
                   const nm_optim_blocks *blocks);

/* An update under way: the same, but for any elements in any order, each once, so that they can be
 * used while they are in the cache. Borrowed: `params` and the blocks, until its end. */
typedef struct nm_optim_update {
    nm_optim optim;
    nm_optim_blocks blocks;
    const nm_params *params;
    real m_correction, v_correction; /* of adam and adamw: 1 / (1 - b^t) */
} nm_optim_update;

nm_optim_update nm_optim_begin(const nm_optim *optim, const nm_params *params,
                               const nm_optim_blocks *blocks);

/* Elements of the matrices of LSTM layers. To be called inside a job. */
void nm_optim_layer_elements(const nm_optim_update *update, nm_range range);

/* All parameters but those matrices. */
void nm_optim_rest(nm_pool *pool, const nm_optim_update *update);

/* The Euclidean norm of a block: partial sums over fixed pieces, added in order, in double. */
double nm_block_norm(nm_pool *pool, const nm_params *params, const real *block);

/* Whether every number of the block is finite. */
bool nm_block_is_finite(const nm_params *params, const real *block);

#endif
