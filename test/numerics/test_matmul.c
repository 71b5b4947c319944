/* SPDX-License-Identifier: ISC */
/* The products of each operation table against the reference.
 *
 * Tolerance: the error of a sum of k products in float is about λ sqrt(k) u sum|x w| with λ small
 * (Higham, Mary 2019), u = 2^-24. With |x|, |w| <= 1 the sum of magnitudes is about k / 4, and both
 * tables err: 4 sqrt(k) u k / 4 holds with room, while a missing or doubled product, about 1/4, is
 * 10^3 times larger for the largest k here. */
#include "ops_check.h"

#include <math.h>
#include <string.h>

static double tolerance_of(size_t k) {
    const double u = 0x1p-24;
    return 4 * u * (sqrt((double)k) * (double)k / 4 + 4);
}

typedef struct matmul_case {
    size_t m, n, k;
    bool has_bias, accumulate, is_transposed;
} matmul_case;

/* y [m,n] of random operands. Freed by guarded_free. */
static float *multiply(const nm_ops *ops, nm_pool *pool, const matmul_case *c) {
    float *x = random_floats(1, c->m * c->k, 1), *w = random_floats(2, c->n * c->k, 1);
    float *bias = random_floats(3, c->n, 1), *y_before = random_floats(4, c->m * c->n, 1);
    float *y = c->accumulate ? guarded_copy(y_before, c->m * c->n) : guarded_new(c->m * c->n);
    const size_t size = ops->packed_size(c->n, c->k);
    float *packed = guarded_new(size);
    (c->is_transposed ? ops->pack_transposed : ops->pack)(pool, packed, w, c->n, c->k);
    const nm_matmul product = {.m = c->m,
                               .n = c->n,
                               .k = c->k,
                               .x = x,
                               .packed = packed,
                               .bias = c->has_bias ? bias : NULL,
                               .y = y,
                               .accumulate = c->accumulate};
    ops->matmul(pool, &product);
    guarded_free(packed, size);
    guarded_check(y, c->m * c->n);
    free(x);
    free(w);
    free(bias);
    free(y_before);
    return y;
}

static void check_matmul(const nm_ops *ops, nm_pool *pool, const matmul_case *c) {
    float *wanted = multiply(&nm_ops_c, pool, c), *got = multiply(ops, pool, c);
    assert_near(ops->name, got, wanted, c->m * c->n, tolerance_of(c->k));
    guarded_free(wanted, c->m * c->n);
    guarded_free(got, c->m * c->n);
}

static void check_matmuls(const nm_ops *ops, nm_pool *pool) {
    static const size_t ms[] = {1, 2, 5, 7, 16, 33}, ns[] = {1, 5, 17, 64, 89, 400},
                        ks[] = {1, 3, 17, 100, 520, 1030};
    for (size_t i = 0; i < 6 * 6 * 6; i++) {
        matmul_case c = {.m = ms[i % 6], .n = ns[i / 6 % 6], .k = ks[i / 36]};
        c.has_bias = i % 2;
        c.accumulate = i / 2 % 2;
        c.is_transposed = i % 3 == 0;
        check_matmul(ops, pool, &c);
    }
}

static void matmul_agrees_with_the_reference(void **state) {
    (void)state;
    for_each_table(check_matmuls);
}

/* dw [n,k] and dbias [n], one after the other, added to numbers that were there. */
static float *multiply_grad(const nm_ops *ops, nm_pool *pool, const matmul_case *c) {
    float *dy = random_floats(5, c->m * c->n, 1), *x = random_floats(6, c->m * c->k, 1);
    float *before = random_floats(7, c->n * c->k + c->n, 1);
    float *dw = guarded_copy(before, c->n * c->k + c->n);
    const nm_matmul_grad product = {.m = c->m,
                                    .n = c->n,
                                    .k = c->k,
                                    .dy = dy,
                                    .x = x,
                                    .dw = dw,
                                    .dbias = c->has_bias ? dw + c->n * c->k : NULL};
    ops->matmul_grad(pool, &product);
    guarded_check(dw, c->n * c->k + c->n);
    free(dy);
    free(x);
    free(before);
    return dw;
}

static void check_matmul_grads(const nm_ops *ops, nm_pool *pool) {
    static const size_t ms[] = {1, 7, 64, 300, 600}, ns[] = {1, 5, 17, 64, 400},
                        ks[] = {1, 3, 17, 100};
    for (size_t i = 0; i < 5 * 5 * 4; i++) {
        const matmul_case c = {
            .m = ms[i % 5], .n = ns[i / 5 % 5], .k = ks[i / 25], .has_bias = i % 2};
        float *wanted = multiply_grad(&nm_ops_c, pool, &c), *got = multiply_grad(ops, pool, &c);
        assert_near(ops->name, got, wanted, c.n * c.k + c.n, tolerance_of(c.m));
        guarded_free(wanted, c.n * c.k + c.n);
        guarded_free(got, c.n * c.k + c.n);
    }
}

static void matmul_grad_agrees_with_the_reference(void **state) {
    (void)state;
    for_each_table(check_matmul_grads);
}

/* Both products, one after the other. */
static float *both_products(const nm_ops *ops, nm_pool *pool, const void *data, size_t *count) {
    const matmul_case *c = data;
    const size_t of_y = c->m * c->n, of_dw = c->n * c->k + c->n;
    float *y = multiply(ops, pool, c), *dw = multiply_grad(ops, pool, c);
    float *both = malloc((of_y + of_dw) * sizeof *both);
    memcpy(both, y, of_y * sizeof *y);
    memcpy(both + of_y, dw, of_dw * sizeof *dw);
    guarded_free(y, of_y);
    guarded_free(dw, of_dw);
    *count = of_y + of_dw;
    return both;
}

static void check_threads(const nm_ops *ops, nm_pool *pool) {
    (void)pool;
    static const matmul_case cases[] = {{33, 89, 600, true, false, false},
                                        {600, 64, 17, true, true, true},
                                        {1, 400, 100, true, false, false},
                                        {70, 1, 1, true, true, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_same_for_any_threads(ops, both_products, &cases[i]);
}

static void any_number_of_threads_gives_the_same_bits(void **state) {
    (void)state;
    for_each_table(check_threads);
}

/* The first rows of a product are those of a product of the first rows alone. */
static void check_rows(const nm_ops *ops, nm_pool *pool) {
    const matmul_case all = {.m = 300, .n = 89, .k = 600, .has_bias = true};
    float *wanted = multiply(ops, pool, &all);
    for (size_t m = 1; m < 20; m++) {
        matmul_case some = all;
        some.m = m;
        float *got = multiply(ops, pool, &some);
        assert_same_bits(ops->name, got, wanted, m * all.n);
        guarded_free(got, m * all.n);
    }
    guarded_free(wanted, all.m * all.n);
}

static void a_row_does_not_depend_on_the_rows_beside_it(void **state) {
    (void)state;
    for_each_table(check_rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matmul_agrees_with_the_reference),
        cmocka_unit_test(matmul_grad_agrees_with_the_reference),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(a_row_does_not_depend_on_the_rows_beside_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
