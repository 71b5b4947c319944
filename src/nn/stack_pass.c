/* SPDX-License-Identifier: ISC */
/* Forward and backward of a whole stack: input, LSTM layers, trunk, heads. */
#include "nn/stack_run.h"

/* Of a step the mean layer says how long its jobs are. */
static nm_pool *pool_for(const nm_stack_run *run, size_t T) {
    double nanoseconds = 0;
    for (unsigned l = 0; l < run->lstm_count; l++)
        nanoseconds += nm_step_nanoseconds(&run->options, run->options.max_B, run->lstm[l].w.I,
                                           run->lstm[l].w.H);
    nm_pool *pool = run->context->pool;
    return T > 1 ? pool : nm_pool_for(pool, nanoseconds / run->lstm_count);
}

static nm_stack_pass pass_over(nm_stack_run *run, const nm_batch *batch) {
    return (nm_stack_pass){.run = run,
                           .pool = pool_for(run, batch->T),
                           .T = batch->T,
                           .N = batch->T * run->options.max_B,
                           .batch = batch,
                           .kind = NM_PASS_EVALUATE};
}

/* How many layers from l on are heard as they are by the next: the last of them need not be. */
static unsigned chain_from(const nm_stack_run *run, unsigned l) {
    unsigned count = 1;
    for (; l + count < run->lstm_count; count++) {
        const nm_stack_lstm *lstm = &run->lstm[l + count - 1];
        if (run->options.for_training || lstm->has_residual || lstm->norm.D)
            break;
    }
    return count;
}

/* h = y + x where there is a residual; out = dropout(norm(h)). */
static const real *layer_forward(const nm_stack_pass *p, nm_stack_lstm *lstms, unsigned count,
                                 const real *x) {
    nm_stack_lstm *lstm = &lstms[count - 1];
    nm_stack_lstm_forward(p, lstms, count, x);
    x = lstm->x;
    if (lstm->has_residual)
        nm_sum(p->pool, lstm->h, lstm->y, x, p->N * lstm->w.H);
    const real *out = nm_stack_norm_forward(p, &lstm->norm, lstm->out, lstm->h);
    return nm_stack_drop(p, &lstm->dropout, lstm->out, out);
}

static const real *trunk_forward(const nm_stack_pass *p, nm_stack_dense *trunk, const real *x) {
    trunk->x = x;
    nm_dense_forward(p->pool, p->run->ops, &trunk->dense, trunk->y, x, p->N);
    if (p->run->stack->shape.activation == NM_ACTIVATION_RELU)
        nm_relu_forward(p->pool, trunk->y, p->N * trunk->dense.n);
    return nm_stack_drop(p, &trunk->dropout, trunk->y, trunk->y);
}

/* From words to what enters the heads, [N,k]. */
static const real *body_forward(const nm_stack_pass *p) {
    nm_stack_run *run = p->run;
    const real *x = nm_stack_input_forward(p);
    for (unsigned l = run->branch_count, count; l < run->lstm_count; l += count) {
        count = chain_from(run, l);
        x = layer_forward(p, &run->lstm[l], count, x);
    }
    if (run->trunk.dense.n)
        x = trunk_forward(p, &run->trunk, x);
    run->body = x;
    return x;
}

void nm_stack_forward(nm_stack_run *run, const nm_batch *batch, uint64_t update,
                      nm_pass_kind kind) {
    nm_stack_pass p = pass_over(run, batch);
    p.update = update;
    p.kind = kind;
    nm_stack_heads_forward(&p, body_forward(&p));
}

void nm_stack_step(nm_stack_run *run, const uint32_t *inputs, const uint8_t *reset) {
    const nm_batch batch = {.T = 1, .inputs = inputs, .reset = reset};
    const nm_stack_pass p = pass_over(run, &batch);
    body_forward(&p);
}

const real *nm_stack_logits(nm_stack_run *run, unsigned stream, const uint32_t *chosen,
                            const uint32_t *contexts) {
    const nm_batch batch = {.T = 1, .contexts = contexts};
    nm_stack_pass p = pass_over(run, &batch);
    p.chosen = chosen;
    return nm_stack_head_logits(&p, stream, run->body);
}

static real *other_buffer(const nm_stack_run *run, const real *buffer) {
    return run->buffers[buffer == run->buffers[0]];
}

/* Whether a gradient is wanted of anything that lies before this place in a block, as the parts
 * nearer to the input do. */
static bool moves_before(const nm_stack_run *run, size_t offset) {
    return run->options.moving_from < offset;
}

/* forward was y = dropout(activation(dense(x))), in place: where dropout or activation gave 0, no
 * gradient passes. */
static real *trunk_backward(const nm_stack_pass *p, real *gradient, real *dy) {
    const nm_stack_dense *trunk = &p->run->trunk;
    real *dx = other_buffer(p->run, dy);
    nm_stack_drop_backward(p, &trunk->dropout, dy);
    if (p->run->stack->shape.activation == NM_ACTIVATION_RELU)
        nm_relu_backward(p->pool, dy, trunk->y, p->N * trunk->dense.n);
    nm_dense_backward(p->pool, p->run->ops, &trunk->dense,
                      &(nm_dense_grad){.m = p->N,
                                       .x = trunk->x,
                                       .dy = dy,
                                       .dx = dx,
                                       .dweight = gradient + trunk->weight,
                                       .dbias = gradient + trunk->bias});
    return dx;
}

/* What activation regularisation looks at: the last layer's h. */
static nm_activity activity_of(const nm_stack_pass *p) {
    return (nm_activity){.T = p->T,
                         .B = p->run->options.max_B,
                         .H = p->run->lstm[p->run->lstm_count - 1].w.H,
                         .reset = p->batch->reset,
                         .valid = p->batch->valid};
}

/* `d` is that of the layer's output, with dropout and norm. NULL where nothing below wants any. */
static real *layer_backward(const nm_stack_pass *p, unsigned l, real *gradient, real *d) {
    const nm_stack_run *run = p->run;
    const nm_stack_lstm *lstm = &run->lstm[l];
    const nm_noise *noise = &run->options.noise;
    const nm_activity activity = activity_of(p);
    const bool is_last = l + 1 == run->lstm_count;
    real *dx = lstm->x && moves_before(run, lstm->w.ih) ? other_buffer(run, d) : NULL;
    if (is_last && noise->ar > 0)
        nm_activity_add_ar(p->pool, &activity, noise->ar, d, lstm->out);
    nm_stack_drop_backward(p, &lstm->dropout, d);
    if (lstm->norm.D)
        nm_stack_norm_backward(p, &lstm->norm,
                               &(nm_norm_grad){.dy = d,
                                               .dx = d,
                                               .dgain = gradient + lstm->norm.gain,
                                               .dbias = gradient + lstm->norm.bias});
    if (is_last && noise->tar > 0)
        nm_activity_add_tar(p->pool, &activity, noise->tar, d, lstm->h);
    nm_stack_lstm_backward(p, lstm, gradient, d, dx);
    if (lstm->has_residual && dx)
        nm_sum(p->pool, dx, dx, d, p->N * lstm->w.H);
    return dx;
}

static void tell_done(const nm_stack_run *run, size_t offset) {
    const nm_gradient_watch *watch = &run->options.watch;
    if (watch->done_from)
        watch->done_from(watch->data, offset);
}

void nm_stack_backward(nm_stack_run *run, const nm_batch *batch, real scale, real *gradient) {
    nm_stack_pass p = pass_over(run, batch);
    p.kind = NM_PASS_TRAIN;
    real *d = run->buffers[0];
    nm_stack_heads_backward(&p, scale, gradient, d);
    tell_done(run, run->heads_offset);
    if (!moves_before(run, run->heads_offset))
        return;
    if (run->trunk.dense.n)
        d = trunk_backward(&p, gradient, d);
    if (run->trunk.dense.n && !moves_before(run, run->trunk.weight))
        return;
    for (unsigned l = run->lstm_count; d && l-- > run->branch_count;) {
        d = layer_backward(&p, l, gradient, d);
        tell_done(run, run->lstm[l].w.ih);
    }
    if (d)
        nm_stack_input_backward(&p, gradient, d);
}
