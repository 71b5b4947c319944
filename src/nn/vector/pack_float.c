/* SPDX-License-Identifier: ISC */
/* Rows of weights become the depth of panels: floats. */
#include "nn/vector/pack.h"

void nm_pack_columns(float *to, const nm_bundle *bundle, nm_range columns, size_t depth) {
    for (size_t k = 0; k < depth; k++, to += PANEL) {
        const float *row = bundle_row(bundle, k);
        for (size_t q = 0; q < VECTORS; q++) {
            const size_t column = columns.begin + q * LANES;
            const size_t count = row ? lanes_below(column, columns.end) : 0;
            store(to + q * LANES, count ? load_part(row + column, count) : (vec){0});
        }
    }
}
