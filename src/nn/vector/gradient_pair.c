/* SPDX-License-Identifier: ISC */
/* The second factor of a gradient in terms of two positions. */
#include "nn/vector/gradient.h"

/* 2 LANES columns of one row of x; zeros beyond the last, and beyond the last position. */
static vec_pair load_inputs(const nm_gradient_input *of, size_t position, size_t end,
                            size_t column) {
    const size_t count = pair_below(column, of->inputs);
    return count && position < end ? load_pair(row_at(&of->x, position) + column, count)
                                   : (vec_pair){{0}, {0}};
}

void nm_pack_panel(const nm_piece *p, const nm_gradient_input *of, size_t panel, float *to) {
    enum { LATER = 12 };
    const size_t begin = p->positions.begin, end = p->positions.end;
    for (size_t turn = 0; turn < turns_of(end - begin); turn++) {
        const size_t position = begin + TERM * turn;
        for (size_t later = position + LATER; later < position + LATER + TERM; later++)
            if (later < end)
                fetch_panel_row(row_at(&of->x, later) + panel * PANEL);
        for (size_t q = 0; q < PANEL; q += 2 * LANES, to += 2 * LANES) {
            const size_t column = panel * PANEL + q;
            store_columns(to, load_inputs(of, position, end, column),
                          load_inputs(of, position + 1, end, column));
        }
    }
}
