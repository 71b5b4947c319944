/* SPDX-License-Identifier: ISC */
/* Where the parts of a stack find their parameters, and how wide they are. */
#include "nn/stack_run.h"
#include "nn/stack_shape.h"

#include <stdio.h>

static nm_stack_dropout dropout_of(const nm_stack_run *run, nm_purpose purpose, unsigned place,
                                   size_t width) {
    return (nm_stack_dropout){.purpose = purpose,
                              .place = place,
                              .probability = run->options.noise.dropout,
                              .width = width};
}

static nm_stack_norm locate_norm(const nm_stack *stack, const char *part, size_t D) {
    const nm_norm kind = stack->shape.norm;
    nm_stack_norm norm = {.D = 0};
    if (kind == NM_NORM_NONE)
        return norm;
    norm.D = D;
    norm.gain = nm_params_offset(&stack->params, part, "weight");
    norm.bias = nm_params_offset(&stack->params, part, "bias");
    if (kind == NM_NORM_LAYER)
        return norm;
    norm.mean = nm_params_offset(&stack->params, part, "mean");
    norm.variance = nm_params_offset(&stack->params, part, "variance");
    return norm;
}

static void locate_inputs(nm_stack_run *run) {
    const nm_stack_shape *shape = &run->stack->shape;
    const unsigned S = shape->stream_count;
    uint32_t row = 0;
    for (unsigned s = 0; s < S; s++) {
        run->first_row[s] = row;
        row += shape->vocabulary[s] + 1;
    }
    for (unsigned f = 0; f < shape->feature_count; f++) {
        run->first_row[S + f] = row;
        row += shape->features[f];
    }
    run->row_count = row;
    run->embedded_count = shape->branch ? S : 1;
    for (unsigned i = 0; i < run->embedded_count; i++) {
        run->input_dropout[i] = dropout_of(run, NM_PURPOSE_INPUT_DROPOUT, i, shape->embed);
        run->input_dropout[i].probability = run->options.noise.input_dropout;
    }
}

static void locate_branches(nm_stack_run *run) {
    const nm_stack_shape *shape = &run->stack->shape;
    run->branch_count = shape->branch ? shape->stream_count : 0;
    for (unsigned s = 0; s < run->branch_count; s++) {
        char part[48];
        snprintf(part, sizeof part, "branch.%u", s);
        run->lstm[s].w = nm_layer_weights_of(&run->stack->params, part, nm_stack_input_width(shape),
                                             shape->branch, s);
    }
    run->branch_dropout =
        dropout_of(run, NM_PURPOSE_BRANCH_DROPOUT, 0, (size_t)run->branch_count * shape->branch);
}

static void locate_layers(nm_stack_run *run) {
    const nm_stack_shape *shape = &run->stack->shape;
    run->lstm_count = run->branch_count + shape->layer_count;
    for (unsigned l = 0; l < shape->layer_count; l++) {
        char part[48];
        const size_t I = nm_stack_layer_input(shape, l), H = shape->layers[l];
        const unsigned place = run->branch_count + l;
        nm_stack_lstm *lstm = &run->lstm[place];
        snprintf(part, sizeof part, "lstm.%u", l);
        lstm->w = nm_layer_weights_of(&run->stack->params, part, I, H, place);
        lstm->dropout = dropout_of(run, NM_PURPOSE_DROPOUT, l, H);
        const bool is_one_hot = l == 0 && !shape->embed && !shape->branch;
        lstm->has_residual = shape->has_residual && I == H && !is_one_hot;
    }
}

static void locate_trunk(nm_stack_run *run) {
    const nm_stack_shape *shape = &run->stack->shape;
    nm_stack_lstm *last = &run->lstm[run->lstm_count - 1];
    nm_stack_dense *trunk = &run->trunk;
    run->body_width = nm_stack_body_width(shape);
    if (!shape->trunk)
        return;
    last->norm = locate_norm(run->stack, "trunk.norm", last->w.H);
    trunk->dense.n = shape->trunk;
    trunk->dense.k = last->w.H;
    trunk->weight = nm_params_offset(&run->stack->params, "trunk", "weight");
    trunk->bias = nm_params_offset(&run->stack->params, "trunk", "bias");
    trunk->dropout = dropout_of(run, NM_PURPOSE_DROPOUT, shape->layer_count, shape->trunk);
}

/* "head.S.dense" and "head.S.norm". */
static void locate_hidden(nm_stack_run *run, unsigned stream) {
    const nm_stack_shape *shape = &run->stack->shape;
    nm_stack_head *head = &run->heads[stream];
    char part[48];
    head->dense.n = shape->head;
    head->dense.k = run->body_width;
    snprintf(part, sizeof part, "head.%u.dense", stream);
    head->dense_weight = nm_params_offset(&run->stack->params, part, "weight");
    head->dense_bias = nm_params_offset(&run->stack->params, part, "bias");
    snprintf(part, sizeof part, "head.%u.norm", stream);
    head->norm = locate_norm(run->stack, part, shape->head);
    head->dropout = dropout_of(run, NM_PURPOSE_HEAD_DROPOUT, stream, shape->head);
}

static void locate_head(nm_stack_run *run, unsigned stream) {
    const nm_stack_shape *shape = &run->stack->shape;
    nm_stack_head *head = &run->heads[stream];
    char part[48];
    if (shape->head)
        locate_hidden(run, stream);
    head->out.n = nm_stack_output_width(shape, stream);
    head->out.k = nm_stack_head_width(shape);
    head->chain_width = shape->head ? shape->head : head->out.n;
    for (unsigned j = 0; j < stream; j++) {
        snprintf(part, sizeof part, "head.%u.chain.%u", stream, j);
        head->chains[j] = nm_params_offset(&run->stack->params, part, "weight");
    }
    snprintf(part, sizeof part, "head.%u", stream);
    head->weight = nm_params_offset(&run->stack->params, shape->is_tied ? "embed" : part, "weight");
    head->bias = nm_params_offset(&run->stack->params, part, "bias");
}

/* The heads' parameters are the last of the table. */
static void locate_heads(nm_stack_run *run) {
    const nm_stack_shape *shape = &run->stack->shape;
    for (unsigned s = 0; s < shape->stream_count; s++)
        locate_head(run, s);
    const nm_stack_head *first = &run->heads[0];
    run->heads_offset = shape->is_tied ? first->bias : first->weight;
    if (shape->head)
        run->heads_offset = first->dense_weight;
}

void nm_stack_run_locate(nm_stack_run *run) {
    locate_inputs(run);
    locate_branches(run);
    locate_layers(run);
    locate_trunk(run);
    locate_heads(run);
}
