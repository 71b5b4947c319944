/* SPDX-License-Identifier: ISC */
/* Who does which rows of an LSTM layer, and in what order. */
#include "nn/vector/lstm.h"

/* Weights that stay in a core's second-level cache beside what passes through it: 1 MiB. Rows at a
 * time with such, and with larger ones, which come from further away at each step; and rows of one
 * step that are enough for a thread alone. */
enum { KEPT_FLOATS = 256 * 1024, FEW_ROWS = 48, MANY_ROWS = 128, LEAST_ROWS = 4 };

/* Rows of its own save a thread the wait for the others at each step, and the way of what they
 * wrote from their caches, which costs more than the weights that it then meets alone. */
static nm_part part_of_step(const nm_pool *pool, unsigned thread, const nm_lstm *layer,
                            size_t panels) {
    const size_t recurrent = turns_of(layer->H) * lstm_layout_of(layer->I, layer->H).gates;
    if (recurrent > KEPT_FLOATS || layer->B < LEAST_ROWS * nm_pool_thread_count(pool))
        return nm_part_of(pool, thread, layer->B, panels);
    return (nm_part){.rows = nm_pool_share(pool, thread, layer->B, 1),
                     .panels = {0, panels},
                     .has_all_panels = true};
}

nm_course nm_course_of(const nm_pool *pool, unsigned thread, const nm_lstm *layer, size_t panels) {
    const size_t weights =
        (turns_of(layer->I) + turns_of(layer->H)) * lstm_layout_of(layer->I, layer->H).gates;
    const size_t height = weights <= KEPT_FLOATS ? FEW_ROWS : MANY_ROWS;
    const size_t least = weights <= KEPT_FLOATS ? FEW_ROWS : 2 * MANY_ROWS;
    if (!layer->x || layer->words || layer->B < least * nm_pool_thread_count(pool))
        return (nm_course){.part = part_of_step(pool, thread, layer, panels)};
    return (nm_course){.part = {.rows = nm_pool_share(pool, thread, layer->B, TILE_ROWS),
                                .panels = {0, panels},
                                .has_all_panels = true},
                       .height = height};
}
