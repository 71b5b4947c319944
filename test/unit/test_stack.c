/* SPDX-License-Identifier: ISC */
#include "stack_case.h"

enum { PARAMS = 1 << 14 };

static void expect_bad_shape(const nm_stack_shape *shape) {
    nm_stack stack;
    neume_error error = {0};
    assert_int_equal(nm_stack_init(&stack, shape, &error), NEUME_BAD_MODEL);
    assert_non_null(strstr(error.line, "network: "));
}

#define WORDS .stream_count = 1, .vocabulary = {4}
#define LAYER .layers = {4}, .layer_count = 1

static void refuses_impossible_sizes(void **state) {
    (void)state;
    const nm_stack_shape bad[] = {
        {.stream_count = 0, .vocabulary = {4}, LAYER},
        {.stream_count = 9, .vocabulary = {4, 4, 4, 4, 4, 4, 4, 4}, .embed = 2, LAYER},
        {.stream_count = 1, .vocabulary = {0}, LAYER},
        {.stream_count = 2, .vocabulary = {4, 0}, .embed = 2, LAYER},
        {.stream_count = 1, .vocabulary = {UINT32_MAX}, LAYER},
        {WORDS, .feature_count = 33, .embed = 2, LAYER},
        {WORDS, .feature_count = 2, .features = {3, 0}, .embed = 2, LAYER},
        {WORDS, .layers = {4}, .layer_count = 0},
        {WORDS, .layers = {4}, .layer_count = 9},
        {WORDS, .layers = {4, 0}, .layer_count = 2},
        {WORDS, .layers = {UINT32_MAX}, .layer_count = 1},
        {WORDS, .layers = {1 << 20}, .layer_count = 1},
        {WORDS, .embed = UINT32_MAX, LAYER},
        {WORDS, .branch = UINT32_MAX, LAYER},
        {WORDS, LAYER, .trunk = UINT32_MAX},
        {WORDS, LAYER, .head = UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_bad_shape(&bad[i]);
}

static void refuses_parts_that_do_not_go_together(void **state) {
    (void)state;
    static const uint16_t index[4] = {0, 1, 2, 3};
    const nm_stack_shape bad[] = {
        {.stream_count = 2, .vocabulary = {4, 4}, LAYER},
        {WORDS, .feature_count = 1, .features = {3}, LAYER},
        {.stream_count = 2, .vocabulary = {4, 4}, .embed = 4, LAYER, .is_tied = true},
        {WORDS, .embed = 3, LAYER, .is_tied = true},
        {WORDS, .embed = 4, LAYER, .trunk = 3, .is_tied = true},
        {WORDS, LAYER, .is_tied = true},
        {WORDS, .embed = 4, LAYER, .is_tied = true, .map_count = 1, .maps = {{1, 4, index}}},
        {.stream_count = 2,
         .vocabulary = {4, 4},
         .embed = 4,
         LAYER,
         .map_count = 1,
         .maps = {{1, 4, index}}},
        {WORDS, LAYER, .map_count = 1, .maps = {{1, 3, index}}},
        {WORDS, LAYER, .map_count = 1, .maps = {{1, 0, index}}},
        {WORDS, LAYER, .map_count = 1, .maps = {{1, 1 << 16, index}}},
        {WORDS, LAYER, .map_count = 1, .maps = {{0, 4, index}}},
        {WORDS, LAYER, .map_count = 1, .maps = {{1, 4, NULL}}},
        {WORDS, LAYER, .map_count = 5},
        {WORDS, LAYER, .trunk = 3, .norm = (nm_norm)3},
        {WORDS, LAYER, .trunk = 3, .activation = (nm_activation)2},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_bad_shape(&bad[i]);
}

static void refuses_impossible_runs(void **state) {
    (void)state;
    fixture f;
    fixture_init(&f, &plain, 1, NEUME_ISA_C);
    const nm_run_options bad[] = {
        {.max_T = 0, .max_B = 1},
        {.max_T = 1, .max_B = 0},
        {.max_T = SIZE_MAX, .max_B = 2},
        {.max_T = 1 << 20, .max_B = 1 << 20},
        {.max_T = 1, .max_B = 1, .noise.dropout = 1},
        {.max_T = 1, .max_B = 1, .noise.dropout = -0.5f},
        {.max_T = 1, .max_B = 1, .noise.input_dropout = 1},
        {.max_T = 1, .max_B = 1, .noise.feature_dropout = NAN},
        {.max_T = 1, .max_B = 1, .noise.weight_drop = 2},
        {.max_T = 1, .max_B = 1, .noise.label_smoothing = -1},
        {.max_T = 1, .max_B = 1, .noise.ar = -1},
        {.max_T = 1, .max_B = 1, .noise.tar = INFINITY},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nm_stack_run *run;
        assert_int_equal(nm_stack_run_new(&run, f.context, &f.stack, &bad[i], NULL),
                         NEUME_BAD_USAGE);
        assert_null(run);
        assert_true(nm_stack_run_bytes(f.context, &f.stack, &bad[i]) == SIZE_MAX);
    }
    fixture_clear(&f);
}

static void expect_names(const nm_stack_shape *shape, const char *const *names, size_t count) {
    nm_stack stack;
    assert_int_equal(nm_stack_init(&stack, shape, NULL), NEUME_OK);
    assert_int_equal(stack.params.count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(stack.params.table[i].name, names[i]);
}

static void parameters_stand_in_the_order_of_the_file(void **state) {
    (void)state;
    static const char *const names[] = {"embed.weight",  "lstm.0.weight_ih", "lstm.0.weight_hh",
                                        "lstm.0.bias",   "lstm.1.weight_ih", "lstm.1.weight_hh",
                                        "lstm.1.bias",   "trunk.weight",     "trunk.bias",
                                        "head.0.weight", "head.0.bias"};
    static const char *const of_normed[] = {
        "embed.weight",          "lstm.0.weight_ih", "lstm.0.weight_hh",    "lstm.0.bias",
        "trunk.norm.weight",     "trunk.norm.bias",  "trunk.norm.mean",     "trunk.norm.variance",
        "trunk.weight",          "trunk.bias",       "head.0.dense.weight", "head.0.dense.bias",
        "head.0.norm.weight",    "head.0.norm.bias", "head.0.norm.mean",    "head.0.norm.variance",
        "head.0.weight",         "head.0.bias",      "head.1.dense.weight", "head.1.dense.bias",
        "head.1.norm.weight",    "head.1.norm.bias", "head.1.norm.mean",    "head.1.norm.variance",
        "head.1.chain.0.weight", "head.1.weight",    "head.1.bias"};
    expect_names(&plain, names, sizeof names / sizeof *names);
    expect_names(&normed, of_normed, sizeof of_normed / sizeof *of_normed);
}

static void expect_matrix(const nm_stack *stack, const char *name, size_t rows, size_t columns) {
    const nm_param *param = nm_params_find(&stack->params, name);
    assert_non_null(param);
    assert_int_equal(param->rows, rows);
    assert_int_equal(param->columns, columns);
}

static void matrices_are_as_large_as_documented(void **state) {
    (void)state;
    nm_stack stack;
    assert_int_equal(nm_stack_init(&stack, &streams, NULL), NEUME_OK);
    expect_matrix(&stack, "embed.weight", 4 + 6 + 5 + 6 + 2, 7);
    expect_matrix(&stack, "branch.2.weight_ih", 24, 7);
    expect_matrix(&stack, "branch.2.weight_hh", 24, 6);
    expect_matrix(&stack, "lstm.0.weight_ih", 36, 18);
    expect_matrix(&stack, "trunk.norm.weight", 1, 9);
    expect_matrix(&stack, "head.2.dense.weight", 10, 8);
    expect_matrix(&stack, "head.2.chain.1.weight", 5, 10);
    expect_matrix(&stack, "head.2.weight", 4, 10);
    assert_null(nm_params_find(&stack.params, "head.2.norm.mean"));
    assert_int_equal(nm_stack_init(&stack, &frames, NULL), NEUME_OK);
    expect_matrix(&stack, "head.0.weight", 11, 12);
    nm_stack_shape largest = {.stream_count = NM_MAX_STREAMS,
                              .embed = 2,
                              .branch = 2,
                              .layer_count = NM_MAX_LAYERS,
                              .trunk = 2,
                              .head = 2,
                              .norm = NM_NORM_BATCH};
    for (size_t i = 0; i < 8; i++)
        largest.vocabulary[i] = largest.layers[i] = 3;
    assert_int_equal(nm_stack_init(&stack, &largest, NULL), NEUME_OK);
    assert_in_range(stack.params.count, 100, NM_MAX_PARAMS);
}

static const real *weights_of(const fixture *f, const char *name) {
    const nm_param *param = nm_params_find(&f->stack.params, name);
    assert_non_null(param);
    return f->weights + param->offset;
}

static void first_weights_are_as_documented(void **state) {
    (void)state;
    fixture f;
    fixture_init(&f, &plain, 1, NEUME_ISA_C);
    const real *bias = weights_of(&f, "lstm.0.bias"), *head = weights_of(&f, "head.0.weight");
    for (size_t i = 0; i < 36; i++)
        assert_true(bias[i] == (i / 9 == 1 ? 1.0f : 0.0f));
    real largest = 0;
    for (size_t i = 0; i < (size_t)11 * 6; i++)
        largest = fmaxf(largest, fabsf(head[i]));
    assert_true(largest <= 1 / sqrtf(6) && largest > 0.8f / sqrtf(6));
    fixture_clear(&f);
    fixture_init(&f, &normed, 1, NEUME_ISA_C);
    nm_stack_init_weights(&f.stack, f.weights, 3);
    for (size_t i = 0; i < 7; i++) {
        assert_true(weights_of(&f, "head.1.norm.weight")[i] == 1);
        assert_true(weights_of(&f, "head.1.norm.bias")[i] == 0);
        assert_true(weights_of(&f, "head.1.norm.mean")[i] == 0);
        assert_true(weights_of(&f, "head.1.norm.variance")[i] == 1);
        assert_true(weights_of(&f, "head.1.chain.0.weight")[i] == 0);
    }
    fixture_clear(&f);
    fixture_init(&f, &frames, 1, NEUME_ISA_C);
    for (size_t i = 0; i < (size_t)20 * 9; i++)
        assert_true(fabsf(weights_of(&f, "embed.weight")[i]) < 0.5f);
    fixture_clear(&f);
}

/* Counts bytes instead of blocks. */
typedef struct byte_count {
    size_t bytes, calls;
} byte_count;

static void *count_bytes(void *data, void *block, size_t size) {
    byte_count *count = data;
    count->bytes += size;
    count->calls++;
    if (size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, size);
}

/* Everything that a run can do. */
static void use_a_run(fixture *f, nm_stack_run *run, bool for_training) {
    static real gradient[PARAMS];
    const nm_batch batch = batch_from(f, 0, T);
    assert_true(f->stack.params.size <= PARAMS);
    if (for_training) {
        nm_stack_run_pack_noisy(run, f->weights, 1);
        nm_stack_forward(run, &batch, 1, NM_PASS_TRAIN);
        nm_stack_backward(run, &batch, 1, gradient);
        nm_stack_forward(run, &batch, 1, NM_PASS_STATISTICS);
        nm_stack_take_statistics(run, f->weights, 0.5f);
    }
    nm_stack_run_pack(run, f->weights);
    nm_stack_forward(run, &batch, 1, NM_PASS_EVALUATE);
    nm_stack_step(run, f->inputs, f->reset);
    for (unsigned s = 0; s < f->stack.shape.stream_count; s++)
        nm_stack_logits(run, s, f->inputs, f->contexts);
}

static void expect_announced_bytes(const nm_stack_shape *shape, int kind) {
    fixture f;
    fixture_init(&f, shape, 1, NEUME_ISA_C);
    memset(f.inputs, 0, sizeof f.inputs); /* chosen words too */
    byte_count count = {0};
    f.context->allocator = (neume_allocator){count_bytes, &count};
    const nm_run_options options = {.max_T = T,
                                    .max_B = B,
                                    .for_training = kind > 0,
                                    .noise = kind > 1 ? all_noise : (nm_noise){.ar = 0}};
    nm_stack_run *run;
    assert_int_equal(nm_stack_run_new(&run, f.context, &f.stack, &options, NULL), NEUME_OK);
    const size_t announced = nm_stack_run_bytes(f.context, &f.stack, &options);
    assert_in_range(count.bytes, announced, announced + 2 * NM_ALIGNMENT);
    count.calls = 0;
    use_a_run(&f, run, options.for_training);
    assert_int_equal(count.calls, 0);
    nm_stack_run_free(run);
    f.context->allocator = neume_context_options_default().allocator;
    fixture_clear(&f);
}

static void a_run_takes_the_bytes_that_were_announced_and_no_more(void **state) {
    (void)state;
    for (size_t i = 0; i < SHAPES; i++)
        for (int kind = 0; kind < 3; kind++)
            expect_announced_bytes(shapes[i], kind);
}

static neume_status make_a_run(neume_context *context, void *data) {
    const nm_run_options options = {
        .max_T = T, .max_B = B, .for_training = true, .noise = all_noise};
    nm_stack_run *run;
    const neume_status status = nm_stack_run_new(&run, context, data, &options, NULL);
    assert_true(status == NEUME_OK || run == NULL);
    nm_stack_run_free(run);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        nm_stack stack;
        assert_int_equal(nm_stack_init(&stack, shapes[i], NULL), NEUME_OK);
        test_each_allocation_failing(make_a_run, &stack);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_impossible_sizes),
        cmocka_unit_test(refuses_parts_that_do_not_go_together),
        cmocka_unit_test(refuses_impossible_runs),
        cmocka_unit_test(parameters_stand_in_the_order_of_the_file),
        cmocka_unit_test(matrices_are_as_large_as_documented),
        cmocka_unit_test(first_weights_are_as_documented),
        cmocka_unit_test(a_run_takes_the_bytes_that_were_announced_and_no_more),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
