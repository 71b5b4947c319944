/* SPDX-License-Identifier: ISC */
/* Values, gradients and steps of optimisers against PyTorch's, which make_fixtures.py wrote. Built
 * twice: in float for every table of operations that this machine has, and in double. */
#include "test.h"

#include "fixture.h"

#include "base/mem.h"
#include "nn/layers.h"
#include "nn/optim.h"
#include "nn/stack.h"

#include <math.h>
#include <string.h>

/* The largest difference, of numbers of the order of 1. */
static const double tolerance = sizeof(real) == sizeof(double) ? 1e-12 : 4e-6;

static void expect_close(const char *what, const real *ours, const double *theirs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const double size = fabs(theirs[i]) > 1 ? fabs(theirs[i]) : 1;
        if (!(fabs((double)ours[i] - theirs[i]) <= tolerance * size))
            fail_msg("%s[%zu]: %.10g, PyTorch has %.10g", what, i, (double)ours[i], theirs[i]);
    }
}

static void copy_reals(real *out, const double *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = (real)values[i];
}

static uint32_t *words_of(const fixture *f, const char *name, size_t count) {
    const double *values = fixture_find(f, name, count);
    uint32_t *words = malloc(count * sizeof *words);
    assert_non_null(words);
    for (size_t i = 0; i < count; i++)
        words[i] = (uint32_t)values[i];
    return words;
}

static uint8_t *bits_of(const fixture *f, const char *name, size_t count) {
    const double *values = fixture_find(f, name, count);
    uint8_t *bits = malloc(count);
    assert_non_null(bits);
    for (size_t i = 0; i < count; i++)
        bits[i] = (uint8_t)values[i];
    return bits;
}

/* The network of a fixture, with its weights, its batch and its state. */
typedef struct network {
    neume_context *context;
    fixture numbers;
    nm_stack stack;
    nm_stack_run *run;
    real *weights, *gradient;
    size_t N;
    nm_batch batch;
    void *blocks[6]; /* what the batch lies in */
} network;

static void load_batch(network *n, size_t T, uint32_t V) {
    const size_t N = n->N;
    uint32_t *inputs = words_of(&n->numbers, "inputs", N);
    uint32_t *targets = words_of(&n->numbers, "targets", N);
    uint32_t *rules = words_of(&n->numbers, "states", N);
    uint8_t *reset = bits_of(&n->numbers, "reset", N), *valid = bits_of(&n->numbers, "valid", N);
    uint8_t *masks = bits_of(&n->numbers, "masks", 2 * V);
    n->batch = (nm_batch){.T = T,
                          .inputs = inputs,
                          .reset = reset,
                          .valid = valid,
                          .targets[0] = {targets, masks, rules}};
    void *const blocks[] = {inputs, targets, rules, reset, valid, masks};
    memcpy(n->blocks, blocks, sizeof blocks);
}

static void load_weights(network *n) {
    n->weights = nm_params_block_new(&n->stack.params, n->context);
    n->gradient = nm_params_block_new(&n->stack.params, n->context);
    assert_true(n->weights && n->gradient);
    for (size_t p = 0; p < n->stack.params.count; p++) {
        const nm_param *param = &n->stack.params.table[p];
        const size_t count = param->rows * param->columns;
        copy_reals(n->weights + param->offset, fixture_find(&n->numbers, param->name, count),
                   count);
    }
}

static void network_init(network *n, const char *name, neume_isa isa) {
    *n = (network){.context = test_context(2, isa, NULL)};
    fixture_load(&n->numbers, name);
    const double *sizes = fixture_find(&n->numbers, "shape", 6);
    const nm_stack_shape shape = {.stream_count = 1,
                                  .vocabulary = {(uint32_t)sizes[0]},
                                  .embed = (uint32_t)sizes[1],
                                  .layers = {(uint32_t)sizes[2], (uint32_t)sizes[2]},
                                  .layer_count = 2,
                                  .trunk = (uint32_t)sizes[3]};
    const nm_run_options options = {
        .max_T = (size_t)sizes[4], .max_B = (size_t)sizes[5], .for_training = true};
    assert_int_equal(nm_stack_init(&n->stack, &shape, NULL), NEUME_OK);
    assert_int_equal(nm_stack_run_new(&n->run, n->context, &n->stack, &options, NULL), NEUME_OK);
    n->N = options.max_T * options.max_B;
    load_batch(n, options.max_T, shape.vocabulary[0]);
    load_weights(n);
}

static void network_clear(network *n) {
    for (size_t i = 0; i < sizeof n->blocks / sizeof *n->blocks; i++)
        free(n->blocks[i]);
    nm_free_aligned(n->context, n->weights);
    nm_free_aligned(n->context, n->gradient);
    nm_stack_run_free(n->run);
    fixture_clear(&n->numbers);
    neume_context_free(n->context);
}

static void expect_same_network(const char *name, neume_isa isa) {
    network n;
    network_init(&n, name, isa);
    size_t count;
    real *state = nm_stack_run_state(n.run, &count);
    copy_reals(state, fixture_find(&n.numbers, "state", count), count);
    nm_stack_run_pack(n.run, n.weights);
    nm_stack_forward(n.run, &n.batch, 1, NM_PASS_TRAIN);
    nm_stack_backward(n.run, &n.batch, 1, n.gradient);
    expect_close("losses", nm_stack_losses(n.run, 0), fixture_find(&n.numbers, "losses", n.N), n.N);
    expect_close("state", state, fixture_find(&n.numbers, "state_after", count), count);
    for (size_t p = 0; p < n.stack.params.count; p++) {
        const nm_param *param = &n.stack.params.table[p];
        char name_of_gradient[64];
        snprintf(name_of_gradient, sizeof name_of_gradient, "d.%s", param->name);
        const size_t size = param->rows * param->columns;
        expect_close(name_of_gradient, n.gradient + param->offset,
                     fixture_find(&n.numbers, name_of_gradient, size), size);
    }
    network_clear(&n);
}

static void networks_have_the_values_and_gradients_of_pytorch(void **state) {
    (void)state;
    for (neume_isa isa = NEUME_ISA_C; isa <= NEUME_ISA_AVX512; isa++) {
        if (!nm_isa_is_available(isa))
            continue;
        expect_same_network("embedding.txt", isa);
        expect_same_network("onehot.txt", isa);
    }
}

/* Weights of the fixture lie [2][n]: the first row decays. */
static void expect_same_steps(const fixture *f, neume_optimizer kind, const char *name) {
    enum { ELEMENTS = 6, STEPS = 8 };
    neume_context *context = test_context(2, NEUME_ISA_C, NULL);
    nm_params params = {.count = 0};
    nm_params_add(&params, "decaying", 1, ELEMENTS, true);
    const size_t second = nm_params_add(&params, "other", 1, ELEMENTS, false);
    real *blocks[4];
    for (size_t i = 0; i < 4; i++) {
        blocks[i] = nm_params_block_new(&params, context);
        assert_non_null(blocks[i]);
    }
    real *const weights = blocks[0], *const gradient = blocks[1];
    const double *first = fixture_find(f, "first", 2 * ELEMENTS);
    copy_reals(weights, first, ELEMENTS);
    copy_reals(weights + second, first + ELEMENTS, ELEMENTS);
    for (size_t step = 0; step < STEPS; step++) {
        const size_t at = step * 2 * ELEMENTS;
        const double *gradients = fixture_find(f, "gradients", STEPS * 2 * ELEMENTS) + at;
        const double *expected = fixture_find(f, name, STEPS * 2 * ELEMENTS) + at;
        copy_reals(gradient, gradients, ELEMENTS);
        copy_reals(gradient + second, gradients + ELEMENTS, ELEMENTS);
        const nm_optim optim = {.kind = kind,
                                .learning_rate = *fixture_find(f, "rate", 1),
                                .weight_decay = *fixture_find(f, "decay", 1),
                                .gradient_factor = 1,
                                .update = step + 1};
        const nm_optim_blocks of = {
            .weights = weights, .gradient = gradient, .state = {blocks[2], blocks[3]}};
        nm_optim_step(context->pool, &optim, &params, &of);
        expect_close(name, weights, expected, ELEMENTS);
        expect_close(name, weights + second, expected + ELEMENTS, ELEMENTS);
    }
    for (size_t i = 0; i < 4; i++)
        nm_free_aligned(context, blocks[i]);
    neume_context_free(context);
}

static void optimisers_take_the_steps_of_pytorch(void **state) {
    (void)state;
    static const char *const names[] = {[NEUME_OPTIMIZER_ADAMW] = "adamw",
                                        [NEUME_OPTIMIZER_ADAM] = "adam",
                                        [NEUME_OPTIMIZER_RMSPROP] = "rmsprop",
                                        [NEUME_OPTIMIZER_SGD] = "sgd",
                                        [NEUME_OPTIMIZER_ADADELTA] = "adadelta"};
    fixture f;
    fixture_load(&f, "optimisers.txt");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        expect_same_steps(&f, (neume_optimizer)i, names[i]);
    fixture_clear(&f);
}

static real *reals_of(const fixture *f, const char *name, size_t count) {
    real *block = malloc(count * sizeof *block);
    assert_non_null(block);
    copy_reals(block, fixture_find(f, name, count), count);
    return block;
}

enum { NORM_N = 9, NORM_D = 21, NORM_SIZE = NORM_N * NORM_D };

/* A norm over the fixture's input, in place, forward and backward. */
typedef struct norm_case {
    const fixture *numbers;
    nm_norm_pass pass;
    real y[NORM_SIZE], dx[NORM_SIZE], dgain[NORM_D], dbias[NORM_D], mean[NORM_D], variance[NORM_D];
    real *gain, *bias, *kept;
    uint8_t *valid;
    nm_norm_grad grad;
} norm_case;

static void norm_case_init(norm_case *c, const fixture *f) {
    *c = (norm_case){.numbers = f,
                     .gain = reals_of(f, "norm.gain", NORM_D),
                     .bias = reals_of(f, "norm.bias", NORM_D),
                     .kept = malloc(nm_norm_kept_size(NORM_N, NORM_D) * sizeof(real)),
                     .valid = bits_of(f, "norm.valid", NORM_N)};
    assert_non_null(c->kept);
    copy_reals(c->y, fixture_find(f, "norm.x", NORM_SIZE), NORM_SIZE);
    copy_reals(c->dx, fixture_find(f, "norm.dy", NORM_SIZE), NORM_SIZE);
    c->pass = (nm_norm_pass){.N = NORM_N,
                             .D = NORM_D,
                             .valid = c->valid,
                             .gain = c->gain,
                             .bias = c->bias,
                             .mean = c->mean,
                             .variance = c->variance,
                             .kept = c->kept};
    c->grad = (nm_norm_grad){.dy = c->dx, .dx = c->dx, .dgain = c->dgain, .dbias = c->dbias};
}

static void norm_case_clear(norm_case *c) {
    free(c->gain);
    free(c->bias);
    free(c->kept);
    free(c->valid);
}

static void expect_part(const norm_case *c, const char *kind, const char *part, const real *ours,
                        size_t count) {
    char name[48];
    snprintf(name, sizeof name, "%s.%s", kind, part);
    expect_close(name, ours, fixture_find(c->numbers, name, count), count);
}

static void expect_same_parts(const norm_case *c, const char *kind) {
    expect_part(c, kind, "y", c->y, NORM_SIZE);
    expect_part(c, kind, "dx", c->dx, NORM_SIZE);
    expect_part(c, kind, "dgain", c->dgain, NORM_D);
    expect_part(c, kind, "dbias", c->dbias, NORM_D);
}

static void norms_have_the_values_and_gradients_of_pytorch(void **state) {
    (void)state;
    neume_context *context = test_context(2, NEUME_ISA_C, NULL);
    fixture f;
    norm_case c;
    fixture_load(&f, "layers.txt");
    norm_case_init(&c, &f);
    nm_layer_norm_forward(context->pool, &c.pass, c.y, c.y);
    nm_layer_norm_backward(context->pool, &c.pass, &c.grad);
    expect_same_parts(&c, "layer");
    norm_case_clear(&c);
    norm_case_init(&c, &f);
    nm_batch_norm_forward(context->pool, &c.pass, c.y, c.y);
    nm_batch_norm_backward(context->pool, &c.pass, &c.grad);
    expect_same_parts(&c, "batch");
    expect_part(&c, "batch", "mean", c.mean, NORM_D);
    expect_part(&c, "batch", "variance", c.variance, NORM_D);
    norm_case_clear(&c);
    fixture_clear(&f);
    neume_context_free(context);
}

static void activity_has_the_gradient_of_pytorch(void **state) {
    (void)state;
    enum { T = 6, B = 3, H = 5, COUNT = T * B * H };
    neume_context *context = test_context(2, NEUME_ISA_C, NULL);
    fixture f;
    fixture_load(&f, "layers.txt");
    real *h = reals_of(&f, "activity.h", COUNT), ar[COUNT] = {0}, tar[COUNT] = {0};
    uint8_t *reset = bits_of(&f, "activity.reset", T * B);
    uint8_t *valid = bits_of(&f, "activity.valid", T * B);
    const nm_activity activity = {.T = T, .B = B, .H = H, .reset = reset, .valid = valid};
    const double *weights = fixture_find(&f, "activity.weights", 2);
    nm_activity_add_ar(context->pool, &activity, (real)weights[0], ar, h);
    nm_activity_add_tar(context->pool, &activity, (real)weights[1], tar, h);
    expect_close("activity.ar", ar, fixture_find(&f, "activity.ar", COUNT), COUNT);
    expect_close("activity.tar", tar, fixture_find(&f, "activity.tar", COUNT), COUNT);
    free(h);
    free(reset);
    free(valid);
    fixture_clear(&f);
    neume_context_free(context);
}

static void expect_same_smoothing(const fixture *f, neume_isa isa) {
    enum { N = 5, V = 23 };
    neume_context *context = test_context(2, isa, NULL);
    real *logits = reals_of(f, "smoothing.logits", N * V), loss[N];
    uint32_t *targets = words_of(f, "smoothing.targets", N);
    const nm_softmax_loss rows = {.N = N,
                                  .V = V,
                                  .logits = logits,
                                  .targets = targets,
                                  .scale = 1,
                                  .smoothing = (real)*fixture_find(f, "smoothing.e", 1),
                                  .loss = loss};
    nm_ops_for(isa)->softmax_loss(context->pool, &rows);
    expect_close("smoothing.loss", loss, fixture_find(f, "smoothing.loss", N), N);
    expect_close("smoothing.dz", logits, fixture_find(f, "smoothing.dz", N * V), N * V);
    free(logits);
    free(targets);
    neume_context_free(context);
}

static void smoothing_has_the_losses_and_gradients_of_pytorch(void **state) {
    (void)state;
    fixture f;
    fixture_load(&f, "layers.txt");
    for (neume_isa isa = NEUME_ISA_C; isa <= NEUME_ISA_AVX512; isa++)
        if (nm_ops_for(isa) && nm_isa_is_available(isa))
            expect_same_smoothing(&f, isa);
    fixture_clear(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_have_the_values_and_gradients_of_pytorch),
        cmocka_unit_test(optimisers_take_the_steps_of_pytorch),
        cmocka_unit_test(norms_have_the_values_and_gradients_of_pytorch),
        cmocka_unit_test(activity_has_the_gradient_of_pytorch),
        cmocka_unit_test(smoothing_has_the_losses_and_gradients_of_pytorch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
