/* SPDX-License-Identifier: ISC */
#include "nn/stack.h"

#include "base/error.h"
#include "base/rng.h"

#include <stdio.h>
#include <string.h>

/* Sizes stay so small that no product of a table or of a run overflows 64 bits. */
static const uint64_t max_width = UINT64_C(1) << 20;
static const uint64_t max_reals = UINT64_C(1) << 33;

static neume_status check_width(const char *what, uint64_t width, neume_error *error) {
    if (width >= 1 && width <= max_width)
        return NEUME_OK;
    return nm_fail(error, NEUME_BAD_MODEL, "network: %s is %llu, expected 1..%llu", what,
                   (unsigned long long)width, (unsigned long long)max_width);
}

static neume_status check_shape(const nm_stack_shape *shape, neume_error *error) {
    neume_status status = check_width("the vocabulary", shape->vocabulary, error);
    if (!status && shape->embed)
        status = check_width("the embedding", shape->embed, error);
    if (!status && (shape->layer_count < 1 || shape->layer_count > NM_MAX_LAYERS))
        status = nm_fail(error, NEUME_BAD_MODEL, "network: %u layers, expected 1..%d",
                         shape->layer_count, NM_MAX_LAYERS);
    for (unsigned l = 0; !status && l < shape->layer_count; l++)
        status = check_width("a layer", shape->layers[l], error);
    if (!status && shape->trunk)
        status = check_width("the trunk", shape->trunk, error);
    return status;
}

static void add_dense(nm_params *params, const char *name, size_t rows, size_t columns) {
    char full[48];
    snprintf(full, sizeof full, "%s.weight", name);
    nm_params_add(params, full, rows, columns, true);
    snprintf(full, sizeof full, "%s.bias", name);
    nm_params_add(params, full, 1, rows, false);
}

static void add_lstm(nm_params *params, unsigned layer, size_t I, size_t H) {
    char name[48];
    snprintf(name, sizeof name, "lstm.%u.weight_ih", layer);
    nm_params_add(params, name, 4 * H, I, true);
    snprintf(name, sizeof name, "lstm.%u.weight_hh", layer);
    nm_params_add(params, name, 4 * H, H, true);
    snprintf(name, sizeof name, "lstm.%u.bias", layer);
    nm_params_add(params, name, 1, 4 * H, false);
}

neume_status nm_stack_init(nm_stack *stack, const nm_stack_shape *shape, neume_error *error) {
    *stack = (nm_stack){.shape = *shape};
    const neume_status status = check_shape(shape, error);
    if (status)
        return status;
    nm_params *params = &stack->params;
    const size_t words = (size_t)shape->vocabulary + 1;
    size_t width = shape->embed ? shape->embed : words;
    if (shape->embed)
        nm_params_add(params, "embed.weight", words, shape->embed, true);
    for (unsigned l = 0; l < shape->layer_count; l++) {
        add_lstm(params, l, width, shape->layers[l]);
        width = shape->layers[l];
    }
    if (shape->trunk) {
        add_dense(params, "trunk", shape->trunk, width);
        width = shape->trunk;
    }
    add_dense(params, "head", shape->vocabulary, width);
    if (params->size <= max_reals)
        return NEUME_OK;
    return nm_fail(error, NEUME_BAD_MODEL, "network: %zu weights, expected at most %llu",
                   params->size, (unsigned long long)max_reals);
}

static bool ends_with(const char *name, const char *end) {
    const size_t length = strlen(name), end_length = strlen(end);
    return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

static void fill_uniform(real *weights, size_t count, double bound, uint64_t seed, size_t index) {
    for (size_t i = 0; i < count; i++)
        weights[i] = (real)(bound * (2 * nm_random_uniform(seed, NM_PURPOSE_INIT, index, i) - 1));
}

static void fill_normal(real *weights, size_t count, double deviation, uint64_t seed,
                        size_t index) {
    for (size_t i = 0; i < count; i++)
        weights[i] = (real)(deviation * nm_random_normal(seed, NM_PURPOSE_INIT, index, i));
}

/* Gates stand in the order i f g o: the second quarter of a bias is the forget gates'. */
static void fill_bias(real *bias, size_t count, bool is_lstm) {
    for (size_t i = 0; i < count; i++)
        bias[i] = is_lstm && i / (count / 4) == 1 ? 1 : 0;
}

void nm_stack_init_weights(const nm_stack *stack, real *weights, uint64_t seed) {
    memset(weights, 0, stack->params.size * sizeof *weights);
    for (size_t p = 0; p < stack->params.count; p++) {
        const nm_param *param = &stack->params.table[p];
        const size_t count = param->rows * param->columns;
        real *first = weights + param->offset;
        if (ends_with(param->name, "bias"))
            fill_bias(first, count, strncmp(param->name, "lstm.", 5) == 0);
        else if (strcmp(param->name, "embed.weight") == 0)
            fill_normal(first, count, 1, seed, p);
        else
            fill_uniform(first, count, 1 / sqrt((double)param->columns), seed, p);
    }
}
