/* SPDX-License-Identifier: ISC */
/* The network "biaxial" (Johnson 2017; Mao, Shin, Cottrell 2018): a step is a set of K keys, each
 * with one or two bits. Along time a stack of LSTM layers, its weights shared by all keys, reads
 * what it is told of a key's neighbourhood in the step before; along the keys, from low to high, a
 * second stack reads what the first says of a key and the bits chosen for the key below; a dense
 * layer makes the logits of the key's bits. So p(step | past) = product over keys of
 * p(key | past, keys below), an exact model. Truth is fed along the keys while training and
 * evaluating. Sets of keys are integers here: it has never heard of a note.
 *
 * A set is NM_SET_WORDS words of 32 keys, the lowest in bit 0 of word 0; a step is D sets: bit 0
 * ("on": the key is in the set) and, where D = 2, bit 1 ("anew": it was not merely kept). Bit 1
 * says something only where the key is on now and was on in the step before: elsewhere it equals
 * bit 0, costs nothing and has no gradient. */
#ifndef NM_NN_BIAXIAL_H
#define NM_NN_BIAXIAL_H

#include "nn/batch.h"
#include "nn/optim.h"

#include <neume/status.h>

enum { NM_SET_KEYS = 128, NM_SET_WORDS = 4, NM_MAX_AXIS_LAYERS = 4 };

/* Keys first..first + K - 1 of the 128 are computed; the others are neither read nor predicted. */
typedef struct nm_biaxial_shape {
    uint32_t first, key_count; /* first + K <= 128, K >= 1 */
    uint32_t bits;             /* D, 1 or 2 */
    uint32_t window;           /* keys around a key that it sees, odd: 25 are 12 on each side */
    uint32_t period;           /* of the classes that keys fall into, by (key mod period); 1..32 */
    uint32_t place_bits;       /* low bits of the place that are told, 0..16 */
    bool has_absolute;         /* a key also sees its own number and class; without, the network is
                                * the same for all keys */
    uint32_t time_layers[NM_MAX_AXIS_LAYERS], time_count; /* H of each LSTM along time, 1..4 */
    uint32_t note_layers[NM_MAX_AXIS_LAYERS], note_count; /* H of each along the keys, 1..4 */
} nm_biaxial_shape;

/* What key k is told before step t (I numbers), of the sets of step t - 1 and the place of t:
 *   absolute: k / 64 - 1, then its class one-hot [period]   (only where has_absolute)
 *   window:   for each of the `window` keys from k - window/2 up: its D bits; 0 outside the range
 *   classes:  for each class c: how many keys of class (k + c) mod period are on [period]
 *   place:    each of the place's low bits, the lowest first [place_bits]
 *   1
 * Parameters, in this order: time.N.weight_ih [4H,I], time.N.weight_hh [4H,H], time.N.bias [4H];
 * note.N.weight_ih [4H, H_time + D at N = 0], note.N.weight_hh, note.N.bias; out.weight [D,H],
 * out.bias [D]. */
typedef struct nm_biaxial {
    nm_biaxial_shape shape;
    nm_params params;
} nm_biaxial;

/* Fills `biaxial`. Fails with NEUME_BAD_MODEL where a size is 0, out of range or too large. */
neume_status nm_biaxial_init(nm_biaxial *biaxial, const nm_biaxial_shape *shape,
                             neume_error *error);

/* First weights: matrices uniform ±1/sqrt(fan-in), biases 0, forget gates 1, and out.bias such
 * that a key is on with probability 0.05. */
void nm_biaxial_init_weights(const nm_biaxial *biaxial, real *weights, uint64_t seed);

/* Memory of a run over at most T steps of B rows. Of the noise it knows `dropout` (locked, after
 * each LSTM layer of both axes: one mask for a key of a row along time, one for a step along the
 * keys), `weight_drop` (of weight_hh of each LSTM). A pass takes some of the rows of a batch at a
 * time, from the sets to the losses and, in training, back to the gradients: so many that what this
 * needs fits in NM_BIAXIAL_CHUNK_BYTES (one at least). Losses do not depend on it. */
typedef struct nm_biaxial_run nm_biaxial_run;

/* Small: larger chunks were no faster (bench/LOG.md). */
enum { NM_BIAXIAL_CHUNK_BYTES = 1 << 27 };

/* Fails with NEUME_BAD_USAGE where max_T, max_B or the noise are out of range, or name a noise that
 * it does not know. Borrowed: `biaxial` is used as long as the run. Nothing is allocated later. */
neume_status nm_biaxial_run_new(nm_biaxial_run **out, neume_context *context,
                                const nm_biaxial *biaxial, const nm_run_options *options,
                                neume_error *error);
void nm_biaxial_run_free(nm_biaxial_run *run);

/* Bytes that nm_biaxial_run_new will allocate, but for their alignment; SIZE_MAX where it will
 * fail. */
size_t nm_biaxial_run_bytes(const neume_context *context, const nm_biaxial *biaxial,
                            const nm_run_options *options);

/* As nm_stack_run_pack, nm_stack_run_pack_noisy and nm_stack_run_renew. */
void nm_biaxial_run_pack(nm_biaxial_run *run, const real *weights);
void nm_biaxial_run_pack_noisy(nm_biaxial_run *run, const real *weights, uint64_t update);
void nm_biaxial_run_renew(nm_biaxial_run *run, const nm_optim_update *update, uint64_t next);

/* The state along time, for checkpoints: [layer][2 (h, c)][max_B][K][H], one after the other. */
real *nm_biaxial_run_state(nm_biaxial_run *run, size_t *count);
nm_state_parts nm_biaxial_run_state_parts(const nm_biaxial_run *run);

/* Divides all logits of evaluating passes and steps; 1 at first. */
void nm_biaxial_run_set_temperature(nm_biaxial_run *run, real temperature);

/* Only keys low..high of the 128 are counted in losses and right guesses of evaluating passes; all
 * at first. */
void nm_biaxial_run_count_keys(nm_biaxial_run *run, uint32_t low, uint32_t high);

/* Forward with losses, teacher forced. batch->inputs is [T,B,C], C = D NM_SET_WORDS + 1: the sets
 * of the step before (empty at a piece's begin), then the place of this step; targets[d
 * NM_SET_WORDS + w].words is word w of bit d's set; masks, rules and contexts are not read. The
 * state goes on. NM_PASS_STATISTICS is as NM_PASS_EVALUATE. */
void nm_biaxial_forward(nm_biaxial_run *run, const nm_batch *batch, uint64_t update,
                        nm_pass_kind kind);

/* Gradient of  scale (the sum of all losses of the last training forward, of this batch),  added to
 * `gradient`, a block of the table. The forward has computed it; this is cheap. */
void nm_biaxial_backward(nm_biaxial_run *run, real scale, real *gradient);

/* Of the last forward, [T,B]: nats of bit d (0 or 1), summed over the keys; and whether each key's
 * likelier value of that bit was right. Borrowed: until the next pass. */
const real *nm_biaxial_losses(const nm_biaxial_run *run, unsigned bit);
const uint8_t *nm_biaxial_correct(const nm_biaxial_run *run, unsigned bit);

/* For composing: the time axis of one step of every row, inputs [B,C] and reset [B] as in a batch;
 * then, for keys k = 0..K-1 in this order, their logits [B,D] given the bits chosen for the key
 * below, `below` [B] (bit d of the byte is bit d; not read where k = 0). Borrowed: until the next
 * call. */
void nm_biaxial_step(nm_biaxial_run *run, const uint32_t *inputs, const uint8_t *reset);
const real *nm_biaxial_logits(nm_biaxial_run *run, uint32_t k, const uint8_t *below);

#endif
