/* SPDX-License-Identifier: ISC */
/* A training step of whole stacks with all their noise: the fastest of ROUNDS, in parts.
 * Usage: stack_step [ISA [THREADS]] */
#include "measure.h"

#include "base/mem.h"
#include "base/rng.h"
#include "nn/stack.h"

#include <stdio.h>
#include <stdlib.h>

enum { T = 64, B = 32, N = T * B, CONTEXTS = 50, V = 88, ROUNDS = 12 };
enum { MAX_COLUMNS = 20, MAX_PARTS = 4 };

static uint16_t map_index[MAX_PARTS][CONTEXTS * V];

static const nm_stack_shape frames = {
    .stream_count = 1,
    .vocabulary = {V},
    .feature_count = 17,
    .features = {16, 12, 4, 30, 30, 30, 30, 24, 24, 24, 24, 12, 12, 12, 7, 7, 90},
    .embed = 192,
    .layers = {384},
    .layer_count = 1,
    .map_count = 4,
    .maps = {{CONTEXTS, 88, map_index[0]},
             {CONTEXTS, 60, map_index[1]},
             {CONTEXTS, 60, map_index[2]},
             {CONTEXTS, 60, map_index[3]}}};
static const nm_stack_shape streams = {.stream_count = 4,
                                       .vocabulary = {32, 64, V, 40},
                                       .feature_count = 3,
                                       .features = {10, 20, 30},
                                       .embed = 128,
                                       .branch = 128,
                                       .layers = {512},
                                       .layer_count = 1,
                                       .trunk = 512,
                                       .head = 256,
                                       .norm = NM_NORM_LAYER,
                                       .activation = NM_ACTIVATION_RELU};
static const nm_noise noise = {.input_dropout = 0.2f,
                               .dropout = 0.2f,
                               .feature_dropout = 0.1f,
                               .weight_drop = 0.4f,
                               .label_smoothing = 0.1f};

typedef struct numbers {
    uint32_t inputs[N * MAX_COLUMNS], contexts[N * MAX_PARTS], words[MAX_PARTS][N];
    uint8_t reset[N], valid[N];
} numbers;

static uint32_t draw(size_t index, uint32_t below) {
    return nm_random_at(1, NM_PURPOSE_TEST, 0, index).word[0] % below;
}

static void draw_numbers(numbers *n, const nm_stack_shape *shape) {
    const unsigned S = shape->stream_count, columns = S + shape->feature_count;
    for (size_t i = 0; i < N * columns; i++) {
        const size_t c = i % columns;
        n->inputs[i] = draw(i, c < S ? shape->vocabulary[c] : shape->features[c - S]);
    }
    for (size_t i = 0; i < N * MAX_PARTS; i++) {
        n->contexts[i] = draw(i, CONTEXTS);
        n->words[i % S][i / MAX_PARTS] = draw(i, shape->vocabulary[i % S]);
    }
    for (size_t i = 0; i < N; i++)
        n->valid[i] = 1;
    for (size_t i = 0; i < (size_t)CONTEXTS * V * MAX_PARTS; i++)
        map_index[i % MAX_PARTS][i / MAX_PARTS] = (uint16_t)draw(i, 60);
}

/* Seconds of packing, forward and backward. */
static void step(nm_stack_run *run, const nm_batch *batch, neume_context *context, float *blocks[2],
                 double seconds[3]) {
    static uint64_t update;
    const double start = bench_seconds(context);
    nm_stack_run_pack_noisy(run, blocks[0], ++update);
    const double packed = bench_seconds(context);
    nm_stack_forward(run, batch, update, NM_PASS_TRAIN);
    const double forwarded = bench_seconds(context);
    nm_stack_backward(run, batch, 1e-3f, blocks[1]);
    const double parts[3] = {packed - start, forwarded - packed,
                             bench_seconds(context) - forwarded};
    for (size_t i = 0; i < 3; i++)
        seconds[i] = parts[i] < seconds[i] ? parts[i] : seconds[i];
}

static void bench_stack(const char *name, neume_context *context, const nm_stack_shape *shape) {
    static numbers n;
    nm_stack stack;
    nm_stack_run *run;
    double seconds[3] = {1e9, 1e9, 1e9};
    const nm_run_options options = {.max_T = T, .max_B = B, .for_training = true, .noise = noise};
    draw_numbers(&n, shape);
    if (nm_stack_init(&stack, shape, NULL) ||
        nm_stack_run_new(&run, context, &stack, &options, NULL))
        exit(1);
    float *blocks[2] = {bench_floats(context, stack.params.size, 0.05f),
                        bench_floats(context, stack.params.size, 0)};
    nm_batch batch = {
        .T = T, .inputs = n.inputs, .contexts = n.contexts, .reset = n.reset, .valid = n.valid};
    for (unsigned s = 0; s < shape->stream_count; s++)
        batch.targets[s].words = n.words[s];
    for (int round = 0; round < ROUNDS; round++)
        step(run, &batch, context, blocks, seconds);
    printf("%-8s %s: pack %.2f, forward %.2f, backward %.2f ms\n", neume_context_isa_name(context),
           name, 1e3 * seconds[0], 1e3 * seconds[1], 1e3 * seconds[2]);
    nm_stack_run_free(run);
    nm_free_aligned(context, blocks[0]);
    nm_free_aligned(context, blocks[1]);
}

int main(int argc, char **argv) {
    const neume_isa isa = bench_isa(argc > 1 ? argv[1] : "auto");
    neume_context *context = bench_context(argc > 2 ? (unsigned)atoi(argv[2]) : 1, isa);
    bench_stack("frames", context, &frames);
    bench_stack("streams", context, &streams);
    neume_context_free(context);
    return 0;
}
