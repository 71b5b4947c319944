/* SPDX-License-Identifier: ISC */
/* Weights of a precision into panels. */
#include "nn/vector/narrow.h"

/* Two numbers, or what is left of them. */
static uint32_t pair_of(const float *from, size_t count) {
    const uint32_t low = count > 0 ? nm_bf16_of(from[0]) : 0;
    const uint32_t high = count > 1 ? nm_bf16_of(from[1]) : 0;
    return low | high << 16;
}

static void pack_pairs(uint32_t *lane, const float *row, size_t depth) {
    for (size_t k = 0; k < depth; k += 2, lane += PANEL)
        *lane = pair_of(row + k, depth - k);
}

/* Four numbers, or what is left of them. Adds them to `sum`. */
static uint32_t group_of(const float *from, size_t count, nm_quantum quantum, int32_t *sum) {
    uint32_t group = 0;
    for (size_t i = 0; i < 4 && i < count; i++) {
        const int8_t q = nm_quantise(from[i], quantum);
        group |= (uint32_t)(uint8_t)q << 8 * i;
        *sum += q;
    }
    return group;
}

static void pack_groups(const nm_narrow *to, size_t column, uint32_t *lane, const float *row) {
    const nm_quantum quantum = nm_quantum_of(nm_largest(row, to->depth));
    int32_t sum = 0;
    for (size_t k = 0; k < to->depth; k += 4, lane += PANEL)
        *lane = group_of(row + k, to->depth - k, quantum, &sum);
    to->scales[column] = quantum.scale;
    to->surpluses[column] = 128 * sum;
}

/* Columns that are none of the matrix stay 0. */
void nm_narrow_pack_panel(const nm_narrow *packed, const float *w, nm_order order, size_t panel) {
    const size_t lanes = lanes_deep(packed), first = panel * PANEL;
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
