/* SPDX-License-Identifier: ISC */
/* Losses and gradients of whole stacks against PyTorch's, which make_fixtures.py wrote. Built
 * twice: in float for every table of operations that this machine has, and in double. */
#include "test.h"

#include "fixture.h"

#include "base/mem.h"
#include "nn/stack.h"

#include <math.h>
#include <string.h>

/* The largest difference, of numbers of the order of 1; batch norm of few positions magnifies what
 * floats round. */
static const double tolerance = sizeof(real) == sizeof(double) ? 1e-11 : 1e-4;

typedef struct stack_fixture {
    const char *name;
    size_t T, B;
    nm_stack_shape shape;
} stack_fixture;

static const stack_fixture fixtures[] = {
    {"streams_layer.txt",
     5,
     4,
     {.stream_count = 3,
      .vocabulary = {3, 5, 4},
      .feature_count = 2,
      .features = {6, 2},
      .embed = 4,
      .branch = 2,
      .layers = {6},
      .layer_count = 1,
      .has_residual = true,
      .trunk = 5,
      .head = 7,
      .norm = NM_NORM_LAYER,
      .activation = NM_ACTIVATION_RELU}},
    {"streams_batch.txt",
     5,
     4,
     {.stream_count = 3,
      .vocabulary = {3, 5, 4},
      .feature_count = 2,
      .features = {6, 2},
      .embed = 4,
      .branch = 2,
      .layers = {6},
      .layer_count = 1,
      .has_residual = true,
      .trunk = 5,
      .head = 7,
      .norm = NM_NORM_BATCH,
      .activation = NM_ACTIVATION_RELU}},
    {"chains.txt",
     5,
     3,
     {.stream_count = 2,
      .vocabulary = {3, 5},
      .feature_count = 1,
      .features = {2},
      .embed = 4,
      .layers = {5},
      .layer_count = 1}},
    {"frames.txt",
     5,
     3,
     {.stream_count = 1,
      .vocabulary = {7},
      .feature_count = 3,
      .features = {2, 3, 5},
      .embed = 5,
      .layers = {6},
      .layer_count = 1,
      .map_count = 3,
      .maps = {{1, 7, NULL}, {3, 4, NULL}, {2, 5, NULL}}}},
};

enum { MAX_POSITIONS = 20, MAX_COLUMNS = 5, MAX_INDEX = 32 };

/* The numbers of a fixture, as the stack wants them. */
typedef struct numbers {
    fixture from;
    uint32_t inputs[MAX_POSITIONS * MAX_COLUMNS], contexts[MAX_POSITIONS * NM_MAX_MAPS];
    uint32_t targets[NM_MAX_STREAMS][MAX_POSITIONS];
    uint16_t index[NM_MAX_MAPS][MAX_INDEX];
    uint8_t valid[MAX_POSITIONS], reset[MAX_POSITIONS];
    nm_stack_shape shape;
    nm_batch batch;
} numbers;

static void copy_words(uint32_t *words, const double *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        words[i] = (uint32_t)values[i];
}

/* "name.index" */
static const double *find_part(const fixture *f, const char *name, unsigned index, size_t count) {
    char full[64];
    snprintf(full, sizeof full, "%s.%u", name, index);
    return fixture_find(f, full, count);
}

static void load_maps(numbers *n, size_t N) {
    nm_stack_shape *shape = &n->shape;
    if (shape->map_count == 0)
        return;
    copy_words(n->contexts, fixture_find(&n->from, "contexts", N * shape->map_count),
               N * shape->map_count);
    n->batch.contexts = n->contexts;
    for (unsigned m = 0; m < shape->map_count; m++) {
        const size_t count = (size_t)shape->maps[m].context_count * shape->vocabulary[0];
        const double *index = find_part(&n->from, "index", m, count);
        for (size_t i = 0; i < count; i++)
            n->index[m][i] = (uint16_t)index[i];
        shape->maps[m].index = n->index[m];
    }
}

static void numbers_init(numbers *n, const stack_fixture *of) {
    const size_t N = of->T * of->B;
    const size_t columns = of->shape.stream_count + of->shape.feature_count;
    *n = (numbers){.shape = of->shape};
    fixture_load(&n->from, of->name);
    n->batch = (nm_batch){.T = of->T, .inputs = n->inputs, .reset = n->reset, .valid = n->valid};
    copy_words(n->inputs, fixture_find(&n->from, "inputs", N * columns), N * columns);
    const double *valid = fixture_find(&n->from, "valid", N);
    for (size_t i = 0; i < N; i++)
        n->valid[i] = valid[i] != 0;
    for (unsigned s = 0; s < of->shape.stream_count; s++) {
        copy_words(n->targets[s], find_part(&n->from, "targets", s, N), N);
        n->batch.targets[s].words = n->targets[s];
    }
    load_maps(n, N);
}

static bool is_statistic(const char *name) {
    return strstr(name, ".norm.mean") || strstr(name, ".norm.variance");
}

static void expect_close(const char *what, const real *ours, const double *theirs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const double size = fabs(theirs[i]) > 1 ? fabs(theirs[i]) : 1;
        if (!(fabs((double)ours[i] - theirs[i]) <= tolerance * size))
            fail_msg("%s[%zu]: %.10g, PyTorch has %.10g", what, i, (double)ours[i], theirs[i]);
    }
}

static void load_weights(real *weights, const nm_params *params, const fixture *from) {
    for (size_t p = 0; p < params->count; p++) {
        const nm_param *param = &params->table[p];
        const size_t count = param->rows * param->columns;
        const double *values =
            is_statistic(param->name) ? NULL : fixture_find(from, param->name, count);
        for (size_t i = 0; values && i < count; i++)
            weights[param->offset + i] = (real)values[i];
    }
}

static void expect_gradients(const real *gradient, const nm_params *params, const fixture *from) {
    for (size_t p = 0; p < params->count; p++) {
        const nm_param *param = &params->table[p];
        const size_t count = param->rows * param->columns;
        char name[64];
        snprintf(name, sizeof name, "d.%s", param->name);
        if (!is_statistic(param->name))
            expect_close(name, gradient + param->offset, fixture_find(from, name, count), count);
    }
}

static void expect_same_stack(const stack_fixture *of, neume_isa isa) {
    neume_context *context = test_context(2, isa, NULL);
    const nm_run_options options = {.max_T = of->T, .max_B = of->B, .for_training = true};
    numbers n;
    nm_stack stack;
    nm_stack_run *run;
    numbers_init(&n, of);
    assert_int_equal(nm_stack_init(&stack, &n.shape, NULL), NEUME_OK);
    assert_int_equal(nm_stack_run_new(&run, context, &stack, &options, NULL), NEUME_OK);
    real *weights = nm_params_block_new(&stack.params, context);
    real *gradient = nm_params_block_new(&stack.params, context);
    assert_true(weights && gradient);
    load_weights(weights, &stack.params, &n.from);
    nm_stack_run_pack(run, weights);
    nm_stack_forward(run, &n.batch, 1, NM_PASS_TRAIN);
    nm_stack_backward(run, &n.batch, 1, gradient);
    for (unsigned s = 0; s < n.shape.stream_count; s++)
        expect_close("losses", nm_stack_losses(run, s),
                     find_part(&n.from, "losses", s, of->T * of->B), of->T * of->B);
    expect_gradients(gradient, &stack.params, &n.from);
    nm_stack_run_free(run);
    nm_free_aligned(context, weights);
    nm_free_aligned(context, gradient);
    fixture_clear(&n.from);
    neume_context_free(context);
}

static void stacks_have_the_losses_and_gradients_of_pytorch(void **state) {
    (void)state;
    for (neume_isa isa = NEUME_ISA_C; isa <= NEUME_ISA_AVX512; isa++)
        for (size_t i = 0; nm_isa_is_available(isa) && i < sizeof fixtures / sizeof *fixtures; i++)
            expect_same_stack(&fixtures[i], isa);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stacks_have_the_losses_and_gradients_of_pytorch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
