/* SPDX-License-Identifier: ISC */
/* The heads. Forward and backward of a head are done at once, and its logits `chunk` positions at a
 * time, so that the logits of a batch never lie in memory all together. */
#include "nn/head_map.h"
#include "nn/stack_run.h"

#include <string.h>

/* Some positions of a head, and what enters its last dense layer there. */
typedef struct part {
    size_t first, count;
    const real *x; /* [count,k] */
    real *dx;      /* [count,k] */
} part;

/* The gradient of the heads' parameter at `offset`. */
static real *dhead_at(const nm_stack_run *run, size_t offset) {
    return run->dheads + (offset - run->heads_offset);
}

/* y += the row of the word chosen for a stream below; y is as wide as the chain. */
static nm_embed chain_of(const nm_stack_pass *p, unsigned below, size_t width, const part *at) {
    nm_embed embed = {.N = at->count, .E = width, .columns = 1, .accumulate = true};
    embed.stride = p->chosen ? p->run->stack->shape.stream_count : 1;
    embed.rows = p->chosen ? p->chosen + below : p->batch->targets[below].words;
    embed.rows += at->first * embed.stride;
    return embed;
}

static void chains_forward(const nm_stack_pass *p, unsigned stream, real *y, const part *at) {
    const nm_stack_head *head = &p->run->heads[stream];
    for (unsigned j = 0; j < stream; j++) {
        const nm_embed embed = chain_of(p, j, head->chain_width, at);
        nm_embed_forward(p->pool, &embed, y, p->run->weights + head->chains[j]);
    }
}

static void chains_backward(const nm_stack_pass *p, unsigned stream, const real *dy,
                            const part *at) {
    const nm_stack_head *head = &p->run->heads[stream];
    for (unsigned j = 0; j < stream; j++) {
        const nm_embed embed = chain_of(p, j, head->chain_width, at);
        nm_embed_backward(p->pool, &embed, dhead_at(p->run, head->chains[j]), dy);
    }
}

/* dense -> + chains -> activation -> norm -> dropout of all positions; x itself where there is no
 * dense layer. */
static const real *hidden_forward(const nm_stack_pass *p, unsigned stream, const real *x) {
    const nm_stack_run *run = p->run;
    const nm_stack_head *head = &run->heads[stream];
    if (head->dense.n == 0)
        return x;
    nm_dense_forward(p->pool, run->ops, &head->dense, run->hidden, x, p->N);
    chains_forward(p, stream, run->hidden, &(part){.count = p->N});
    if (run->stack->shape.activation == NM_ACTIVATION_RELU)
        nm_relu_forward(p->pool, run->hidden, p->N * head->dense.n);
    const real *y = nm_stack_norm_forward(p, &head->norm, run->normed, run->hidden);
    return nm_stack_drop(p, &head->dropout, run->normed, y);
}

/* dhidden becomes the gradient of what the dense layer gave, and flows on to the body. */
static void hidden_backward(const nm_stack_pass *p, unsigned stream, const real *x) {
    const nm_stack_run *run = p->run;
    const nm_stack_head *head = &run->heads[stream];
    real *d = run->dhidden;
    nm_stack_drop_backward(p, &head->dropout, d);
    if (head->norm.D)
        nm_stack_norm_backward(p, &head->norm,
                               &(nm_norm_grad){.dy = d,
                                               .dx = d,
                                               .dgain = dhead_at(run, head->norm.gain),
                                               .dbias = dhead_at(run, head->norm.bias)});
    if (run->stack->shape.activation == NM_ACTIVATION_RELU)
        nm_relu_backward(p->pool, d, run->hidden, p->N * head->dense.n);
    chains_backward(p, stream, d, &(part){.count = p->N});
    nm_dense_backward(p->pool, run->ops, &head->dense,
                      &(nm_dense_grad){.m = p->N,
                                       .x = x,
                                       .dy = d,
                                       .dx = run->dbody,
                                       .accumulate = stream > 0,
                                       .dweight = dhead_at(run, head->dense_weight),
                                       .dbias = dhead_at(run, head->dense_bias)});
}

static nm_head_mapping mapping_of(const nm_stack_pass *p, const part *at) {
    const nm_stack_shape *shape = &p->run->stack->shape;
    return (nm_head_mapping){.N = at->count,
                             .V = shape->vocabulary[0],
                             .Z = p->run->heads[0].out.n,
                             .count = shape->map_count,
                             .maps = shape->maps,
                             .contexts = p->batch->contexts + at->first * shape->map_count};
}

/* z = out(x) + chains; logits are z, or gathered from it. In training passes the temperature is 1.
 */
static void logits_forward(const nm_stack_pass *p, unsigned stream, const part *at) {
    const nm_stack_run *run = p->run;
    const nm_stack_head *head = &run->heads[stream];
    const size_t count = at->count * run->stack->shape.vocabulary[stream];
    nm_dense_forward(p->pool, run->ops, &head->out, run->z, at->x, at->count);
    if (head->dense.n == 0)
        chains_forward(p, stream, run->z, at);
    if (run->stack->shape.map_count) {
        const nm_head_mapping mapping = mapping_of(p, at);
        nm_head_map_forward(p->pool, &mapping, run->logits, run->z);
    }
    if (p->kind == NM_PASS_EVALUATE && run->temperature != 1)
        nm_scaled_copy(p->pool, run->logits, 1 / run->temperature, run->logits, count);
}

/* From the gradient in the place of the logits. */
static void logits_backward(const nm_stack_pass *p, unsigned stream, const part *at) {
    const nm_stack_run *run = p->run;
    const nm_stack_head *head = &run->heads[stream];
    if (run->stack->shape.map_count) {
        const nm_head_mapping mapping = mapping_of(p, at);
        nm_head_map_backward(p->pool, &mapping, run->z, run->logits);
    }
    if (head->dense.n == 0)
        chains_backward(p, stream, run->z, at);
    nm_dense_backward(p->pool, run->ops, &head->out,
                      &(nm_dense_grad){.m = at->count,
                                       .x = at->x,
                                       .dy = run->z,
                                       .dx = at->dx,
                                       .accumulate = head->dense.n == 0 && stream > 0,
                                       .dweight = head->dweight,
                                       .dbias = dhead_at(run, head->bias)});
}

static void losses_of(const nm_stack_pass *p, unsigned stream, const part *at) {
    const nm_stack_run *run = p->run;
    const nm_stack_head *head = &run->heads[stream];
    const nm_targets *targets = &p->batch->targets[stream];
    const bool is_training = p->kind == NM_PASS_TRAIN;
    const nm_softmax_loss rows = {.N = at->count,
                                  .V = run->stack->shape.vocabulary[stream],
                                  .logits = run->logits,
                                  .targets = targets->words + at->first,
                                  .masks = targets->masks,
                                  .rules = targets->rules ? targets->rules + at->first : NULL,
                                  .valid = p->batch->valid ? p->batch->valid + at->first : NULL,
                                  .scale = is_training ? 1 : 0,
                                  .smoothing = is_training ? run->options.noise.label_smoothing : 0,
                                  .loss = head->loss + at->first,
                                  .correct = head->correct + at->first};
    run->ops->softmax_loss(p->pool, &rows);
}

static void head_forward(const nm_stack_pass *p, unsigned stream, const real *x) {
    const nm_stack_run *run = p->run;
    const nm_stack_head *head = &run->heads[stream];
    const real *hidden = hidden_forward(p, stream, x);
    const size_t N = p->kind == NM_PASS_STATISTICS ? 0 : p->N, k = head->out.k;
    real *dx = head->dense.n ? run->dhidden : run->dbody;
    for (size_t first = 0; first < N; first += head->chunk) {
        const size_t left = N - first;
        part at = {.first = first, .count = left < head->chunk ? left : head->chunk};
        at.x = hidden + first * k;
        at.dx = dx ? dx + first * k : NULL;
        logits_forward(p, stream, &at);
        losses_of(p, stream, &at);
        if (p->kind == NM_PASS_TRAIN)
            logits_backward(p, stream, &at);
    }
    if (p->kind == NM_PASS_TRAIN && head->dense.n)
        hidden_backward(p, stream, x);
}

void nm_stack_heads_forward(const nm_stack_pass *p, const real *x) {
    const nm_stack_run *run = p->run;
    const nm_stack_head *first = &run->heads[0];
    const size_t count = run->stack->params.size - run->heads_offset;
    if (p->kind == NM_PASS_TRAIN)
        memset(run->dheads, 0, count * sizeof(real));
    if (p->kind == NM_PASS_TRAIN && run->stack->shape.is_tied)
        memset(first->dweight, 0, first->out.n * first->out.k * sizeof(real));
    for (unsigned s = 0; s < run->stack->shape.stream_count; s++)
        head_forward(p, s, x);
}

void nm_stack_heads_backward(const nm_stack_pass *p, real scale, real *gradient, real *dx) {
    const nm_stack_run *run = p->run;
    const nm_stack_head *first = &run->heads[0];
    nm_scaled_add(p->pool, gradient + run->heads_offset, scale, run->dheads,
                  run->stack->params.size - run->heads_offset);
    if (run->stack->shape.is_tied)
        nm_scaled_add(p->pool, gradient + first->weight, scale, first->dweight,
                      first->out.n * first->out.k);
    nm_scaled_copy(p->pool, dx, scale, run->dbody, p->N * run->body_width);
}

const real *nm_stack_head_logits(const nm_stack_pass *p, unsigned stream, const real *x) {
    const part at = {.count = p->N, .x = hidden_forward(p, stream, x)};
    logits_forward(p, stream, &at);
    return p->run->logits;
}
