/* SPDX-License-Identifier: ISC */
#include "nn/stack_run.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

static nm_stack_run run_on(neume_context *context, const nm_ops *ops, const nm_stack *stack,
                           const nm_run_options *options) {
    nm_stack_run run = {
        .context = context, .ops = ops, .stack = stack, .options = *options, .temperature = 1};
    nm_stack_run_locate(&run);
    return run;
}

size_t nm_stack_run_bytes(const neume_context *context, const nm_stack *stack,
                          const nm_run_options *options) {
    if (nm_run_options_check(options, NULL))
        return SIZE_MAX;
    nm_stack_run run = run_on(NULL, nm_ops_at(context, options->products), stack, options);
    return sizeof run + nm_stack_run_place(&run, NULL) * sizeof(real);
}

neume_status nm_stack_run_new(nm_stack_run **out, neume_context *context, const nm_stack *stack,
                              const nm_run_options *options, neume_error *error) {
    *out = NULL;
    const neume_status status = nm_run_options_check(options, error);
    if (status)
        return status;
    nm_stack_run *run = nm_alloc(context, 1, sizeof *run);
    if (!run)
        return nm_fail_memory(error, "network");
    *run = run_on(context, nm_ops_at(context, options->products), stack, options);
    real *block = nm_alloc_aligned(context, nm_stack_run_place(run, NULL), sizeof(real));
    if (!block) {
        nm_free(context, run);
        return nm_fail_memory(error, "network");
    }
    nm_stack_run_place(run, block);
    *out = run;
    return NEUME_OK;
}

void nm_stack_run_free(nm_stack_run *run) {
    if (!run)
        return;
    nm_free_aligned(run->context, run->block);
    nm_free(run->context, run);
}

static void pack_dense(nm_stack_run *run, nm_dense *dense, size_t weight, size_t bias) {
    if (dense->n)
        nm_dense_pack(run->context->pool, run->ops, dense, run->weights + weight,
                      run->weights + bias);
}

static void copy_moments(const nm_stack_run *run, const nm_stack_norm *norm) {
    if (!norm->given)
        return;
    memcpy(norm->given, run->weights + norm->mean, norm->D * sizeof(real));
    memcpy(norm->given + norm->D, run->weights + norm->variance, norm->D * sizeof(real));
}

static void pack_all(nm_stack_run *run, const nm_packing *packing) {
    run->weights = packing->weights;
    run->is_noisy = packing->is_noisy;
    for (unsigned l = 0; l < run->lstm_count; l++) {
        nm_layer_pack(run->context->pool, run->ops, &run->options, packing, &run->lstm[l].w);
        copy_moments(run, &run->lstm[l].norm);
    }
    pack_dense(run, &run->trunk.dense, run->trunk.weight, run->trunk.bias);
    for (unsigned s = 0; s < run->stack->shape.stream_count; s++) {
        nm_stack_head *head = &run->heads[s];
        pack_dense(run, &head->dense, head->dense_weight, head->dense_bias);
        pack_dense(run, &head->out, head->weight, head->bias);
        copy_moments(run, &head->norm);
    }
}

void nm_stack_run_pack(nm_stack_run *run, const real *weights) {
    pack_all(run, &(nm_packing){.weights = weights});
}

void nm_stack_run_pack_noisy(nm_stack_run *run, const real *weights, uint64_t update) {
    pack_all(run, &(nm_packing){.weights = weights, .is_noisy = true, .pass = update});
}

void nm_stack_run_renew(nm_stack_run *run, const nm_optim_update *update, uint64_t next) {
    const nm_packing packing = nm_packing_after(run->context->pool, update, next);
    pack_all(run, &packing);
}

/* A share of 1 leaves nothing of what was there. */
static void move(real *values, const real *towards, size_t count, real share) {
    for (size_t i = 0; i < count; i++)
        values[i] = (1 - share) * values[i] + share * towards[i];
}

static void take_moments(const nm_stack_norm *norm, real *weights, real share) {
    if (!norm->batch)
        return;
    move(weights + norm->mean, norm->batch, norm->D, share);
    move(weights + norm->variance, norm->batch + norm->D, norm->D, share);
}

void nm_stack_take_statistics(const nm_stack_run *run, real *weights, real share) {
    take_moments(&run->lstm[run->lstm_count - 1].norm, weights, share);
    for (unsigned s = 0; s < run->stack->shape.stream_count; s++)
        take_moments(&run->heads[s].norm, weights, share);
}

real *nm_stack_run_state(nm_stack_run *run, size_t *count) {
    *count = run->state_count;
    return run->state;
}

nm_state_parts nm_stack_run_state_parts(const nm_stack_run *run) {
    nm_state_parts parts = {.count = 2 * run->lstm_count};
    for (unsigned i = 0; i < parts.count; i++)
        parts.widths[i] = run->lstm[i / 2].w.H;
    return parts;
}

void nm_stack_run_set_temperature(nm_stack_run *run, real temperature) {
    run->temperature = temperature;
}

const real *nm_stack_losses(const nm_stack_run *run, unsigned stream) {
    return run->heads[stream].loss;
}

const uint8_t *nm_stack_correct(const nm_stack_run *run, unsigned stream) {
    return run->heads[stream].correct;
}
