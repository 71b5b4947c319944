/* SPDX-License-Identifier: ISC */
/* Does it learn? A small batch is learnt by heart with every table of operations, and the first
 * losses are those that they always were. */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "nn/optim.h"
#include "nn/stack.h"

#include <math.h>

enum { T = 16, B = 4, N = T * B, V = 12, UPDATES = 300, TRACE = 10 };

/* Random words; a row's first input is its own, so that all that follows can be known. */
typedef struct lesson {
    uint32_t inputs[N], targets[N];
    uint8_t reset[N], valid[N];
} lesson;

static void lesson_init(lesson *l) {
    for (size_t n = 0; n < N; n++) {
        l->targets[n] = nm_random_at(3, NM_PURPOSE_TEST, 0, n).word[0] % V;
        l->inputs[n] = n < B ? (uint32_t)n : l->targets[n - B];
        l->reset[n] = n < B;
        l->valid[n] = 1;
    }
}

typedef struct learner {
    neume_context *context;
    nm_stack stack;
    nm_stack_run *run;
    real *weights, *gradient, *state[2];
} learner;

static void learner_init(learner *l, neume_isa isa) {
    const nm_stack_shape shape = {.stream_count = 1,
                                  .vocabulary = {V},
                                  .embed = 8,
                                  .layers = {24, 24},
                                  .layer_count = 2,
                                  .trunk = 16};
    const nm_run_options options = {.max_T = T, .max_B = B, .for_training = true};
    *l = (learner){.context = test_context(1, isa, NULL)};
    assert_int_equal(nm_stack_init(&l->stack, &shape, NULL), NEUME_OK);
    assert_int_equal(nm_stack_run_new(&l->run, l->context, &l->stack, &options, NULL), NEUME_OK);
    real **const blocks[] = {&l->weights, &l->gradient, &l->state[0], &l->state[1]};
    for (size_t i = 0; i < 4; i++) {
        *blocks[i] = nm_params_block_new(&l->stack.params, l->context);
        assert_non_null(*blocks[i]);
    }
    nm_stack_init_weights(&l->stack, l->weights, 1);
}

static void learner_clear(learner *l) {
    real *const blocks[] = {l->weights, l->gradient, l->state[0], l->state[1]};
    for (size_t i = 0; i < 4; i++)
        nm_free_aligned(l->context, blocks[i]);
    nm_stack_run_free(l->run);
    neume_context_free(l->context);
}

/* One update, clipped to a norm of 1; returns the mean loss before it. */
static double learn(learner *l, const nm_batch *batch, uint64_t update) {
    nm_pool *pool = l->context->pool;
    const nm_params *params = &l->stack.params;
    double sum = 0;
    nm_stack_run_pack(l->run, l->weights);
    nm_stack_forward(l->run, batch, update, NM_PASS_TRAIN);
    for (size_t n = 0; n < N; n++)
        sum += (double)nm_stack_losses(l->run, 0)[n];
    nm_stack_backward(l->run, batch, (real)1 / N, l->gradient);
    const double norm = nm_block_norm(pool, params, l->gradient);
    const nm_optim optim = {.kind = NEUME_OPTIMIZER_ADAMW,
                            .learning_rate = 0.01,
                            .weight_decay = 0.01,
                            .gradient_factor = norm > 1 ? 1 / norm : 1,
                            .update = update};
    const nm_optim_blocks blocks = {
        .weights = l->weights, .gradient = l->gradient, .state = {l->state[0], l->state[1]}};
    nm_optim_step(pool, &optim, params, &blocks);
    return sum / N;
}

/* The mean losses of UPDATES updates. */
static void learn_by_heart(neume_isa isa, double *losses) {
    lesson text;
    learner l;
    lesson_init(&text);
    learner_init(&l, isa);
    const nm_batch batch = {.T = T,
                            .inputs = text.inputs,
                            .targets[0].words = text.targets,
                            .reset = text.reset,
                            .valid = text.valid};
    for (uint64_t update = 1; update <= UPDATES; update++)
        losses[update - 1] = learn(&l, &batch, update);
    learner_clear(&l);
}

static void a_batch_is_learnt_by_heart(void **state) {
    (void)state;
    for (neume_isa isa = NEUME_ISA_C; isa <= NEUME_ISA_AVX512; isa++) {
        if (!nm_isa_is_available(isa))
            continue;
        double losses[UPDATES];
        learn_by_heart(isa, losses);
        assert_true(fabs(losses[0] - log(V)) < 0.1);
        print_message("kernels %d: loss %.4f after %d updates\n", (int)isa, losses[UPDATES - 1],
                      UPDATES);
        assert_true(losses[UPDATES - 1] < 0.01);
    }
}

/* Within 1e-5 of a nat: libm's last bits differ from machine to machine. */
static void the_first_losses_are_what_they_were(void **state) {
    (void)state;
    static const double expected[TRACE] = {2.4858290, 2.4658401, 2.4455022, 2.4203137, 2.3900930,
                                           2.3515821, 2.3092037, 2.2688422, 2.2302002, 2.1922592};
    double losses[UPDATES];
    learn_by_heart(NEUME_ISA_C, losses);
    for (size_t i = 0; i < TRACE; i++)
        if (!(fabs(losses[i] - expected[i]) < 1e-5))
            fail_msg("loss %zu is %.7f, was %.7f", i, losses[i], expected[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_learnt_by_heart),
        cmocka_unit_test(the_first_losses_are_what_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
