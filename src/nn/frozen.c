/* SPDX-License-Identifier: ISC */
#include "nn/frozen.h"

#include "base/mem.h"

#include <string.h>

nm_frozen nm_frozen_on(neume_context *context) {
    return (nm_frozen){.context = context};
}

void nm_frozen_clear(nm_frozen *frozen) {
    nm_free(frozen->context, frozen->ranges);
    *frozen = nm_frozen_on(frozen->context);
}

bool nm_frozen_add(nm_frozen *frozen, nm_range range) {
    nm_range *last = frozen->count ? &frozen->ranges[frozen->count - 1] : NULL;
    if (last && last->end == range.begin) {
        last->end = range.end;
        return true;
    }
    if (!nm_reserve(frozen->context, &frozen->ranges, &frozen->capacity, frozen->count + 1,
                    sizeof *frozen->ranges))
        return false;
    frozen->ranges[frozen->count++] = range;
    return true;
}

void nm_frozen_zero(const nm_frozen *frozen, real *gradient) {
    for (size_t i = 0; i < frozen->count; i++) {
        const nm_range range = frozen->ranges[i];
        memset(gradient + range.begin, 0, (range.end - range.begin) * sizeof *gradient);
    }
}

void nm_frozen_copy(const nm_frozen *frozen, real *to, const real *from) {
    for (size_t i = 0; i < frozen->count; i++) {
        const nm_range range = frozen->ranges[i];
        memcpy(to + range.begin, from + range.begin, (range.end - range.begin) * sizeof *to);
    }
}

size_t nm_frozen_size(const nm_frozen *frozen) {
    size_t size = 0;
    for (size_t i = 0; i < frozen->count; i++)
        size += frozen->ranges[i].end - frozen->ranges[i].begin;
    return size;
}

size_t nm_frozen_first_moving(const nm_frozen *frozen, const nm_params *params) {
    size_t r = 0;
    for (size_t p = 0; p < params->count; p++) {
        const nm_param *param = &params->table[p];
        const size_t end = param->offset + param->rows * param->columns;
        size_t first = param->offset;
        while (r < frozen->count && frozen->ranges[r].end <= first)
            r++;
        if (r < frozen->count && frozen->ranges[r].begin <= first)
            first = frozen->ranges[r].end;
        if (first < end)
            return first;
    }
    return params->size;
}
