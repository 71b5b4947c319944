/* SPDX-License-Identifier: ISC */
#include "nn/layers.h"

#include <string.h>

/* The part of `rows` from position `first` on. */
static nm_softmax_loss rows_from(const nm_softmax_loss *rows, size_t first, size_t count) {
    nm_softmax_loss part = *rows;
    part.N = count;
    part.targets += first;
    part.states = rows->states ? rows->states + first : NULL;
    part.valid = rows->valid ? rows->valid + first : NULL;
    part.loss += first;
    part.correct += first;
    return part;
}

void nm_head_loss(nm_pool *pool, const nm_ops *ops, const nm_head *head, const real *x,
                  const nm_softmax_loss *rows, bool is_training) {
    const size_t V = head->dense.n, k = head->dense.k;
    if (is_training) {
        memset(head->dweight, 0, V * k * sizeof(real));
        memset(head->dbias, 0, V * sizeof(real));
    }
    for (size_t first = 0; first < rows->N; first += head->chunk) {
        const size_t left = rows->N - first, count = left < head->chunk ? left : head->chunk;
        nm_softmax_loss part = rows_from(rows, first, count);
        part.logits = head->logits;
        part.scale = is_training ? 1 : 0;
        nm_dense_forward(pool, ops, &head->dense, head->logits, x + first * k, count);
        ops->softmax_loss(pool, &part);
        if (is_training)
            nm_dense_backward(pool, ops, &head->dense,
                              &(nm_dense_grad){.m = count,
                                               .x = x + first * k,
                                               .dy = head->logits,
                                               .dx = head->dx + first * k,
                                               .dweight = head->dweight,
                                               .dbias = head->dbias});
    }
}
