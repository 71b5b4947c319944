/* SPDX-License-Identifier: ISC */
#include "learn/network.h"

#include "base/error.h"
#include "base/mem.h"
#include "learn/metadata.h"

#include <string.h>

_Static_assert((int)NM_NO_INDEX == (int)NM_NO_OUTPUT, "codec and network name it alike");
_Static_assert((int)NM_MAX_STREAMS == NEUME_MAX_STREAMS, "as many streams");
_Static_assert((int)NM_MAX_LAYERS == NEUME_MAX_LAYERS, "as many layers");
_Static_assert((int)NM_MAX_AXIS_LAYERS == NEUME_MAX_AXIS_LAYERS, "as many layers of an axis");
_Static_assert((int)NM_SET_WORDS == NM_ROLL_WORDS, "codec and network have the same sets");

/* A label is the last of the side features. */
static void take_sizes(nm_stack_shape *shape, const neume_codec *codec, unsigned labels) {
    shape->stream_count = neume_codec_stream_count(codec);
    for (unsigned s = 0; s < shape->stream_count; s++)
        shape->vocabulary[s] = neume_codec_word_count(codec, s);
    shape->feature_count = nm_codec_feature_count(codec);
    for (unsigned f = 0; f < shape->feature_count; f++)
        shape->features[f] = nm_codec_feature_size(codec, f);
    if (labels)
        shape->features[shape->feature_count++] = labels + 1;
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

static neume_status init_stack(nm_network *network, neume_context *context,
                               const neume_codec *codec, neume_error *error) {
    const neume_network_options *options = &network->options;
    nm_stack_shape shape = {0};
    if (options->time_count || options->note_count)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "layers along time or the keys: of a piano roll alone, expected layers");
    if (options->labels && !options->embed)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "labels: one-hot words have no room for them, expected an embedding");
    if (options->layer_count < 1 || options->layer_count > NEUME_MAX_LAYERS)
        return nm_fail(error, NEUME_BAD_USAGE, "%u layers: expected 1 to %d", options->layer_count,
                       NEUME_MAX_LAYERS);
    take_sizes(&shape, codec, options->labels);
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

/* What a key sees of the step before: an octave on each side, and the twelve pitch classes. The
 * place is the cell of the bar mod 16. */
enum { WINDOW = 25, PITCH_CLASSES = 12, PLACE_BITS = 4 };

static bool has_parts_of_a_stack(const neume_network_options *options) {
    return options->embed || options->branch || options->layer_count || options->residual ||
           options->trunk || options->head || options->norm || options->activation || options->tied;
}

static neume_status init_biaxial(nm_network *network, const neume_codec *codec,
                                 neume_error *error) {
    const neume_network_options *options = &network->options;
    const neume_pitch_range range = neume_codec_options_of(codec)->pitch_range;
    if (has_parts_of_a_stack(options))
        return nm_fail(error, NEUME_BAD_USAGE,
                       "embedding, layers, trunk or head: of words alone, expected layers along "
                       "time and along the keys");
    if (options->time_count < 1 || options->time_count > NEUME_MAX_AXIS_LAYERS ||
        options->note_count < 1 || options->note_count > NEUME_MAX_AXIS_LAYERS)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "%u layers along time and %u along the keys: expected 1 to %d of each",
                       options->time_count, options->note_count, NEUME_MAX_AXIS_LAYERS);
    nm_biaxial_shape shape = {.first = range.low,
                              .key_count = range.high - range.low + 1u,
                              .bits = neume_codec_stream_count(codec),
                              .window = WINDOW,
                              .period = PITCH_CLASSES,
                              .place_bits = PLACE_BITS,
                              .has_absolute = options->pitch_inputs == NEUME_PITCH_INPUTS_ABSOLUTE,
                              .time_count = options->time_count,
                              .note_count = options->note_count};
    memcpy(shape.time_layers, options->time_layers, sizeof shape.time_layers);
    memcpy(shape.note_layers, options->note_layers, sizeof shape.note_layers);
    return nm_biaxial_init(&network->biaxial, &shape, error);
}

neume_status nm_network_init(nm_network *network, neume_context *context, const neume_codec *codec,
                             const neume_network_options *options, neume_error *error) {
    *network = (nm_network){.options = *options, .is_biaxial = nm_codec_is_roll(codec)};
    return network->is_biaxial ? init_biaxial(network, codec, error)
                               : init_stack(network, context, codec, error);
}

void nm_network_clear(nm_network *network, neume_context *context) {
    for (unsigned m = 0; m < NM_MAX_MAPS; m++)
        nm_free(context, network->maps[m]);
    *network = (nm_network){0};
}

const nm_params *nm_network_params(const nm_network *network) {
    return network->is_biaxial ? &network->biaxial.params : &network->stack.params;
}

void nm_network_init_weights(const nm_network *network, real *weights, uint64_t seed) {
    if (network->is_biaxial)
        nm_biaxial_init_weights(&network->biaxial, weights, seed);
    else
        nm_stack_init_weights(&network->stack, weights, seed);
}

static const char *const norms[] = {"none", "layer", "batch", NULL};
static const char *const activations[] = {"none", "relu", NULL};
static const char *const pitch_inputs[] = {"absolute", "relative", NULL};

static json_t *numbers_json(const uint32_t *values, unsigned count) {
    json_t *array = json_array();
    for (unsigned i = 0; i < count; i++)
        if (json_array_append_new(array, json_integer(values[i]))) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *biaxial_json(const nm_network *network) {
    const neume_network_options *options = &network->options;
    const nm_biaxial_shape *shape = &network->biaxial.shape;
    return json_pack("{s:s, s:I, s:I, s:I, s:o, s:o, s:s}", "kind", "biaxial", "first_key",
                     (json_int_t)shape->first, "keys", (json_int_t)shape->key_count, "bits",
                     (json_int_t)shape->bits, "time_layers",
                     numbers_json(options->time_layers, options->time_count), "note_layers",
                     numbers_json(options->note_layers, options->note_count), "pitch_inputs",
                     pitch_inputs[options->pitch_inputs]);
}

static json_t *stack_json(const nm_network *network) {
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

json_t *nm_network_json(const nm_network *network) {
    return network->is_biaxial ? biaxial_json(network) : stack_json(network);
}

/* The largest size that a file may name; products are checked by nm_stack_init. */
enum { MAX_SIZE = 1 << 24 };

/* A list of 1..most sizes. */
static bool read_layers(uint32_t *out, unsigned *count, size_t most, const json_t *layers) {
    *count = (unsigned)json_array_size(layers);
    if (json_array_size(layers) < 1 || json_array_size(layers) > most)
        return false;
    for (unsigned i = 0; i < *count; i++) {
        const json_int_t units = json_integer_value(json_array_get(layers, i));
        if (units < 1 || units > MAX_SIZE)
            return false;
        out[i] = (uint32_t)units;
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

static bool read_stack(neume_network_options *out, const json_t *object) {
    unsigned norm, activation;
    if (!nm_json_number(&out->embed, object, "embed", MAX_SIZE) ||
        !nm_json_number(&out->branch, object, "branch", MAX_SIZE) ||
        !nm_json_number(&out->trunk, object, "trunk", MAX_SIZE) ||
        !nm_json_number(&out->head, object, "head", MAX_SIZE) ||
        !read_layers(out->layers, &out->layer_count, NEUME_MAX_LAYERS,
                     json_object_get(object, "layers")) ||
        !read_flag(&out->residual, object, "residual") || !read_flag(&out->tied, object, "tied") ||
        !read_choice(&norm, object, "norm", norms) ||
        !read_choice(&activation, object, "activation", activations))
        return false;
    out->norm = (neume_norm)norm;
    out->activation = (neume_activation)activation;
    return true;
}

static bool read_biaxial(neume_network_options *out, const json_t *object) {
    unsigned inputs;
    if (!read_layers(out->time_layers, &out->time_count, NEUME_MAX_AXIS_LAYERS,
                     json_object_get(object, "time_layers")) ||
        !read_layers(out->note_layers, &out->note_count, NEUME_MAX_AXIS_LAYERS,
                     json_object_get(object, "note_layers")) ||
        !read_choice(&inputs, object, "pitch_inputs", pitch_inputs))
        return false;
    out->pitch_inputs = (neume_pitch_inputs)inputs;
    return true;
}

bool nm_network_read(neume_network_options *out, const json_t *object) {
    const char *kind = json_string_value(json_object_get(object, "kind"));
    *out = (neume_network_options){0};
    if (kind && strcmp(kind, "biaxial") == 0)
        return read_biaxial(out, object);
    return kind && strcmp(kind, "stack") == 0 && read_stack(out, object);
}
