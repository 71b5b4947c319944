/* SPDX-License-Identifier: ISC */
#include "learn/network_run.h"

neume_status nm_network_run_init(nm_network_run *run, neume_context *context,
                                 const nm_network *network, const nm_run_options *options,
                                 neume_error *error) {
    *run = (nm_network_run){0};
    return network->is_biaxial
               ? nm_biaxial_run_new(&run->biaxial, context, &network->biaxial, options, error)
               : nm_stack_run_new(&run->stack, context, &network->stack, options, error);
}

void nm_network_run_clear(nm_network_run *run) {
    nm_stack_run_free(run->stack);
    nm_biaxial_run_free(run->biaxial);
    *run = (nm_network_run){0};
}

size_t nm_network_run_bytes(const neume_context *context, const nm_network *network,
                            const nm_run_options *options) {
    return network->is_biaxial ? nm_biaxial_run_bytes(context, &network->biaxial, options)
                               : nm_stack_run_bytes(context, &network->stack, options);
}

void nm_network_pack(const nm_network_run *run, const real *weights) {
    if (run->biaxial)
        nm_biaxial_run_pack(run->biaxial, weights);
    else
        nm_stack_run_pack(run->stack, weights);
}

void nm_network_pack_noisy(const nm_network_run *run, const real *weights, uint64_t update) {
    if (run->biaxial)
        nm_biaxial_run_pack_noisy(run->biaxial, weights, update);
    else
        nm_stack_run_pack_noisy(run->stack, weights, update);
}

void nm_network_renew(const nm_network_run *run, const nm_optim_update *update, uint64_t next) {
    if (run->biaxial)
        nm_biaxial_run_renew(run->biaxial, update, next);
    else
        nm_stack_run_renew(run->stack, update, next);
}

real *nm_network_state(const nm_network_run *run, size_t *count) {
    return run->biaxial ? nm_biaxial_run_state(run->biaxial, count)
                        : nm_stack_run_state(run->stack, count);
}

nm_state_parts nm_network_state_parts(const nm_network_run *run) {
    return run->biaxial ? nm_biaxial_run_state_parts(run->biaxial)
                        : nm_stack_run_state_parts(run->stack);
}

void nm_network_set_temperature(const nm_network_run *run, real temperature) {
    if (run->biaxial)
        nm_biaxial_run_set_temperature(run->biaxial, temperature);
    else
        nm_stack_run_set_temperature(run->stack, temperature);
}

void nm_network_count_keys(const nm_network_run *run, uint32_t low, uint32_t high) {
    nm_biaxial_run_count_keys(run->biaxial, low, high);
}

void nm_network_forward(const nm_network_run *run, const nm_batch *batch, uint64_t update,
                        nm_pass_kind kind) {
    if (run->biaxial)
        nm_biaxial_forward(run->biaxial, batch, update, kind);
    else
        nm_stack_forward(run->stack, batch, update, kind);
}

void nm_network_backward(const nm_network_run *run, const nm_batch *batch, real scale,
                         real *gradient) {
    if (run->biaxial)
        nm_biaxial_backward(run->biaxial, scale, gradient);
    else
        nm_stack_backward(run->stack, batch, scale, gradient);
}

void nm_network_take_statistics(const nm_network_run *run, real *weights, real share) {
    if (run->stack)
        nm_stack_take_statistics(run->stack, weights, share);
}

const real *nm_network_losses(const nm_network_run *run, unsigned stream) {
    return run->biaxial ? nm_biaxial_losses(run->biaxial, stream)
                        : nm_stack_losses(run->stack, stream);
}

const uint8_t *nm_network_correct(const nm_network_run *run, unsigned stream) {
    return run->biaxial ? nm_biaxial_correct(run->biaxial, stream)
                        : nm_stack_correct(run->stack, stream);
}
