/* SPDX-License-Identifier: ISC */
/* The reference operations on numbers that can be worked out by hand. Whole networks of them are
 * checked in test/numerics. */
#include "test.h"

#include "nn/ops.h"

#include <math.h>

static bool is_near(real a, double b) {
    return fabs((double)a - b) < 1e-6;
}

/* x [2,3], w [2,3]: y = x wᵀ + b. */
static void matmul_multiplies_by_a_transposed_matrix(void **state) {
    (void)state;
    neume_context *context = test_context(2, NEUME_ISA_C, NULL);
    const real x[] = {1, 2, 3, -1, 0, 2}, w[] = {1, 0, -1, 2, 1, 0}, bias[] = {10, 20};
    const real expected[] = {8, 24, 7, 18};
    real packed[6], y[4];
    assert_int_equal(nm_ops_c.packed_size(2, 3), 6);
    nm_ops_c.pack(context->pool, packed, w, 2, 3);
    nm_matmul product = {.m = 2, .n = 2, .k = 3, .x = x, .packed = packed, .bias = bias, .y = y};
    nm_ops_c.matmul(context->pool, &product);
    for (size_t i = 0; i < 4; i++)
        assert_true(y[i] == expected[i]);
    product.accumulate = true;
    product.bias = NULL;
    nm_ops_c.matmul(context->pool, &product);
    for (size_t i = 0; i < 4; i++)
        assert_true(y[i] == 2 * expected[i] - bias[i % 2]);
    neume_context_free(context);
}

/* x [1,2], w [2,3]: y = x w. */
static void matmul_multiplies_by_a_matrix_as_it_is(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    const real x[] = {2, -1}, w[] = {1, 2, 3, 4, 5, 6};
    real packed[6], y[3];
    nm_ops_c.pack_transposed(context->pool, packed, w, 3, 2);
    nm_ops_c.matmul(context->pool,
                    &(nm_matmul){.m = 1, .n = 3, .k = 2, .x = x, .packed = packed, .y = y});
    assert_true(y[0] == -2 && y[1] == -1 && y[2] == 0);
    neume_context_free(context);
}

static void gradients_of_a_product_are_added(void **state) {
    (void)state;
    neume_context *context = test_context(2, NEUME_ISA_C, NULL);
    const real dy[] = {1, 2, 3, 4}, x[] = {5, 6, 7, 8};
    real dw[] = {100, 0, 0, 0}, dbias[] = {0, 1000};
    nm_ops_c.matmul_grad(
        context->pool,
        &(nm_matmul_grad){.m = 2, .n = 2, .k = 2, .dy = dy, .x = x, .dw = dw, .dbias = dbias});
    assert_true(dw[0] == 126 && dw[1] == 30 && dw[2] == 38 && dw[3] == 44);
    assert_true(dbias[0] == 4 && dbias[1] == 1006);
    neume_context_free(context);
}

enum { V = 3 };

static void softmax_of_one_row(neume_context *context, nm_softmax_loss *row, uint32_t target) {
    row->N = 1;
    row->V = V;
    row->targets = &target;
    nm_ops_c.softmax_loss(context->pool, row);
}

static void the_loss_is_over_the_allowed_words(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    const uint8_t masks[2 * V] = {0, 0, 0, 1, 0, 1};
    const uint32_t rules[] = {1};
    real logits[V] = {0, 50, 0}, loss;
    uint8_t correct;
    nm_softmax_loss row = {.logits = logits,
                           .masks = masks,
                           .rules = rules,
                           .scale = 2,
                           .loss = &loss,
                           .correct = &correct};
    softmax_of_one_row(context, &row, 2);
    assert_true(is_near(loss, log(2)));
    assert_true(is_near(logits[0], 1) && logits[1] == 0 && is_near(logits[2], -1));
    assert_int_equal(correct, 0); /* the first of equals is word 0 */
    neume_context_free(context);
}

static void large_logits_do_not_overflow(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    real logits[V] = {1e30f, -1e30f, 1e30f}, loss;
    nm_softmax_loss row = {.logits = logits, .loss = &loss, .scale = 1};
    softmax_of_one_row(context, &row, 0);
    assert_true(is_near(loss, log(2)));
    assert_true(is_near(logits[0], -0.5) && logits[1] == 0 && is_near(logits[2], 0.5));
    neume_context_free(context);
}

static void without_a_scale_the_logits_stay(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    real logits[V] = {1, 2, 3}, loss;
    uint8_t correct;
    nm_softmax_loss row = {.logits = logits, .loss = &loss, .correct = &correct};
    softmax_of_one_row(context, &row, 2);
    assert_true(logits[0] == 1 && logits[1] == 2 && logits[2] == 3);
    assert_true(is_near(loss, log(1 + exp(-1) + exp(-2))));
    assert_int_equal(correct, 1);
    neume_context_free(context);
}

static void rows_that_are_not_valid_give_nothing(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    const uint8_t valid = 0;
    real logits[V] = {1, NAN, 3}, loss = 7;
    uint8_t correct = 7;
    nm_softmax_loss row = {
        .logits = logits, .valid = &valid, .scale = 1, .loss = &loss, .correct = &correct};
    softmax_of_one_row(context, &row, 2);
    assert_true(loss == 0 && correct == 0);
    assert_true(logits[0] == 0 && logits[1] == 0 && logits[2] == 0);
    neume_context_free(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matmul_multiplies_by_a_transposed_matrix),
        cmocka_unit_test(matmul_multiplies_by_a_matrix_as_it_is),
        cmocka_unit_test(gradients_of_a_product_are_added),
        cmocka_unit_test(the_loss_is_over_the_allowed_words),
        cmocka_unit_test(large_logits_do_not_overflow),
        cmocka_unit_test(without_a_scale_the_logits_stay),
        cmocka_unit_test(rows_that_are_not_valid_give_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
