/* SPDX-License-Identifier: ISC */
/* Weights of a precision into panels. */
#include "nn/vector/narrow.h"
#include "nn/vector/quantise.h"

/* The words that hold a vector's numbers, so many a word, to a lane's place in the rows of a panel:
 * of `left` numbers those that there are. */
INLINE void spread(uint32_t *lane, const void *words, size_t a_word, size_t left) {
    uint32_t word[LANES];
    memcpy(word, words, LANES / a_word * sizeof *word);
    if (left < LANES)
        for (size_t i = 0; i < divide_up(left, a_word); i++)
            lane[i * PANEL] = word[i];
    else
        for (size_t i = 0; i < LANES / a_word; i++)
            lane[i * PANEL] = word[i];
}

static void pack_pairs(uint32_t *lane, const float *row, size_t depth) {
    for (size_t k = 0; k < depth; k += LANES, lane += LANES / 2 * PANEL) {
        const shorts numbers = bf16_of(load_part(row + k, lanes_below(k, depth)));
        spread(lane, &numbers, 2, depth - k);
    }
}

static void pack_groups(const nm_narrow *to, size_t column, uint32_t *lane, const float *row) {
    const size_t depth = to->depth;
    const nm_quantum quantum = nm_quantum_of(largest_of(row, depth));
    int32_t sums[LANES], sum = 0;
    ivec added = {0};
    for (size_t k = 0; k < depth; k += LANES, lane += LANES / 4 * PANEL) {
        const ivec q = quantised(load_part(row + k, lanes_below(k, depth)), quantum);
        const bytes numbers = low_bytes(q);
        spread(lane, &numbers, 4, depth - k);
        added += q;
    }
    memcpy(sums, &added, sizeof sums);
    for (size_t i = 0; i < LANES; i++)
        sum += sums[i];
    to->scales[column] = quantum.scale;
    to->surpluses[column] = 128 * sum;
}

/* Columns that are none of the matrix stay 0. */
void nm_narrow_pack_panel(const nm_narrow *packed, const float *w, nm_order order, size_t panel) {
    const size_t lanes = lanes_kept(packed), first = panel * PANEL;
    uint32_t *to = packed->panels + first * lanes;
    memset(to, 0, lanes * PANEL * sizeof *to);
    if (packed->precision == NM_INT8) {
        memset(packed->scales + first, 0, PANEL * sizeof *packed->scales);
        memset(packed->surpluses + first, 0, PANEL * sizeof *packed->surpluses);
    }
    for (size_t c = 0; c < PANEL; c++) {
        const size_t row = row_of_column(order, first + c);
        if (row == NM_NO_ROW)
            continue;
        if (packed->precision == NM_INT8)
            pack_groups(packed, first + c, to + c, w + row * packed->depth);
        else
            pack_pairs(to + c, w + row * packed->depth, packed->depth);
    }
}

size_t nm_narrow_size(nm_precision precision, size_t n, size_t k) {
    return narrow_floats(precision, n, k);
}

typedef struct pack_work {
    nm_narrow packed;
    const float *w;
} pack_work;

static void pack_job(void *data, nm_pool *pool, unsigned thread) {
    const pack_work *work = data;
    const nm_order order = {.count = work->packed.columns};
    const nm_range share = nm_pool_share(pool, thread, panels_of(work->packed.columns), 1);
    for (size_t panel = share.begin; panel < share.end; panel++)
        nm_narrow_pack_panel(&work->packed, work->w, order, panel);
}

void nm_narrow_pack(nm_pool *pool, nm_precision precision, float *packed, const float *w, size_t n,
                    size_t k) {
    if (precision == NM_FP32)
        nm_pack(pool, packed, w, n, k);
    else
        nm_pool_run(pool, pack_job, &(pack_work){narrow_at(precision, packed, n, k), w});
}
