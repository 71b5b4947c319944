/* SPDX-License-Identifier: ISC */
#include "nn/biaxial.h"

#include "base/error.h"
#include "nn/biaxial_run.h"

#include <stdio.h>
#include <string.h>

/* Sizes stay so small that no product of a table or of a run overflows 64 bits. */
static const uint32_t max_width = UINT32_C(1) << 20;
static const uint64_t max_reals = UINT64_C(1) << 33;

typedef struct bound {
    const char *what;
    uint32_t value, least, most;
} bound;

static neume_status check_bound(const bound *b, neume_error *error) {
    if (b->value >= b->least && b->value <= b->most)
        return NEUME_OK;
    return nm_fail(error, NEUME_BAD_MODEL, "network: %s is %u, expected %u..%u", b->what, b->value,
                   b->least, b->most);
}

static neume_status check_layers(const char *what, const uint32_t *layers, uint32_t count,
                                 neume_error *error) {
    neume_status status =
        check_bound(&(bound){"the number of layers", count, 1, NM_MAX_AXIS_LAYERS}, error);
    for (uint32_t l = 0; !status && l < count; l++)
        status = check_bound(&(bound){what, layers[l], 1, max_width}, error);
    return status;
}

static neume_status check_shape(const nm_biaxial_shape *shape, neume_error *error) {
    const bound bounds[] = {
        {"the lowest key", shape->first, 0, NM_SET_KEYS - 1},
        {"the number of keys", shape->key_count, 1, NM_SET_KEYS},
        {"the key after the highest", shape->first + shape->key_count, 1, NM_SET_KEYS},
        {"the number of a key's bits", shape->bits, 1, NM_MAX_BITS},
        {"the window", shape->window, 1, NM_MAX_WINDOW},
        {"the period", shape->period, 1, NM_MAX_PERIOD},
        {"the number of the place's bits", shape->place_bits, 0, 16}};
    neume_status status = NEUME_OK;
    for (size_t i = 0; !status && i < sizeof bounds / sizeof *bounds; i++)
        status = check_bound(&bounds[i], error);
    if (!status && shape->window % 2 == 0)
        status = nm_fail(error, NEUME_BAD_MODEL, "network: the window is %u, expected an odd one",
                         shape->window);
    if (!status)
        status = check_layers("a layer along time", shape->time_layers, shape->time_count, error);
    if (!status)
        status = check_layers("a layer along keys", shape->note_layers, shape->note_count, error);
    return status;
}

size_t nm_biaxial_input_width(const nm_biaxial_shape *shape) {
    const size_t absolute = shape->has_absolute ? 1 + (size_t)shape->period : 0;
    return absolute + (size_t)shape->window * shape->bits + shape->period + shape->place_bits + 1;
}

static void add_layers(nm_params *params, const char *axis, size_t I, const uint32_t *layers,
                       uint32_t count) {
    for (uint32_t l = 0; l < count; l++) {
        char part[48];
        snprintf(part, sizeof part, "%s.%u", axis, l);
        nm_params_add_lstm(params, part, l ? layers[l - 1] : I, layers[l]);
    }
}

neume_status nm_biaxial_init(nm_biaxial *biaxial, const nm_biaxial_shape *shape,
                             neume_error *error) {
    *biaxial = (nm_biaxial){.shape = *shape};
    const neume_status status = check_shape(shape, error);
    if (status)
        return status;
    nm_params *params = &biaxial->params;
    const size_t heard = (size_t)shape->time_layers[shape->time_count - 1] + shape->bits;
    add_layers(params, "time", nm_biaxial_input_width(shape), shape->time_layers,
               shape->time_count);
    add_layers(params, "note", heard, shape->note_layers, shape->note_count);
    nm_params_add_dense(params, "out", shape->bits, shape->note_layers[shape->note_count - 1]);
    if (params->size <= max_reals)
        return NEUME_OK;
    return nm_fail(error, NEUME_BAD_MODEL, "network: %zu weights, expected at most %llu",
                   params->size, (unsigned long long)max_reals);
}

void nm_biaxial_init_weights(const nm_biaxial *biaxial, real *weights, uint64_t seed) {
    static const double share_on = 0.05;
    const nm_params *params = &biaxial->params;
    memset(weights, 0, params->size * sizeof *weights);
    for (size_t p = 0; p < params->count; p++) {
        const nm_param *param = &params->table[p];
        if (strstr(param->name, ".weight"))
            nm_params_first_matrix(params, p, weights, seed);
        else if (strcmp(param->name, "out.bias") == 0)
            weights[param->offset] = (real)log(share_on / (1 - share_on));
        else
            nm_params_first_gates(params, p, weights);
    }
}
