/* SPDX-License-Identifier: ISC */
/* The network "stack": a step is S words (those of the step before in its streams) and F side
 * features, all small integers -> embedding rows, summed, or one LSTM branch for each stream, whose
 * outputs are concatenated -> L LSTM layers (locked dropout, weight-drop, optional residual) ->
 * optional trunk [norm -> dropout -> dense -> activation -> dropout] -> a head for each stream
 * [optional dense -> activation -> norm -> dropout] -> masked softmax. Heads are chained: head s
 * also sees the words chosen for streams < s, so that the joint probability is exact. A head may be
 * structured: the logit of a word is the sum of outputs that maps of integers choose for it.
 * Shape and parameter table are read-only; what a run changes is a separate nm_stack_run, so that
 * one set of weights serves many. It sees integers only: it has never heard of a note. */
#ifndef NM_NN_STACK_H
#define NM_NN_STACK_H

#include "nn/batch.h"
#include "nn/optim.h"

#include <neume/status.h>

enum { NM_MAX_LAYERS = 8, NM_MAX_FEATURES = 32, NM_MAX_MAPS = 4 };
enum { NM_NO_INDEX = UINT16_MAX }; /* of a map: it says nothing of this word */

typedef enum nm_norm { NM_NORM_NONE, NM_NORM_LAYER, NM_NORM_BATCH } nm_norm;
typedef enum nm_activation { NM_ACTIVATION_NONE, NM_ACTIVATION_RELU } nm_activation;

/* One map m of a structured head: the logit of word w is the sum over m of z_m[index_m[c_m][w]],
 * where the context c_m < context_count is given for each position. `index` is [context_count,V],
 * each < width or NM_NO_INDEX. Borrowed: as long as the stack. */
typedef struct nm_head_map {
    uint32_t context_count;
    uint32_t width; /* outputs z_m */
    const uint16_t *index;
} nm_head_map;

/* Words of stream s are below V_s; inputs may also be V_s, the begin input. */
typedef struct nm_stack_shape {
    unsigned stream_count;               /* S, 1..8 */
    uint32_t vocabulary[NM_MAX_STREAMS]; /* V of each stream */
    unsigned feature_count;              /* F side features, 0..32 */
    uint32_t features[NM_MAX_FEATURES];  /* how many values each has */
    uint32_t embed;                      /* E; 0: one-hot, only where S = 1 and F = 0 */
    uint32_t branch;                     /* H of an LSTM for each stream; 0: rows are summed */
    uint32_t layers[NM_MAX_LAYERS];      /* H of each LSTM layer */
    unsigned layer_count;                /* 1..8 */
    bool has_residual;                   /* a layer as wide as its input adds it to its output */
    uint32_t trunk;                      /* D of the dense layer before the heads; 0: none */
    uint32_t head;                       /* D of the dense layer in each head; 0: none */
    nm_norm norm;                        /* in trunk and heads */
    nm_activation activation;            /* of trunk and heads */
    bool is_tied;                        /* S = 1: the head's weight is the embedding's V words */
    unsigned map_count;                  /* M, only where S = 1; 0: the head is a plain one */
    nm_head_map maps[NM_MAX_MAPS];
} nm_stack_shape;

/* Parameters, in this order: embed.weight [sum of V+1 and of feature values, E], streams first;
 * branch.S.weight_ih [4H,E], branch.S.weight_hh [4H,H], branch.S.bias [4H]; lstm.N.weight_ih
 * [4H,I], lstm.N.weight_hh [4H,H], lstm.N.bias [4H]; trunk.norm.*, trunk.weight [D,H], trunk.bias
 * [D]; for each stream head.S.dense.weight [D,k], head.S.dense.bias [D], head.S.norm.*,
 * head.S.chain.J.weight [V_J, D or Z] for J < S, head.S.weight [Z,k] (not where tied), head.S.bias
 * [Z]; Z is V, or the sum of the maps' widths. A norm has weight [n], bias [n] and, for batches,
 * mean [n], variance [n] (statistics, which have no gradient). */
typedef struct nm_stack {
    nm_stack_shape shape;
    nm_params params;
} nm_stack;

/* Fills `stack`. Fails with NEUME_BAD_MODEL where a size is 0, too large or their product
 * overflows, or where parts do not go together. */
neume_status nm_stack_init(nm_stack *stack, const nm_stack_shape *shape, neume_error *error);

/* First weights: matrices uniform ±1/sqrt(fan-in), embedding normal (deviation 1; 0.1 where it
 * is tied or side features are summed), biases 0, forget gates 1, gains and variances 1, chains 0.
 */
void nm_stack_init_weights(const nm_stack *stack, real *weights, uint64_t seed);

/* Memory of a run over at most T steps of B rows. */
typedef struct nm_stack_run nm_stack_run;

/* Fails with NEUME_BAD_USAGE where max_T, max_B or the noise are out of range. Borrowed: `stack` is
 * used as long as the run. Nothing is allocated later. */
neume_status nm_stack_run_new(nm_stack_run **out, neume_context *context, const nm_stack *stack,
                              const nm_run_options *options, neume_error *error);
void nm_stack_run_free(nm_stack_run *run);

/* Bytes that nm_stack_run_new will allocate, but for their alignment; SIZE_MAX where it will fail.
 */
size_t nm_stack_run_bytes(const neume_context *context, const nm_stack *stack,
                          const nm_run_options *options);

/* Packs the weights; to be called after every change of them and before a pass. Borrowed: `weights`
 * are used until the next call. The second drops weights for a training pass of this update. */
void nm_stack_run_pack(nm_stack_run *run, const real *weights);
void nm_stack_run_pack_noisy(nm_stack_run *run, const real *weights, uint64_t update);

/* The update of the optimiser, as nm_optim_step, and then its weights as nm_stack_run_pack_noisy
 * for update `next`: in one pass over the layers' matrices. */
void nm_stack_run_renew(nm_stack_run *run, const nm_optim_update *update, uint64_t next);

/* The state of all layers, branches first: [layer][2 (h, c)][max_B][H], one after the other, for
 * checkpoints. */
real *nm_stack_run_state(nm_stack_run *run, size_t *count);
nm_state_parts nm_stack_run_state_parts(const nm_stack_run *run);

/* Divides all logits of evaluating passes and steps; 1 at first. */
void nm_stack_run_set_temperature(nm_stack_run *run, real temperature);

/* Forward with losses. `update` names the noise of a training pass (the last two kinds only of a
 * run for training). The state goes on. */
void nm_stack_forward(nm_stack_run *run, const nm_batch *batch, uint64_t update, nm_pass_kind kind);

/* Gradient of  scale (the sum of all streams' losses of the last training forward, with smoothed
 * targets) + the ar and tar terms,  added to `gradient`, a block of the table; where weights were
 * dropped, that of weight_hh is 0 before. */
void nm_stack_backward(nm_stack_run *run, const nm_batch *batch, real scale, real *gradient);

/* Moves the statistics in `weights` towards those of the last pass that was not an evaluation:
 * s += share (batch's - s). Nothing to do where the shape has no batch norm. */
void nm_stack_take_statistics(const nm_stack_run *run, real *weights, real share);

/* A stream's, of the last forward, [T,B]. Borrowed: until the next pass. */
const real *nm_stack_losses(const nm_stack_run *run, unsigned stream);
const uint8_t *nm_stack_correct(const nm_stack_run *run, unsigned stream);

/* For composing: one step of every row up to the heads, `inputs` [B,S+F]; then, stream after
 * stream, logits [B,V] given the words already chosen in this step, `chosen` [B,S] (those of
 * streams below are read), and `contexts` [B,M]. Borrowed: until the next call. */
void nm_stack_step(nm_stack_run *run, const uint32_t *inputs, const uint8_t *reset);
const real *nm_stack_logits(nm_stack_run *run, unsigned stream, const uint32_t *chosen,
                            const uint32_t *contexts);

#endif
