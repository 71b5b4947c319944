/* SPDX-License-Identifier: ISC */
#include "nn/stack_run.h"

/* A pass over T steps: what all layers need to know. */
typedef struct pass {
    nm_stack_run *run;
    nm_pool *pool;
    size_t T, N;
    const uint32_t *inputs;
    const uint8_t *reset;
    uint64_t update;
    bool is_training;
} pass;

static pass pass_over(nm_stack_run *run, const nm_stack_batch *batch) {
    return (pass){.run = run,
                  .pool = run->context->pool,
                  .T = batch->T,
                  .N = batch->T * run->options.max_B,
                  .inputs = batch->inputs,
                  .reset = batch->reset};
}

static bool has_dropout(const pass *p, const nm_stack_dropout *dropout) {
    return p->is_training && dropout->mask;
}

/* Returns where the output of a layer with output y lies after its dropout. */
static const real *dropout_forward(const pass *p, const nm_stack_dropout *dropout, const real *y,
                                   size_t width, unsigned place) {
    if (!has_dropout(p, dropout))
        return y;
    const size_t count = p->run->options.max_B * width;
    const nm_dropout draw = {.probability = p->run->options.dropout,
                             .seed = p->run->options.seed,
                             .update = p->update,
                             .place = place};
    nm_dropout_draw(p->pool, &draw, dropout->mask, count);
    nm_dropout_apply(p->pool, dropout->y, y, dropout->mask, p->T, count);
    return dropout->y;
}

static void dropout_backward(const pass *p, const nm_stack_dropout *dropout, real *dy,
                             size_t width) {
    if (dropout->mask)
        nm_dropout_apply(p->pool, dy, dy, dropout->mask, p->T, p->run->options.max_B * width);
}

static nm_lstm lstm_of(const pass *p, const nm_stack_lstm *lstm) {
    return (nm_lstm){.T = p->T,
                     .B = p->run->options.max_B,
                     .I = lstm->I,
                     .H = lstm->H,
                     .x = lstm->x,
                     .words = p->inputs,
                     .reset = p->reset,
                     .packed = lstm->packed,
                     .h0 = lstm->h,
                     .c0 = lstm->c,
                     .y = lstm->y,
                     .h1 = lstm->h,
                     .c1 = lstm->c,
                     .tape = lstm->tape};
}

/* From words to what enters the head, [N,k]. Dropout after LSTM layer l is place l, that after the
 * trunk is place L. */
static const real *body_forward(const pass *p) {
    nm_stack_run *run = p->run;
    const nm_stack_shape *shape = &run->stack->shape;
    const real *x = NULL;
    if (shape->embed) {
        const nm_embed embed = {.N = p->N, .E = shape->embed, .words = p->inputs};
        nm_embed_forward(p->pool, &embed, run->embedded,
                         run->weights + run->stack->params.table[0].offset);
        x = run->embedded;
    }
    for (unsigned l = 0; l < shape->layer_count; l++) {
        nm_stack_lstm *lstm = &run->lstm[l];
        lstm->x = x;
        const nm_lstm layer = lstm_of(p, lstm);
        run->ops->lstm_forward(p->pool, &layer);
        x = dropout_forward(p, &lstm->dropout, lstm->y, lstm->H, l);
    }
    if (!shape->trunk)
        return x;
    run->trunk.x = x;
    nm_dense_forward(p->pool, run->ops, &run->trunk.dense, run->trunk.y, x, p->N);
    return dropout_forward(p, &run->trunk.dropout, run->trunk.y, shape->trunk, shape->layer_count);
}

void nm_stack_forward(nm_stack_run *run, const nm_stack_batch *batch, uint64_t update,
                      bool is_training) {
    pass p = pass_over(run, batch);
    p.update = update;
    p.is_training = is_training;
    const nm_softmax_loss rows = {.N = p.N,
                                  .V = run->head.dense.n,
                                  .targets = batch->targets,
                                  .masks = batch->masks,
                                  .states = batch->states,
                                  .valid = batch->valid,
                                  .loss = run->loss,
                                  .correct = run->correct};
    nm_head_loss(p.pool, run->ops, &run->head, body_forward(&p), &rows, is_training);
}

const real *nm_stack_step(nm_stack_run *run, const uint32_t *inputs, const uint8_t *reset) {
    const nm_stack_batch batch = {.T = 1, .inputs = inputs, .reset = reset};
    const pass p = pass_over(run, &batch);
    nm_dense_forward(p.pool, run->ops, &run->head.dense, run->head.logits, body_forward(&p), p.N);
    return run->head.logits;
}

static real *other_buffer(const nm_stack_run *run, const real *buffer) {
    return run->buffers[buffer == run->buffers[0]];
}

/* The head's gradients were made with its losses; returns what flows back into the body. */
static real *head_backward(const pass *p, real scale, real *gradient) {
    const nm_stack_run *run = p->run;
    const nm_head *head = &run->head;
    const size_t V = head->dense.n, k = head->dense.k;
    nm_scaled_add(p->pool, gradient + run->head_weight, scale, head->dweight, V * k);
    nm_scaled_add(p->pool, gradient + run->head_bias, scale, head->dbias, V);
    nm_scaled_copy(p->pool, run->buffers[0], scale, head->dx, p->N * k);
    return run->buffers[0];
}

static real *trunk_backward(const pass *p, real *gradient, real *dy) {
    const nm_stack_dense *trunk = &p->run->trunk;
    real *dx = other_buffer(p->run, dy);
    dropout_backward(p, &trunk->dropout, dy, trunk->dense.n);
    nm_dense_backward(p->pool, p->run->ops, &trunk->dense,
                      &(nm_dense_grad){.m = p->N,
                                       .x = trunk->x,
                                       .dy = dy,
                                       .dx = dx,
                                       .dweight = gradient + trunk->weight,
                                       .dbias = gradient + trunk->bias});
    return dx;
}

static real *lstm_backward(const pass *p, const nm_stack_lstm *lstm, real *gradient, real *dy) {
    real *dx = lstm->x ? other_buffer(p->run, dy) : NULL;
    dropout_backward(p, &lstm->dropout, dy, lstm->H);
    const nm_lstm layer = lstm_of(p, lstm);
    p->run->ops->lstm_backward(p->pool, &layer,
                               &(nm_lstm_grad){.dy = dy,
                                               .dx = dx,
                                               .dweight_ih = gradient + lstm->weight_ih,
                                               .dweight_hh = gradient + lstm->weight_hh,
                                               .dbias = gradient + lstm->bias,
                                               .scratch = p->run->scratch});
    return dx;
}

void nm_stack_backward(nm_stack_run *run, const nm_stack_batch *batch, real scale, real *gradient) {
    const pass p = pass_over(run, batch);
    const nm_stack_shape *shape = &run->stack->shape;
    real *d = head_backward(&p, scale, gradient);
    if (shape->trunk)
        d = trunk_backward(&p, gradient, d);
    for (unsigned l = shape->layer_count; l-- > 0;)
        d = lstm_backward(&p, &run->lstm[l], gradient, d);
    if (!shape->embed)
        return;
    const nm_embed embed = {.N = p.N, .E = shape->embed, .words = p.inputs};
    nm_embed_backward(p.pool, &embed, gradient + run->stack->params.table[0].offset, d);
}
