/* SPDX-License-Identifier: ISC */
#include "base/error.h"
#include "base/mem.h"
#include "learn/metadata.h"
#include "learn/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A model being made from a file; `path` is for errors. */
typedef struct loading {
    neume_model *model;
    const char *path;
    nm_tensor_file file;
    json_t *metadata;
} loading;

/* A part's own line, with the path before it. */
static neume_status blame(const loading *from, neume_status status, const neume_error *why,
                          neume_error *error) {
    if (status == NEUME_NO_MEMORY)
        return nm_fail_memory(error, from->path);
    return nm_fail(error, NEUME_BAD_MODEL, "%s: %s", from->path, why->line);
}

static neume_status find_data(neume_bytes *out, const loading *from, const char *name,
                              neume_error *error) {
    const nm_tensor *tensor = nm_tensor_file_find(&from->file, name);
    if (!tensor || tensor->dtype != NM_U8 || tensor->dimensions != 1)
        return nm_fail(error, NEUME_BAD_MODEL, "%s: it has no bytes %s", from->path, name);
    *out = (neume_bytes){tensor->data, tensor->size};
    return NEUME_OK;
}

static neume_status load_codec(loading *from, neume_error *error) {
    neume_error why = {0};
    neume_bytes words = {0};
    neume_status status = find_data(&words, from, "data.vocabulary", error);
    if (status)
        return status;
    const json_t *codec = json_object_get(from->metadata, "codec");
    if (!json_is_object(codec))
        return nm_fail(error, NEUME_BAD_MODEL, "%s: its metadata have no codec", from->path);
    char *settings = json_dumps(codec, JSON_REAL_PRECISION(17));
    if (!settings)
        return nm_fail_memory(error, from->path);
    status = nm_codec_restore(&from->model->codec, from->model->context, settings, words, &why);
    free(settings);
    return status ? blame(from, status, &why, error) : NEUME_OK;
}

/* Weights of a biaxial network fit any keys: the file says for which they were learnt. */
static neume_status match_keys(const loading *from, const json_t *network, neume_error *error) {
    const neume_pitch_range range = neume_codec_options_of(from->model->codec)->pitch_range;
    if (json_integer_value(json_object_get(network, "first_key")) == range.low &&
        json_integer_value(json_object_get(network, "keys")) == range.high - range.low + 1)
        return NEUME_OK;
    return nm_fail(error, NEUME_BAD_MODEL, "%s: its network has other keys than its codec's %u-%u",
                   from->path, range.low, range.high);
}

/* What the network was made for, beside what the codec has. */
static neume_status match_vocabulary(const loading *from, const json_t *network,
                                     neume_error *error) {
    const neume_codec *codec = from->model->codec;
    const json_t *sizes = json_object_get(network, "vocabulary");
    if (nm_codec_is_roll(codec))
        return match_keys(from, network, error);
    for (unsigned s = 0; s < neume_codec_stream_count(codec); s++) {
        const json_int_t size = json_integer_value(json_array_get(sizes, s));
        if (size != neume_codec_word_count(codec, s))
            return nm_fail(error, NEUME_BAD_MODEL,
                           "%s: its network knows %lld words, its vocabulary has %u", from->path,
                           (long long)size, neume_codec_word_count(codec, s));
    }
    return NEUME_OK;
}

/* The list is there where there are labels. */
static neume_status load_labels(loading *from, neume_error *error) {
    const json_t *array = json_object_get(from->metadata, "labels");
    if (!array)
        return NEUME_OK;
    const neume_status status = nm_labels_read(&from->model->labels, from->model->context, array);
    if (status == NEUME_NO_MEMORY)
        return nm_fail_memory(error, from->path);
    return status ? nm_fail(error, status, "%s: its labels are not a list of names in their order",
                            from->path)
                  : NEUME_OK;
}

static neume_status load_network(loading *from, neume_error *error) {
    const json_t *network = json_object_get(from->metadata, "network");
    neume_network_options options;
    neume_error why = {0};
    neume_status status = load_labels(from, error);
    if (status)
        return status;
    if (!nm_network_read(&options, network))
        return nm_fail(error, NEUME_BAD_MODEL, "%s: its metadata describe no network of this neume",
                       from->path);
    options.labels = from->model->labels.count;
    status = match_vocabulary(from, network, error);
    if (status)
        return status;
    status = nm_network_init(&from->model->network, from->model->context, from->model->codec,
                             &options, &why);
    return status ? blame(from, status, &why, error) : NEUME_OK;
}

static bool fits(const nm_tensor *tensor, const nm_param *param) {
    if (tensor->dtype != NM_F32 || tensor->dimensions != (param->has_decay ? 2 : 1))
        return false;
    return param->has_decay ? tensor->shape[0] == param->rows && tensor->shape[1] == param->columns
                            : tensor->shape[0] == param->rows * param->columns;
}

/* Every tensor is looked at before memory is taken for any. */
static neume_status load_weights(loading *from, neume_error *error) {
    const nm_params *params = nm_model_params(from->model);
    for (size_t i = 0; i < params->count; i++) {
        const nm_param *param = &params->table[i];
        const nm_tensor *tensor = nm_tensor_file_find(&from->file, param->name);
        if (!tensor || !fits(tensor, param))
            return nm_fail(error, NEUME_BAD_MODEL, "%s: it has no %s of %zu x %zu", from->path,
                           param->name, param->rows, param->columns);
    }
    from->model->weights = nm_params_block_new(params, from->model->context);
    if (!from->model->weights)
        return nm_fail_memory(error, from->path);
    for (size_t i = 0; i < params->count; i++) {
        const nm_tensor *tensor = nm_tensor_file_find(&from->file, params->table[i].name);
        memcpy(from->model->weights + params->table[i].offset, tensor->data, tensor->size);
    }
    return NEUME_OK;
}

static neume_status load_split(loading *from, neume_error *error) {
    neume_model *model = from->model;
    neume_bytes bytes = {0};
    neume_status status = find_data(&bytes, from, "data.split", error);
    if (status)
        return status;
    status = nm_piece_hashes_read(&model->pieces, model->context, bytes);
    if (status == NEUME_NO_MEMORY)
        return nm_fail_memory(error, from->path);
    return status ? nm_fail(error, status, "%s: data.split is not a list of hashes", from->path)
                  : NEUME_OK;
}

static neume_status load_ancestry(loading *from, neume_error *error) {
    neume_model *model = from->model;
    neume_error why = {0};
    neume_bytes pieces = {0};
    const bool has_pieces = nm_tensor_file_find(&from->file, "data.ancestors") != NULL;
    neume_status status = has_pieces ? find_data(&pieces, from, "data.ancestors", error) : NEUME_OK;
    if (status)
        return status;
    status = nm_ancestry_read(&model->ancestry, model->context,
                              json_object_get(from->metadata, "ancestry"),
                              has_pieces ? &pieces : NULL, &why);
    return status ? blame(from, status, &why, error) : NEUME_OK;
}

static neume_status load_ngrams(loading *from, unsigned stream, neume_error *error) {
    neume_model *model = from->model;
    neume_error why = {0};
    neume_bytes bytes = {0};
    char name[32];
    snprintf(name, sizeof name, "data.ngrams.%u", stream);
    neume_status status = find_data(&bytes, from, name, error);
    if (status)
        return status;
    status = nm_ngrams_read(&model->ngrams[stream], model->context,
                            neume_codec_word_count(model->codec, stream), bytes, &why);
    return status ? blame(from, status, &why, error) : NEUME_OK;
}

static neume_status load_keys(loading *from, neume_error *error) {
    neume_model *model = from->model;
    neume_error why = {0};
    neume_bytes bytes = {0};
    neume_status status = find_data(&bytes, from, "data.keys", error);
    if (status)
        return status;
    model->keys = nm_alloc(model->context, 1, sizeof *model->keys);
    if (!model->keys)
        return nm_fail_memory(error, from->path);
    status = nm_key_counts_read(model->keys, bytes, &why);
    return status ? blame(from, status, &why, error) : NEUME_OK;
}

static neume_status load_baselines(loading *from, neume_error *error) {
    if (nm_codec_is_roll(from->model->codec))
        return load_keys(from, error);
    neume_status status = NEUME_OK;
    for (unsigned s = 0; !status && s < neume_codec_stream_count(from->model->codec); s++)
        status = load_ngrams(from, s, error);
    return status;
}

/* A temperature that makes no sense is none. */
static double read_temperature(const json_t *metadata) {
    const json_t *results = json_object_get(json_object_get(metadata, "training"), "results");
    const double temperature = json_number_value(json_object_get(results, "temperature"));
    return temperature >= 0.01 && temperature <= 100 ? temperature : 1;
}

static neume_status load_texts(loading *from, neume_error *error) {
    neume_model *model = from->model;
    neume_bytes report = {0};
    const neume_status status = find_data(&report, from, "data.report", error);
    if (status)
        return status;
    const char *preset = json_string_value(json_object_get(from->metadata, "preset"));
    model->temperature = read_temperature(from->metadata);
    if (!preset)
        return nm_fail(error, NEUME_BAD_MODEL, "%s: its metadata have no preset", from->path);
    model->preset = nm_copy_text(model->context, preset, strlen(preset));
    model->description =
        nm_copy_text(model->context, from->file.metadata, strlen(from->file.metadata));
    model->report = nm_copy_text(model->context, report.data, report.size_bytes);
    if (!model->preset || !model->description || !model->report)
        return nm_fail_memory(error, from->path);
    return NEUME_OK;
}

static neume_status load_parts(loading *from, neume_error *error) {
    neume_status status = load_codec(from, error);
    if (!status)
        status = load_network(from, error);
    if (!status)
        status = load_weights(from, error);
    if (!status)
        status = load_split(from, error);
    if (!status)
        status = load_ancestry(from, error);
    if (!status)
        status = load_baselines(from, error);
    if (!status)
        status = load_texts(from, error);
    if (!status && nm_model_hash_weights(&from->model->hash, from->model, from->model->weights))
        status = nm_fail_memory(error, from->path);
    return status;
}

neume_status nm_model_read(neume_model **out, nm_tensor_file *file, const char *path,
                           neume_error *error) {
    loading from = {.path = path, .file = *file};
    *file = (nm_tensor_file){.context = from.file.context};
    *out = NULL;
    neume_status status =
        nm_metadata_read(&from.metadata, from.file.metadata, path, "model", error);
    if (!status) {
        from.model = nm_alloc(from.file.context, 1, sizeof *from.model);
        status = from.model ? NEUME_OK : nm_fail_memory(error, path);
    }
    if (!status) {
        from.model->context = from.file.context;
        status = load_parts(&from, error);
    }
    json_decref(from.metadata);
    nm_tensor_file_clear(&from.file);
    if (status)
        neume_model_free(from.model);
    else
        *out = from.model;
    return status;
}

neume_status neume_model_load(neume_model **out, neume_context *context, const char *path,
                              neume_error *error) {
    nm_tensor_file file;
    *out = NULL;
    const neume_status status = nm_tensor_file_load(&file, context, path, error);
    return status ? status : nm_model_read(out, &file, path, error);
}
