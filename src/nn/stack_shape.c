/* SPDX-License-Identifier: ISC */
#include "nn/stack_shape.h"

#include "base/error.h"

/* Sizes stay so small that no product of a table or of a run overflows 64 bits. */
static const uint64_t max_width = UINT64_C(1) << 20;

static neume_status check_width(const char *what, uint64_t width, neume_error *error) {
    if (width >= 1 && width <= max_width)
        return NEUME_OK;
    return nm_fail(error, NEUME_BAD_MODEL, "network: %s is %llu, expected 1..%llu", what,
                   (unsigned long long)width, (unsigned long long)max_width);
}

static neume_status check_count(const char *what, unsigned count, unsigned most,
                                neume_error *error) {
    if (count >= 1 && count <= most)
        return NEUME_OK;
    return nm_fail(error, NEUME_BAD_MODEL, "network: %u %s, expected 1..%u", count, what, most);
}

static neume_status check_counts(const nm_stack_shape *shape, neume_error *error) {
    neume_status status = check_count("streams", shape->stream_count, NM_MAX_STREAMS, error);
    if (!status && shape->feature_count)
        status = check_count("side features", shape->feature_count, NM_MAX_FEATURES, error);
    if (!status)
        status = check_count("layers", shape->layer_count, NM_MAX_LAYERS, error);
    if (!status && shape->map_count)
        status = check_count("maps", shape->map_count, NM_MAX_MAPS, error);
    return status;
}

/* Widths of parts that may be missing. */
static neume_status check_parts(const nm_stack_shape *shape, neume_error *error) {
    const struct {
        const char *what;
        uint32_t width;
    } parts[] = {{"the embedding", shape->embed},
                 {"a branch", shape->branch},
                 {"the trunk", shape->trunk},
                 {"a head", shape->head}};
    neume_status status = NEUME_OK;
    for (size_t i = 0; !status && i < sizeof parts / sizeof *parts; i++)
        if (parts[i].width)
            status = check_width(parts[i].what, parts[i].width, error);
    return status;
}

static neume_status check_widths(const nm_stack_shape *shape, neume_error *error) {
    neume_status status = check_parts(shape, error);
    for (unsigned s = 0; !status && s < shape->stream_count; s++)
        status = check_width("the vocabulary", shape->vocabulary[s], error);
    for (unsigned f = 0; !status && f < shape->feature_count; f++)
        status = check_width("a side feature", shape->features[f], error);
    for (unsigned l = 0; !status && l < shape->layer_count; l++)
        status = check_width("a layer", shape->layers[l], error);
    return status;
}

static bool is_index_in_range(const nm_head_map *map, uint32_t V) {
    const size_t count = (size_t)map->context_count * V;
    for (size_t i = 0; i < count; i++)
        if (map->index[i] >= map->width && map->index[i] != NM_NO_INDEX)
            return false;
    return true;
}

static neume_status check_map(const nm_head_map *map, uint32_t V, neume_error *error) {
    neume_status status = check_width("the number of a map's contexts", map->context_count, error);
    if (!status && (map->width < 1 || map->width > NM_NO_INDEX))
        status = nm_fail(error, NEUME_BAD_MODEL, "network: a map of %u outputs, expected 1..%d",
                         map->width, NM_NO_INDEX);
    if (!status && (!map->index || !is_index_in_range(map, V)))
        status = nm_fail(error, NEUME_BAD_MODEL,
                         "network: a map with an index out of its range, expected 0..%u",
                         map->width - 1);
    return status;
}

/* Which parts go together. */
static neume_status check_parts_fit(const nm_stack_shape *shape, neume_error *error) {
    const char *line = NULL;
    if (!shape->embed && (shape->stream_count > 1 || shape->feature_count > 0))
        line = "an input of several words, expected an embedding";
    else if (shape->stream_count > 1 && (shape->map_count > 0 || shape->is_tied))
        line = "a structured or tied head and several streams, expected one";
    else if (shape->is_tied && shape->map_count > 0)
        line = "a head both structured and tied, expected one of them";
    else if (shape->is_tied && (!shape->embed || nm_stack_head_width(shape) != shape->embed))
        line = "a tied head, expected an embedding as wide as what enters the head";
    else if ((unsigned)shape->norm > NM_NORM_BATCH)
        line = "an unknown norm, expected none, layer or batch";
    else if ((unsigned)shape->activation > NM_ACTIVATION_RELU)
        line = "an unknown activation, expected none or relu";
    return line ? nm_fail(error, NEUME_BAD_MODEL, "network: %s", line) : NEUME_OK;
}

neume_status nm_stack_check_shape(const nm_stack_shape *shape, neume_error *error) {
    neume_status status = check_counts(shape, error);
    if (!status)
        status = check_widths(shape, error);
    if (!status)
        status = check_parts_fit(shape, error);
    for (unsigned m = 0; !status && m < shape->map_count; m++)
        status = check_map(&shape->maps[m], shape->vocabulary[0], error);
    return status;
}

size_t nm_stack_input_width(const nm_stack_shape *shape) {
    return shape->embed ? shape->embed : (size_t)shape->vocabulary[0] + 1;
}

size_t nm_stack_layer_input(const nm_stack_shape *shape, unsigned layer) {
    if (layer > 0)
        return shape->layers[layer - 1];
    return shape->branch ? (size_t)shape->stream_count * shape->branch
                         : nm_stack_input_width(shape);
}

size_t nm_stack_body_width(const nm_stack_shape *shape) {
    return shape->trunk ? shape->trunk : shape->layers[shape->layer_count - 1];
}

size_t nm_stack_head_width(const nm_stack_shape *shape) {
    return shape->head ? shape->head : nm_stack_body_width(shape);
}

size_t nm_stack_output_width(const nm_stack_shape *shape, unsigned stream) {
    size_t width = shape->map_count ? 0 : shape->vocabulary[stream];
    for (unsigned m = 0; m < shape->map_count; m++)
        width += shape->maps[m].width;
    return width;
}
