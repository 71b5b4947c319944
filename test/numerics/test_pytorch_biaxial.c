/* SPDX-License-Identifier: ISC */
/* Losses and gradients of networks "biaxial" against PyTorch's, which make_fixtures.py wrote. Built
 * twice: in float for every table of operations that this machine has, and in double. */
#include "test.h"

#include "fixture.h"

#include "base/mem.h"
#include "nn/biaxial.h"

#include <math.h>

static const double tolerance = sizeof(real) == sizeof(double) ? 1e-11 : 1e-5;

enum { T = 5, B = 3, N = T * B, COLUMNS = 2 * NM_SET_WORDS + 1 };

/* The numbers of a fixture, as the network wants them. */
typedef struct numbers {
    fixture from;
    uint32_t inputs[N * COLUMNS], targets[2 * NM_SET_WORDS][N];
    uint8_t valid[N], reset[N];
    nm_batch batch;
    nm_biaxial biaxial;
} numbers;

static nm_biaxial_shape shape_of(uint32_t bits) {
    return (nm_biaxial_shape){.first = 29,
                              .key_count = 6,
                              .bits = bits,
                              .window = 5,
                              .period = 5,
                              .place_bits = 3,
                              .has_absolute = bits == 2,
                              .time_layers = {5, 4},
                              .time_count = 2,
                              .note_layers = {3, 4},
                              .note_count = 2};
}

static void load_flags(uint8_t *flags, const fixture *from, const char *name) {
    const double *values = fixture_find(from, name, N);
    for (size_t n = 0; n < N; n++)
        flags[n] = values[n] != 0;
}

static void numbers_init(numbers *n, uint32_t bits) {
    const nm_biaxial_shape shape = shape_of(bits);
    const size_t words = (size_t)bits * NM_SET_WORDS;
    char name[32];
    *n = (numbers){.batch = {.T = T}};
    assert_int_equal(nm_biaxial_init(&n->biaxial, &shape, NULL), NEUME_OK);
    snprintf(name, sizeof name, "biaxial_%u.txt", bits);
    fixture_load(&n->from, name);
    const double *inputs = fixture_find(&n->from, "inputs", N * (words + 1));
    for (size_t i = 0; i < N * (words + 1); i++)
        n->inputs[i] = (uint32_t)inputs[i];
    const double *targets = fixture_find(&n->from, "targets", N * words);
    for (size_t i = 0; i < N * words; i++)
        n->targets[i % words][i / words] = (uint32_t)targets[i];
    for (size_t i = 0; i < words; i++)
        n->batch.targets[i].words = n->targets[i];
    load_flags(n->valid, &n->from, "valid");
    load_flags(n->reset, &n->from, "reset");
    n->batch.inputs = n->inputs;
    n->batch.valid = n->valid;
    n->batch.reset = n->reset;
}

static void expect_close(const char *what, double ours, double theirs) {
    const double size = fabs(theirs) > 1 ? fabs(theirs) : 1;
    if (!(fabs(ours - theirs) <= tolerance * size))
        fail_msg("%s: %.10g, PyTorch has %.10g", what, ours, theirs);
}

static void load_weights(real *weights, const numbers *n) {
    for (size_t p = 0; p < n->biaxial.params.count; p++) {
        const nm_param *param = &n->biaxial.params.table[p];
        const size_t count = param->rows * param->columns;
        const double *values = fixture_find(&n->from, param->name, count);
        for (size_t i = 0; i < count; i++)
            weights[param->offset + i] = (real)values[i];
    }
}

static void expect_gradients(const real *gradient, const numbers *n) {
    for (size_t p = 0; p < n->biaxial.params.count; p++) {
        const nm_param *param = &n->biaxial.params.table[p];
        const size_t count = param->rows * param->columns;
        char name[64];
        snprintf(name, sizeof name, "d.%s", param->name);
        const double *values = fixture_find(&n->from, name, count);
        for (size_t i = 0; i < count; i++)
            expect_close(name, (double)gradient[param->offset + i], values[i]);
    }
}

static void expect_same(uint32_t bits, neume_isa isa) {
    neume_context *context = test_context(2, isa, NULL);
    const nm_run_options options = {.max_T = T, .max_B = B, .for_training = true};
    numbers n;
    nm_biaxial_run *run;
    numbers_init(&n, bits);
    assert_int_equal(nm_biaxial_run_new(&run, context, &n.biaxial, &options, NULL), NEUME_OK);
    real *weights = nm_params_block_new(&n.biaxial.params, context);
    real *gradient = nm_params_block_new(&n.biaxial.params, context);
    assert_true(weights && gradient);
    load_weights(weights, &n);
    nm_biaxial_run_pack(run, weights);
    nm_biaxial_forward(run, &n.batch, 1, NM_PASS_TRAIN);
    nm_biaxial_backward(run, 1, gradient);
    const double *losses = fixture_find(&n.from, "losses", (size_t)N * bits);
    for (size_t i = 0; i < (size_t)N * bits; i++)
        expect_close("losses", (double)nm_biaxial_losses(run, i % bits)[i / bits], losses[i]);
    expect_gradients(gradient, &n);
    nm_biaxial_run_free(run);
    nm_free_aligned(context, weights);
    nm_free_aligned(context, gradient);
    fixture_clear(&n.from);
    neume_context_free(context);
}

static void losses_and_gradients_are_those_of_pytorch(void **state) {
    (void)state;
    for (neume_isa isa = NEUME_ISA_C; isa <= NEUME_ISA_AVX512; isa++)
        for (uint32_t bits = 1; nm_isa_is_available(isa) && bits <= 2; bits++)
            expect_same(bits, isa);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_and_gradients_are_those_of_pytorch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
