/* SPDX-License-Identifier: ISC */
/* The small parts that stand at several places of a stack: dropout, norms, LSTM layers. */
#include "nn/stack_run.h"

const real *nm_stack_drop(const nm_stack_pass *p, const nm_stack_dropout *dropout, real *y,
                          const real *x) {
    if (p->kind != NM_PASS_TRAIN || !dropout->mask)
        return x;
    const size_t count = p->run->options.max_B * dropout->width;
    const nm_dropout draw = {.ops = p->run->ops,
                             .probability = dropout->probability,
                             .seed = p->run->options.seed,
                             .update = p->update,
                             .purpose = dropout->purpose,
                             .place = dropout->place,
                             .first = p->run->options.first_row * dropout->width};
    nm_dropout_draw(p->pool, &draw, dropout->mask, count);
    nm_dropout_apply(p->pool, y, x, dropout->mask, p->T, count);
    return y;
}

void nm_stack_drop_backward(const nm_stack_pass *p, const nm_stack_dropout *dropout, real *dy) {
    const size_t count = p->run->options.max_B * dropout->width;
    if (dropout->mask)
        nm_dropout_apply(p->pool, dy, dy, dropout->mask, p->T, count);
}

static nm_norm_pass norm_pass_of(const nm_stack_pass *p, const nm_stack_norm *norm, real *moments) {
    const real *weights = p->run->weights;
    return (nm_norm_pass){.N = p->N,
                          .D = norm->D,
                          .valid = p->batch->valid,
                          .gain = weights + norm->gain,
                          .bias = weights + norm->bias,
                          .mean = moments,
                          .variance = moments ? moments + norm->D : NULL,
                          .kept = p->kind == NM_PASS_TRAIN ? norm->kept : NULL};
}

const real *nm_stack_norm_forward(const nm_stack_pass *p, const nm_stack_norm *norm, real *y,
                                  const real *x) {
    if (norm->D == 0)
        return x;
    const bool is_evaluation = p->kind == NM_PASS_EVALUATE;
    const nm_norm_pass pass = norm_pass_of(p, norm, is_evaluation ? norm->given : norm->batch);
    if (p->run->stack->shape.norm == NM_NORM_LAYER)
        nm_layer_norm_forward(p->pool, &pass, y, x);
    else if (is_evaluation)
        nm_batch_norm_evaluate(p->pool, &pass, y, x);
    else
        nm_batch_norm_forward(p->pool, &pass, y, x);
    return y;
}

void nm_stack_norm_backward(const nm_stack_pass *p, const nm_stack_norm *norm,
                            const nm_norm_grad *grad) {
    const nm_norm_pass pass = norm_pass_of(p, norm, norm->batch);
    if (p->run->stack->shape.norm == NM_NORM_LAYER)
        nm_layer_norm_backward(p->pool, &pass, grad);
    else
        nm_batch_norm_backward(p->pool, &pass, grad);
}

static nm_lstm lstm_of(const nm_stack_pass *p, const nm_stack_lstm *lstm) {
    return (nm_lstm){.T = p->T,
                     .B = p->run->options.max_B,
                     .I = lstm->w.I,
                     .H = lstm->w.H,
                     .x = lstm->x,
                     .words = lstm->words,
                     .D = lstm->D,
                     .table = lstm->table,
                     .reset = p->batch->reset,
                     .packed = lstm->w.packed,
                     .h0 = lstm->h0,
                     .c0 = lstm->c0,
                     .y = lstm->y,
                     .h1 = lstm->h0,
                     .c1 = lstm->c0,
                     .tape = lstm->tape};
}

void nm_stack_lstm_forward(const nm_stack_pass *p, nm_stack_lstm *lstms, unsigned count,
                           const real *x) {
    nm_lstm layers[NM_MAX_LAYERS];
    for (unsigned l = 0; l < count; l++) {
        lstms[l].x = x;
        layers[l] = lstm_of(p, &lstms[l]);
        x = lstms[l].y;
    }
    nm_layers_forward(p->pool, p->run->ops, &p->run->options, layers, count);
}

void nm_stack_lstm_backward(const nm_stack_pass *p, const nm_stack_lstm *lstm, real *gradient,
                            const real *dy, real *dx) {
    const nm_stack_run *run = p->run;
    const nm_lstm layer = lstm_of(p, lstm);
    nm_lstm_grad grad = nm_layer_gradient(&lstm->w, gradient);
    grad.dy = dy;
    grad.dx = dx;
    grad.scratch = run->scratch;
    run->ops->lstm_backward(p->pool, &layer, &grad);
    if (run->is_noisy)
        nm_layer_drop_backward(p->pool, &run->options, &lstm->w, gradient);
}
