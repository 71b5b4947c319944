/* SPDX-License-Identifier: ISC */
#include "nn/params.h"

#include "base/mem.h"
#include "base/rng.h"

#include <stdio.h>
#include <string.h>

size_t nm_params_add(nm_params *params, const char *name, size_t rows, size_t columns,
                     bool has_decay) {
    nm_param *param = &params->table[params->count++];
    *param = (nm_param){
        .rows = rows, .columns = columns, .offset = params->size, .has_decay = has_decay};
    snprintf(param->name, sizeof param->name, "%s", name);
    const size_t unit = NM_ALIGNMENT / sizeof(real);
    params->size += (rows * columns + unit - 1) / unit * unit;
    return param->offset;
}

void nm_params_add_matrix(nm_params *params, const char *part, const char *name, size_t rows,
                          size_t columns) {
    char full[48];
    snprintf(full, sizeof full, "%s.%s", part, name);
    nm_params_add(params, full, rows, columns, true);
}

void nm_params_add_vector(nm_params *params, const char *part, const char *name, size_t count) {
    char full[48];
    snprintf(full, sizeof full, "%s.%s", part, name);
    nm_params_add(params, full, 1, count, false);
}

void nm_params_add_dense(nm_params *params, const char *part, size_t rows, size_t columns) {
    nm_params_add_matrix(params, part, "weight", rows, columns);
    nm_params_add_vector(params, part, "bias", rows);
}

static void add_layer_matrix(nm_params *params, const char *part, const char *name, size_t rows,
                             size_t columns) {
    nm_params_add_matrix(params, part, name, rows, columns);
    params->table[params->count - 1].is_of_layer = true;
}

void nm_params_add_lstm(nm_params *params, const char *part, size_t I, size_t H) {
    add_layer_matrix(params, part, "weight_ih", 4 * H, I);
    add_layer_matrix(params, part, "weight_hh", 4 * H, H);
    nm_params_add_vector(params, part, "bias", 4 * H);
}

void nm_params_first_matrix(const nm_params *params, size_t index, real *weights, uint64_t seed) {
    const nm_param *param = &params->table[index];
    const double bound = 1 / sqrt((double)param->columns);
    for (size_t i = 0; i < param->rows * param->columns; i++) {
        const double u = nm_random_uniform(seed, NM_PURPOSE_INIT, index, i);
        weights[param->offset + i] = (real)(bound * (2 * u - 1));
    }
}

void nm_params_first_gates(const nm_params *params, size_t index, real *weights) {
    const nm_param *param = &params->table[index];
    const size_t H = param->columns / 4;
    for (size_t i = 0; i < 4 * H; i++)
        weights[param->offset + i] = i / H == 1 ? 1 : 0;
}

const nm_param *nm_params_find(const nm_params *params, const char *name) {
    for (size_t i = 0; i < params->count; i++)
        if (strcmp(params->table[i].name, name) == 0)
            return &params->table[i];
    return NULL;
}

size_t nm_params_offset(const nm_params *params, const char *part, const char *name) {
    char full[64];
    snprintf(full, sizeof full, "%s.%s", part, name);
    return nm_params_find(params, full)->offset;
}

size_t nm_params_count_reals(const nm_params *params) {
    size_t count = 0;
    for (size_t i = 0; i < params->count; i++)
        count += params->table[i].rows * params->table[i].columns;
    return count;
}

real *nm_params_block_new(const nm_params *params, neume_context *context) {
    return nm_alloc_aligned(context, params->size, sizeof(real));
}
