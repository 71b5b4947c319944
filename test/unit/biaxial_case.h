/* SPDX-License-Identifier: ISC */
/* Small networks "biaxial" with weights, and a batch of sets drawn at random, for checks of their
 * numbers in float and double. */
#ifndef NM_TEST_BIAXIAL_CASE_H
#define NM_TEST_BIAXIAL_CASE_H

#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "nn/biaxial_run.h"

#include <math.h>
#include <string.h>

enum { CASE_MAX_N = 64, CASE_MAX_COLUMNS = 2 * NM_SET_WORDS + 1 };

typedef struct biaxial_case {
    const char *name;
    nm_biaxial_shape shape;
    size_t T, B;
    nm_noise noise;
    double reset_share;   /* of the positions where a piece begins */
    double padding_share; /* of the positions that are not valid */
    size_t chunk_bytes;   /* 0: a chunk holds all rows */
} biaxial_case;

/* A context, a network with weights, and a batch. */
typedef struct biaxial_data {
    neume_context *context;
    nm_biaxial biaxial;
    real *weights;
    uint32_t inputs[CASE_MAX_N * CASE_MAX_COLUMNS];
    uint32_t words[2 * NM_SET_WORDS][CASE_MAX_N];
    uint8_t reset[CASE_MAX_N], valid[CASE_MAX_N];
    size_t T, B;
} biaxial_data;

/* Word w of the sets of position n, after the word `before` of the step before: what was on mostly
 * stays, and what stays is struck anew half the time. */
static inline void case_draw_word(biaxial_data *data, size_t n, size_t w, uint32_t before) {
    const nm_random a = nm_random_at(1, NM_PURPOSE_TEST, 1, n * NM_SET_WORDS + w);
    const nm_random b = nm_random_at(1, NM_PURPOSE_TEST, 2, n * NM_SET_WORDS + w);
    const uint32_t kept = before & (a.word[0] | a.word[1]);
    const uint32_t on = kept | (a.word[2] & a.word[3]);
    data->words[w][n] = on;
    data->words[NM_SET_WORDS + w][n] = on & ~(before & b.word[0]);
}

static inline size_t case_columns(const biaxial_data *data) {
    return data->biaxial.shape.bits * NM_SET_WORDS + 1;
}

/* Keys outside the range are on too: nobody may look at them. */
static inline void case_draw_position(biaxial_data *data, size_t n) {
    const size_t columns = case_columns(data), B = data->B;
    uint32_t *inputs = data->inputs + n * columns;
    for (size_t i = 0; i + 1 < columns; i++) {
        inputs[i] = n >= B ? data->words[i][n - B] : nm_random_at(1, NM_PURPOSE_TEST, 3, i).word[0];
        if (data->reset[n])
            inputs[i] = 0;
    }
    inputs[columns - 1] = (uint32_t)(5 * n);
    for (size_t w = 0; w < NM_SET_WORDS; w++)
        case_draw_word(data, n, w, inputs[w]);
}

/* Larger than first weights, so that every function is far from linear. */
static inline void case_draw_weights(biaxial_data *data) {
    for (size_t p = 0; p < data->biaxial.params.count; p++) {
        const nm_param *param = &data->biaxial.params.table[p];
        for (size_t i = 0; i < param->rows * param->columns; i++)
            data->weights[param->offset + i] =
                (real)(1.4 * nm_random_uniform(2, NM_PURPOSE_TEST, p, i) - 0.7);
    }
}

static inline void case_init(biaxial_data *data, const biaxial_case *of, unsigned threads,
                             neume_isa isa) {
    neume_error error = {0};
    *data = (biaxial_data){.context = test_context(threads, isa, NULL), .T = of->T, .B = of->B};
    if (nm_biaxial_init(&data->biaxial, &of->shape, &error))
        fail_msg("%s: %s", of->name, error.line);
    data->weights = nm_params_block_new(&data->biaxial.params, data->context);
    assert_non_null(data->weights);
    assert_true(of->T * of->B <= CASE_MAX_N);
    case_draw_weights(data);
    for (size_t n = 0; n < of->T * of->B; n++) {
        data->reset[n] = nm_random_uniform(3, NM_PURPOSE_TEST, 1, n) < of->reset_share;
        data->valid[n] = nm_random_uniform(3, NM_PURPOSE_TEST, 2, n) >= of->padding_share;
        case_draw_position(data, n);
    }
}

static inline void case_clear(biaxial_data *data) {
    nm_free_aligned(data->context, data->weights);
    neume_context_free(data->context);
}

static inline nm_batch case_batch(const biaxial_data *data, size_t first_step, size_t steps) {
    const size_t n = first_step * data->B;
    nm_batch batch = {.T = steps,
                      .inputs = data->inputs + n * case_columns(data),
                      .reset = data->reset + n,
                      .valid = data->valid + n};
    for (size_t i = 0; i + 1 < case_columns(data); i++)
        batch.targets[i].words = data->words[i] + n;
    return batch;
}

static inline nm_biaxial_run *case_run(const biaxial_data *data, const nm_run_options *options,
                                       size_t chunk_bytes) {
    const nm_biaxial_run plan = nm_biaxial_run_plan(
        data->context, &data->biaxial, options, chunk_bytes ? chunk_bytes : NM_BIAXIAL_CHUNK_BYTES);
    nm_biaxial_run *run = NULL;
    assert_int_equal(nm_biaxial_run_new_as(&run, data->context, &plan, NULL), NEUME_OK);
    assert_int_equal(plan.chunk, chunk_bytes ? 1 : options->max_B);
    return run;
}

#endif
