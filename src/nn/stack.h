/* SPDX-License-Identifier: ISC */
/* The network "stack": embedding (or one-hot) -> L LSTM layers, locked dropout after each ->
 * optional trunk [dense -> dropout] -> dense head -> masked softmax. Shape and parameter table are
 * read-only; what a run changes is a separate nm_stack_run, so that one set of weights serves many.
 * It sees integers only: it has never heard of a note. */
#ifndef NM_NN_STACK_H
#define NM_NN_STACK_H

#include "nn/ops.h"
#include "nn/params.h"

#include <neume/status.h>

enum { NM_MAX_LAYERS = 8 };

typedef struct nm_stack_shape {
    uint32_t vocabulary;            /* V words; inputs may also be V, the begin input */
    uint32_t embed;                 /* E columns of the embedding [V+1,E]; 0: one-hot */
    uint32_t layers[NM_MAX_LAYERS]; /* H of each LSTM layer */
    unsigned layer_count;           /* 1..8 */
    uint32_t trunk;                 /* D of the dense layer before the head; 0: none */
} nm_stack_shape;

/* Parameters, in this order: embed.weight [V+1,E]; lstm.N.weight_ih [4H,I], lstm.N.weight_hh
 * [4H,H], lstm.N.bias [4H]; trunk.weight [D,H], trunk.bias [D]; head.weight [V,D], head.bias [V].
 */
typedef struct nm_stack {
    nm_stack_shape shape;
    nm_params params;
} nm_stack;

/* Fills `stack`. Fails with NEUME_BAD_MODEL where a size is 0, too large or their product
 * overflows. */
neume_status nm_stack_init(nm_stack *stack, const nm_stack_shape *shape, neume_error *error);

/* First weights: matrices uniform ±1/sqrt(fan-in), embedding normal 1, biases 0, forget gates 1.
 */
void nm_stack_init_weights(const nm_stack *stack, real *weights, uint64_t seed);

/* Memory of a run over at most T steps of B rows. */
typedef struct nm_stack_run nm_stack_run;

typedef struct nm_stack_run_options {
    size_t max_T, max_B;
    bool for_training; /* keeps what backward needs */
    real dropout;  /* probability of what each locked mask drops, 0..<1; only in training passes */
    uint64_t seed; /* of the masks */
} nm_stack_run_options;

/* Fails with NEUME_BAD_USAGE where max_T, max_B or dropout are out of range. Borrowed: `stack` is
 * used as long as the run. Nothing is allocated later. */
neume_status nm_stack_run_new(nm_stack_run **out, neume_context *context, const nm_stack *stack,
                              const nm_stack_run_options *options, neume_error *error);
void nm_stack_run_free(nm_stack_run *run);

/* Bytes that nm_stack_run_new will allocate, but for their alignment; SIZE_MAX where it will fail.
 */
size_t nm_stack_run_bytes(const neume_context *context, const nm_stack *stack,
                          const nm_stack_run_options *options);

/* Packs the weights; to be called after every change of them and before a pass. Borrowed: `weights`
 * are used until the next call. */
void nm_stack_run_pack(nm_stack_run *run, const real *weights);

/* The state of all layers: [L][2 (h, c)][max_B][H_l], one after the other, for checkpoints. */
real *nm_stack_run_state(nm_stack_run *run, size_t *count);

/* A batch: T <= max_T steps of B = max_B rows (a run has one B). */
typedef struct nm_stack_batch {
    size_t T;
    const uint32_t *inputs;  /* [T,B], the word before; V at the begin of a piece */
    const uint32_t *targets; /* [T,B] */
    const uint8_t *reset;    /* [T,B], 1: a piece begins here */
    const uint8_t *valid;    /* [T,B], 0: padding; its loss and gradient are 0 */
    const uint8_t *masks;    /* [states,V], 1: allowed; NULL: all are */
    const uint32_t *states;  /* [T,B], which row of masks; NULL with masks */
} nm_stack_batch;

/* Forward with losses. `update` names the dropout masks of a training pass (`is_training`; only of
 * a run for training). The state goes on. */
void nm_stack_forward(nm_stack_run *run, const nm_stack_batch *batch, uint64_t update,
                      bool is_training);

/* Gradient of scale * (sum of the losses of the last training forward), added to `gradient`, a
 * block of the table. */
void nm_stack_backward(nm_stack_run *run, const nm_stack_batch *batch, real scale, real *gradient);

/* Of the last forward, [T,B]. Borrowed: until the next pass. */
const real *nm_stack_losses(const nm_stack_run *run);
const uint8_t *nm_stack_correct(const nm_stack_run *run);

/* One step of every row without targets, for composing: logits [B,V]. Borrowed: until the next
 * pass. */
const real *nm_stack_step(nm_stack_run *run, const uint32_t *inputs, const uint8_t *reset);

#endif
