/* SPDX-License-Identifier: ISC */
/* An LSTM layer's weights into panels, and the sizes of its blocks. */
#include "nn/vector/lstm.h"
#include "nn/vector/pack.h"

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
    const nm_lstm_weights *weights;
    bool for_backward;
} pack_work;

/* Of a matrix so many columns at a time: what is done to PANEL rows of them is done while they are
 * in the second-level cache. A multiple of PANEL. */
enum { PIECE = 512 };

/* A matrix and its panels. Backward multiplies by W, not Wᵀ: the padded gates are its depth. */
typedef struct matrix {
    nm_lstm_matrix name;
    size_t columns;
    float *forward, *backward; /* NULL: no backward */
} matrix;

/* The gates i f g o of a block's units, some columns of them. */
static nm_bundle take_rows(const pack_work *work, nm_lstm_matrix name, size_t block,
                           nm_range columns, float *scratch) {
    const size_t H = work->weights->H, unit = block * LANES;
    nm_bundle bundle = {.stride = 0};
    for (size_t q = 0; q < VECTORS; q++, scratch += LANES * PIECE) {
        bundle.count[q] = lanes_below(unit, H);
        const nm_range rows = {q * H + unit, q * H + unit + bundle.count[q]};
        const nm_patch_rows taken =
            nm_lstm_patch(work->weights, name, (nm_patch){rows, columns}, scratch);
        bundle.first[q] = taken.first;
        bundle.stride = taken.stride;
    }
    return bundle;
}

static void pack_piece(const pack_work *work, const matrix *m, size_t block, nm_range columns,
                       float *scratch) {
    const nm_bundle rows = take_rows(work, m->name, block, columns, scratch);
    const size_t backward_turns = turns_of(work->layout.gates), count = columns.end - columns.begin;
    nm_pack_rows(m->forward + block * turns_of(m->columns) * PANEL, &rows, columns);
    for (size_t c = 0; m->backward && c < count; c += PANEL) {
        const size_t panel = (columns.begin + c) / PANEL;
        nm_pack_columns(m->backward + (panel * backward_turns + turn_of(block * PANEL)) * PANEL,
                        &rows, (nm_range){c, count}, PANEL);
    }
}

static void pack_block(const pack_work *work, const matrix *m, size_t block, float *scratch) {
    for (size_t begin = 0; begin < m->columns; begin += PIECE) {
        const size_t left = m->columns - begin;
        const nm_range columns = {begin, begin + (left < PIECE ? left : PIECE)};
        pack_piece(work, m, block, columns, scratch);
    }
}

static void pack_bias(const pack_work *work, size_t block) {
    const nm_order order = {.units = work->weights->H};
    for (size_t column = block * PANEL; column < (block + 1) * PANEL; column++) {
        const size_t row = row_of_column(order, column);
        work->packed[work->layout.bias + column] = row == NM_NO_ROW ? 0 : work->weights->bias[row];
    }
}

static void pack_job(void *data, nm_pool *pool, unsigned thread) {
    const pack_work *work = data;
    const nm_lstm_layout *at = &work->layout;
    const bool both = work->for_backward;
    float *packed = work->packed, *scratch = nm_pool_scratch(pool, thread);
    const matrix ih = {NM_WEIGHT_IH, work->weights->I, packed + at->ih,
                       both ? packed + at->ih_backward : NULL};
    const matrix hh = {NM_WEIGHT_HH, work->weights->H, packed + at->hh,
                       both ? packed + at->hh_backward : NULL};
    const nm_range share = nm_pool_share(pool, thread, at->blocks, 1);
    for (size_t block = share.begin; block < share.end; block++) {
        pack_block(work, &ih, block, scratch);
        pack_block(work, &hh, block, scratch);
        pack_bias(work, block);
    }
}

void nm_lstm_pack(nm_pool *pool, float *packed, const nm_lstm_weights *weights, bool for_backward) {
    pack_work work = {packed, lstm_layout_of(weights->I, weights->H), weights, for_backward};
    nm_pool_run(pool, pack_job, &work);
}
