/* SPDX-License-Identifier: ISC */
/* A closed codec "frame" with a small network of random weights over it, and pieces of few keys,
 * for tests of exact likelihoods. */
#ifndef NM_TEST_FRAME_BENCH_H
#define NM_TEST_FRAME_BENCH_H

#include "near.h"

#include "base/mem.h"
#include "base/rng.h"
#include "learn/network.h"
#include "learn/units.h"
#include "music/codec_frame.h"

#include <string.h>

typedef struct frame_bench {
    neume_context *context;
    neume_codec *codec;
    nm_network network;
    real *weights;
    nm_scorer *scorer;
} frame_bench;

/* A closed codec of this order. */
static inline neume_codec *test_frame_codec(neume_context *context, uint32_t grid,
                                            neume_order order) {
    neume_codec_options options = neume_codec_options_default();
    neume_codec *codec = NULL;
    uint64_t counts[NM_FRAME_WORDS] = {0};
    uint32_t remap[NM_FRAME_WORDS];
    options.name = "frame";
    options.grid = grid;
    options.order = order;
    assert_int_equal(neume_codec_new(&codec, context, &options, NULL), NEUME_OK);
    assert_int_equal(
        nm_codec_close(codec, (const uint64_t *const[]){counts}, (uint32_t *const[]){remap}),
        NEUME_OK);
    return codec;
}

/* In place: the scorer keeps where the network lies. Weights are large, so that the probabilities
 * are far from even. */
static inline void frame_bench_init(frame_bench *b, neume_context *context, neume_order order,
                                    uint64_t seed) {
    const neume_network_options options = {.embed = 5, .layers = {9}, .layer_count = 1};
    *b = (frame_bench){.context = context, .codec = test_frame_codec(context, 1, order)};
    assert_int_equal(nm_network_init(&b->network, context, b->codec, &options, NULL), NEUME_OK);
    const nm_params *params = &b->network.stack.params;
    b->weights = nm_params_block_new(params, context);
    for (size_t i = 0; i < params->size; i++)
        b->weights[i] = (real)(3 * nm_random_uniform(seed, NM_PURPOSE_TEST, 7, i) - 1.5);
    assert_int_equal(nm_scorer_new(&b->scorer, context, &b->network, b->codec, NULL), NEUME_OK);
}

static inline void frame_bench_clear(frame_bench *b) {
    nm_scorer_free(b->scorer);
    nm_free_aligned(b->context, b->weights);
    nm_network_clear(&b->network, b->context);
    neume_codec_free(b->codec);
}

/* Frames as bits of the keys from `lowest` on, to a piece without its <end>. */
static inline nm_piece test_frame_piece(const frame_bench *b, unsigned lowest,
                                        const unsigned *frames, size_t count) {
    nm_pitch_set sets[64] = {{{0}}};
    const nm_roll roll = {.frames = sets, .frame_count = count};
    nm_piece piece = {0};
    for (size_t t = 0; t < count; t++)
        for (unsigned k = 0; frames[t] >> k; k++)
            if (frames[t] >> k & 1)
                nm_pitch_set_add(&sets[t], lowest + k);
    assert_int_equal(nm_codec_encode_roll(&piece.sequence, b->codec, &roll), NEUME_OK);
    piece.sequence.step_count--;
    return piece;
}

#endif
