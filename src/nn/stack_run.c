/* SPDX-License-Identifier: ISC */
#include "nn/stack_run.h"

#include "base/error.h"
#include "base/mem.h"

#include <stdio.h>

/* Hands out the parts of a block one after the other, aligned. Without a block it only counts. */
typedef struct arena {
    real *block;
    size_t used; /* reals */
} arena;

static real *take(arena *from, size_t count) {
    const size_t unit = NM_ALIGNMENT / sizeof(real), start = from->used;
    from->used += (count + unit - 1) / unit * unit;
    return from->block ? from->block + start : NULL;
}

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static size_t offset_of(const nm_stack *stack, const char *name) {
    return nm_params_find(&stack->params, name)->offset;
}

static void locate_lstm(nm_stack_lstm *lstm, const nm_stack *stack, unsigned layer) {
    const nm_stack_shape *shape = &stack->shape;
    const size_t input = shape->embed ? shape->embed : (size_t)shape->vocabulary + 1;
    char name[48];
    lstm->I = layer == 0 ? input : shape->layers[layer - 1];
    lstm->H = shape->layers[layer];
    snprintf(name, sizeof name, "lstm.%u.weight_ih", layer);
    lstm->weight_ih = offset_of(stack, name);
    snprintf(name, sizeof name, "lstm.%u.weight_hh", layer);
    lstm->weight_hh = offset_of(stack, name);
    snprintf(name, sizeof name, "lstm.%u.bias", layer);
    lstm->bias = offset_of(stack, name);
}

/* Shapes and offsets of the layers. */
static void locate(nm_stack_run *run) {
    const nm_stack *stack = run->stack;
    const nm_stack_shape *shape = &stack->shape;
    for (unsigned l = 0; l < shape->layer_count; l++)
        locate_lstm(&run->lstm[l], stack, l);
    size_t width = shape->layers[shape->layer_count - 1];
    if (shape->trunk) {
        run->trunk.dense.n = shape->trunk;
        run->trunk.dense.k = width;
        run->trunk.weight = offset_of(stack, "trunk.weight");
        run->trunk.bias = offset_of(stack, "trunk.bias");
        width = shape->trunk;
    }
    run->head.dense.n = shape->vocabulary;
    run->head.dense.k = width;
    run->head_weight = offset_of(stack, "head.weight");
    run->head_bias = offset_of(stack, "head.bias");
}

static size_t widest(const nm_stack_shape *shape) {
    size_t width = larger(shape->embed, shape->trunk);
    for (unsigned l = 0; l < shape->layer_count; l++)
        width = larger(width, shape->layers[l]);
    return width;
}

static size_t positions_of(const nm_stack_run *run) {
    return run->options.max_T * run->options.max_B;
}

static void take_state(nm_stack_run *run, arena *from) {
    const size_t B = run->options.max_B;
    run->state_count = 0;
    for (unsigned l = 0; l < run->stack->shape.layer_count; l++)
        run->state_count += 2 * B * run->lstm[l].H;
    run->state = take(from, run->state_count);
    real *next = run->state;
    for (unsigned l = 0; next && l < run->stack->shape.layer_count; l++) {
        run->lstm[l].h = next;
        run->lstm[l].c = next + B * run->lstm[l].H;
        next += 2 * B * run->lstm[l].H;
    }
}

static nm_stack_dropout take_dropout(const nm_stack_run *run, arena *from, size_t width) {
    if (!run->options.for_training || run->options.dropout == 0)
        return (nm_stack_dropout){NULL, NULL};
    return (nm_stack_dropout){.mask = take(from, run->options.max_B * width),
                              .y = take(from, positions_of(run) * width)};
}

static void take_packings(nm_stack_run *run, arena *from) {
    const bool for_backward = run->options.for_training;
    nm_dense *const dense[] = {&run->trunk.dense, &run->head.dense};
    for (unsigned l = 0; l < run->stack->shape.layer_count; l++) {
        nm_stack_lstm *lstm = &run->lstm[l];
        lstm->packed = take(from, run->ops->lstm_packed_size(lstm->I, lstm->H, for_backward));
    }
    for (size_t i = 0; i < 2; i++) {
        const size_t n = dense[i]->n, k = dense[i]->k;
        if (n == 0)
            continue;
        dense[i]->packed = take(from, run->ops->packed_size(n, k));
        if (for_backward)
            dense[i]->packed_transposed = take(from, run->ops->packed_size(k, n));
    }
}

/* Training keeps what each layer puts out. */
static void take_training_outputs(nm_stack_run *run, arena *from) {
    const nm_stack_shape *shape = &run->stack->shape;
    const size_t T = run->options.max_T, B = run->options.max_B, N = positions_of(run);
    size_t scratch = 0;
    if (shape->embed)
        run->embedded = take(from, N * shape->embed);
    for (unsigned l = 0; l < shape->layer_count; l++) {
        nm_stack_lstm *lstm = &run->lstm[l];
        lstm->tape = take(from, run->ops->lstm_tape_size(T, B, lstm->I, lstm->H));
        lstm->y = take(from, N * lstm->H);
        lstm->dropout = take_dropout(run, from, lstm->H);
        scratch = larger(scratch, run->ops->lstm_scratch_size(T, B, lstm->I, lstm->H));
    }
    run->scratch = take(from, scratch);
    if (shape->trunk) {
        run->trunk.y = take(from, N * shape->trunk);
        run->trunk.dropout = take_dropout(run, from, shape->trunk);
    }
}

/* Otherwise two buffers serve in turn, and one tape all layers. */
static void share_outputs(nm_stack_run *run, arena *from) {
    const nm_stack_shape *shape = &run->stack->shape;
    size_t tape_size = 0;
    for (unsigned l = 0; l < shape->layer_count; l++)
        tape_size =
            larger(tape_size, run->ops->lstm_tape_size(run->options.max_T, run->options.max_B,
                                                       run->lstm[l].I, run->lstm[l].H));
    real *tape = take(from, tape_size);
    run->embedded = run->buffers[1];
    for (unsigned l = 0; l < shape->layer_count; l++) {
        run->lstm[l].tape = tape;
        run->lstm[l].y = run->buffers[l % 2];
    }
    run->trunk.y = run->buffers[shape->layer_count % 2];
}

enum { LOGITS_AT_ONCE = 1 << 20, FEWEST_POSITIONS = 256 };

static void take_head(nm_stack_run *run, arena *from) {
    const size_t V = run->head.dense.n, k = run->head.dense.k, N = positions_of(run);
    size_t chunk = larger(FEWEST_POSITIONS, LOGITS_AT_ONCE / V);
    chunk = larger(chunk, run->options.max_B);
    run->head.chunk = chunk < N ? chunk : N;
    run->head.logits = take(from, run->head.chunk * V);
    if (!run->options.for_training)
        return;
    run->head.dweight = take(from, V * k);
    run->head.dbias = take(from, V);
    run->head.dx = take(from, N * k);
}

/* Places everything in the block; returns the reals that it takes. */
static size_t place(nm_stack_run *run, real *block) {
    const size_t N = positions_of(run), width = widest(&run->stack->shape);
    arena from = {.block = block};
    run->block = block;
    take_state(run, &from);
    take_packings(run, &from);
    run->buffers[0] = take(&from, N * width);
    run->buffers[1] = take(&from, N * width);
    if (run->options.for_training)
        take_training_outputs(run, &from);
    else
        share_outputs(run, &from);
    take_head(run, &from);
    run->loss = take(&from, N);
    run->correct = (uint8_t *)take(&from, (N + sizeof(real) - 1) / sizeof(real));
    return from.used;
}

static nm_stack_run run_on(neume_context *context, const nm_ops *ops, const nm_stack *stack,
                           const nm_stack_run_options *options) {
    nm_stack_run run = {.context = context, .ops = ops, .stack = stack, .options = *options};
    locate(&run);
    return run;
}

/* With widths of at most 2^20 no product overflows 64 bits. */
static bool is_possible(const nm_stack_run_options *options) {
    const size_t most = (size_t)1 << 20;
    return options->max_T >= 1 && options->max_T <= most && options->max_B >= 1 &&
           options->max_B <= most && options->dropout >= 0 && options->dropout < 1;
}

size_t nm_stack_run_bytes(const neume_context *context, const nm_stack *stack,
                          const nm_stack_run_options *options) {
    if (!is_possible(options))
        return SIZE_MAX;
    nm_stack_run run = run_on(NULL, nm_ops_of(context), stack, options);
    return sizeof run + place(&run, NULL) * sizeof(real);
}

neume_status nm_stack_run_new(nm_stack_run **out, neume_context *context, const nm_stack *stack,
                              const nm_stack_run_options *options, neume_error *error) {
    *out = NULL;
    if (!is_possible(options))
        return nm_fail(error, NEUME_BAD_USAGE,
                       "network: %zu steps of %zu rows with dropout %g, expected 1..2^20, 1..2^20 "
                       "and 0..<1",
                       options->max_T, options->max_B, (double)options->dropout);
    nm_stack_run *run = nm_alloc(context, 1, sizeof *run);
    if (!run)
        return nm_fail_memory(error, "network");
    *run = run_on(context, nm_ops_of(context), stack, options);
    real *block = nm_alloc_aligned(context, place(run, NULL), sizeof(real));
    if (!block) {
        nm_free(context, run);
        return nm_fail_memory(error, "network");
    }
    place(run, block);
    *out = run;
    return NEUME_OK;
}

void nm_stack_run_free(nm_stack_run *run) {
    if (!run)
        return;
    nm_free_aligned(run->context, run->block);
    nm_free(run->context, run);
}

void nm_stack_run_pack(nm_stack_run *run, const real *weights) {
    nm_pool *pool = run->context->pool;
    run->weights = weights;
    for (unsigned l = 0; l < run->stack->shape.layer_count; l++) {
        const nm_stack_lstm *lstm = &run->lstm[l];
        run->ops->lstm_pack(pool, lstm->packed, lstm->I, lstm->H, weights + lstm->weight_ih,
                            weights + lstm->weight_hh, weights + lstm->bias,
                            run->options.for_training);
    }
    if (run->trunk.dense.n)
        nm_dense_pack(pool, run->ops, &run->trunk.dense, weights + run->trunk.weight,
                      weights + run->trunk.bias);
    nm_dense_pack(pool, run->ops, &run->head.dense, weights + run->head_weight,
                  weights + run->head_bias);
}

real *nm_stack_run_state(nm_stack_run *run, size_t *count) {
    *count = run->state_count;
    return run->state;
}

const real *nm_stack_losses(const nm_stack_run *run) {
    return run->loss;
}

const uint8_t *nm_stack_correct(const nm_stack_run *run) {
    return run->correct;
}
