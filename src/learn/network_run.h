/* SPDX-License-Identifier: ISC */
/* A run of whichever network a model has, over batches of steps: what training and likelihoods see
 * of it. The functions are those of nn/stack.h by their names. */
#ifndef NM_LEARN_NETWORK_RUN_H
#define NM_LEARN_NETWORK_RUN_H

#include "learn/network.h"

typedef struct nm_network_run {
    nm_stack_run *stack; /* one of the two */
    nm_biaxial_run *biaxial;
} nm_network_run;

/* Borrowed: `network` is used as long as the run. On failure nothing is to be cleared. */
neume_status nm_network_run_init(nm_network_run *run, neume_context *context,
                                 const nm_network *network, const nm_run_options *options,
                                 neume_error *error);
void nm_network_run_clear(nm_network_run *run);
size_t nm_network_run_bytes(const neume_context *context, const nm_network *network,
                            const nm_run_options *options);

void nm_network_pack(const nm_network_run *run, const real *weights);
void nm_network_pack_noisy(const nm_network_run *run, const real *weights, uint64_t update);
void nm_network_renew(const nm_network_run *run, const nm_optim_update *update, uint64_t next);
real *nm_network_state(const nm_network_run *run, size_t *count);
nm_state_parts nm_network_state_parts(const nm_network_run *run);
void nm_network_set_temperature(const nm_network_run *run, real temperature);

/* Of a biaxial one, as nm_biaxial_run_count_keys. */
void nm_network_count_keys(const nm_network_run *run, uint32_t low, uint32_t high);

void nm_network_forward(const nm_network_run *run, const nm_batch *batch, uint64_t update,
                        nm_pass_kind kind);
void nm_network_backward(const nm_network_run *run, const nm_batch *batch, real scale,
                         real *gradient);
void nm_network_take_statistics(const nm_network_run *run, real *weights, real share);

/* Of the last forward, [T,B], by the codec's streams. Borrowed: until the next pass. */
const real *nm_network_losses(const nm_network_run *run, unsigned stream);
const uint8_t *nm_network_correct(const nm_network_run *run, unsigned stream);

#endif
