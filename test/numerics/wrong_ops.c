/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "wrong_ops.h"

#include <string.h>

static void without_recurrent_weights(nm_pool *pool, const nm_lstm *layer,
                                      const nm_lstm_grad *grad) {
    nm_ops_c.lstm_backward(pool, layer, grad);
    memset(grad->dweight_hh, 0, 4 * layer->H * layer->H * sizeof(real));
}

static void without_bias(nm_pool *pool, const nm_lstm *layer, const nm_lstm_grad *grad) {
    nm_ops_c.lstm_backward(pool, layer, grad);
    memset(grad->dbias, 0, 4 * layer->H * sizeof(real));
}

static void without_dx(nm_pool *pool, const nm_lstm *layer, const nm_lstm_grad *grad) {
    nm_ops_c.lstm_backward(pool, layer, grad);
    if (grad->dx)
        memset(grad->dx, 0, layer->T * layer->B * layer->I * sizeof(real));
}

static void with_other_resets(nm_pool *pool, const nm_lstm *layer, const nm_lstm_grad *grad,
                              uint8_t value) {
    uint8_t reset[256];
    assert_true(layer->T * layer->B <= sizeof reset);
    memset(reset, value, sizeof reset);
    nm_lstm other = *layer;
    other.reset = reset;
    nm_ops_c.lstm_backward(pool, &other, grad);
}

static void without_time(nm_pool *pool, const nm_lstm *layer, const nm_lstm_grad *grad) {
    with_other_resets(pool, layer, grad, 1);
}

static void across_resets(nm_pool *pool, const nm_lstm *layer, const nm_lstm_grad *grad) {
    with_other_resets(pool, layer, grad, 0);
}

void wrong_dense(nm_pool *pool, const nm_matmul_grad *product) {
    nm_matmul_grad other = *product;
    other.dbias = NULL;
    nm_ops_c.matmul_grad(pool, &other);
}

const wrong_lstm wrong_lstms[WRONG_LSTMS] = {without_recurrent_weights, without_bias, without_dx,
                                             without_time, across_resets};
