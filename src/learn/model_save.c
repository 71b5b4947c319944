/* SPDX-License-Identifier: ISC */
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "learn/metadata.h"
#include "learn/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(real) == sizeof(float), "model files hold single precision");

static json_t *describe_codec(const neume_codec *codec, neume_context *context) {
    char *settings = nm_codec_settings(codec);
    json_t *object = NULL;
    if (settings)
        (void)nm_json_parse(&object, settings, strlen(settings), 0, NULL);
    nm_free(context, settings);
    return object;
}

/* The metadata as text, to be freed with free(); NULL for want of memory. */
static char *describe(const neume_model *model, const json_t *training) {
    json_t *object = nm_metadata_new(model->context, "model");
    char *text = NULL;
    if (object && nm_json_put(object, "preset", nm_json_text(model->context, model->preset)) &&
        nm_json_put(object, "codec", describe_codec(model->codec, model->context)) &&
        nm_json_put(object, "network", nm_network_json(&model->network)) &&
        (model->labels.count == 0 ||
         nm_json_put(object, "labels", nm_labels_json(&model->labels))) &&
        nm_json_put(object, "training", json_deep_copy(training)) &&
        nm_json_put(object, "ancestry", nm_ancestry_json(&model->ancestry)))
        text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17));
    json_decref(object);
    return text;
}

static nm_tensor data_tensor(const char *name, const void *data, size_t size) {
    nm_tensor tensor = {
        .dtype = NM_U8, .dimensions = 1, .shape = {size}, .data = data, .size = size};
    strcpy(tensor.name, name);
    return tensor;
}

/* Matrices and embeddings are those with weight decay; the rest are vectors. */
static nm_tensor weight_tensor(const nm_param *param, const real *weights) {
    nm_tensor tensor = {.dtype = NM_F32,
                        .dimensions = param->has_decay ? 2 : 1,
                        .shape = {param->rows, param->columns},
                        .data = weights + param->offset,
                        .size = param->rows * param->columns * sizeof *weights};
    if (!param->has_decay)
        tensor.shape[0] = param->rows * param->columns;
    strcpy(tensor.name, param->name);
    return tensor;
}

/* What the data.* tensors hold. */
typedef struct model_data {
    nm_buffer vocabulary, split, ancestors, keys, ngrams[NEUME_MAX_STREAMS];
} model_data;

static neume_status model_data_init(model_data *data, const neume_model *model) {
    data->vocabulary = data->split = data->ancestors = data->keys = nm_buffer_on(model->context);
    for (unsigned s = 0; s < NEUME_MAX_STREAMS; s++)
        data->ngrams[s] = nm_buffer_on(model->context);
    nm_piece_hashes_write(&model->pieces, &data->split);
    nm_piece_hashes_write(&model->ancestry.pieces, &data->ancestors);
    if (data->split.failed || data->ancestors.failed ||
        nm_codec_vocabulary(model->codec, &data->vocabulary))
        return NEUME_NO_MEMORY;
    if (model->keys) {
        nm_key_counts_write(model->keys, &data->keys);
        return data->keys.failed ? NEUME_NO_MEMORY : NEUME_OK;
    }
    for (unsigned s = 0; s < neume_codec_stream_count(model->codec); s++)
        if (nm_ngrams_write(model->ngrams[s], &data->ngrams[s]))
            return NEUME_NO_MEMORY;
    return NEUME_OK;
}

static void model_data_clear(model_data *data) {
    nm_buffer_clear(&data->vocabulary);
    nm_buffer_clear(&data->split);
    nm_buffer_clear(&data->ancestors);
    nm_buffer_clear(&data->keys);
    for (unsigned s = 0; s < NEUME_MAX_STREAMS; s++)
        nm_buffer_clear(&data->ngrams[s]);
}

static size_t data_tensors(nm_tensor *out, const neume_model *model, const model_data *data) {
    out[0] = data_tensor("data.vocabulary", data->vocabulary.data, data->vocabulary.size);
    out[1] = data_tensor("data.split", data->split.data, data->split.size);
    out[2] = data_tensor("data.report", model->report, strlen(model->report));
    size_t count = 3;
    if (model->ancestry.generations)
        out[count++] = data_tensor("data.ancestors", data->ancestors.data, data->ancestors.size);
    if (model->keys)
        out[count++] = data_tensor("data.keys", data->keys.data, data->keys.size);
    for (unsigned s = 0; s < neume_codec_stream_count(model->codec) && !model->keys; s++) {
        char name[32];
        snprintf(name, sizeof name, "data.ngrams.%u", s);
        out[count++] = data_tensor(name, data->ngrams[s].data, data->ngrams[s].size);
    }
    return count;
}

neume_status nm_model_save(const neume_model *model, const real *weights, const json_t *training,
                           const char *path, neume_error *error) {
    const nm_params *params = nm_model_params(model);
    nm_tensor tensors[NM_MAX_PARAMS + NM_MODEL_DATA_COUNT];
    model_data data;
    size_t count = 0;
    char *metadata = describe(model, training);
    neume_status status = model_data_init(&data, model);
    if (!metadata || status) {
        status = nm_fail_memory(error, path);
    } else {
        for (; count < params->count; count++)
            tensors[count] = weight_tensor(&params->table[count], weights);
        count += data_tensors(tensors + count, model, &data);
        status = nm_tensor_file_save(path, model->context, tensors, count, metadata, error);
    }
    model_data_clear(&data);
    free(metadata);
    return status;
}
