/* SPDX-License-Identifier: ISC */
/* The inside of neume_model: where codec, network and what training left behind meet. */
#ifndef NM_LEARN_MODEL_H
#define NM_LEARN_MODEL_H

#include "learn/baseline.h"
#include "learn/corpus.h"
#include "music/codec.h"
#include "nn/model_file.h"
#include "nn/stack.h"

#include <neume/model.h>

#include <jansson.h>

struct neume_model {
    neume_context *context;
    char *preset;
    char *description;  /* the metadata: one JSON object */
    neume_codec *codec; /* closed */
    nm_stack stack;
    real *weights;                 /* a block of stack.params */
    uint8_t *masks;                /* [grammar states][V] */
    uint64_t *trained, *validated; /* hashes of the pieces, ascending */
    size_t trained_count, validated_count;
    nm_ngrams *ngrams; /* counts of the training pieces, for the baselines */
    uint64_t hash;
};

/* A model to be trained on a corpus: its own copy of the closed codec, masks, hashes and n-grams of
 * the pieces; weights zero. */
neume_status nm_model_new(neume_model **out, neume_context *context, const char *preset,
                          const neume_corpus *corpus, const nm_stack_shape *shape,
                          neume_error *error);

/* Writes the model with these weights (a block of stack.params), which may be others than its own.
 * `training` is an object {settings, results, ...} that becomes the key "training" of the
 * description; the rest (versions, preset, codec, network, instruction set, data report as the
 * tensor data.report) is added here. */
neume_status nm_model_save(const neume_model *model, const real *weights, const json_t *training,
                           const neume_corpus *corpus, const char *path, neume_error *error);

/* Whether a piece of this hash was trained on or validated on. */
neume_split nm_model_split_of(const neume_model *model, uint64_t hash);

#endif
