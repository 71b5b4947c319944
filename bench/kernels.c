/* SPDX-License-Identifier: ISC */
/* Every operation of a table by itself. Usage: kernels [ISA [THREADS [FILTER]]] */
#include "measure.h"

#include "base/mem.h"
#include "nn/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct operation {
    const char *name;
    void (*run)(void *data);
    size_t m, n, k; /* of a product; T, B, H of a layer, with I = H; N = m, V = n of softmax */
    double flop;    /* of one m n k */
    bool is_layer;
} operation;

/* All operations take what they need from one set of blocks. */
typedef struct blocks {
    neume_context *context;
    const nm_ops *ops;
    size_t m, n, k;
    float *x, *y, *w, *packed, *bias, *tape, *scratch, *state, *loss;
    uint32_t *words;
    uint8_t *flags;
} blocks;

static blocks blocks_new(neume_context *context, const operation *op) {
    const size_t m = op->m, n = op->n, k = op->k, rows = op->is_layer ? m * n : m;
    const size_t width = op->is_layer ? k : n;
    blocks b = {.context = context, .ops = nm_ops_of(context), .m = m, .n = n, .k = k};
    b.x = bench_floats(context, rows * k, 1);
    b.y = bench_floats(context, rows * width, 1);
    b.w = bench_floats(context, (op->is_layer ? 4 * k : n) * k, 0.05f);
    b.packed = bench_floats(
        context, op->is_layer ? b.ops->lstm_packed_size(k, k, true) : b.ops->packed_size(n, k),
        0.05f);
    b.bias = bench_floats(context, op->is_layer ? 4 * k : n, 0.1f);
    b.words = nm_alloc(context, rows, sizeof *b.words);
    b.flags = nm_alloc(context, rows, 1);
    if (!op->is_layer) {
        b.loss = bench_floats(context, rows, 0);
        return b;
    }
    b.tape = bench_floats(context, b.ops->lstm_tape_size(m, n, k, k), 0);
    b.scratch = bench_floats(context, b.ops->lstm_scratch_size(m, n, k, k), 0);
    b.state = bench_floats(context, 2 * n * k, 0);
    return b;
}

static void blocks_free(blocks *b) {
    float *floats[] = {b->x,    b->y,       b->w,     b->packed, b->bias,
                       b->tape, b->scratch, b->state, b->loss};
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
        nm_free_aligned(b->context, floats[i]);
    nm_free(b->context, b->words);
    nm_free(b->context, b->flags);
}

static void run_pack(void *data) {
    blocks *b = data;
    b->ops->pack(b->context->pool, b->packed, b->w, b->n, b->k);
}

static void run_matmul(void *data) {
    blocks *b = data;
    const nm_matmul product = {.m = b->m,
                               .n = b->n,
                               .k = b->k,
                               .x = b->x,
                               .packed = b->packed,
                               .bias = b->bias,
                               .y = b->y};
    b->ops->matmul(b->context->pool, &product);
}

static void run_matmul_grad(void *data) {
    blocks *b = data;
    const nm_matmul_grad product = {
        .m = b->m, .n = b->n, .k = b->k, .dy = b->y, .x = b->x, .dw = b->w, .dbias = b->bias};
    b->ops->matmul_grad(b->context->pool, &product);
}

static void run_softmax(void *data) {
    blocks *b = data;
    const nm_softmax_loss rows = {.N = b->m,
                                  .V = b->n,
                                  .logits = b->y,
                                  .targets = b->words,
                                  .masks = NULL,
                                  .scale = 1,
                                  .loss = b->loss,
                                  .correct = b->flags};
    b->ops->softmax_loss(b->context->pool, &rows);
}

static void run_lstm_pack(void *data) {
    blocks *b = data;
    b->ops->lstm_pack(b->context->pool, b->packed, b->k, b->k, b->w, b->w, b->bias, true);
}

static nm_lstm layer_of(const blocks *b) {
    return (nm_lstm){.T = b->m,
                     .B = b->n,
                     .I = b->k,
                     .H = b->k,
                     .x = b->x,
                     .reset = b->flags,
                     .packed = b->packed,
                     .h0 = b->state,
                     .c0 = b->state + b->n * b->k,
                     .y = b->y,
                     .h1 = b->state,
                     .c1 = b->state + b->n * b->k,
                     .tape = b->tape};
}

static void run_lstm_forward(void *data) {
    blocks *b = data;
    const nm_lstm layer = layer_of(b);
    b->ops->lstm_forward(b->context->pool, &layer);
}

/* On the tape that is there: the values do not matter to the time. */
static void run_lstm_backward(void *data) {
    blocks *b = data;
    const nm_lstm layer = layer_of(b);
    const nm_lstm_grad grad = {.dy = b->y,
                               .dx = b->x,
                               .dweight_ih = b->w,
                               .dweight_hh = b->w,
                               .dbias = b->bias,
                               .scratch = b->scratch};
    memset(b->tape, 0, b->ops->lstm_tape_size(b->m, b->n, b->k, b->k) * sizeof *b->tape);
    b->ops->lstm_backward(b->context->pool, &layer, &grad);
}

static const operation operations[] = {
    {"matmul", run_matmul, 1024, 2048, 512, 2, false},
    {"matmul", run_matmul, 1024, 512, 2048, 2, false},
    {"matmul", run_matmul, 1024, 400, 512, 2, false},
    {"matmul", run_matmul, 16, 2048, 512, 2, false},
    {"matmul", run_matmul, 1, 400, 512, 2, false},
    {"matmul_grad", run_matmul_grad, 1024, 2048, 512, 2, false},
    {"matmul_grad", run_matmul_grad, 1024, 400, 512, 2, false},
    {"matmul_grad", run_matmul_grad, 1024, 256, 64, 2, false},
    {"lstm_forward", run_lstm_forward, 64, 16, 256, 16 * 256, true},
    {"lstm_forward", run_lstm_forward, 64, 16, 512, 16 * 512, true},
    {"lstm_forward", run_lstm_forward, 1, 1, 512, 16 * 512, true},
    {"lstm_forward", run_lstm_forward, 88, 640, 64, 16 * 64, true},
    {"lstm_backward", run_lstm_backward, 64, 16, 256, 32 * 256, true},
    {"lstm_backward", run_lstm_backward, 64, 16, 512, 32 * 512, true},
    {"lstm_backward", run_lstm_backward, 88, 640, 64, 32 * 64, true},
    {"softmax_loss", run_softmax, 1024, 400, 1, 0, false},
    {"pack", run_pack, 1, 2048, 512, 0, false},
    {"lstm_pack", run_lstm_pack, 1, 1, 512, 0, true},
};

static void bench(neume_context *context, const operation *op) {
    blocks b = blocks_new(context, op);
    const double flop = op->flop * (double)(op->m * op->n * op->k);
    const bench_result result = bench_measure(context, op->run, &b, flop, 0.02);
    printf("%-8s %uT  %-14s %4zu %4zu %4zu  %10.1f us", neume_context_isa_name(context),
           neume_context_thread_count(context), op->name, op->m, op->n, op->k,
           1e6 * result.seconds);
    if (flop > 0)
        printf("  %6.1f GFLOP/s  %5.1f %% of peak, best %5.1f %%", 1e-9 * flop / result.seconds,
               100 * result.share, 100 * result.best);
    printf("\n");
    fflush(stdout);
    blocks_free(&b);
}

int main(int argc, char **argv) {
    const neume_isa isa = bench_isa(argc > 1 ? argv[1] : "auto");
    neume_context *context = bench_context(argc > 2 ? (unsigned)atoi(argv[2]) : 1, isa);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (argc <= 3 || strstr(operations[i].name, argv[3]))
            bench(context, &operations[i]);
    neume_context_free(context);
    return 0;
}
