/* SPDX-License-Identifier: ISC */
/* matmul_grad against the reference in double. */
#include "operation.h"

#include "in_double.h"

typedef struct gradients {
    float *dw, *dbias;
} gradients;

static gradients differentiate(check *c, nm_pool *pool, const gradient_inputs *in) {
    gradients out = {.dw = check_copy(c, "dw", in->dw_before, in->n * in->k)};
    if (in->dbias_before)
        out.dbias = check_copy(c, "dbias", in->dbias_before, in->n);
    const nm_matmul_grad product = {.m = in->m,
                                    .n = in->n,
                                    .k = in->k,
                                    .dy = in->dy,
                                    .x = in->x,
                                    .dw = out.dw,
                                    .dbias = out.dbias};
    c->ops->matmul_grad(pool, &product);
    return out;
}

static void check_values(check *c, const gradient_inputs *in, const gradients *got) {
    double *dw = check_doubles(c, "wanted dw", in->n * in->k),
           *dbias = check_doubles(c, "wanted dbias", in->n);
    matmul_grad_in_double(c->pools[0], dw, dbias, in);
    const double tolerance = check_product_tolerance(c, in->m);
    check_near(c, "dw", got->dw, (check_wanted){dw, in->n * in->k, tolerance});
    if (got->dbias)
        check_near(c, "dbias", got->dbias, (check_wanted){dbias, in->n, tolerance});
}

static void check_case(check *c, const size_t sizes[3]) {
    gradient_inputs in = {.m = sizes[0], .n = sizes[1], .k = sizes[2]};
    const bool has_bias = check_chance(c, 0.5);
    check_begin(c, "m %zu n %zu k %zu%s", in.m, in.n, in.k, has_bias ? ", bias" : "");
    in.dy = check_inputs(c, "dy", in.m * in.n, 1);
    in.x = check_inputs(c, "x", in.m * in.k, 1);
    in.dw_before = check_inputs(c, "dw before", in.n * in.k, 1);
    in.dbias_before = has_bias ? check_inputs(c, "dbias before", in.n, 1) : NULL;
    const gradients first = differentiate(c, c->pools[0], &in);
    check_values(c, &in, &first);
    for (size_t i = 1; i < c->pool_count; i++) {
        const gradients again = differentiate(c, c->pools[i], &in);
        check_same(c, "dw by several threads", again.dw, first.dw, in.n * in.k * sizeof(float));
        if (has_bias)
            check_same(c, "dbias by several threads", again.dbias, first.dbias,
                       in.n * sizeof(float));
    }
    check_end(c);
}

/* More columns of x than the vector kernels keep packed. */
enum { WIDE = 3800 };

static void check_matmul_grad(check *c) {
    static const size_t empty[][3] = {{0, 3, 5}, {3, 0, 5}};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
        check_case(c, empty[i]);
    check_case(c, (const size_t[]){17, 395, WIDE}); /* several pieces of both factors */
    check_case(c, (const size_t[]){530, 10, WIDE});
    size_t sizes[3];
    for (size_t i = 0; check_sizes(c, i, sizes, 3, 4000000); i++)
        check_case(c, sizes);
}

static void prepare(timing *t) {
    const size_t m = t->size[0], n = t->size[1], k = t->size[2];
    nm_matmul_grad *call = t->call = timing_zeros(t, 1, sizeof *call);
    *call = (nm_matmul_grad){.m = m,
                             .n = n,
                             .k = k,
                             .dy = timing_floats(t, m * n, 1),
                             .x = timing_floats(t, m * k, 1),
                             .dw = timing_floats(t, n * k, 0.05f),
                             .dbias = timing_floats(t, n, 0.1f)};
    t->flop = 2.0 * (double)(m * n * k);
}

static void run(void *data) {
    timing *t = data;
    t->ops->matmul_grad(t->context->pool, t->call);
}

static const size_t shapes[][TIMING_SIZES] = {{1024, 2048, 512}, {1024, 400, 512}, {1024, 256, 64}};

const operation matmul_grad_operation = {.name = "matmul_grad",
                                         .check = check_matmul_grad,
                                         .letters = {"m", "n", "k"},
                                         .shapes = shapes,
                                         .shape_count = sizeof shapes / sizeof *shapes,
                                         .prepare = prepare,
                                         .run = run};
