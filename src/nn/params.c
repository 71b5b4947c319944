/* SPDX-License-Identifier: ISC */
#include "nn/params.h"

#include "base/mem.h"

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

const nm_param *nm_params_find(const nm_params *params, const char *name) {
    for (size_t i = 0; i < params->count; i++)
        if (strcmp(params->table[i].name, name) == 0)
            return &params->table[i];
    return NULL;
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
