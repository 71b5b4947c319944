/* SPDX-License-Identifier: ISC */
/* Composing of a stack: steps a second of all songs, and for one song the share of what memory
 * allows, which is reading as many bytes as its weights take, over and over. Both are timed in
 * turn: medians, the median of the ratios, and the fastest against the fastest. With one thread the
 * clock is the processor's time, so that others on the machine matter less. Usage: generate_step
 * [ISA [THREADS [SONGS [H [LAYERS [V]]]]]] */
#include "measure.h"

#include "base/mem.h"
#include "nn/probe.h"
#include "nn/stack.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 40 };
static const double slice_seconds = 0.01;

typedef struct composing {
    neume_context *context;
    nm_stack_run *run;
    float *block; /* as large as the weights */
    size_t size_bytes;
    uint32_t *inputs, *chosen;
    uint8_t *reset;
} composing;

static double step_seconds(const composing *c, int repeats) {
    const double start = bench_seconds(c->context);
    for (int i = 0; i < repeats; i++) {
        nm_stack_step(c->run, c->inputs, c->reset);
        (void)nm_stack_logits(c->run, 0, c->chosen, NULL);
    }
    return (bench_seconds(c->context) - start) / repeats;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const composing *c, const char *name, size_t songs) {
    double steps[ROUNDS], limits[ROUNDS], shares[ROUNDS];
    const int repeats = 1 + (int)(slice_seconds / step_seconds(c, 3));
    for (int i = 0; i < ROUNDS; i++) {
        steps[i] = 1 / step_seconds(c, repeats);
        limits[i] = nm_probe_bandwidth(c->context, c->block, c->size_bytes) / (double)c->size_bytes;
        shares[i] = steps[i] / limits[i];
    }
    qsort(steps, ROUNDS, sizeof *steps, compare);
    qsort(limits, ROUNDS, sizeof *limits, compare);
    qsort(shares, ROUNDS, sizeof *shares, compare);
    const double many = (double)songs;
    printf(
        "%-8s %s, %u threads, %zu songs, %.1f MB: %.0f steps/s (fastest %.0f); limit of one song "
        "%.0f (fastest %.0f, %.1f GB/s); share %.1f %% (quartiles %.1f, %.1f), of the fastest "
        "%.1f %%\n",
        neume_context_isa_name(c->context), name, neume_context_thread_count(c->context), songs,
        (double)c->size_bytes * 1e-6, many * steps[ROUNDS / 2], many * steps[ROUNDS - 1],
        limits[ROUNDS / 2], limits[ROUNDS - 1], limits[ROUNDS - 1] * (double)c->size_bytes * 1e-9,
        100 * shares[ROUNDS / 2], 100 * shares[ROUNDS / 4], 100 * shares[ROUNDS * 3 / 4],
        100 * steps[ROUNDS - 1] / limits[ROUNDS - 1]);
    fflush(stdout);
}

/* Bytes that the weights of layers and head take at the precision. */
static size_t bytes_of(const nm_stack_shape *shape, nm_precision precision) {
    static const size_t bytes[] = {4, 2, 1};
    size_t count = 0;
    for (unsigned l = 0; l < shape->layer_count; l++)
        count += 4 * (size_t)shape->layers[l] *
                 ((l ? shape->layers[l - 1] : shape->embed) + shape->layers[l]);
    count += (size_t)shape->vocabulary[0] * shape->layers[shape->layer_count - 1];
    return count * bytes[precision] / 64 * 64;
}

static void bench(neume_context *context, const nm_stack_shape *shape, nm_precision precision,
                  size_t songs) {
    static const char *const names[] = {"fp32", "bf16", "int8"};
    nm_stack stack;
    composing c = {.context = context};
    const nm_run_options options = {.max_T = 1, .max_B = songs, .precision = precision};
    if (nm_stack_init(&stack, shape, NULL) ||
        nm_stack_run_new(&c.run, context, &stack, &options, NULL))
        exit(1);
    float *weights = bench_floats(context, stack.params.size, 0.05f);
    nm_stack_run_pack(c.run, weights);
    c.size_bytes = bytes_of(shape, precision);
    c.block = bench_floats(context, c.size_bytes / sizeof(float), 1);
    c.inputs = nm_alloc(context, songs, sizeof *c.inputs);
    c.chosen = nm_alloc(context, songs, sizeof *c.chosen);
    c.reset = nm_alloc(context, songs, 1);
    for (size_t i = 0; i < songs; i++)
        c.inputs[i] = (uint32_t)(i * 7 % shape->vocabulary[0]);
    measure(&c, names[precision], songs);
    nm_stack_run_free(c.run);
    nm_free_aligned(context, weights);
    nm_free_aligned(context, c.block);
    nm_free(context, c.inputs);
    nm_free(context, c.chosen);
    nm_free(context, c.reset);
}

static size_t number(int argc, char **argv, int index, size_t usual) {
    return argc > index ? strtoul(argv[index], NULL, 10) : usual;
}

int main(int argc, char **argv) {
    neume_context *context =
        bench_context((unsigned)number(argc, argv, 2, 1), bench_isa(argc > 1 ? argv[1] : "auto"));
    const uint32_t H = (uint32_t)number(argc, argv, 4, 512);
    nm_stack_shape shape = {.stream_count = 1,
                            .vocabulary = {(uint32_t)number(argc, argv, 6, 400)},
                            .embed = H,
                            .layer_count = (unsigned)number(argc, argv, 5, 3)};
    for (unsigned l = 0; l < shape.layer_count && l < NM_MAX_LAYERS; l++)
        shape.layers[l] = H;
    for (int precision = NM_FP32; precision <= NM_INT8; precision++)
        bench(context, &shape, (nm_precision)precision, number(argc, argv, 3, 1));
    neume_context_free(context);
    return 0;
}
