/* SPDX-License-Identifier: ISC */
/* pack, pack_transposed, packed_size. How a packing looks is a table's own affair; but the product
 * of it with a row that is one at p and else zero is column p of w to the bit, because neither
 * products with 0 and 1 nor sums with 0 round. */
#include "operation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct pack_case {
    size_t n, k;
    bool is_transposed;
    const float *w; /* [n,k], or [k,n] */
} pack_case;

static float *pack(check *c, const pack_case *p, nm_pool *pool) {
    float *packed = check_floats(c, "packed", c->ops->packed_size(p->n, p->k), ALIGNED);
    (p->is_transposed ? c->ops->pack_transposed : c->ops->pack)(pool, packed, p->w, p->n, p->k);
    return packed;
}

/* Some columns of w, the first and the last among them. */
static void check_columns(check *c, const pack_case *p, const float *packed) {
    enum { ROWS = 8 };
    float *x = check_floats(c, "x", ROWS * p->k, ANYWHERE),
          *wanted = check_floats(c, "wanted", ROWS * p->n, ANYWHERE),
          *y = check_floats(c, "y", ROWS * p->n, ANYWHERE);
    memset(x, 0, ROWS * p->k * sizeof *x);
    for (size_t i = 0; i < ROWS; i++) {
        const size_t column = i == 0 ? 0 : i == 1 ? p->k - 1 : check_draw(c, p->k);
        x[i * p->k + column] = 1;
        for (size_t j = 0; j < p->n; j++)
            wanted[i * p->n + j] = p->w[p->is_transposed ? column * p->n + j : j * p->k + column];
    }
    const nm_matmul product = {.m = ROWS, .n = p->n, .k = p->k, .x = x, .packed = packed, .y = y};
    c->ops->matmul(c->pools[0], &product);
    for (size_t i = 0; c->rounding > 0x1p-24 && i < ROWS * p->n; i++)
        if (fabs((double)y[i] - wanted[i]) <= c->rounding)
            y[i] = wanted[i];
    check_same(c, "columns of w", y, wanted, ROWS * p->n * sizeof *y);
}

static void check_case(check *c, size_t n, size_t k) {
    pack_case p = {.n = n, .k = k, .is_transposed = check_chance(c, 0.5)};
    check_begin(c, "pack%s, n %zu k %zu", p.is_transposed ? "_transposed" : "", n, k);
    p.w = check_inputs(c, "w", n * k, 1);
    const float *first = pack(c, &p, c->pools[0]);
    check_columns(c, &p, first);
    for (size_t i = 1; i < c->pool_count; i++)
        check_same(c, "packed by several threads", pack(c, &p, c->pools[i]), first,
                   c->ops->packed_size(n, k) * sizeof *first);
    check_end(c);
}

static void check_pack(check *c) {
    size_t sizes[2];
    for (size_t i = 0; check_sizes(c, i, sizes, 2, 100000); i++)
        check_case(c, sizes[0], sizes[1]);
}

typedef struct pack_call {
    float *packed, *w;
} pack_call;

static void prepare(timing *t) {
    pack_call *call = t->call = timing_zeros(t, 1, sizeof *call);
    call->w = timing_floats(t, t->size[0] * t->size[1], 1);
    call->packed = timing_floats(t, t->ops->packed_size(t->size[0], t->size[1]), 1);
}

static void run(void *data) {
    timing *t = data;
    const pack_call *call = t->call;
    t->ops->pack(t->context->pool, call->packed, call->w, t->size[0], t->size[1]);
}

static const size_t shapes[][TIMING_SIZES] = {{2048, 512, 1}, {400, 512, 1}};

const operation pack_operation = {.name = "pack",
                                  .check = check_pack,
                                  .letters = {"n", "k"},
                                  .shapes = shapes,
                                  .shape_count = sizeof shapes / sizeof *shapes,
                                  .prepare = prepare,
                                  .run = run};
