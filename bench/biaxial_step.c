/* SPDX-License-Identifier: ISC */
/* A training step of networks "biaxial" with their noise, beside the multiply-adds that the machine
 * can do. Usage: biaxial_step [ISA [THREADS [T B K]]] */
#include "measure.h"

#include "base/mem.h"
#include "base/rng.h"
#include "nn/work.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct size {
    size_t T, B;
    uint32_t K;
} size;

typedef struct work {
    nm_biaxial biaxial;
    nm_biaxial_run *run;
    nm_batch batch;
    neume_context *context;
    uint32_t *words; /* of targets and inputs */
    uint8_t *flags;
    float *weights, *gradient;
    uint64_t update;
    double seconds[2]; /* pack; forward and backward, which are one */
} work;

static nm_biaxial_shape shape_of(uint32_t K, uint32_t time, uint32_t note) {
    return (nm_biaxial_shape){.first = 20,
                              .key_count = K,
                              .bits = 1,
                              .window = 25,
                              .period = 12,
                              .place_bits = 4,
                              .has_absolute = true,
                              .time_layers = {time, time},
                              .time_count = 2,
                              .note_layers = {note, note},
                              .note_count = 2};
}

static void train(void *data) {
    work *w = data;
    const double start = bench_seconds(w->context);
    nm_biaxial_run_pack_noisy(w->run, w->weights, ++w->update);
    const double packed = bench_seconds(w->context);
    nm_biaxial_forward(w->run, &w->batch, w->update, NM_PASS_TRAIN);
    nm_biaxial_backward(w->run, 1e-3f, w->gradient);
    w->seconds[0] += packed - start;
    w->seconds[1] += bench_seconds(w->context) - packed;
}

/* One key in eight is on. */
static void draw_batch(work *w, const size *s) {
    const size_t N = s->T * s->B, columns = NM_SET_WORDS + 1;
    w->words = nm_alloc(w->context, N * (columns + NM_SET_WORDS), sizeof *w->words);
    w->flags = nm_alloc(w->context, 2 * N, 1);
    for (size_t i = 0; i < N * (columns + NM_SET_WORDS); i++) {
        const nm_random r = nm_random_at(1, NM_PURPOSE_TEST, 0, i);
        w->words[i] = r.word[0] & r.word[1] & r.word[2];
    }
    for (size_t n = 0; n < N; n++)
        w->flags[n] = 1;
    w->batch = (nm_batch){.T = s->T, .inputs = w->words, .valid = w->flags, .reset = w->flags + N};
    for (size_t i = 0; i < NM_SET_WORDS; i++)
        w->batch.targets[i].words = w->words + (columns + i) * N;
}

static void report(work *w, const size *s, const nm_run_options *options) {
    const nm_biaxial_shape *shape = &w->biaxial.shape;
    const double flop = nm_biaxial_work(shape).training * (double)(s->T * s->B);
    const bench_result result = bench_measure(w->context, train, w, flop, 0.02);
    printf("%-8s T %3zu B %2zu K %2u  [%u, %u] [%u, %u]  %8.2f ms  %6.0f steps/s  %5.1f GFLOP/s  "
           "%4.1f %% of peak, best %4.1f %%  pack %2.0f %%  %.0f MiB\n",
           neume_context_isa_name(w->context), s->T, s->B, s->K, shape->time_layers[0],
           shape->time_layers[1], shape->note_layers[0], shape->note_layers[1],
           1e3 * result.seconds, (double)(s->T * s->B) / result.seconds,
           1e-9 * flop / result.seconds, 100 * result.share, 100 * result.best,
           100 * w->seconds[0] / (w->seconds[0] + w->seconds[1]),
           (double)nm_biaxial_run_bytes(w->context, &w->biaxial, options) / (1 << 20));
    fflush(stdout);
}

static void bench_training(neume_context *context, const size *s, const nm_biaxial_shape *shape) {
    const nm_run_options options = {.max_T = s->T,
                                    .max_B = s->B,
                                    .for_training = true,
                                    .noise = {.dropout = 0.3f, .weight_drop = 0.2f}};
    work w = {.context = context};
    if (nm_biaxial_init(&w.biaxial, shape, NULL) ||
        nm_biaxial_run_new(&w.run, context, &w.biaxial, &options, NULL))
        exit(1);
    w.weights = bench_floats(context, w.biaxial.params.size, 0.05f);
    w.gradient = bench_floats(context, w.biaxial.params.size, 0);
    draw_batch(&w, s);
    report(&w, s, &options);
    nm_biaxial_run_free(w.run);
    nm_free_aligned(context, w.weights);
    nm_free_aligned(context, w.gradient);
    nm_free(context, w.words);
    nm_free(context, w.flags);
}

int main(int argc, char **argv) {
    const neume_isa isa = bench_isa(argc > 1 ? argv[1] : "auto");
    neume_context *context = bench_context(argc > 2 ? (unsigned)atoi(argv[2]) : 1, isa);
    size s = {64, 16, 58};
    if (argc > 5)
        s = (size){(size_t)atoi(argv[3]), (size_t)atoi(argv[4]), (uint32_t)atoi(argv[5])};
    const nm_biaxial_shape shapes[] = {shape_of(s.K, 128, 64), shape_of(s.K, 200, 100)};
    for (size_t i = 0; i < 2; i++)
        bench_training(context, &s, &shapes[i]);
    neume_context_free(context);
    return 0;
}
