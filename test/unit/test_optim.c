/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "nn/optim.h"

#include <math.h>
#include <string.h>

enum { LARGE_ROWS = 71, LARGE_COLUMNS = 61 };

static const neume_optimizer last_kind = NEUME_OPTIMIZER_ADADELTA;

static nm_params some_params(void) {
    nm_params params = {.count = 0};
    nm_params_add(&params, "a.weight", LARGE_ROWS, LARGE_COLUMNS, true);
    nm_params_add(&params, "a.bias", 1, 21, false);
    return params;
}

static real *random_block(neume_context *context, const nm_params *params, uint64_t stream) {
    real *block = nm_params_block_new(params, context);
    assert_non_null(block);
    for (size_t p = 0; p < params->count; p++)
        for (size_t i = 0; i < params->table[p].rows * params->table[p].columns; i++)
            block[params->table[p].offset + i] =
                (real)nm_random_normal(stream, NM_PURPOSE_TEST, p, i);
    return block;
}

/* Weights, a gradient and the state of an optimiser. */
typedef struct fixture {
    neume_context *context;
    nm_params params;
    real *weights, *gradient, *state[2];
} fixture;

static void fixture_init(fixture *f, unsigned threads) {
    *f = (fixture){.context = test_context(threads, NEUME_ISA_C, NULL), .params = some_params()};
    f->weights = random_block(f->context, &f->params, 1);
    f->gradient = random_block(f->context, &f->params, 2);
    for (int i = 0; i < 2; i++)
        f->state[i] = nm_params_block_new(&f->params, f->context);
}

static void fixture_clear(fixture *f) {
    real *const blocks[] = {f->weights, f->gradient, f->state[0], f->state[1]};
    for (size_t i = 0; i < 4; i++)
        nm_free_aligned(f->context, blocks[i]);
    neume_context_free(f->context);
}

static void take_steps(fixture *f, neume_optimizer kind, double decay, uint64_t count) {
    for (uint64_t update = 1; update <= count; update++) {
        const nm_optim optim = {
            .kind = kind, .learning_rate = 0.01, .weight_decay = decay, .update = update};
        nm_optim_step(f->context->pool, &optim, &f->params, f->weights, f->gradient, f->state);
    }
}

static void steps_do_not_depend_on_the_number_of_threads(void **state) {
    (void)state;
    for (neume_optimizer kind = 0; kind <= last_kind; kind++) {
        fixture one, some;
        fixture_init(&one, 1);
        take_steps(&one, kind, 0.1, 4);
        for (unsigned threads = 2; threads <= 5; threads++) {
            fixture_init(&some, threads);
            take_steps(&some, kind, 0.1, 4);
            assert_memory_equal(one.weights, some.weights, one.params.size * sizeof(real));
            fixture_clear(&some);
        }
        fixture_clear(&one);
    }
}

static void padding_stays_zero(void **state) {
    (void)state;
    for (neume_optimizer kind = 0; kind <= last_kind; kind++) {
        fixture f;
        fixture_init(&f, 2);
        take_steps(&f, kind, 0.1, 3);
        const real *const blocks[] = {f.weights, f.state[0], f.state[1]};
        for (size_t b = 0; b < 3; b++) {
            for (size_t i = LARGE_ROWS * LARGE_COLUMNS; i < f.params.table[1].offset; i++)
                assert_true(blocks[b][i] == 0);
            for (size_t i = f.params.table[1].offset + 21; i < f.params.size; i++)
                assert_true(blocks[b][i] == 0);
        }
        fixture_clear(&f);
    }
}

static void decay_holds_for_weights_and_not_for_biases(void **state) {
    (void)state;
    for (neume_optimizer kind = 0; kind <= last_kind; kind++) {
        fixture with, without;
        fixture_init(&with, 1);
        fixture_init(&without, 1);
        take_steps(&with, kind, 0.2, 2);
        take_steps(&without, kind, 0, 2);
        const size_t bias = with.params.table[1].offset;
        assert_memory_not_equal(with.weights, without.weights, 100 * sizeof(real));
        assert_memory_equal(with.weights + bias, without.weights + bias, 21 * sizeof(real));
        fixture_clear(&with);
        fixture_clear(&without);
    }
}

static void unneeded_state_is_left_alone(void **state) {
    (void)state;
    static const unsigned counts[] = {2, 2, 1, 1, 2};
    for (neume_optimizer kind = 0; kind <= last_kind; kind++) {
        fixture f;
        fixture_init(&f, 1);
        take_steps(&f, kind, 0, 1);
        assert_int_equal(nm_optim_state_count(kind), counts[kind]);
        for (unsigned i = 0; i < 2; i++)
            assert_true((f.state[i][0] != 0) == (i < counts[kind]));
        fixture_clear(&f);
    }
}

static void the_norm_is_euclidean_with_any_number_of_threads(void **state) {
    (void)state;
    fixture f;
    fixture_init(&f, 1);
    double sum = 0;
    for (size_t i = 0; i < f.params.size; i++)
        sum += (double)f.weights[i] * (double)f.weights[i];
    const double norm = nm_block_norm(f.context->pool, &f.params, f.weights);
    assert_true(fabs(norm - sqrt(sum)) < 1e-10 * norm);
    for (unsigned threads = 2; threads <= 5; threads++) {
        fixture other;
        fixture_init(&other, threads);
        assert_true(norm == nm_block_norm(other.context->pool, &f.params, f.weights));
        fixture_clear(&other);
    }
    fixture_clear(&f);
}

static void blocks_are_scaled_and_averaged(void **state) {
    (void)state;
    fixture f;
    fixture_init(&f, 2);
    const real w = f.weights[7], g = f.gradient[7];
    nm_block_scale(f.context->pool, &f.params, f.weights, 0.5f);
    assert_true(f.weights[7] == 0.5f * w);
    nm_block_average(f.context->pool, &f.params, f.weights, f.gradient, 0.75);
    assert_true(fabsf(f.weights[7] - (0.375f * w + 0.25f * g)) < 1e-6f);
    fixture_clear(&f);
}

static void what_is_not_finite_is_found_wherever_it_is(void **state) {
    (void)state;
    static const real bad[] = {NAN, INFINITY, -INFINITY};
    fixture f;
    fixture_init(&f, 1);
    assert_true(nm_block_is_finite(&f.params, f.weights));
    for (size_t i = 0; i < f.params.size; i += 3) {
        const real kept = f.weights[i];
        f.weights[i] = bad[i / 3 % 3];
        assert_false(nm_block_is_finite(&f.params, f.weights));
        f.weights[i] = kept;
    }
    f.weights[0] = 3e38f;
    f.weights[1] = 3e38f;
    assert_true(nm_block_is_finite(&f.params, f.weights));
    fixture_clear(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_do_not_depend_on_the_number_of_threads),
        cmocka_unit_test(padding_stays_zero),
        cmocka_unit_test(decay_holds_for_weights_and_not_for_biases),
        cmocka_unit_test(unneeded_state_is_left_alone),
        cmocka_unit_test(the_norm_is_euclidean_with_any_number_of_threads),
        cmocka_unit_test(blocks_are_scaled_and_averaged),
        cmocka_unit_test(what_is_not_finite_is_found_wherever_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
