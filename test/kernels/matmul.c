/* SPDX-License-Identifier: ISC */
/* matmul against the reference in double. */
#include "operation.h"

#include "in_double.h"

#include <string.h>

static const float *pack(check *c, const product_inputs *in) {
    float *packed = check_floats(c, "packed", c->ops->packed_size(in->n, in->k), ALIGNED);
    (in->is_transposed ? c->ops->pack_transposed : c->ops->pack)(c->pools[0], packed, in->w, in->n,
                                                                 in->k);
    check_freeze(c, packed);
    return packed;
}

/* y of some rows. */
static float *multiply(check *c, nm_pool *pool, const product_inputs *in, const float *packed,
                       nm_range rows) {
    const size_t m = rows.end - rows.begin;
    float *y = check_floats(c, "y", m * in->n, ANYWHERE);
    if (in->before)
        memcpy(y, in->before + rows.begin * in->n, m * in->n * sizeof *y);
    const nm_matmul product = {.m = m,
                               .n = in->n,
                               .k = in->k,
                               .x = in->x + rows.begin * in->k,
                               .packed = packed,
                               .bias = in->bias,
                               .y = y,
                               .accumulate = in->before != NULL};
    c->ops->matmul(pool, &product);
    return y;
}

static void check_rows(check *c, const product_inputs *in, const float *packed, const float *y) {
    const size_t begin = check_draw(c, in->m), one = check_draw(c, in->m);
    const nm_range ranges[] = {{one, one + 1}, {begin, begin + 1 + check_draw(c, in->m - begin)}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        check_same(c, "rows without those beside them",
                   multiply(c, c->pools[0], in, packed, ranges[i]), y + ranges[i].begin * in->n,
                   (ranges[i].end - ranges[i].begin) * in->n * sizeof *y);
}

/* x 2^-60 gives y 2^-60, to the bit: no number is too small, nor are halves. */
static void check_small(check *c, const product_inputs *in, const float *packed, const float *y) {
    const float tiny = 0x1p-60f;
    float *x = check_floats(c, "small x", in->m * in->k, ANYWHERE),
          *wanted = check_floats(c, "wanted", in->m * in->n, ANYWHERE);
    for (size_t i = 0; i < in->m * in->k; i++)
        x[i] = in->x[i] * tiny;
    for (size_t i = 0; i < in->m * in->n; i++)
        wanted[i] = y[i] * tiny;
    product_inputs small = *in;
    small.x = x;
    const nm_range all = {0, in->m};
    check_same(c, "y of small x", multiply(c, c->pools[0], &small, packed, all), wanted,
               in->m * in->n * sizeof *y);
}

static void check_case(check *c, const size_t sizes[3]) {
    product_inputs in = {.m = sizes[0], .n = sizes[1], .k = sizes[2]};
    const bool has_bias = check_chance(c, 0.5), accumulate = check_chance(c, 0.5);
    in.is_transposed = check_chance(c, 0.3);
    check_begin(c, "m %zu n %zu k %zu%s%s%s", in.m, in.n, in.k, has_bias ? ", bias" : "",
                accumulate ? ", accumulate" : "", in.is_transposed ? ", transposed" : "");
    in.x = check_inputs(c, "x", in.m * in.k, 1);
    in.w = check_inputs(c, "w", in.n * in.k, 1);
    in.bias = has_bias ? check_inputs(c, "bias", in.n, 1) : NULL;
    in.before = accumulate ? check_inputs(c, "y before", in.m * in.n, 1) : NULL;
    const float *packed = pack(c, &in);
    const nm_range all = {0, in.m};
    const float *y = multiply(c, c->pools[0], &in, packed, all);
    double *wanted = check_doubles(c, "wanted", in.m * in.n);
    matmul_in_double(c->pools[0], wanted, &in);
    check_near(c, "y", y, (check_wanted){wanted, in.m * in.n, check_product_tolerance(c, in.k)});
    for (size_t i = 1; i < c->pool_count; i++)
        check_same(c, "y by several threads", multiply(c, c->pools[i], &in, packed, all), y,
                   in.m * in.n * sizeof *y);
    if (in.m > 0)
        check_rows(c, &in, packed, y);
    if (!has_bias && !accumulate)
        check_small(c, &in, packed, y);
    check_end(c);
}

static void check_matmul(check *c) {
    static const size_t empty[][3] = {{0, 3, 5}, {3, 0, 5}, {3, 5, 0}};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
        check_case(c, empty[i]);
    size_t sizes[3];
    for (size_t i = 0; check_sizes(c, i, sizes, 3, 4000000); i++)
        check_case(c, sizes);
}

static void prepare(timing *t) {
    const size_t m = t->size[0], n = t->size[1], k = t->size[2];
    nm_matmul *call = t->call = timing_zeros(t, 1, sizeof *call);
    *call = (nm_matmul){.m = m,
                        .n = n,
                        .k = k,
                        .x = timing_floats(t, m * k, 1),
                        .packed = timing_floats(t, t->ops->packed_size(n, k), 0.05f),
                        .bias = timing_floats(t, n, 0.1f),
                        .y = timing_floats(t, m * n, 1)};
    t->flop = 2.0 * (double)(m * n * k);
}

static void run(void *data) {
    timing *t = data;
    t->ops->matmul(t->context->pool, t->call);
}

static const size_t shapes[][TIMING_SIZES] = {
    {1024, 2048, 512}, {1024, 512, 2048}, {1024, 400, 512}, {16, 2048, 512}, {1, 400, 512}};

const operation matmul_operation = {.name = "matmul",
                                    .check = check_matmul,
                                    .letters = {"m", "n", "k"},
                                    .shapes = shapes,
                                    .shape_count = sizeof shapes / sizeof *shapes,
                                    .prepare = prepare,
                                    .run = run};
