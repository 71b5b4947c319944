/* SPDX-License-Identifier: ISC */
/* y = x wᵀ, and the gradient of w. */
#include "nn/vector/kernels.h"

/* y = bias + the first block of the depth, then + each other. */
static void finish_matmul(const void *data, const nm_tile *tile) {
    const nm_matmul *product = data;
    const bool adds_y = product->accumulate || !tile->is_first;
    const bool adds_bias = product->bias && tile->is_first;
    for (size_t q = 0; q < VECTORS; q++) {
        const size_t column = tile->panel * PANEL + q * LANES;
        const size_t count = lanes_below(column, product->n);
        if (count == 0)
            return;
        const vec bias = adds_bias ? load_part(product->bias + column, count) : (vec){0};
        for (size_t r = 0; r < tile->rows; r++) {
            float *y = product->y + (tile->row + r) * product->n + column;
            vec sum = load(tile->sums + r * PANEL + q * LANES) + bias;
            if (adds_y)
                sum += load_part(y, count);
            store_part(y, sum, count);
        }
    }
}

void nm_matmul_part(const nm_matmul *product, const nm_part *part, float *scratch) {
    const nm_sweep sweep = {.a = {.first = product->x, .count = product->m, .stride = product->k},
                            .packed = product->packed,
                            .depth = product->k,
                            .columns = product->n,
                            .scratch = scratch,
                            .finish = finish_matmul,
                            .data = product};
    nm_sweep_run(&sweep, part);
}

static void matmul_job(void *data, nm_pool *pool, unsigned thread) {
    const nm_matmul *product = data;
    const nm_part part = nm_part_of(pool, thread, product->m, panels_of(product->n));
    nm_matmul_part(product, &part, nm_pool_scratch(pool, thread));
}

void nm_matmul_run(nm_pool *pool, const nm_matmul *product) {
    nm_matmul copy = *product;
    nm_pool_run(pool, matmul_job, &copy);
}

static void matmul_grad_job(void *data, nm_pool *pool, unsigned thread) {
    const nm_matmul_grad *product = data;
    const nm_gradient gradient = {
        .positions = product->m,
        .dy = product->dy,
        .columns = product->n,
        .order = {.count = product->n},
        .of = {{.x = {.first = product->x, .count = product->m, .stride = product->k},
                .inputs = product->k,
                .dw = product->dw}},
        .dbias = product->dbias};
    const nm_part part =
        nm_part_of(pool, thread, gradient_tiles(product->n), gradient_panels(&gradient));
    nm_gradient_part(&gradient, &part, nm_pool_scratch(pool, thread));
}

void nm_matmul_grad_run(nm_pool *pool, const nm_matmul_grad *product) {
    nm_matmul_grad copy = *product;
    nm_pool_run(pool, matmul_grad_job, &copy);
}
