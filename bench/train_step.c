/* SPDX-License-Identifier: ISC */
/* The LSTM layers of a training step: weights packed, forward, backward, all gradients.
 * Usage: train_step [ISA|fp16|bf16 [THREADS [T B H L [rounds]]]]; the last as rounds.h says. */
#include "measure.h"
#include "rounds.h"

#include "base/mem.h"
#include "nn/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = 8 };

typedef struct shape {
    size_t T, B, H, layers;
} shape;

/* What computes. */
typedef struct kernels {
    neume_isa isa;
    nm_products products;
    unsigned threads;
} kernels;

/* Each layer's x is the y of the one below; each dx is the dy of that. */
typedef struct network {
    shape shape;
    neume_context *context;
    const nm_ops *ops;
    float *weight_ih, *weight_hh, *bias, *dweight_ih, *dweight_hh, *dbias; /* shared by layers */
    float *packed[MAX_LAYERS], *tape[MAX_LAYERS], *y[MAX_LAYERS + 1], *dy, *dx[2];
    float *state, *scratch;
    uint8_t *reset;
    double seconds[3]; /* pack, forward, backward */
} network;

static network network_new(neume_context *context, const kernels *of, shape s) {
    const size_t T = s.T, B = s.B, H = s.H;
    const nm_ops *ops = nm_ops_at(context, of->products);
    if (!ops) {
        fprintf(stderr, "train_step: this machine or build has no such products\n");
        exit(EXIT_FAILURE);
    }
    network n = {.shape = s, .context = context, .ops = ops};
    n.weight_ih = bench_floats(context, 4 * H * H, 0.05f);
    n.weight_hh = bench_floats(context, 4 * H * H, 0.05f);
    n.bias = bench_floats(context, 4 * H, 0.1f);
    n.dweight_ih = bench_floats(context, 4 * H * H, 0);
    n.dweight_hh = bench_floats(context, 4 * H * H, 0);
    n.dbias = bench_floats(context, 4 * H, 0);
    n.y[0] = bench_floats(context, T * B * H, 1);
    for (size_t l = 0; l < s.layers; l++) {
        n.packed[l] = bench_floats(context, ops->lstm_packed_size(H, H, true), 0);
        n.tape[l] = bench_floats(context, ops->lstm_tape_size(T, B, H, H), 0);
        n.y[l + 1] = bench_floats(context, T * B * H, 0);
    }
    n.dy = bench_floats(context, T * B * H, 0.01f);
    n.dx[0] = bench_floats(context, T * B * H, 0);
    n.dx[1] = bench_floats(context, T * B * H, 0);
    n.state = bench_floats(context, 2 * B * H, 0);
    n.scratch = bench_floats(context, ops->lstm_scratch_size(T, B, H, H), 0);
    n.reset = nm_alloc(context, T * B, 1);
    return n;
}

static void network_free(network *n) {
    float *blocks[] = {n->weight_ih,  n->weight_hh, n->bias,  n->dweight_ih,
                       n->dweight_hh, n->dbias,     n->y[0],  n->dy,
                       n->dx[0],      n->dx[1],     n->state, n->scratch};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        nm_free_aligned(n->context, blocks[i]);
    for (size_t l = 0; l < n->shape.layers; l++) {
        nm_free_aligned(n->context, n->packed[l]);
        nm_free_aligned(n->context, n->tape[l]);
        nm_free_aligned(n->context, n->y[l + 1]);
    }
    nm_free(n->context, n->reset);
}

static nm_lstm layer_of(const network *n, size_t l) {
    const shape *s = &n->shape;
    return (nm_lstm){.T = s->T,
                     .B = s->B,
                     .I = s->H,
                     .H = s->H,
                     .x = n->y[l],
                     .reset = n->reset,
                     .packed = n->packed[l],
                     .h0 = n->state,
                     .c0 = n->state + s->B * s->H,
                     .y = n->y[l + 1],
                     .h1 = n->state,
                     .c1 = n->state + s->B * s->H,
                     .tape = n->tape[l]};
}

static void step(void *data) {
    network *n = data;
    nm_pool *pool = n->context->pool;
    const size_t H = n->shape.H, layers = n->shape.layers;
    const double start = bench_seconds(n->context);
    const nm_lstm_weights weights = {
        .I = H, .H = H, .weight_ih = n->weight_ih, .weight_hh = n->weight_hh, .bias = n->bias};
    for (size_t l = 0; l < layers; l++)
        n->ops->lstm_pack(pool, n->packed[l], &weights, true);
    const double packed = bench_seconds(n->context);
    for (size_t l = 0; l < layers; l++) {
        const nm_lstm layer = layer_of(n, l);
        n->ops->lstm_forward(pool, &layer);
    }
    const double forwarded = bench_seconds(n->context);
    for (size_t l = layers; l-- > 0;) {
        const nm_lstm layer = layer_of(n, l);
        const nm_lstm_grad grad = {.dy = l + 1 == layers ? n->dy : n->dx[(l + 1) % 2],
                                   .dx = n->dx[l % 2],
                                   .dweight_ih = n->dweight_ih,
                                   .dweight_hh = n->dweight_hh,
                                   .dbias = n->dbias,
                                   .scratch = n->scratch};
        n->ops->lstm_backward(pool, &layer, &grad);
    }
    n->seconds[0] += packed - start;
    n->seconds[1] += forwarded - packed;
    n->seconds[2] += bench_seconds(n->context) - forwarded;
}

/* Multiply-adds count as two: forward 2 * 4H * 2H a position, backward twice that. */
static void bench_shape(const kernels *of, shape s) {
    neume_context *context = bench_context(of->threads, of->isa);
    network n = network_new(context, of, s);
    const double positions = (double)(s.T * s.B);
    const double flop = 48.0 * (double)(s.H * s.H) * positions * (double)s.layers;
    const bench_result result = bench_measure(context, step, &n, flop, 0.02);
    const double all = n.seconds[0] + n.seconds[1] + n.seconds[2];
    printf("%-10s %uT  T %3zu B %3zu H %4zu L %zu  %8.2f ms  %7.0f tokens/s  %5.1f GFLOP/s  "
           "%4.1f %% of peak, best %4.1f %%  pack %2.0f %% forward %2.0f %% backward %2.0f %%\n",
           n.ops->name, of->threads, s.T, s.B, s.H, s.layers, 1e3 * result.seconds,
           positions / result.seconds, 1e-9 * flop / result.seconds, 100 * result.share,
           100 * result.best, 100 * n.seconds[0] / all, 100 * n.seconds[1] / all,
           100 * n.seconds[2] / all);
    fflush(stdout);
    network_free(&n);
    neume_context_free(context);
}

static void serve_shape(const kernels *of, shape s) {
    neume_context *context = bench_context(of->threads, of->isa);
    network n = network_new(context, of, s);
    char text[64];
    snprintf(text, sizeof text, "%zu, %zu, %zu, %zu; %s", s.T, s.B, s.H, s.layers, n.ops->name);
    bench_serve(&(bench_rounds){.what = "layers",
                                .peer = "neume",
                                .shape = text,
                                .unit = "tokens/s",
                                .threads = of->threads,
                                .units = (double)(s.T * s.B),
                                .body = step,
                                .data = &n});
    network_free(&n);
    neume_context_free(context);
}

static void bench_shapes(const kernels *of) {
    static const shape shapes[] = {{64, 16, 256, 2},
                                   {64, 32, 512, 2},
                                   {64, 16, 512, 3},
                                   {128, 64, 512, 2},
                                   {256, 64, 1024, 2}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        bench_shape(of, shapes[i]);
}

/* Products of fewer bits are of the best kernels. */
static kernels kernels_of(const char *name, unsigned threads) {
    if (strcmp(name, "fp16") == 0)
        return (kernels){NEUME_ISA_AUTO, NM_PRODUCTS_FP16, threads};
    if (strcmp(name, "bf16") == 0)
        return (kernels){NEUME_ISA_AUTO, NM_PRODUCTS_BF16, threads};
    return (kernels){bench_isa(name), NM_PRODUCTS_FP32, threads};
}

int main(int argc, char **argv) {
    const unsigned threads = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
    kernels of = kernels_of(argc > 1 ? argv[1] : "auto", threads);
    if (argc > 6) {
        const shape s = {(size_t)atoi(argv[3]), (size_t)atoi(argv[4]), (size_t)atoi(argv[5]),
                         (size_t)atoi(argv[6])};
        (argc > 7 ? serve_shape : bench_shape)(&of, s);
        return 0;
    }
    for (of.threads = threads ? threads : 1; of.threads <= (threads ? threads : 2); of.threads++)
        bench_shapes(&of);
    return 0;
}
