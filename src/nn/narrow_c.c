/* SPDX-License-Identifier: ISC */
/* The reference for weights of a precision, in plain C. Weights rounded to bf16 are kept as the
 * reals that they are and serve like any others; whole numbers are kept as rows. */
#include "nn/narrow_c.h"

#include "nn/narrow.h"

/* A matrix w [n,k] of whole numbers, in a block: scales [n], then q [n,k]. */
typedef struct whole {
    real *scales;
    int8_t *q;
} whole;

static size_t whole_size(size_t n, size_t k) {
    return n + (n * k + sizeof(real) - 1) / sizeof(real);
}

static whole whole_at(real *block, size_t n) {
    return (whole){block, (int8_t *)(block + n)};
}

static void pack_whole(real *block, const real *w, size_t n, size_t k) {
    const whole to = whole_at(block, n);
    for (size_t j = 0; j < n; j++) {
        const nm_quantum quantum = nm_quantum_of(nm_largest(w + j * k, k));
        to.scales[j] = quantum.scale;
        for (size_t p = 0; p < k; p++)
            to.q[j * k + p] = nm_quantise(w[j * k + p], quantum);
    }
}

/* y[n] += w x;  `scratch` holds k whole numbers. */
static void add_whole_product(real *y, const whole *w, const real *x, size_t n, size_t k,
                              int8_t *scratch) {
    const nm_quantum quantum = nm_quantum_of(nm_largest(x, k));
    for (size_t p = 0; p < k; p++)
        scratch[p] = nm_quantise(x[p], quantum);
    for (size_t j = 0; j < n; j++) {
        int32_t sum = 0;
        for (size_t p = 0; p < k; p++)
            sum += w->q[j * k + p] * scratch[p];
        y[j] += w->scales[j] * quantum.scale * (real)sum;
    }
}

static void round_all(real *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const uint32_t bits = (uint32_t)nm_bf16_of(values[i]) << 16;
        float rounded;
        memcpy(&rounded, &bits, sizeof rounded);
        values[i] = (real)rounded;
    }
}

size_t nm_c_narrow_size(nm_precision precision, size_t n, size_t k) {
    return precision == NM_INT8 ? whole_size(n, k) : nm_ops_c.packed_size(n, k);
}

void nm_c_narrow_pack(nm_pool *pool, nm_precision precision, real *packed, const real *w, size_t n,
                      size_t k) {
    if (precision == NM_INT8) {
        pack_whole(packed, w, n, k);
        return;
    }
    nm_ops_c.pack(pool, packed, w, n, k);
    if (precision == NM_BF16)
        round_all(packed, n * k);
}

/* Each thread some of the rows. */
static void whole_matmul_job(void *data, nm_pool *pool, unsigned thread) {
    const nm_matmul *a = data;
    const nm_range share = nm_pool_share(pool, thread, a->m, 1);
    const whole w = whole_at((real *)(uintptr_t)a->packed, a->n);
    for (size_t i = share.begin; i < share.end; i++) {
        real *y = a->y + i * a->n;
        if (!a->accumulate)
            memset(y, 0, a->n * sizeof *y);
        for (size_t j = 0; a->bias && j < a->n; j++)
            y[j] += a->bias[j];
        add_whole_product(y, &w, a->x + i * a->k, a->n, a->k, nm_pool_scratch(pool, thread));
    }
}

void nm_c_narrow_matmul(nm_pool *pool, nm_precision precision, const nm_matmul *product) {
    nm_matmul copy = *product;
    if (precision == NM_INT8)
        nm_pool_run(pool, whole_matmul_job, &copy);
    else
        nm_ops_c.matmul(pool, product);
}

/* A layer of whole numbers: bias [4H], then weight_ih and weight_hh. */
typedef struct whole_layer {
    real *bias;
    whole ih, hh;
} whole_layer;

static whole_layer whole_layer_at(real *block, size_t I, size_t H) {
    const size_t G = 4 * H;
    return (whole_layer){.bias = block,
                         .ih = whole_at(block + G, G),
                         .hh = whole_at(block + G + whole_size(G, I), G)};
}

size_t nm_c_narrow_lstm_size(nm_precision precision, size_t I, size_t H) {
    const size_t G = 4 * H;
    return precision == NM_INT8 ? G + whole_size(G, I) + whole_size(G, H)
                                : nm_ops_c.lstm_packed_size(I, H, false);
}

void nm_c_narrow_lstm_pack(nm_pool *pool, nm_precision precision, real *packed,
                           const nm_lstm_weights *w) {
    const size_t G = 4 * w->H;
    if (precision == NM_INT8) {
        const whole_layer to = whole_layer_at(packed, w->I, w->H);
        memcpy(to.bias, w->bias, G * sizeof *w->bias);
        pack_whole(to.ih.scales, w->weight_ih, G, w->I);
        pack_whole(to.hh.scales, w->weight_hh, G, w->H);
        return;
    }
    nm_ops_c.lstm_pack(pool, packed, w, false);
    if (precision == NM_BF16)
        round_all(packed, G * (w->I + w->H)); /* the bias stands behind them */
}

static void whole_gates(const nm_lstm *l, const nm_lstm_row *row, real *gates, void *scratch) {
    const whole_layer w = whole_layer_at((real *)(uintptr_t)l->packed, l->I, l->H);
    const size_t G = 4 * l->H;
    memcpy(gates, w.bias, G * sizeof *gates);
    if (row->x)
        add_whole_product(gates, &w.ih, row->x, G, l->I, scratch);
    for (size_t j = 0; !row->x && j < G; j++)
        gates[j] += w.ih.scales[j] * w.ih.q[j * l->I + row->word];
    if (row->h)
        add_whole_product(gates, &w.hh, row->h, G, l->H, scratch);
}

void nm_c_narrow_lstm_forward(nm_pool *pool, nm_precision precision, const nm_lstm *layers,
                              size_t count) {
    for (size_t l = 0; l < count; l++)
        if (precision == NM_INT8)
            nm_c_lstm_forward(pool, &layers[l], whole_gates);
        else
            nm_ops_c.lstm_forward(pool, &layers[l]);
}
