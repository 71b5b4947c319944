/* SPDX-License-Identifier: ISC */
#include "learn/network_run.h"

neume_status nm_network_run_init(nm_network_run *run, neume_context *context,
                                 const nm_network *network, const nm_run_options *options,
                                 neume_error *error) {
    *run = (nm_network_run){0};
    return nm_stack_run_new(&run->stack, context, &network->stack, options, error);
}

void nm_network_run_clear(nm_network_run *run) {
    nm_stack_run_free(run->stack);
    *run = (nm_network_run){0};
}

size_t nm_network_run_bytes(const neume_context *context, const nm_network *network,
                            const nm_run_options *options) {
    return nm_stack_run_bytes(context, &network->stack, options);
}

void nm_network_pack(const nm_network_run *run, const real *weights) {
    nm_stack_run_pack(run->stack, weights);
}

void nm_network_pack_noisy(const nm_network_run *run, const real *weights, uint64_t update) {
    nm_stack_run_pack_noisy(run->stack, weights, update);
}

real *nm_network_state(const nm_network_run *run, size_t *count) {
    return nm_stack_run_state(run->stack, count);
}

void nm_network_set_temperature(const nm_network_run *run, real temperature) {
    nm_stack_run_set_temperature(run->stack, temperature);
}

void nm_network_forward(const nm_network_run *run, const nm_batch *batch, uint64_t update,
                        nm_pass_kind kind) {
    nm_stack_forward(run->stack, batch, update, kind);
}

void nm_network_backward(const nm_network_run *run, const nm_batch *batch, real scale,
                         real *gradient) {
    nm_stack_backward(run->stack, batch, scale, gradient);
}

void nm_network_take_statistics(const nm_network_run *run, real *weights, real share) {
    nm_stack_take_statistics(run->stack, weights, share);
}

const real *nm_network_losses(const nm_network_run *run, unsigned stream) {
    return nm_stack_losses(run->stack, stream);
}

const uint8_t *nm_network_correct(const nm_network_run *run, unsigned stream) {
    return nm_stack_correct(run->stack, stream);
}
