/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "network_case.h"

#include "base/mem.h"
#include "base/rng.h"

enum { SEED = 20 };

static double draw(uint64_t stream, size_t index) {
    return nm_random_uniform(SEED, NM_PURPOSE_TEST, stream, index);
}

/* A block that is freed with the data. */
static void *block_new(network_data *data, neume_context *context, size_t count, size_t size) {
    void *block = nm_alloc(context, count, size);
    assert_non_null(block);
    assert_true(data->block_count < CASE_BLOCKS);
    data->blocks[data->block_count++] = block;
    return block;
}

/* What a draw needs to know: where it goes and which numbers it takes. */
typedef struct lottery {
    network_data *data;
    neume_context *context;
    uint64_t stream;
} lottery;

static uint32_t *draw_words(lottery *l, size_t count, uint32_t below) {
    uint32_t *words = block_new(l->data, l->context, count, sizeof *words);
    l->stream++;
    for (size_t i = 0; i < count; i++)
        words[i] = (uint32_t)(draw(l->stream, i) * below);
    return words;
}

static uint8_t *draw_bits(lottery *l, size_t count, double share) {
    uint8_t *bits = block_new(l->data, l->context, count, 1);
    l->stream++;
    for (size_t i = 0; i < count; i++)
        bits[i] = draw(l->stream, i) < share;
    return bits;
}

/* [count,columns], column c below its own bound. */
static uint32_t *draw_columns(lottery *l, size_t count, const uint32_t *below, size_t columns) {
    uint32_t *values = block_new(l->data, l->context, count * columns, sizeof *values);
    l->stream++;
    for (size_t i = 0; i < count * columns; i++)
        values[i] = (uint32_t)(draw(l->stream, i) * below[i % columns]);
    return values;
}

static void draw_inputs(lottery *l, const nm_stack_shape *shape, size_t N) {
    const unsigned S = shape->stream_count, columns = S + shape->feature_count;
    uint32_t below[NM_MAX_STREAMS + NM_MAX_FEATURES], contexts[NM_MAX_MAPS];
    for (unsigned c = 0; c < columns; c++)
        below[c] = c < S ? shape->vocabulary[c] + 1 : shape->features[c - S];
    const uint32_t *inputs = draw_columns(l, CASE_BATCHES * N, below, columns);
    for (unsigned m = 0; m < shape->map_count; m++)
        contexts[m] = shape->maps[m].context_count;
    const uint32_t *chosen =
        shape->map_count ? draw_columns(l, CASE_BATCHES * N, contexts, shape->map_count) : NULL;
    for (size_t i = 0; i < CASE_BATCHES; i++) {
        l->data->batches[i].inputs = inputs + i * N * columns;
        l->data->batches[i].contexts = chosen ? chosen + i * N * shape->map_count : NULL;
    }
}

static void draw_targets(lottery *l, const network_case *shape, unsigned stream) {
    const uint32_t V = shape->shape.vocabulary[stream];
    const size_t N = shape->T * shape->B, count = CASE_BATCHES * N;
    const uint32_t *targets = draw_words(l, count, V), *rules = draw_words(l, count, CASE_RULES);
    uint8_t *masks = draw_bits(l, CASE_RULES * V, 1 - shape->masked_share);
    for (size_t i = 0; i < count; i++)
        masks[rules[i] * V + targets[i]] = 1;
    const bool has_masks = shape->masked_share > 0;
    for (size_t i = 0; i < CASE_BATCHES; i++)
        l->data->batches[i].targets[stream] =
            (nm_targets){.words = targets + i * N,
                         .masks = has_masks ? masks : NULL,
                         .rules = has_masks ? rules + i * N : NULL};
}

/* Two batches that lie one behind the other in each array. */
static void draw_batches(lottery *l, const network_case *shape) {
    const size_t N = shape->T * shape->B, count = CASE_BATCHES * N;
    const uint8_t *reset = draw_bits(l, count, shape->reset_share);
    const uint8_t *valid = draw_bits(l, count, 1 - shape->padding_share);
    for (size_t i = 0; i < CASE_BATCHES; i++)
        l->data->batches[i] =
            (nm_batch){.T = shape->T, .reset = reset + i * N, .valid = valid + i * N};
    draw_inputs(l, &shape->shape, N);
    for (unsigned s = 0; s < shape->shape.stream_count; s++)
        draw_targets(l, shape, s);
}

/* A fifth of the words has no output in a map. */
static void draw_map(lottery *l, nm_head_map *map, uint32_t V) {
    const size_t count = (size_t)map->context_count * V;
    uint16_t *index = block_new(l->data, l->context, count, sizeof *index);
    l->stream++;
    for (size_t i = 0; i < count; i++) {
        const double u = draw(l->stream, i) * 1.25;
        index[i] = u < 1 ? (uint16_t)(u * map->width) : NM_NO_INDEX;
    }
    map->index = index;
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
    nm_stack_shape with_maps = shape->shape;
    *data = (network_data){.weights = NULL};
    lottery l = {.data = data, .context = context};
    for (unsigned m = 0; m < with_maps.map_count; m++)
        draw_map(&l, &with_maps.maps[m], with_maps.vocabulary[0]);
    if (nm_stack_init(&data->stack, &with_maps, &error))
        fail_msg("%s: %s", shape->name, error.line);
    data->weights = nm_params_block_new(&data->stack.params, context);
    assert_non_null(data->weights);
    draw_weights(data);
    draw_batches(&l, shape);
}

void network_data_clear(network_data *data, neume_context *context) {
    nm_free_aligned(context, data->weights);
    for (size_t i = 0; i < data->block_count; i++)
        nm_free(context, data->blocks[i]);
}

nm_stack_run *network_run_new(neume_context *context, const network_case *shape,
                              const nm_stack *stack) {
    const nm_run_options options = {.max_T = shape->T,
                                    .max_B = shape->B,
                                    .for_training = true,
                                    .noise = shape->noise,
                                    .seed = SEED};
    nm_stack_run *run = NULL;
    neume_error error = {0};
    if (nm_stack_run_new(&run, context, stack, &options, &error))
        fail_msg("%s: %s", shape->name, error.line);
    return run;
}
