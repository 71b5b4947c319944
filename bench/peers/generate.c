/* SPDX-License-Identifier: ISC */
/* Generation of one song: each step's likeliest word is the next one's input. E = H. Usage:
 * generate THREADS H L V [fp32|bf16|int8] */
#include "measure.h"
#include "rounds.h"

#include "base/mem.h"
#include "nn/stack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct song {
    nm_stack_run *run;
    uint32_t V, word;
} song;

static void step(void *data) {
    song *s = data;
    const uint8_t reset = 0;
    nm_stack_step(s->run, &s->word, &reset);
    const real *logits = nm_stack_logits(s->run, 0, NULL, NULL);
    s->word = 0;
    for (uint32_t w = 1; w < s->V; w++)
        s->word = logits[w] > logits[s->word] ? w : s->word;
}

static nm_precision precision_of(const char *name) {
    static const char *const names[] = {"fp32", "bf16", "int8"};
    for (int precision = NM_FP32; precision <= NM_INT8; precision++)
        if (strcmp(name, names[precision]) == 0)
            return (nm_precision)precision;
    fprintf(stderr, "precision %s: expected fp32, bf16 or int8\n", name);
    exit(2);
}

int main(int argc, char **argv) {
    if (argc != 5 && argc != 6) {
        fprintf(stderr, "usage: generate THREADS H L V [fp32|bf16|int8]\n");
        return 2;
    }
    const unsigned threads = (unsigned)atoi(argv[1]), layers = (unsigned)atoi(argv[3]);
    const uint32_t H = (uint32_t)atoi(argv[2]), V = (uint32_t)atoi(argv[4]);
    neume_context *context = bench_context(threads, NEUME_ISA_AUTO);
    nm_stack_shape shape = {
        .stream_count = 1, .vocabulary = {V}, .embed = H, .layer_count = layers};
    for (unsigned l = 0; l < layers && l < NM_MAX_LAYERS; l++)
        shape.layers[l] = H;
    static nm_stack stack;
    const char *precision = argc > 5 ? argv[5] : "fp32";
    const nm_run_options options = {.max_T = 1, .max_B = 1, .precision = precision_of(precision)};
    song s = {.V = V};
    neume_error error;
    if (nm_stack_init(&stack, &shape, &error) ||
        nm_stack_run_new(&s.run, context, &stack, &options, &error)) {
        fprintf(stderr, "%s\n", error.line);
        return 1;
    }
    real *weights = nm_params_block_new(&stack.params, context);
    nm_stack_init_weights(&stack, weights, 1);
    nm_stack_run_pack(s.run, weights);
    char text[64];
    snprintf(text, sizeof text, "%s, %s; V %s; %s", argv[2], argv[3], argv[4], precision);
    bench_serve(&(bench_rounds){.what = "generate",
                                .peer = "neume",
                                .shape = text,
                                .unit = "tokens/s",
                                .threads = threads,
                                .units = 1,
                                .body = step,
                                .data = &s});
    nm_stack_run_free(s.run);
    nm_free_aligned(context, weights);
    neume_context_free(context);
    return 0;
}
