/* SPDX-License-Identifier: ISC */
#include "learn/model.h"

#include "base/error.h"
#include "base/mem.h"
#include "learn/metadata.h"

#include <string.h>

#define XXH_STATIC_LINKING_ONLY /* so that a hash state may live on the stack */
#include <xxhash.h>

/* The corpus's codec again, for as long as the model lives. */
static neume_status copy_codec(neume_model *model, const neume_codec *codec, neume_error *error) {
    nm_buffer words = nm_buffer_on(model->context);
    char *settings = nm_codec_settings(codec);
    neume_status status = settings ? nm_codec_vocabulary(codec, &words) : NEUME_NO_MEMORY;
    if (status)
        nm_fail_memory(error, "codec");
    else
        status = nm_codec_restore(&model->codec, model->context, settings,
                                  (neume_bytes){words.data, words.size}, error);
    nm_buffer_clear(&words);
    nm_free(model->context, settings);
    return status;
}

static neume_status count_ngrams(neume_model *model, const neume_corpus *corpus, unsigned stream) {
    nm_ngrams **ngrams = &model->ngrams[stream];
    neume_status status =
        nm_ngrams_new(ngrams, model->context, neume_codec_word_count(model->codec, stream));
    for (size_t i = 0; i < corpus->train_count && !status; i++)
        status = nm_ngrams_add(*ngrams, nm_line_of(&corpus->train[i].sequence, stream));
    return status ? status : nm_ngrams_finish(*ngrams);
}

static neume_status count_keys(neume_model *model, const neume_corpus *corpus, neume_error *error) {
    model->keys = nm_alloc(model->context, 1, sizeof *model->keys);
    if (!model->keys)
        return nm_fail_memory(error, "model");
    for (size_t i = 0; i < corpus->train_count; i++)
        nm_key_counts_add(model->keys, &corpus->train[i].sequence);
    return NEUME_OK;
}

static neume_status take_streams(neume_model *model, const neume_corpus *corpus,
                                 neume_error *error) {
    for (unsigned s = 0; s < neume_codec_stream_count(model->codec); s++) {
        const neume_status status = count_ngrams(model, corpus, s);
        if (status == NEUME_BAD_USAGE)
            return nm_fail(error, status, "vocabulary of %u words: expected at most %d",
                           neume_codec_word_count(model->codec, s), NM_MAX_NGRAM_WORDS);
        if (status)
            return nm_fail_memory(error, "model");
    }
    return NEUME_OK;
}

/* What comes with the corpus: codec, labels, hashes, n-grams, the account of the files. */
static neume_status take_corpus(neume_model *model, const neume_corpus *corpus,
                                neume_error *error) {
    neume_status status = copy_codec(model, corpus->codec, error);
    if (status)
        return status;
    status = nm_codec_is_roll(model->codec) ? count_keys(model, corpus, error)
                                            : take_streams(model, corpus, error);
    if (status)
        return status;
    if (nm_labels_copy(&model->labels, model->context, &corpus->labels))
        return nm_fail_memory(error, "labels");
    model->report = nm_corpus_report(corpus);
    if (!model->report || nm_piece_hashes_of(&model->pieces, corpus) ||
        (corpus->init && nm_ancestry_of(&model->ancestry, model->context, corpus->init)))
        return nm_fail_memory(error, "model");
    return NEUME_OK;
}

/* A network that cannot be is no file's fault here: its options are the caller's. */
static neume_status take_network(neume_model *model, const char *preset,
                                 const neume_network_options *network, neume_error *error) {
    neume_error why = {0};
    neume_network_options options = *network;
    options.labels = model->labels.count;
    const neume_status status =
        nm_network_init(&model->network, model->context, model->codec, &options, &why);
    if (status == NEUME_NO_MEMORY)
        return nm_fail_memory(error, "network");
    if (status)
        return nm_fail(error, NEUME_BAD_USAGE, "%s", why.line);
    model->weights = nm_params_block_new(nm_model_params(model), model->context);
    model->preset = nm_copy_text(model->context, preset, strlen(preset));
    model->description = nm_copy_text(model->context, "{}", 2);
    if (!model->weights || !model->preset || !model->description)
        return nm_fail_memory(error, "model");
    return NEUME_OK;
}

void nm_model_baseline(nm_baseline_sums *sums, const neume_model *model,
                       const neume_sequence *sequence) {
    if (model->keys)
        nm_key_counts_score(sums, model->keys, model->codec, sequence);
    else
        nm_baseline_add(sums, model->ngrams, model->codec, sequence);
}

const nm_params *nm_model_params(const neume_model *model) {
    return nm_network_params(&model->network);
}

neume_status nm_model_new(neume_model **out, const neume_corpus *corpus, const char *preset,
                          const neume_network_options *network, neume_error *error) {
    *out = NULL;
    neume_model *model = nm_alloc(corpus->context, 1, sizeof *model);
    if (!model)
        return nm_fail_memory(error, "model");
    model->context = corpus->context;
    model->temperature = 1;
    neume_status status = take_corpus(model, corpus, error);
    if (!status)
        status = take_network(model, preset, network, error);
    if (status)
        neume_model_free(model);
    else
        *out = model;
    return status;
}

void neume_model_free(neume_model *model) {
    if (!model)
        return;
    neume_context *context = model->context;
    for (unsigned s = 0; s < NEUME_MAX_STREAMS; s++)
        nm_ngrams_free(model->ngrams[s]);
    nm_free(context, model->keys);
    nm_piece_hashes_clear(&model->pieces, context);
    nm_ancestry_clear(&model->ancestry, context);
    nm_free_aligned(context, model->weights);
    nm_network_clear(&model->network, context);
    nm_labels_clear(&model->labels, context);
    neume_codec_free(model->codec);
    nm_free(context, model->description);
    nm_free(context, model->report);
    nm_free(context, model->preset);
    nm_free(context, model);
}

const char *neume_model_preset(const neume_model *model) {
    return model->preset;
}

neume_codec *neume_model_codec(const neume_model *model) {
    return model->codec;
}

size_t neume_model_label_count(const neume_model *model) {
    return model->labels.count;
}

const char *neume_model_label(const neume_model *model, size_t index) {
    return model->labels.names[index];
}

const char *neume_model_description(const neume_model *model) {
    return model->description;
}

size_t neume_model_parameter_count(const neume_model *model) {
    return nm_params_count_reals(nm_model_params(model));
}

double neume_model_temperature(const neume_model *model) {
    return model->temperature;
}

uint64_t neume_model_hash(const neume_model *model) {
    return model->hash;
}

neume_status nm_model_hash_weights(uint64_t *out, const neume_model *model, const real *weights) {
    const nm_params *params = nm_model_params(model);
    nm_buffer words = nm_buffer_on(model->context);
    char *settings = nm_codec_settings(model->codec);
    neume_status status = settings ? nm_codec_vocabulary(model->codec, &words) : NEUME_NO_MEMORY;
    if (!status) {
        XXH3_state_t state;
        XXH3_64bits_reset(&state);
        XXH3_64bits_update(&state, settings, strlen(settings) + 1);
        XXH3_64bits_update(&state, words.data, words.size);
        for (unsigned i = 0; i < model->labels.count; i++)
            XXH3_64bits_update(&state, model->labels.names[i], strlen(model->labels.names[i]) + 1);
        for (size_t i = 0; i < params->count; i++)
            XXH3_64bits_update(&state, weights + params->table[i].offset,
                               params->table[i].rows * params->table[i].columns * sizeof *weights);
        *out = XXH3_64bits_digest(&state);
    }
    nm_buffer_clear(&words);
    nm_free(model->context, settings);
    return status;
}

neume_split nm_model_split_of(const neume_model *model, uint64_t hash) {
    const neume_split own = nm_piece_hashes_split(&model->pieces, hash);
    const neume_split before = nm_piece_hashes_split(&model->ancestry.pieces, hash);
    return own == NEUME_SPLIT_NONE || before == NEUME_SPLIT_TRAIN ? before : own;
}
