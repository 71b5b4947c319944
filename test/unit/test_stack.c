/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "nn/stack.h"

#include <math.h>
#include <string.h>

enum { T = 6, B = 5, V = 11, N = T * B, PARAMS = 1 << 13 };

static const nm_stack_shape shape = {
    .vocabulary = V, .embed = 7, .layers = {9, 20}, .layer_count = 2, .trunk = 6};

/* A context, a network with first weights, and a batch. */
typedef struct fixture {
    neume_context *context;
    nm_stack stack;
    real *weights;
    uint32_t inputs[N], targets[N];
    uint8_t reset[N], valid[N];
} fixture;

static void fixture_init(fixture *f, unsigned threads, neume_isa isa) {
    *f = (fixture){.context = test_context(threads, isa, NULL)};
    assert_int_equal(nm_stack_init(&f->stack, &shape, NULL), NEUME_OK);
    f->weights = nm_params_block_new(&f->stack.params, f->context);
    assert_non_null(f->weights);
    nm_stack_init_weights(&f->stack, f->weights, 3);
    for (size_t n = 0; n < N; n++) {
        const nm_random r = nm_random_at(1, NM_PURPOSE_TEST, 0, n);
        f->inputs[n] = r.word[0] % (V + 1);
        f->targets[n] = r.word[1] % V;
        f->reset[n] = r.word[2] % 4 == 0;
        f->valid[n] = r.word[3] % 4 != 0;
    }
}

static void fixture_clear(fixture *f) {
    nm_free_aligned(f->context, f->weights);
    neume_context_free(f->context);
}

static nm_stack_batch batch_from(const fixture *f, size_t first_step, size_t steps) {
    const size_t n = first_step * B;
    return (nm_stack_batch){.T = steps,
                            .inputs = f->inputs + n,
                            .targets = f->targets + n,
                            .reset = f->reset + n,
                            .valid = f->valid + n};
}

static nm_stack_run *run_of(const fixture *f, bool for_training, real dropout) {
    const nm_stack_run_options options = {
        .max_T = T, .max_B = B, .for_training = for_training, .dropout = dropout, .seed = 8};
    nm_stack_run *run = NULL;
    assert_int_equal(nm_stack_run_new(&run, f->context, &f->stack, &options, NULL), NEUME_OK);
    nm_stack_run_pack(run, f->weights);
    return run;
}

static void refuses_impossible_shapes(void **state) {
    (void)state;
    const nm_stack_shape bad[] = {
        {.vocabulary = 0, .layers = {4}, .layer_count = 1},
        {.vocabulary = 4, .layers = {4}, .layer_count = 0},
        {.vocabulary = 4, .layers = {4}, .layer_count = 9},
        {.vocabulary = 4, .layers = {4, 0}, .layer_count = 2},
        {.vocabulary = 4, .layers = {UINT32_MAX}, .layer_count = 1},
        {.vocabulary = UINT32_MAX, .layers = {4}, .layer_count = 1},
        {.vocabulary = 4, .layers = {1 << 20}, .layer_count = 1},
        {.vocabulary = 4, .embed = UINT32_MAX, .layers = {4}, .layer_count = 1},
        {.vocabulary = 4, .layers = {4}, .layer_count = 1, .trunk = UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nm_stack stack;
        neume_error error = {0};
        assert_int_equal(nm_stack_init(&stack, &bad[i], &error), NEUME_BAD_MODEL);
        assert_non_null(strstr(error.line, "network: "));
    }
}

static void refuses_impossible_runs(void **state) {
    (void)state;
    fixture f;
    fixture_init(&f, 1, NEUME_ISA_C);
    const nm_stack_run_options bad[] = {{.max_T = 0, .max_B = 1},
                                        {.max_T = 1, .max_B = 0},
                                        {.max_T = SIZE_MAX, .max_B = 2},
                                        {.max_T = 1, .max_B = 1, .dropout = 1},
                                        {.max_T = 1, .max_B = 1, .dropout = -0.5f}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nm_stack_run *run;
        assert_int_equal(nm_stack_run_new(&run, f.context, &f.stack, &bad[i], NULL),
                         NEUME_BAD_USAGE);
        assert_null(run);
        assert_true(nm_stack_run_bytes(f.context, &f.stack, &bad[i]) == SIZE_MAX);
    }
    fixture_clear(&f);
}

static void parameters_stand_in_the_order_of_the_file(void **state) {
    (void)state;
    static const char *const names[] = {"embed.weight", "lstm.0.weight_ih", "lstm.0.weight_hh",
                                        "lstm.0.bias",  "lstm.1.weight_ih", "lstm.1.weight_hh",
                                        "lstm.1.bias",  "trunk.weight",     "trunk.bias",
                                        "head.weight",  "head.bias"};
    nm_stack stack;
    assert_int_equal(nm_stack_init(&stack, &shape, NULL), NEUME_OK);
    assert_int_equal(stack.params.count, sizeof names / sizeof *names);
    for (size_t i = 0; i < stack.params.count; i++)
        assert_string_equal(stack.params.table[i].name, names[i]);
    const nm_param *ih = nm_params_find(&stack.params, "lstm.1.weight_ih");
    assert_int_equal(ih->rows, 80);
    assert_int_equal(ih->columns, 9);
}

static void first_weights_are_as_documented(void **state) {
    (void)state;
    fixture f;
    fixture_init(&f, 1, NEUME_ISA_C);
    const real *bias = f.weights + nm_params_find(&f.stack.params, "lstm.0.bias")->offset;
    for (size_t i = 0; i < 36; i++)
        assert_true(bias[i] == (i / 9 == 1 ? 1.0f : 0.0f));
    const real *head = f.weights + nm_params_find(&f.stack.params, "head.weight")->offset;
    real largest = 0;
    for (size_t i = 0; i < (size_t)V * 6; i++)
        largest = fmaxf(largest, fabsf(head[i]));
    assert_true(largest <= 1 / sqrtf(6) && largest > 0.8f / sqrtf(6));
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

static void a_run_takes_the_bytes_that_were_announced_and_no_more(void **state) {
    (void)state;
    fixture f;
    fixture_init(&f, 1, NEUME_ISA_C);
    real gradient[PARAMS] = {0};
    byte_count count = {0};
    f.context->allocator = (neume_allocator){count_bytes, &count};
    for (int kind = 0; kind < 3; kind++) {
        const nm_stack_run_options options = {
            .max_T = T, .max_B = B, .for_training = kind > 0, .dropout = kind > 1 ? 0.5f : 0};
        nm_stack_run *run;
        count = (byte_count){0};
        assert_int_equal(nm_stack_run_new(&run, f.context, &f.stack, &options, NULL), NEUME_OK);
        const size_t announced = nm_stack_run_bytes(f.context, &f.stack, &options);
        assert_in_range(count.bytes, announced, announced + 2 * NM_ALIGNMENT);
        count.calls = 0;
        const nm_stack_batch batch = batch_from(&f, 0, T);
        nm_stack_run_pack(run, f.weights);
        nm_stack_forward(run, &batch, 1, options.for_training);
        if (options.for_training)
            nm_stack_backward(run, &batch, 1, gradient);
        nm_stack_step(run, f.inputs, f.reset);
        assert_int_equal(count.calls, 0);
        nm_stack_run_free(run);
    }
    f.context->allocator = neume_context_options_default().allocator;
    fixture_clear(&f);
}

static neume_status make_a_run(neume_context *context, void *data) {
    const nm_stack_run_options options = {.max_T = T, .max_B = B, .for_training = true};
    nm_stack_run *run;
    const neume_status status = nm_stack_run_new(&run, context, data, &options, NULL);
    assert_true(status == NEUME_OK || run == NULL);
    nm_stack_run_free(run);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    nm_stack stack;
    assert_int_equal(nm_stack_init(&stack, &shape, NULL), NEUME_OK);
    test_each_allocation_failing(make_a_run, &stack);
}

/* A pass in two halves gives what one pass gives: the state is carried. */
static void state_is_carried_from_batch_to_batch(void **state) {
    (void)state;
    fixture f;
    fixture_init(&f, 1, NEUME_ISA_C);
    nm_stack_run *whole = run_of(&f, false, 0), *halves = run_of(&f, true, 0);
    const nm_stack_batch all = batch_from(&f, 0, T);
    nm_stack_forward(whole, &all, 0, false);
    for (size_t half = 0; half < 2; half++) {
        const nm_stack_batch batch = batch_from(&f, half * T / 2, T / 2);
        nm_stack_forward(halves, &batch, 0, false);
        assert_memory_equal(nm_stack_losses(halves), nm_stack_losses(whole) + half * N / 2,
                            N / 2 * sizeof(real));
        assert_memory_equal(nm_stack_correct(halves), nm_stack_correct(whole) + half * N / 2,
                            N / 2);
    }
    nm_stack_run_free(whole);
    nm_stack_run_free(halves);
    fixture_clear(&f);
}

/* After a reset a row no longer knows what came before. */
static void a_reset_forgets_everything(void **state) {
    (void)state;
    fixture f;
    fixture_init(&f, 1, NEUME_ISA_C);
    nm_stack_run *run = run_of(&f, false, 0);
    memset(f.valid, 1, N);
    memset(f.reset, 0, N);
    memset(f.reset + N / 2, 1, B);
    const nm_stack_batch batch = batch_from(&f, 0, T);
    nm_stack_forward(run, &batch, 0, false);
    real losses[N];
    memcpy(losses, nm_stack_losses(run), sizeof losses);
    for (size_t n = 0; n < N / 2; n++)
        f.inputs[n] = (f.inputs[n] + 1) % V;
    nm_stack_forward(run, &batch, 0, false);
    assert_memory_not_equal(nm_stack_losses(run), losses, N / 2 * sizeof(real));
    assert_memory_equal(nm_stack_losses(run) + N / 2, losses + N / 2, N / 2 * sizeof(real));
    nm_stack_run_free(run);
    fixture_clear(&f);
}

/* The logits of single steps give the losses of a whole pass. */
static void steps_agree_with_a_pass(void **state) {
    (void)state;
    fixture f;
    fixture_init(&f, 1, NEUME_ISA_C);
    memset(f.valid, 1, N);
    nm_stack_run *pass = run_of(&f, true, 0.3f), *steps = run_of(&f, false, 0);
    const nm_stack_batch batch = batch_from(&f, 0, T);
    nm_stack_forward(pass, &batch, 0, false);
    for (size_t t = 0; t < T; t++) {
        const real *logits = nm_stack_step(steps, f.inputs + t * B, f.reset + t * B);
        for (size_t b = 0; b < B; b++) {
            double sum = 0;
            for (size_t v = 0; v < V; v++)
                sum += exp(logits[b * V + v]);
            const double loss = log(sum) - logits[b * V + f.targets[t * B + b]];
            assert_true(fabs(loss - nm_stack_losses(pass)[t * B + b]) < 1e-5);
        }
    }
    nm_stack_run_free(pass);
    nm_stack_run_free(steps);
    fixture_clear(&f);
}

static void padding_has_no_loss(void **state) {
    (void)state;
    fixture f;
    fixture_init(&f, 1, NEUME_ISA_C);
    nm_stack_run *run = run_of(&f, true, 0);
    const nm_stack_batch batch = batch_from(&f, 0, T);
    nm_stack_forward(run, &batch, 0, true);
    for (size_t n = 0; n < N; n++)
        assert_true((nm_stack_losses(run)[n] > 0) == f.valid[n]);
    nm_stack_run_free(run);
    fixture_clear(&f);
}

static void dropout_is_drawn_for_the_update_alone(void **state) {
    (void)state;
    fixture f;
    fixture_init(&f, 1, NEUME_ISA_C);
    nm_stack_run *run = run_of(&f, true, 0.5f);
    memset(f.reset, 1, N);
    memset(f.valid, 1, N);
    const nm_stack_batch batch = batch_from(&f, 0, T);
    real losses[2][N];
    nm_stack_forward(run, &batch, 1, true);
    memcpy(losses[0], nm_stack_losses(run), sizeof losses[0]);
    nm_stack_forward(run, &batch, 2, true);
    memcpy(losses[1], nm_stack_losses(run), sizeof losses[1]);
    assert_memory_not_equal(losses[0], losses[1], sizeof losses[0]);
    nm_stack_forward(run, &batch, 1, true);
    assert_memory_equal(losses[0], nm_stack_losses(run), sizeof losses[0]);
    nm_stack_run_free(run);
    fixture_clear(&f);
}

/* Losses and gradients of a training pass with `threads`. */
static void train_once(unsigned threads, neume_isa isa, real *losses, real *gradient) {
    fixture f;
    fixture_init(&f, threads, isa);
    nm_stack_run *run = run_of(&f, true, 0.3f);
    assert_true(f.stack.params.size <= PARAMS);
    const nm_stack_batch batch = batch_from(&f, 0, T);
    nm_stack_forward(run, &batch, 4, true);
    nm_stack_backward(run, &batch, 0.1f, gradient);
    memcpy(losses, nm_stack_losses(run), N * sizeof(real));
    nm_stack_run_free(run);
    fixture_clear(&f);
}

static void any_number_of_threads_gives_the_same_bits(void **state) {
    (void)state;
    for (neume_isa isa = NEUME_ISA_C; isa <= NEUME_ISA_AVX512; isa++) {
        if (!nm_isa_is_available(isa))
            continue;
        real losses[N], gradient[PARAMS] = {0};
        train_once(1, isa, losses, gradient);
        for (unsigned threads = 2; threads <= 5; threads++) {
            real other_losses[N], other_gradient[PARAMS] = {0};
            train_once(threads, isa, other_losses, other_gradient);
            assert_memory_equal(losses, other_losses, sizeof losses);
            assert_memory_equal(gradient, other_gradient, sizeof gradient);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_impossible_shapes),
        cmocka_unit_test(refuses_impossible_runs),
        cmocka_unit_test(parameters_stand_in_the_order_of_the_file),
        cmocka_unit_test(first_weights_are_as_documented),
        cmocka_unit_test(a_run_takes_the_bytes_that_were_announced_and_no_more),
        cmocka_unit_test(survives_every_failing_allocation),
        cmocka_unit_test(state_is_carried_from_batch_to_batch),
        cmocka_unit_test(a_reset_forgets_everything),
        cmocka_unit_test(steps_agree_with_a_pass),
        cmocka_unit_test(padding_has_no_loss),
        cmocka_unit_test(dropout_is_drawn_for_the_update_alone),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
