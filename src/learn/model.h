/* SPDX-License-Identifier: ISC */
/* The inside of neume_model: where codec, network and what training left behind meet. */
#ifndef NM_LEARN_MODEL_H
#define NM_LEARN_MODEL_H

#include "learn/ancestry.h"
#include "learn/baseline.h"
#include "learn/corpus.h"
#include "learn/key_counts.h"
#include "learn/network.h"
#include "nn/model_file.h"

#include <neume/model.h>

#include <jansson.h>

struct neume_model {
    neume_context *context;
    char *preset;
    char *description;  /* the metadata: one JSON object; "{}" for a new one */
    char *report;       /* JSON: the account of every file of the corpus */
    neume_codec *codec; /* closed */
    nm_labels labels;   /* none where it was trained without */
    nm_network network;
    real *weights; /* a block of its parameters */
    nm_piece_hashes pieces;
    nm_ancestry ancestry;
    nm_ngrams *ngrams[NEUME_MAX_STREAMS]; /* counts of the training pieces, for the baselines */
    nm_key_counts *keys;                  /* the same of rolls, which have no n-grams */
    double temperature;                   /* tuned on the validation pieces; 1 where it was not */
    uint64_t hash; /* as nm_model_hash_weights for its own weights; 0 for a new one */
};

/* The tensors of a model file beside the weights, which are named by the parameter table:
 *   data.vocabulary  as nm_codec_vocabulary
 *   data.split       the pieces, as nm_piece_hashes_write
 *   data.ancestors   the same of all models that it was made from, where there are any
 *   data.report      JSON: the account of every file, names relative to the INPUT
 *   data.ngrams.S    of stream S, as nm_ngrams_write
 *   data.keys        of rolls instead, as nm_key_counts_write */
enum { NM_MODEL_DATA_COUNT = 4 + NEUME_MAX_STREAMS };

/* A model to be trained on a corpus, with the corpus's context: its own copy of the closed codec
 * and labels, hashes and n-grams of the pieces, the account of the files; weights zero. */
neume_status nm_model_new(neume_model **out, const neume_corpus *corpus, const char *preset,
                          const neume_network_options *network, neume_error *error);

/* A model of the file `path`, which it takes over (also on failure). Fails with NEUME_BAD_MODEL. */
neume_status nm_model_read(neume_model **out, nm_tensor_file *file, const char *path,
                           neume_error *error);

/* Adds what the baselines say of a piece in the model's words. */
void nm_model_baseline(nm_baseline_sums *sums, const neume_model *model,
                       const neume_sequence *sequence);

/* The table of its parameters. Borrowed: as long as the model. */
const nm_params *nm_model_params(const neume_model *model);

/* Writes the model with these weights (a block of its parameters), which may be others than its
 * own. `training` is an object {settings, results, ...} that becomes the key "training" of the
 * description; the rest (versions, preset, codec, network, instruction set, and
 * the data.* tensors) is added here. */
neume_status nm_model_save(const neume_model *model, const real *weights, const json_t *training,
                           const char *path, neume_error *error);

/* XXH3 64 of codec settings, vocabulary, labels and weights. */
neume_status nm_model_hash_weights(uint64_t *out, const neume_model *model, const real *weights);

/* What neume_model_precision says, to the network. Fails with NEUME_BAD_USAGE for what is none. */
neume_status nm_model_precision(nm_precision *out, const neume_model *model,
                                const neume_context *context, neume_precision asked,
                                neume_error *error);

/* Whether the model or one that it was made from was trained on a piece of this hash, or else
 * validated on it. */
neume_split nm_model_split_of(const neume_model *model, uint64_t hash);

#endif
