/* SPDX-License-Identifier: ISC */
/* What a network "biaxial" is made of: shapes, parameters, first weights, memory. */
#include "biaxial_case.h"

enum { T = 5, B = 3 };

#define KEYS .first = 30, .key_count = 6, .window = 5, .period = 4, .place_bits = 2
#define LAYERS .time_layers = {7, 5}, .time_count = 2, .note_layers = {4}, .note_count = 1

static const biaxial_case plain = {"plain", {KEYS, .bits = 1, LAYERS}, .T = T, .B = B};
static const biaxial_case whole = {
    "whole", {KEYS, .bits = 2, .has_absolute = true, LAYERS}, .T = T, .B = B, .reset_share = 0.2};
static const biaxial_case *const all_cases[] = {&plain, &whole};

static const nm_noise all_noise = {.dropout = 0.3f, .weight_drop = 0.4f};

static void refuses_impossible_shapes(void **state) {
    (void)state;
    const nm_biaxial_shape bad[] = {
        {.first = 128, .key_count = 1, .window = 5, .period = 4, .bits = 1, LAYERS},
        {.first = UINT32_MAX, .key_count = 2, .window = 5, .period = 4, .bits = 1, LAYERS},
        {.first = 100, .key_count = 29, .window = 5, .period = 4, .bits = 1, LAYERS},
        {.first = 100, .key_count = 0, .window = 5, .period = 4, .bits = 1, LAYERS},
        {.key_count = UINT32_MAX, .window = 5, .period = 4, .bits = 1, LAYERS},
        {KEYS, .bits = 0, LAYERS},
        {KEYS, .bits = 3, LAYERS},
        {.key_count = 8, .window = 4, .period = 4, .bits = 1, LAYERS},
        {.key_count = 8, .window = 0, .period = 4, .bits = 1, LAYERS},
        {.key_count = 8, .window = 257, .period = 4, .bits = 1, LAYERS},
        {.key_count = 8, .window = 5, .period = 0, .bits = 1, LAYERS},
        {.key_count = 8, .window = 5, .period = 33, .bits = 1, LAYERS},
        {.key_count = 8, .window = 5, .period = 4, .place_bits = 17, .bits = 1, LAYERS},
        {KEYS, .bits = 1, .time_layers = {4}, .time_count = 1},
        {KEYS, .bits = 1, .note_layers = {4}, .note_count = 1},
        {KEYS, .bits = 1, .time_layers = {4, 0}, .time_count = 2, .note_layers = {4},
         .note_count = 1},
        {KEYS, .bits = 1, .time_count = 5, .note_layers = {4}, .note_count = 1},
        {KEYS, .bits = 1, .time_layers = {UINT32_MAX}, .time_count = 1, .note_count = 1},
        {KEYS, .bits = 1, .time_layers = {4}, .time_count = 1, .note_layers = {1 << 20},
         .note_count = 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nm_biaxial biaxial;
        neume_error error = {0};
        assert_int_equal(nm_biaxial_init(&biaxial, &bad[i], &error), NEUME_BAD_MODEL);
        assert_non_null(strstr(error.line, "network: "));
    }
}

static void refuses_impossible_runs(void **state) {
    (void)state;
    biaxial_data data;
    case_init(&data, &plain, 1, NEUME_ISA_C);
    const nm_run_options bad[] = {
        {.max_T = 0, .max_B = 1},
        {.max_T = 1, .max_B = 0},
        {.max_T = SIZE_MAX, .max_B = 2},
        {.max_T = 1, .max_B = 1, .noise.dropout = 1},
        {.max_T = 1, .max_B = 1, .noise.weight_drop = -1},
        {.max_T = 1, .max_B = 1, .noise.weight_drop = NAN},
        {.max_T = 1, .max_B = 1, .noise.input_dropout = 0.1f},
        {.max_T = 1, .max_B = 1, .noise.feature_dropout = 0.1f},
        {.max_T = 1, .max_B = 1, .noise.label_smoothing = 0.1f},
        {.max_T = 1, .max_B = 1, .noise.ar = 1},
        {.max_T = 1, .max_B = 1, .noise.tar = 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nm_biaxial_run *run;
        assert_int_equal(nm_biaxial_run_new(&run, data.context, &data.biaxial, &bad[i], NULL),
                         NEUME_BAD_USAGE);
        assert_null(run);
        assert_true(nm_biaxial_run_bytes(data.context, &data.biaxial, &bad[i]) == SIZE_MAX);
    }
    case_clear(&data);
}

static void parameters_stand_in_the_order_of_the_file(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t rows, columns;
    } expected[] = {
        {"time.0.weight_ih", 28, 1 + 4 + 10 + 4 + 2 + 1},
        {"time.0.weight_hh", 28, 7},
        {"time.0.bias", 1, 28},
        {"time.1.weight_ih", 20, 7},
        {"time.1.weight_hh", 20, 5},
        {"time.1.bias", 1, 20},
        {"note.0.weight_ih", 16, 5 + 2},
        {"note.0.weight_hh", 16, 4},
        {"note.0.bias", 1, 16},
        {"out.weight", 2, 4},
        {"out.bias", 1, 2},
    };
    nm_biaxial biaxial;
    assert_int_equal(nm_biaxial_init(&biaxial, &whole.shape, NULL), NEUME_OK);
    assert_int_equal(biaxial.params.count, sizeof expected / sizeof *expected);
    for (size_t p = 0; p < biaxial.params.count; p++) {
        const nm_param *param = &biaxial.params.table[p];
        assert_string_equal(param->name, expected[p].name);
        assert_int_equal(param->rows, expected[p].rows);
        assert_int_equal(param->columns, expected[p].columns);
        assert_int_equal(param->has_decay, !strstr(param->name, "bias"));
    }
}

/* Eighty numbers, as program 2 has them. */
static void a_key_of_a_piano_roll_is_told_eighty_numbers(void **state) {
    (void)state;
    const nm_biaxial_shape shape = {.first = 24,
                                    .key_count = 78,
                                    .bits = 2,
                                    .window = 25,
                                    .period = 12,
                                    .place_bits = 4,
                                    .has_absolute = true,
                                    LAYERS};
    assert_int_equal(nm_biaxial_input_width(&shape), 80);
}

static const real *weights_of(const biaxial_data *data, const char *name) {
    return data->weights + nm_params_find(&data->biaxial.params, name)->offset;
}

static void first_weights_are_as_documented(void **state) {
    (void)state;
    biaxial_data data;
    case_init(&data, &whole, 1, NEUME_ISA_C);
    nm_biaxial_init_weights(&data.biaxial, data.weights, 3);
    const real *bias = weights_of(&data, "time.0.bias"), *out = weights_of(&data, "out.bias");
    for (size_t i = 0; i < 28; i++)
        assert_true(bias[i] == (i / 7 == 1 ? 1 : 0));
    assert_true(fabs(1 / (1 + exp(-(double)out[0])) - 0.05) < 1e-6 && out[1] == 0);
    const real *matrix = weights_of(&data, "note.0.weight_hh");
    real largest = 0;
    for (size_t i = 0; i < 64; i++)
        largest = fmaxf(largest, fabsf(matrix[i]));
    assert_true(largest <= 0.5f && largest > 0.4f);
    case_clear(&data);
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
static void use_a_run(const biaxial_data *data, nm_biaxial_run *run, bool for_training) {
    static real gradient[1 << 12];
    const nm_batch batch = case_batch(data, 0, T);
    const uint8_t below[B] = {0};
    size_t count;
    assert_true(data->biaxial.params.size <= sizeof gradient / sizeof *gradient);
    if (for_training) {
        nm_biaxial_run_pack_noisy(run, data->weights, 1);
        nm_biaxial_forward(run, &batch, 1, NM_PASS_TRAIN);
        nm_biaxial_backward(run, 1, gradient);
    }
    nm_biaxial_run_pack(run, data->weights);
    nm_biaxial_forward(run, &batch, 1, NM_PASS_STATISTICS);
    nm_biaxial_step(run, data->inputs, data->reset);
    for (uint32_t k = 0; k < data->biaxial.shape.key_count; k++)
        nm_biaxial_logits(run, k, below);
    nm_biaxial_run_state(run, &count);
    assert_int_equal(count, 2 * B * 6 * (7 + 5));
}

static void expect_announced_bytes(const biaxial_case *of, int kind) {
    biaxial_data data;
    case_init(&data, of, 1, NEUME_ISA_C);
    byte_count count = {0};
    data.context->allocator = (neume_allocator){count_bytes, &count};
    const nm_run_options options = {.max_T = T,
                                    .max_B = B,
                                    .for_training = kind > 0,
                                    .noise = kind > 1 ? all_noise : (nm_noise){.ar = 0}};
    nm_biaxial_run *run;
    assert_int_equal(nm_biaxial_run_new(&run, data.context, &data.biaxial, &options, NULL),
                     NEUME_OK);
    const size_t announced = nm_biaxial_run_bytes(data.context, &data.biaxial, &options);
    assert_in_range(count.bytes, announced, announced + 2 * NM_ALIGNMENT);
    count.calls = 0;
    use_a_run(&data, run, options.for_training);
    assert_int_equal(count.calls, 0);
    nm_biaxial_run_free(run);
    data.context->allocator = neume_context_options_default().allocator;
    case_clear(&data);
}

static void a_run_takes_the_bytes_that_were_announced_and_no_more(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (int kind = 0; kind < 3; kind++)
            expect_announced_bytes(all_cases[i], kind);
}

/* 16 rows of 128 steps of a whole piano, as the recipe for training has it. */
static void a_large_batch_takes_less_than_a_gibibyte(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    const nm_biaxial_shape shape = {.first = 21,
                                    .key_count = 88,
                                    .bits = 2,
                                    .window = 25,
                                    .period = 12,
                                    .place_bits = 4,
                                    .time_layers = {200, 200},
                                    .time_count = 2,
                                    .note_layers = {100, 100},
                                    .note_count = 2};
    const nm_run_options options = {
        .max_T = 128, .max_B = 16, .for_training = true, .noise = all_noise};
    nm_biaxial biaxial;
    assert_int_equal(nm_biaxial_init(&biaxial, &shape, NULL), NEUME_OK);
    assert_in_range(nm_biaxial_run_bytes(context, &biaxial, &options), 1 << 26, 1 << 30);
    neume_context_free(context);
}

static neume_status make_a_run(neume_context *context, void *data) {
    const nm_run_options options = {
        .max_T = T, .max_B = B, .for_training = true, .noise = all_noise};
    nm_biaxial_run *run;
    const neume_status status = nm_biaxial_run_new(&run, context, data, &options, NULL);
    assert_true(status == NEUME_OK || run == NULL);
    nm_biaxial_run_free(run);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        nm_biaxial biaxial;
        assert_int_equal(nm_biaxial_init(&biaxial, &all_cases[i]->shape, NULL), NEUME_OK);
        test_each_allocation_failing(make_a_run, &biaxial);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_impossible_shapes),
        cmocka_unit_test(refuses_impossible_runs),
        cmocka_unit_test(parameters_stand_in_the_order_of_the_file),
        cmocka_unit_test(a_key_of_a_piano_roll_is_told_eighty_numbers),
        cmocka_unit_test(first_weights_are_as_documented),
        cmocka_unit_test(a_run_takes_the_bytes_that_were_announced_and_no_more),
        cmocka_unit_test(a_large_batch_takes_less_than_a_gibibyte),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
