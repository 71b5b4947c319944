/* SPDX-License-Identifier: ISC */
/* Sessions on made-up music: of several streams, of side features, of rolls, each with everything
 * that regularises it. */
#ifndef NM_TEST_MUSIC_SESSIONS_H
#define NM_TEST_MUSIC_SESSIONS_H

#include "music_case.h"
#include "trainings.h"

/* A session on made-up music, with a network of all parts that go together. */
static inline void open_music(session *it, unsigned threads, neume_isa isa, const char *preset) {
    const music_plan plan = music_plan_of(preset);
    neume_corpus_options corpus = neume_corpus_options_default();
    *it = (session){.context = test_context(threads, isa, NULL), .folder = new_folder()};
    it->corpus = music_corpus(it->context, &plan);
    assert_int_equal(neume_train_options_preset(&it->options, &corpus, preset, NULL), NEUME_OK);
    it->options.batch = 4;
    it->options.steps = 7;
    it->options.max_updates = 20;
    it->options.ema = 0.99;
    it->options.output = it->folder.model;
    it->options.log = it->folder.log;
    it->options.network = (neume_network_options){.embed = 6, .layers = {9}, .layer_count = 1};
}

/* Branches, residual layers, trunk and heads with batch norm. */
static inline void open_streams(session *it, unsigned threads, neume_isa isa) {
    open_music(it, threads, isa, "streams");
    it->options.network = (neume_network_options){.embed = 6,
                                                  .branch = 5,
                                                  .layers = {12, 8, 8},
                                                  .layer_count = 3,
                                                  .residual = true,
                                                  .trunk = 6,
                                                  .head = 7,
                                                  .norm = NEUME_NORM_BATCH,
                                                  .activation = NEUME_ACTIVATION_RELU};
    it->options.regularisation = (neume_regularisation){.dropout = 0.2f, .weight_drop = 0.3f};
}

/* Keys, side features, a structured head, and all regularisation. */
static inline void open_frames(session *it, unsigned threads, neume_isa isa) {
    open_music(it, threads, isa, "frames");
    it->options.network = (neume_network_options){.embed = 6,
                                                  .layers = {8, 8},
                                                  .layer_count = 2,
                                                  .residual = true,
                                                  .trunk = 5,
                                                  .norm = NEUME_NORM_LAYER,
                                                  .activation = NEUME_ACTIVATION_RELU};
    it->options.regularisation = (neume_regularisation){.input_dropout = 0.2f,
                                                        .dropout = 0.3f,
                                                        .feature_dropout = 0.1f,
                                                        .weight_drop = 0.4f,
                                                        .label_smoothing = 0.05f,
                                                        .ar = 1,
                                                        .tar = 2};
    it->options.keep_key = 0.3;
}

/* Rolls in all keys, with all that regularises them. */
static inline void open_rolls(session *it, unsigned threads, neume_isa isa) {
    open_music(it, threads, isa, "biaxial");
    it->options.network = (neume_network_options){
        .time_layers = {7, 5}, .time_count = 2, .note_layers = {6}, .note_count = 1};
    it->options.regularisation = (neume_regularisation){.dropout = 0.3f, .weight_drop = 0.2f};
}

typedef void (*opening)(session *it, unsigned threads, neume_isa isa);

static const opening openings[] = {open_streams, open_frames, open_rolls};
enum { OPENINGS = 3 };

#endif
