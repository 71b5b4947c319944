/* SPDX-License-Identifier: ISC */
#include "nn/stack.h"

#include "base/error.h"
#include "base/rng.h"
#include "nn/stack_shape.h"

#include <stdio.h>
#include <string.h>

static const uint64_t max_reals = UINT64_C(1) << 33;

static void add_norm(nm_params *params, const char *part, nm_norm norm, size_t n) {
    if (norm == NM_NORM_NONE)
        return;
    nm_params_add_vector(params, part, "weight", n);
    nm_params_add_vector(params, part, "bias", n);
    if (norm == NM_NORM_LAYER)
        return;
    nm_params_add_vector(params, part, "mean", n);
    nm_params_add_vector(params, part, "variance", n);
}

static void add_inputs(nm_params *params, const nm_stack_shape *shape) {
    size_t rows = 0;
    for (unsigned s = 0; s < shape->stream_count; s++)
        rows += (size_t)shape->vocabulary[s] + 1;
    for (unsigned f = 0; f < shape->feature_count; f++)
        rows += shape->features[f];
    if (shape->embed)
        nm_params_add_matrix(params, "embed", "weight", rows, shape->embed);
    for (unsigned s = 0; shape->branch && s < shape->stream_count; s++) {
        char part[48];
        snprintf(part, sizeof part, "branch.%u", s);
        nm_params_add_lstm(params, part, nm_stack_input_width(shape), shape->branch);
    }
}

static void add_body(nm_params *params, const nm_stack_shape *shape) {
    for (unsigned l = 0; l < shape->layer_count; l++) {
        char part[48];
        snprintf(part, sizeof part, "lstm.%u", l);
        nm_params_add_lstm(params, part, nm_stack_layer_input(shape, l), shape->layers[l]);
    }
    if (!shape->trunk)
        return;
    const size_t width = shape->layers[shape->layer_count - 1];
    add_norm(params, "trunk.norm", shape->norm, width);
    nm_params_add_dense(params, "trunk", shape->trunk, width);
}

static void add_head(nm_params *params, const nm_stack_shape *shape, unsigned stream) {
    const size_t Z = nm_stack_output_width(shape, stream);
    char head[16], part[48];
    snprintf(head, sizeof head, "head.%u", stream);
    if (shape->head) {
        snprintf(part, sizeof part, "%s.dense", head);
        nm_params_add_dense(params, part, shape->head, nm_stack_body_width(shape));
        snprintf(part, sizeof part, "%s.norm", head);
        add_norm(params, part, shape->norm, shape->head);
    }
    for (unsigned j = 0; j < stream; j++) {
        snprintf(part, sizeof part, "%s.chain.%u", head, j);
        nm_params_add_matrix(params, part, "weight", shape->vocabulary[j],
                             shape->head ? shape->head : Z);
    }
    if (!shape->is_tied)
        nm_params_add_matrix(params, head, "weight", Z, nm_stack_head_width(shape));
    nm_params_add_vector(params, head, "bias", Z);
}

neume_status nm_stack_init(nm_stack *stack, const nm_stack_shape *shape, neume_error *error) {
    *stack = (nm_stack){.shape = *shape};
    const neume_status status = nm_stack_check_shape(shape, error);
    if (status)
        return status;
    nm_params *params = &stack->params;
    add_inputs(params, shape);
    add_body(params, shape);
    for (unsigned s = 0; s < shape->stream_count; s++)
        add_head(params, shape, s);
    if (params->size <= max_reals)
        return NEUME_OK;
    return nm_fail(error, NEUME_BAD_MODEL, "network: %zu weights, expected at most %llu",
                   params->size, (unsigned long long)max_reals);
}

static bool ends_with(const char *name, const char *end) {
    const size_t length = strlen(name), end_length = strlen(end);
    return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

static bool starts_with(const char *name, const char *start) {
    return strncmp(name, start, strlen(start)) == 0;
}

static void fill_normal(real *weights, size_t count, double deviation, uint64_t seed,
                        size_t index) {
    for (size_t i = 0; i < count; i++)
        weights[i] = (real)(deviation * nm_random_normal(seed, NM_PURPOSE_INIT, index, i));
}

static void fill_norm(const char *name, real *values, size_t count) {
    const bool is_one = ends_with(name, "weight") || ends_with(name, "variance");
    for (size_t i = 0; i < count; i++)
        values[i] = is_one ? 1 : 0;
}

/* Rows that are summed, or that are the head's weight too, start smaller. */
static double embedding_deviation(const nm_stack_shape *shape) {
    return shape->feature_count > 0 || shape->is_tied ? 0.1 : 1;
}

void nm_stack_init_weights(const nm_stack *stack, real *weights, uint64_t seed) {
    memset(weights, 0, stack->params.size * sizeof *weights);
    for (size_t p = 0; p < stack->params.count; p++) {
        const nm_param *param = &stack->params.table[p];
        const size_t count = param->rows * param->columns;
        const char *name = param->name;
        real *first = weights + param->offset;
        if (strstr(name, ".chain."))
            continue;
        if (strstr(name, ".norm."))
            fill_norm(name, first, count);
        else if (strcmp(name, "embed.weight") == 0)
            fill_normal(first, count, embedding_deviation(&stack->shape), seed, p);
        else if (!ends_with(name, "bias"))
            nm_params_first_matrix(&stack->params, p, weights, seed);
        else if (starts_with(name, "lstm.") || starts_with(name, "branch."))
            nm_params_first_gates(&stack->params, p, weights);
    }
}
