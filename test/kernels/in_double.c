/* SPDX-License-Identifier: ISC */
#include "in_double.h"

#include "nn/ops.h"

#include <stdlib.h>
#include <string.h>

static real *room(size_t count) {
    real *block = calloc(count + 1, sizeof *block);
    if (!block)
        abort();
    return block;
}

static void widen_into(real *to, const float *from, size_t count) {
    for (size_t i = 0; i < count; i++)
        to[i] = (real)from[i];
}

/* NULL gives NULL. */
static real *widen(const float *from, size_t count) {
    if (!from)
        return NULL;
    real *to = room(count);
    widen_into(to, from, count);
    return to;
}

void matmul_in_double(nm_pool *pool, double *y, const product_inputs *in) {
    const size_t m = in->m, n = in->n, k = in->k;
    real *x = widen(in->x, m * k), *w = widen(in->w, n * k), *bias = widen(in->bias, n);
    real *packed = room(nm_ops_c.packed_size(n, k));
    (in->is_transposed ? nm_ops_c.pack_transposed : nm_ops_c.pack)(pool, packed, w, n, k);
    nm_matmul product = {.m = m, .n = n, .k = k, .x = x, .packed = packed, .bias = bias, .y = y};
    product.accumulate = in->before != NULL;
    if (in->before)
        widen_into(y, in->before, m * n);
    nm_ops_c.matmul(pool, &product);
    free(x);
    free(w);
    free(bias);
    free(packed);
}

void matmul_grad_in_double(nm_pool *pool, double *dw, double *dbias, const gradient_inputs *in) {
    const size_t m = in->m, n = in->n, k = in->k;
    real *dy = widen(in->dy, m * n), *x = widen(in->x, m * k);
    widen_into(dw, in->dw_before, n * k);
    if (in->dbias_before)
        widen_into(dbias, in->dbias_before, n);
    const nm_matmul_grad product = {.m = m,
                                    .n = n,
                                    .k = k,
                                    .dy = dy,
                                    .x = x,
                                    .dw = dw,
                                    .dbias = in->dbias_before ? dbias : NULL};
    nm_ops_c.matmul_grad(pool, &product);
    free(dy);
    free(x);
}

static real *pack_layer(nm_pool *pool, const layer_inputs *in) {
    const size_t I = in->I, H = in->H;
    real *packed = room(nm_ops_c.lstm_packed_size(I, H, true));
    real *ih = widen(in->weight_ih, 4 * H * I), *hh = widen(in->weight_hh, 4 * H * H),
         *bias = widen(in->bias, 4 * H);
    nm_ops_c.lstm_pack(
        pool, packed,
        &(nm_lstm_weights){.I = I, .H = H, .weight_ih = ih, .weight_hh = hh, .bias = bias}, true);
    free(ih);
    free(hh);
    free(bias);
    return packed;
}

static void backward_in_double(nm_pool *pool, const nm_lstm *layer, const layer_in_double *out,
                               const layer_inputs *in) {
    const size_t T = in->T, B = in->B, I = in->I, H = in->H;
    real *dy = widen(in->dy, T * B * H), *scratch = room(nm_ops_c.lstm_scratch_size(T, B, I, H));
    widen_into(out->dweight_ih, in->dweight_ih_before, 4 * H * I);
    widen_into(out->dweight_hh, in->dweight_hh_before, 4 * H * H);
    widen_into(out->dbias, in->dbias_before, 4 * H);
    const nm_lstm_grad grad = {.dy = dy,
                               .dx = out->dx,
                               .dweight_ih = out->dweight_ih,
                               .dweight_hh = out->dweight_hh,
                               .dbias = out->dbias,
                               .scratch = scratch};
    nm_ops_c.lstm_backward(pool, layer, &grad);
    free(dy);
    free(scratch);
}

void lstm_in_double(nm_pool *pool, const layer_in_double *out, const layer_inputs *in) {
    const size_t T = in->T, B = in->B, I = in->I, H = in->H;
    real *packed = pack_layer(pool, in), *x = widen(in->x, (in->D ? in->D : T * B) * I);
    real *h0 = widen(in->h0, B * H), *c0 = widen(in->c0, B * H);
    real *tape = room(nm_ops_c.lstm_tape_size(T, B, I, H));
    real *table = room(nm_ops_c.lstm_table_size(in->D, H));
    const nm_lstm layer = {.T = T,
                           .B = B,
                           .I = I,
                           .H = H,
                           .x = x,
                           .words = in->words,
                           .D = in->D,
                           .table = table,
                           .reset = in->reset,
                           .packed = packed,
                           .h0 = h0,
                           .c0 = c0,
                           .y = out->y,
                           .h1 = out->h1,
                           .c1 = out->c1,
                           .tape = tape};
    nm_ops_c.lstm_forward(pool, &layer);
    if (in->dy)
        backward_in_double(pool, &layer, out, in);
    free(packed);
    free(x);
    free(h0);
    free(c0);
    free(tape);
    free(table);
}

void softmax_in_double(nm_pool *pool, double *logits, double *loss, uint8_t *correct,
                       const softmax_inputs *in) {
    widen_into(logits, in->logits, in->N * in->V);
    const nm_softmax_loss rows = {.N = in->N,
                                  .V = in->V,
                                  .logits = logits,
                                  .targets = in->targets,
                                  .masks = in->masks,
                                  .rules = in->rules,
                                  .valid = in->valid,
                                  .scale = (real)in->scale,
                                  .smoothing = (real)in->smoothing,
                                  .loss = loss,
                                  .correct = correct};
    nm_ops_c.softmax_loss(pool, &rows);
}
