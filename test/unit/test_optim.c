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

static nm_optim_blocks blocks_of(const fixture *f) {
    return (nm_optim_blocks){
        .weights = f->weights, .gradient = f->gradient, .state = {f->state[0], f->state[1]}};
}

/* By the same gradient over and over: a step leaves zeros. */
static void take_steps(fixture *f, neume_optimizer kind, double decay, uint64_t count) {
    const size_t size = f->params.size * sizeof(real);
    real *kept = malloc(size);
    memcpy(kept, f->gradient, size);
    for (uint64_t update = 1; update <= count; update++) {
        const nm_optim optim = {.kind = kind,
                                .learning_rate = 0.01,
                                .weight_decay = decay,
                                .gradient_factor = 1,
                                .update = update};
        const nm_optim_blocks blocks = blocks_of(f);
        memcpy(f->gradient, kept, size);
        nm_optim_step(f->context->pool, &optim, &f->params, &blocks);
    }
    free(kept);
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

static void a_step_scales_the_gradient_averages_and_leaves_zeros(void **state) {
    (void)state;
    for (unsigned threads = 1; threads <= 3; threads++) {
        fixture f;
        fixture_init(&f, threads);
        real *average = nm_params_block_new(&f.params, f.context);
        nm_optim_blocks blocks = blocks_of(&f);
        blocks.average = average;
        const nm_optim optim = {.kind = NEUME_OPTIMIZER_SGD,
                                .learning_rate = 0.5,
                                .gradient_factor = 0.25,
                                .average_decay = 0.75,
                                .update = 1};
        const size_t last = f.params.table[1].offset + 20, places[] = {7, 4000, last};
        real w[3], g[3];
        for (size_t i = 0; i < 3; i++) {
            w[i] = f.weights[places[i]];
            g[i] = f.gradient[places[i]];
        }
        nm_optim_step(f.context->pool, &optim, &f.params, &blocks);
        for (size_t i = 0; i < 3; i++) {
            const real wanted = w[i] - 0.125f * g[i];
            assert_true(fabsf(f.weights[places[i]] - wanted) < 1e-6f);
            assert_true(fabsf(average[places[i]] - 0.25f * wanted) < 1e-6f);
        }
        for (size_t i = 0; i < f.params.size; i++)
            assert_true(f.gradient[i] == 0);
        nm_free_aligned(f.context, average);
        fixture_clear(&f);
    }
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
        cmocka_unit_test(a_step_scales_the_gradient_averages_and_leaves_zeros),
        cmocka_unit_test(what_is_not_finite_is_found_wherever_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
