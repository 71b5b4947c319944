/* SPDX-License-Identifier: ISC */
/* Parts of a network that no update moves, and the gradients that nobody wants. */
#include "stack_case.h"

#include "nn/optim.h"

static const neume_optimizer last_kind = NEUME_OPTIMIZER_ADADELTA;

enum { ROWS = 71, COLUMNS = 61, WEIGHTS = ROWS * COLUMNS, BIASES = 21 };

static nm_params some_params(void) {
    nm_params params = {.count = 0};
    nm_params_add(&params, "a.weight", ROWS, COLUMNS, true);
    nm_params_add(&params, "a.bias", 1, BIASES, false);
    return params;
}

/* The middle of the matrix, across pieces of the optimiser, and the end of the vector. */
static nm_frozen some_frozen(neume_context *context, const nm_params *params) {
    const size_t bias = params->table[1].offset;
    nm_frozen frozen = nm_frozen_on(context);
    assert_true(nm_frozen_add(&frozen, (nm_range){100, 103}));
    assert_true(nm_frozen_add(&frozen, (nm_range){900, 2100}));
    assert_true(nm_frozen_add(&frozen, (nm_range){2100, 2150}));
    assert_true(nm_frozen_add(&frozen, (nm_range){bias + 20, bias + BIASES}));
    return frozen;
}

static bool is_frozen(const nm_frozen *frozen, size_t i) {
    for (size_t r = 0; r < frozen->count; r++)
        if (i >= frozen->ranges[r].begin && i < frozen->ranges[r].end)
            return true;
    return false;
}

static void ranges_that_touch_become_one(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    const nm_params params = some_params();
    nm_frozen frozen = some_frozen(context, &params);
    assert_int_equal(frozen.count, 3);
    assert_int_equal(nm_frozen_size(&frozen), 3 + 1250 + 1);
    nm_frozen_clear(&frozen);
    neume_context_free(context);
}

static void the_first_that_moves_is_found(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    const nm_params params = some_params();
    const size_t bias = params.table[1].offset;
    static const size_t ends[] = {1, WEIGHTS - 1, WEIGHTS};
    nm_frozen frozen = nm_frozen_on(context);
    assert_int_equal(nm_frozen_first_moving(&frozen, &params), 0);
    for (size_t i = 0, begin = 0; i < 3; begin = ends[i++]) {
        assert_true(nm_frozen_add(&frozen, (nm_range){begin, ends[i]}));
        assert_int_equal(nm_frozen_first_moving(&frozen, &params), i < 2 ? ends[i] : bias);
    }
    assert_true(nm_frozen_add(&frozen, (nm_range){bias, bias + BIASES}));
    assert_int_equal(nm_frozen_first_moving(&frozen, &params), params.size);
    nm_frozen_clear(&frozen);
    neume_context_free(context);
}

static real *random_block(neume_context *context, const nm_params *params, uint64_t stream) {
    real *block = nm_params_block_new(params, context);
    for (size_t p = 0; p < params->count; p++)
        for (size_t i = 0; i < params->table[p].rows * params->table[p].columns; i++)
            block[params->table[p].offset + i] =
                (real)nm_random_normal(stream, NM_PURPOSE_TEST, p, i);
    return block;
}

enum { BLOCKS = 5 }; /* weights, gradient, two of state, average */

/* One update of blocks drawn at random. */
static void update(real *blocks[BLOCKS], neume_context *context, neume_optimizer kind,
                   const nm_frozen *frozen) {
    const nm_params params = some_params();
    for (uint64_t i = 0; i < BLOCKS; i++)
        blocks[i] = random_block(context, &params, i);
    for (size_t i = 0; i < params.size; i++)
        blocks[3][i] = blocks[3][i] < 0 ? -blocks[3][i] : blocks[3][i];
    for (size_t i = 0; i < params.size; i++)
        blocks[2][i] = blocks[2][i] < 0 ? -blocks[2][i] : blocks[2][i];
    const nm_optim optim = {.kind = kind,
                            .learning_rate = 0.01,
                            .weight_decay = 0.1,
                            .gradient_factor = 1,
                            .average_decay = 0.9,
                            .update = 3,
                            .frozen = frozen};
    const nm_optim_blocks of = {.weights = blocks[0],
                                .gradient = blocks[1],
                                .state = {blocks[2], blocks[3]},
                                .average = blocks[4]};
    nm_optim_step(context->pool, &optim, &params, &of);
}

static void assert_same_element(real *const *a, real *const *b, size_t block, size_t i) {
    if (memcmp(&a[block][i], &b[block][i], sizeof(real)) != 0)
        fail_msg("element %zu of block %zu", i, block);
}

/* In turn weights, state and average: the gradient is the optimiser's to clear. */
static void what_is_frozen_stays_to_the_bit_and_the_rest_moves_as_ever(void **state) {
    (void)state;
    static const size_t checked[] = {0, 2, 3, 4};
    const nm_params params = some_params();
    for (neume_optimizer kind = 0; kind <= last_kind; kind++)
        for (unsigned threads = 1; threads <= 3; threads++) {
            neume_context *context = test_context(threads, NEUME_ISA_C, NULL);
            nm_frozen frozen = some_frozen(context, &params);
            real *some[BLOCKS], *all[BLOCKS], *before[BLOCKS];
            update(some, context, kind, &frozen);
            update(all, context, kind, NULL);
            for (uint64_t i = 0; i < BLOCKS; i++)
                before[i] = random_block(context, &params, i);
            for (size_t i = 0; i < params.size; i++) {
                before[3][i] = before[3][i] < 0 ? -before[3][i] : before[3][i];
                before[2][i] = before[2][i] < 0 ? -before[2][i] : before[2][i];
            }
            for (size_t c = 0; c < 4; c++)
                for (size_t i = 0; i < params.size; i++)
                    assert_same_element(some, is_frozen(&frozen, i) ? before : all, checked[c], i);
            for (size_t i = 0; i < BLOCKS; i++) {
                nm_free_aligned(context, some[i]);
                nm_free_aligned(context, all[i]);
                nm_free_aligned(context, before[i]);
            }
            nm_frozen_clear(&frozen);
            neume_context_free(context);
        }
}

/* The gradient of a training pass with all noise, where none is wanted before `moving_from`. */
static real *gradient_of(const fixture *f, size_t moving_from) {
    const nm_run_options options = {.max_T = T,
                                    .max_B = B,
                                    .for_training = true,
                                    .noise = all_noise,
                                    .seed = 8,
                                    .moving_from = moving_from};
    nm_stack_run *run = NULL;
    assert_int_equal(nm_stack_run_new(&run, f->context, &f->stack, &options, NULL), NEUME_OK);
    nm_stack_run_pack_noisy(run, f->weights, 1);
    const nm_batch batch = batch_from(f, 0, T);
    real *gradient = nm_params_block_new(&f->stack.params, f->context);
    nm_stack_forward(run, &batch, 1, NM_PASS_TRAIN);
    nm_stack_backward(run, &batch, 0.1f, gradient);
    nm_stack_run_free(run);
    return gradient;
}

/* Whether a block has anything but zeros in a parameter. */
static bool has_any(const real *block, const nm_param *param) {
    for (size_t i = 0; i < param->rows * param->columns; i++)
        if (block[param->offset + i] != 0)
            return true;
    return false;
}

static void gradients_that_are_wanted_are_the_same_and_others_are_not_made(void **state) {
    (void)state;
    for (size_t shape = 0; shape < SHAPES; shape++) {
        fixture f;
        fixture_init(&f, shapes[shape], 1, NEUME_ISA_C);
        const nm_params *params = &f.stack.params;
        real *all = gradient_of(&f, 0);
        for (size_t p = 0; p < params->count; p++) {
            const size_t from = params->table[p].offset;
            real *some = gradient_of(&f, from);
            assert_memory_equal(some + from, all + from, (params->size - from) * sizeof(real));
            if (p > 0 && has_any(all, &params->table[0]))
                assert_false(has_any(some, &params->table[0]));
            nm_free_aligned(f.context, some);
        }
        nm_free_aligned(f.context, all);
        fixture_clear(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_that_touch_become_one),
        cmocka_unit_test(the_first_that_moves_is_found),
        cmocka_unit_test(what_is_frozen_stays_to_the_bit_and_the_rest_moves_as_ever),
        cmocka_unit_test(gradients_that_are_wanted_are_the_same_and_others_are_not_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
