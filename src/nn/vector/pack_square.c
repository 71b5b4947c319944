/* SPDX-License-Identifier: ISC */
/* Rows of weights become columns of panels by squares, which are turned in registers. */
#include "nn/vector/pack.h"
#include "nn/vector/square.h"

/* As many turns of the LANES columns whose terms lie at `slot` and on. */
static void pack_square(float *to, const nm_bundle *bundle, size_t slot, nm_range depth) {
    const size_t turns = turns_of(depth.end) - turn_of(depth.begin);
    square s;
    for (size_t i = 0; i < LANES; i++) {
        const float *row = bundle_row(bundle, column_at(slot + i));
        s.row[i] = row ? terms_at(row, depth.begin, depth.end) : (uvec){0};
    }
    s = transpose(s);
    for (size_t turn = 0; turn < LANES && turn < turns; turn++)
        store(to + turn * PANEL, (vec)s.row[turn]);
}

void nm_pack_rows(float *panel, const nm_bundle *bundle, nm_range depth) {
    const size_t count = depth.end - depth.begin;
    float *to = panel + turn_of(depth.begin) * PANEL;
    for (size_t k = 0; k < count; k += TERM * LANES)
        for (size_t slot = 0; slot < PANEL; slot += LANES)
            pack_square(to + turn_of(k) * PANEL + slot, bundle, slot, (nm_range){k, count});
}
