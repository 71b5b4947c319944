/* SPDX-License-Identifier: ISC */
/* An LSTM layer's weights into panels, and the sizes of its blocks. */
#include "nn/vector/lstm.h"

size_t nm_lstm_packed_size(size_t I, size_t H, bool for_backward) {
    const nm_lstm_layout layout = lstm_layout_of(I, H);
    return for_backward ? layout.backward_size : layout.forward_size;
}

size_t nm_lstm_table_size(size_t D, size_t H) {
    return D * lstm_layout_of(0, H).gates;
}

size_t nm_lstm_tape_size(size_t T, size_t B, size_t I, size_t H) {
    (void)I;
    return lstm_tape_count(T, B, H);
}

size_t nm_lstm_scratch_size(size_t T, size_t B, size_t I, size_t H) {
    (void)T;
    (void)I;
    return 2 * B * blocks_of(H) * LANES;
}

typedef struct pack_work {
    float *packed;
    nm_lstm_layout layout;
    size_t I, H;
    const float *weight_ih, *weight_hh, *bias;
    bool for_backward;
} pack_work;

static void pack_bias(const pack_work *work, size_t block) {
    const nm_order order = {.units = work->H};
    for (size_t column = block * PANEL; column < (block + 1) * PANEL; column++) {
        const size_t row = row_of_column(order, column);
        work->packed[work->layout.bias + column] = row == NM_NO_ROW ? 0 : work->bias[row];
    }
}

/* Backward multiplies by W, not Wᵀ: the padded gates are its depth. */
static void pack_backward(const pack_work *work, nm_pool *pool, unsigned thread) {
    const nm_order order = {.units = work->H};
    const nm_lstm_layout *at = &work->layout;
    const nm_range hh = nm_pool_share(pool, thread, panels_of(work->H), 1);
    for (size_t panel = hh.begin; panel < hh.end; panel++)
        nm_pack_columns(work->packed + at->hh_backward, work->weight_hh, order, at->gates, work->H,
                        panel);
    const nm_range ih = nm_pool_share(pool, thread, panels_of(work->I), 1);
    for (size_t panel = ih.begin; panel < ih.end; panel++)
        nm_pack_columns(work->packed + at->ih_backward, work->weight_ih, order, at->gates, work->I,
                        panel);
}

static void pack_job(void *data, nm_pool *pool, unsigned thread) {
    const pack_work *work = data;
    const nm_order order = {.units = work->H};
    const nm_range share = nm_pool_share(pool, thread, work->layout.blocks, 1);
    for (size_t block = share.begin; block < share.end; block++) {
        nm_pack_rows(work->packed + work->layout.ih, work->weight_ih, order, work->I, block);
        nm_pack_rows(work->packed + work->layout.hh, work->weight_hh, order, work->H, block);
        pack_bias(work, block);
    }
    if (work->for_backward)
        pack_backward(work, pool, thread);
}

void nm_lstm_pack(nm_pool *pool, float *packed, size_t I, size_t H, const float *weight_ih,
                  const float *weight_hh, const float *bias, bool for_backward) {
    pack_work work = {packed, lstm_layout_of(I, H), I, H, weight_ih, weight_hh, bias, for_backward};
    nm_pool_run(pool, pack_job, &work);
}
