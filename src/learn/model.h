/* SPDX-License-Identifier: ISC */
/* The inside of neume_model: where codec, network and what training left behind meet. */
#ifndef NM_LEARN_MODEL_H
#define NM_LEARN_MODEL_H

#include "learn/baseline.h"
#include "music/codec.h"
#include "nn/model_file.h"
#include "nn/stack.h"

#include <neume/model.h>

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

#endif
