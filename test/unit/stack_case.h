/* SPDX-License-Identifier: ISC */
/* Four networks that have all parts of a stack between them, each with weights and a batch. */
#ifndef NM_TEST_STACK_CASE_H
#define NM_TEST_STACK_CASE_H

#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "nn/stack.h"

#include <math.h>
#include <string.h>

enum { T = 6, B = 5, N = T * B, MAX_COLUMNS = 8, MAX_MAPS = 2 };

static const uint16_t absolute[7] = {0, 1, 2, 3, 4, 5, 6};
static const uint16_t relative[3 * 7] = {
    0, 1, 2, 3, NM_NO_INDEX, NM_NO_INDEX, 0, /* context 0 */
    1, 1, 1, 1, 1,           1,           1, /* context 1 */
    3, 2, 1, 0, 0,           NM_NO_INDEX, 2, /* context 2 */
};

/* The parts in four networks. */
static const nm_stack_shape plain = {.stream_count = 1,
                                     .vocabulary = {11},
                                     .embed = 7,
                                     .layers = {9, 20},
                                     .layer_count = 2,
                                     .trunk = 6};
static const nm_stack_shape streams = {.stream_count = 3,
                                       .vocabulary = {3, 5, 4},
                                       .feature_count = 2,
                                       .features = {6, 2},
                                       .embed = 7,
                                       .branch = 6,
                                       .layers = {9, 9},
                                       .layer_count = 2,
                                       .has_residual = true,
                                       .trunk = 8,
                                       .head = 10,
                                       .norm = NM_NORM_LAYER,
                                       .activation = NM_ACTIVATION_RELU};
static const nm_stack_shape frames = {.stream_count = 1,
                                      .vocabulary = {7},
                                      .feature_count = 4,
                                      .features = {2, 3, 5, 2},
                                      .embed = 9,
                                      .layers = {12},
                                      .layer_count = 1,
                                      .map_count = 2,
                                      .maps = {{1, 7, absolute}, {3, 4, relative}}};
static const nm_stack_shape normed = {.stream_count = 2,
                                      .vocabulary = {4, 6},
                                      .embed = 5,
                                      .layers = {8},
                                      .layer_count = 1,
                                      .trunk = 6,
                                      .head = 7,
                                      .norm = NM_NORM_BATCH};
static const nm_stack_shape *const shapes[] = {&plain, &streams, &frames, &normed};

enum { SHAPES = sizeof shapes / sizeof *shapes };

static const nm_noise all_noise = {.input_dropout = 0.2f,
                                   .dropout = 0.3f,
                                   .feature_dropout = 0.1f,
                                   .weight_drop = 0.4f,
                                   .label_smoothing = 0.1f,
                                   .ar = 0.1f,
                                   .tar = 0.2f};

/* A context, a network with first weights, and a batch. */
typedef struct fixture {
    neume_context *context;
    nm_stack stack;
    real *weights;
    uint32_t inputs[N * MAX_COLUMNS], targets[NM_MAX_STREAMS][N], contexts[N * MAX_MAPS];
    uint8_t reset[N], valid[N];
} fixture;

static inline void draw_inputs(fixture *f) {
    const nm_stack_shape *shape = &f->stack.shape;
    const unsigned S = shape->stream_count, columns = S + shape->feature_count;
    for (size_t i = 0; i < N * columns; i++) {
        const size_t c = i % columns;
        const uint32_t below = c < S ? shape->vocabulary[c] + 1 : shape->features[c - S];
        f->inputs[i] = nm_random_at(1, NM_PURPOSE_TEST, 1, i).word[0] % below;
    }
    for (size_t i = 0; i < N * shape->map_count; i++)
        f->contexts[i] = nm_random_at(1, NM_PURPOSE_TEST, 2, i).word[0] %
                         shape->maps[i % shape->map_count].context_count;
}

/* Chains begin at 0: here they get weights. */
static inline void draw_chains(fixture *f) {
    for (size_t p = 0; p < f->stack.params.count; p++) {
        const nm_param *param = &f->stack.params.table[p];
        const bool is_chain = strstr(param->name, ".chain.");
        for (size_t i = 0; is_chain && i < param->rows * param->columns; i++)
            f->weights[param->offset + i] =
                (real)nm_random_normal(4, NM_PURPOSE_TEST, param->offset, i);
    }
}

static inline void fixture_init(fixture *f, const nm_stack_shape *shape, unsigned threads,
                                neume_isa isa) {
    *f = (fixture){.context = test_context(threads, isa, NULL)};
    assert_int_equal(nm_stack_init(&f->stack, shape, NULL), NEUME_OK);
    f->weights = nm_params_block_new(&f->stack.params, f->context);
    assert_non_null(f->weights);
    nm_stack_init_weights(&f->stack, f->weights, 3);
    draw_inputs(f);
    draw_chains(f);
    for (size_t n = 0; n < N; n++) {
        const nm_random r = nm_random_at(1, NM_PURPOSE_TEST, 0, n);
        for (unsigned s = 0; s < shape->stream_count; s++)
            f->targets[s][n] = (r.word[0] >> 4 * s) % shape->vocabulary[s];
        f->reset[n] = r.word[2] % 4 == 0;
        f->valid[n] = r.word[3] % 4 != 0;
    }
}

static inline void fixture_clear(fixture *f) {
    nm_free_aligned(f->context, f->weights);
    neume_context_free(f->context);
}

static inline size_t columns_of(const fixture *f) {
    return f->stack.shape.stream_count + f->stack.shape.feature_count;
}

static inline nm_batch batch_from(const fixture *f, size_t first_step, size_t steps) {
    const size_t n = first_step * B;
    nm_batch batch = {.T = steps,
                      .inputs = f->inputs + n * columns_of(f),
                      .contexts = f->contexts + n * f->stack.shape.map_count,
                      .reset = f->reset + n,
                      .valid = f->valid + n};
    for (unsigned s = 0; s < f->stack.shape.stream_count; s++)
        batch.targets[s].words = f->targets[s] + n;
    return batch;
}

static inline nm_stack_run *run_of(const fixture *f, bool for_training, nm_noise noise) {
    const nm_run_options options = {
        .max_T = T, .max_B = B, .for_training = for_training, .noise = noise, .seed = 8};
    nm_stack_run *run = NULL;
    assert_int_equal(nm_stack_run_new(&run, f->context, &f->stack, &options, NULL), NEUME_OK);
    nm_stack_run_pack(run, f->weights);
    return run;
}

#endif
