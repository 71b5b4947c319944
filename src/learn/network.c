/* SPDX-License-Identifier: ISC */
#include "learn/network.h"

#include "base/error.h"
#include "base/mem.h"
#include "learn/metadata.h"

#include <string.h>

_Static_assert((int)NM_NO_INDEX == (int)NM_NO_OUTPUT, "codec and network name it alike");
_Static_assert((int)NM_MAX_STREAMS == NEUME_MAX_STREAMS, "as many streams");
_Static_assert((int)NM_MAX_LAYERS == NEUME_MAX_LAYERS, "as many layers");

static void take_sizes(nm_stack_shape *shape, const neume_codec *codec) {
    shape->stream_count = neume_codec_stream_count(codec);
    for (unsigned s = 0; s < shape->stream_count; s++)
        shape->vocabulary[s] = neume_codec_word_count(codec, s);
    shape->feature_count = nm_codec_feature_count(codec);
    for (unsigned f = 0; f < shape->feature_count; f++)
        shape->features[f] = nm_codec_feature_size(codec, f);
    shape->map_count = nm_codec_map_count(codec);
}

static void take_options(nm_stack_shape *shape, const neume_network_options *options) {
    shape->embed = options->embed;
    shape->branch = options->branch;
    memcpy(shape->layers, options->layers, sizeof shape->layers);
    shape->layer_count = options->layer_count;
    shape->has_residual = options->residual;
    shape->trunk = options->trunk;
    shape->head = options->head;
    shape->norm = (nm_norm)options->norm;
    shape->activation = (nm_activation)options->activation;
    shape->is_tied = options->tied;
}

neume_status nm_network_init(nm_network *network, neume_context *context, const neume_codec *codec,
                             const neume_network_options *options, neume_error *error) {
    nm_stack_shape shape = {0};
    *network = (nm_network){.options = *options};
    if (options->layer_count < 1 || options->layer_count > NEUME_MAX_LAYERS)
        return nm_fail(error, NEUME_BAD_USAGE, "%u layers: expected 1 to %d", options->layer_count,
                       NEUME_MAX_LAYERS);
    take_sizes(&shape, codec);
    take_options(&shape, options);
    for (unsigned m = 0; m < shape.map_count; m++) {
        nm_head_map *map = &shape.maps[m];
        network->maps[m] = nm_codec_map(context, codec, m, &map->context_count, &map->width);
        map->index = network->maps[m];
        if (!map->index)
            return nm_fail_memory(error, "network");
    }
    return nm_stack_init(&network->stack, &shape, error);
}

void nm_network_clear(nm_network *network, neume_context *context) {
    for (unsigned m = 0; m < NM_MAX_MAPS; m++)
        nm_free(context, network->maps[m]);
    *network = (nm_network){0};
}

const nm_params *nm_network_params(const nm_network *network) {
    return &network->stack.params;
}

void nm_network_init_weights(const nm_network *network, real *weights, uint64_t seed) {
    nm_stack_init_weights(&network->stack, weights, seed);
}

static const char *const norms[] = {"none", "layer", "batch", NULL};
static const char *const activations[] = {"none", "relu", NULL};

static json_t *numbers_json(const uint32_t *values, unsigned count) {
    json_t *array = json_array();
    for (unsigned i = 0; i < count; i++)
        if (json_array_append_new(array, json_integer(values[i]))) {
            json_decref(array);
            return NULL;
        }
    return array;
}

json_t *nm_network_json(const nm_network *network) {
    const neume_network_options *options = &network->options;
    const nm_stack_shape *shape = &network->stack.shape;
    return json_pack("{s:s, s:o, s:o, s:I, s:I, s:o, s:b, s:I, s:I, s:s, s:s, s:b}", "kind",
                     "stack", "vocabulary", numbers_json(shape->vocabulary, shape->stream_count),
                     "features", numbers_json(shape->features, shape->feature_count), "embed",
                     (json_int_t)options->embed, "branch", (json_int_t)options->branch, "layers",
                     numbers_json(options->layers, options->layer_count), "residual",
                     (int)options->residual, "trunk", (json_int_t)options->trunk, "head",
                     (json_int_t)options->head, "norm", norms[options->norm], "activation",
                     activations[options->activation], "tied", (int)options->tied);
}

/* The largest size that a file may name; products are checked by nm_stack_init. */
enum { MAX_SIZE = 1 << 24 };

static bool read_layers(neume_network_options *out, const json_t *layers) {
    out->layer_count = (unsigned)json_array_size(layers);
    if (json_array_size(layers) < 1 || json_array_size(layers) > NEUME_MAX_LAYERS)
        return false;
    for (unsigned i = 0; i < out->layer_count; i++) {
        const json_int_t units = json_integer_value(json_array_get(layers, i));
        if (units < 1 || units > MAX_SIZE)
            return false;
        out->layers[i] = (uint32_t)units;
    }
    return true;
}

/* The index of a member's text among `choices`. */
static bool read_choice(unsigned *out, const json_t *object, const char *key,
                        const char *const *choices) {
    const char *text = json_string_value(json_object_get(object, key));
    for (*out = 0; text && choices[*out]; ++*out)
        if (strcmp(choices[*out], text) == 0)
            return true;
    return false;
}

static bool read_flag(bool *out, const json_t *object, const char *key) {
    const json_t *member = json_object_get(object, key);
    *out = json_is_true(member);
    return json_is_boolean(member);
}

bool nm_network_read(neume_network_options *out, const json_t *object) {
    const char *kind = json_string_value(json_object_get(object, "kind"));
    unsigned norm, activation;
    *out = (neume_network_options){0};
    if (!kind || strcmp(kind, "stack") != 0 ||
        !nm_json_number(&out->embed, object, "embed", MAX_SIZE) ||
        !nm_json_number(&out->branch, object, "branch", MAX_SIZE) ||
        !nm_json_number(&out->trunk, object, "trunk", MAX_SIZE) ||
        !nm_json_number(&out->head, object, "head", MAX_SIZE) ||
        !read_layers(out, json_object_get(object, "layers")) ||
        !read_flag(&out->residual, object, "residual") || !read_flag(&out->tied, object, "tied") ||
        !read_choice(&norm, object, "norm", norms) ||
        !read_choice(&activation, object, "activation", activations))
        return false;
    out->norm = (neume_norm)norm;
    out->activation = (neume_activation)activation;
    return true;
}
