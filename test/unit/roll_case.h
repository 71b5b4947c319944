/* SPDX-License-Identifier: ISC */
/* Made-up music as piano rolls, and small biaxial models of random weights over it. */
#ifndef NM_TEST_ROLL_CASE_H
#define NM_TEST_ROLL_CASE_H

#include "music_case.h"

#include "learn/model.h"

typedef struct roll_case {
    neume_context *context;
    neume_corpus *corpus;
    neume_model *model;
} roll_case;

static const neume_network_options roll_network = {
    .time_layers = {7, 5}, .time_count = 2, .note_layers = {6}, .note_count = 1};

static inline music_plan roll_plan(neume_onsets onsets, uint8_t low, uint8_t high) {
    music_plan plan = music_plan_of("biaxial");
    plan.codec.onsets = onsets;
    plan.codec.pitch_range = (neume_pitch_range){low, high};
    return plan;
}

/* Larger than first weights, so that probabilities are far from even. */
static inline void roll_draw_weights(neume_model *model, uint64_t seed) {
    const nm_params *params = nm_model_params(model);
    for (size_t p = 0; p < params->count; p++)
        for (size_t i = 0; i < params->table[p].rows * params->table[p].columns; i++)
            model->weights[params->table[p].offset + i] =
                (real)(1.4 * nm_random_uniform(seed, NM_PURPOSE_TEST, p, i) - 0.7);
}

static inline roll_case roll_case_of(neume_context *context, const music_plan *plan) {
    roll_case c = {.context = context, .corpus = music_corpus(context, plan)};
    neume_error error = {0};
    if (nm_model_new(&c.model, c.corpus, "biaxial", &roll_network, &error))
        fail_msg("%s", error.line);
    roll_draw_weights(c.model, 3);
    return c;
}

/* Its own context, of one thread and the C kernels, is freed with it. */
static inline roll_case roll_case_new(neume_onsets onsets, uint8_t low, uint8_t high) {
    const music_plan plan = roll_plan(onsets, low, high);
    return roll_case_of(test_context(1, NEUME_ISA_C, NULL), &plan);
}

static inline void roll_case_clear(roll_case *c) {
    neume_model_free(c->model);
    neume_corpus_free(c->corpus);
    neume_context_free(c->context);
}

#endif
