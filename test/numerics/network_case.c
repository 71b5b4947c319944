/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "network_case.h"

#include "base/mem.h"
#include "base/rng.h"

enum { SEED = 20 };

static double draw(uint64_t stream, size_t index) {
    return nm_random_uniform(SEED, NM_PURPOSE_TEST, stream, index);
}

static uint32_t *draw_words(neume_context *context, uint64_t stream, size_t count, uint32_t below) {
    uint32_t *words = nm_alloc(context, count, sizeof *words);
    assert_non_null(words);
    for (size_t i = 0; i < count; i++)
        words[i] = (uint32_t)(draw(stream, i) * below);
    return words;
}

static uint8_t *draw_bits(neume_context *context, uint64_t stream, size_t count, double share) {
    uint8_t *bits = nm_alloc(context, count, 1);
    assert_non_null(bits);
    for (size_t i = 0; i < count; i++)
        bits[i] = draw(stream, i) < share;
    return bits;
}

/* Two batches that lie one behind the other in each array. */
static void draw_batches(network_data *data, neume_context *context, const network_case *shape) {
    const uint32_t V = shape->shape.vocabulary;
    const size_t N = shape->T * shape->B, count = CASE_BATCHES * N;
    uint32_t *inputs = draw_words(context, 1, count, V + 1);
    uint32_t *targets = draw_words(context, 2, count, V);
    uint32_t *states = draw_words(context, 3, count, CASE_STATES);
    uint8_t *reset = draw_bits(context, 4, count, shape->reset_share);
    uint8_t *valid = draw_bits(context, 5, count, 1 - shape->padding_share);
    uint8_t *masks = draw_bits(context, 6, CASE_STATES * V, 1 - shape->masked_share);
    for (size_t i = 0; i < count; i++)
        masks[states[i] * V + targets[i]] = 1;
    const bool has_masks = shape->masked_share > 0;
    for (size_t i = 0; i < CASE_BATCHES; i++)
        data->batches[i] = (nm_stack_batch){.T = shape->T,
                                            .inputs = inputs + i * N,
                                            .targets = targets + i * N,
                                            .reset = reset + i * N,
                                            .valid = valid + i * N,
                                            .masks = has_masks ? masks : NULL,
                                            .states = has_masks ? states + i * N : NULL};
    void *const blocks[] = {inputs, targets, states, reset, valid, masks};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        data->blocks[i] = blocks[i];
}

/* Larger than first weights, so that every function is far from linear. */
static void draw_weights(network_data *data) {
    for (size_t p = 0; p < data->stack.params.count; p++) {
        const nm_param *param = &data->stack.params.table[p];
        for (size_t i = 0; i < param->rows * param->columns; i++)
            data->weights[param->offset + i] = (real)(1.6 * draw(100 + p, i) - 0.8);
    }
}

void network_data_init(network_data *data, neume_context *context, const network_case *shape) {
    neume_error error = {0};
    *data = (network_data){.weights = NULL};
    if (nm_stack_init(&data->stack, &shape->shape, &error))
        fail_msg("%s", error.line);
    data->weights = nm_params_block_new(&data->stack.params, context);
    assert_non_null(data->weights);
    draw_weights(data);
    draw_batches(data, context, shape);
}

void network_data_clear(network_data *data, neume_context *context) {
    nm_free_aligned(context, data->weights);
    for (size_t i = 0; i < sizeof data->blocks / sizeof *data->blocks; i++)
        nm_free(context, data->blocks[i]);
}

nm_stack_run *network_run_new(neume_context *context, const network_case *shape,
                              const nm_stack *stack) {
    const nm_stack_run_options options = {.max_T = shape->T,
                                          .max_B = shape->B,
                                          .for_training = true,
                                          .dropout = shape->dropout,
                                          .seed = SEED};
    nm_stack_run *run = NULL;
    neume_error error = {0};
    if (nm_stack_run_new(&run, context, stack, &options, &error))
        fail_msg("%s", error.line);
    return run;
}
