/* SPDX-License-Identifier: ISC */
/* Weights that are updated, thinned and packed in one pass: the same bits as one after the other.
 */
#include "base/mem.h"
#include "nn/layer_weights.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 5 }; /* weights, gradient, two of state, average */

typedef struct layer_case {
    size_t I, H;
    neume_optimizer kind;
    bool is_noisy, is_frozen;
    neume_isa isa;
    unsigned threads;
} layer_case;

/* A layer and a vector behind it, with the blocks of its parameters. */
typedef struct fixture {
    neume_context *context;
    const nm_ops *ops;
    nm_params params;
    real *block[BLOCKS];
    uint8_t *kept;
    real *packed;
} fixture;

static size_t recurrent_of(const layer_case *of) {
    return 4 * of->H * of->H;
}

static void draw(real *block, const nm_params *params, unsigned seed) {
    for (size_t p = 0; p < params->count; p++)
        for (size_t i = 0; i < params->table[p].rows * params->table[p].columns; i++) {
            const double u = nm_random_uniform(seed, NM_PURPOSE_INIT, p, i);
            const bool is_state = seed == 2 || seed == 3; /* sums of squares, of some optimisers */
            block[params->table[p].offset + i] = (real)(is_state ? u : 2 * u - 1);
        }
}

static fixture open_fixture(const layer_case *of) {
    fixture f = {.context = test_context(of->threads, of->isa, NULL)};
    f.ops = nm_ops_at(f.context, NM_PRODUCTS_FP32);
    nm_params_add_lstm(&f.params, "lstm.0", of->I, of->H);
    nm_params_add(&f.params, "last.bias", 1, 5, false);
    for (unsigned i = 0; i < BLOCKS; i++) {
        f.block[i] = nm_params_block_new(&f.params, f.context);
        assert_non_null(f.block[i]);
        draw(f.block[i], &f.params, i);
    }
    f.kept = calloc(recurrent_of(of), 1);
    f.packed =
        nm_alloc_aligned(f.context, f.ops->lstm_packed_size(of->I, of->H, true), sizeof *f.packed);
    assert_true(f.kept && f.packed);
    return f;
}

static void close_fixture(fixture *f) {
    for (unsigned i = 0; i < BLOCKS; i++)
        nm_free_aligned(f->context, f->block[i]);
    nm_free_aligned(f->context, f->packed);
    free(f->kept);
    neume_context_free(f->context);
}

/* The middle of weight_hh, a piece of the bias, and what lies behind. */
static nm_frozen frozen_of(const fixture *f, nm_range ranges[3]) {
    const nm_param *hh = &f->params.table[1], *bias = &f->params.table[2];
    const size_t count = hh->rows * hh->columns;
    ranges[0] = (nm_range){hh->offset + count / 3, hh->offset + count / 2};
    ranges[1] = (nm_range){bias->offset + 3, bias->offset + 7};
    ranges[2] = (nm_range){f->params.table[3].offset + 1, f->params.size};
    return (nm_frozen){.ranges = ranges, .count = 3};
}

static nm_optim optim_of(const layer_case *of, const nm_frozen *frozen) {
    return (nm_optim){.kind = of->kind,
                      .learning_rate = 0.01,
                      .weight_decay = 0.1,
                      .gradient_factor = 0.7,
                      .average_decay = 0.9,
                      .update = 3,
                      .frozen = of->is_frozen ? frozen : NULL};
}

static nm_optim_blocks blocks_of(const fixture *f) {
    return (nm_optim_blocks){f->block[0], f->block[1], {f->block[2], f->block[3]}, f->block[4]};
}

enum { PASS = 9, PLACE = 2, SEED = 5 };
static const real probability = (real)0.4;

static void one_after_the_other(const fixture *f, const layer_case *of) {
    nm_range ranges[3];
    const nm_frozen frozen = frozen_of(f, ranges);
    const nm_optim optim = optim_of(of, &frozen);
    const nm_optim_blocks blocks = blocks_of(f);
    nm_optim_step(f->context->pool, &optim, &f->params, &blocks);
    real *dropped = malloc(recurrent_of(of) * sizeof *dropped);
    assert_non_null(dropped);
    const real *weight_hh = f->block[0] + f->params.table[1].offset;
    const nm_dropout drop = {.ops = f->ops,
                             .probability = probability,
                             .seed = SEED,
                             .update = PASS,
                             .purpose = NM_PURPOSE_WEIGHT_DROP,
                             .place = PLACE};
    if (of->is_noisy)
        nm_weight_drop_forward(&drop, f->kept, dropped, weight_hh, recurrent_of(of));
    f->ops->lstm_pack(f->context->pool, f->packed,
                      &(nm_lstm_weights){.I = of->I,
                                         .H = of->H,
                                         .weight_ih = f->block[0] + f->params.table[0].offset,
                                         .weight_hh = of->is_noisy ? dropped : weight_hh,
                                         .bias = f->block[0] + f->params.table[2].offset},
                      true);
    free(dropped);
}

static void in_one_pass(const fixture *f, const layer_case *of) {
    nm_range ranges[3];
    const nm_frozen frozen = frozen_of(f, ranges);
    const nm_optim optim = optim_of(of, &frozen);
    const nm_optim_blocks blocks = blocks_of(f);
    const nm_optim_update update = nm_optim_begin(&optim, &f->params, &blocks);
    const nm_run_options options = {
        .for_training = true, .noise.weight_drop = probability, .seed = SEED};
    nm_optim_rest(f->context->pool, &update);
    nm_layer_pack(
        f->context->pool, f->ops, &options,
        &(nm_packing){
            .weights = f->block[0], .update = &update, .is_noisy = of->is_noisy, .pass = PASS},
        &(nm_layer_weights){.I = of->I,
                            .H = of->H,
                            .ih = f->params.table[0].offset,
                            .hh = f->params.table[1].offset,
                            .bias = f->params.table[2].offset,
                            .place = PLACE,
                            .kept = f->kept,
                            .packed = f->packed});
}

static void expect_same(const layer_case *of) {
    fixture a = open_fixture(of), b = open_fixture(of);
    one_after_the_other(&a, of);
    in_one_pass(&b, of);
    for (unsigned i = 0; i < BLOCKS; i++)
        assert_memory_equal(a.block[i], b.block[i], a.params.size * sizeof(real));
    assert_memory_equal(a.packed, b.packed,
                        a.ops->lstm_packed_size(of->I, of->H, true) * sizeof(real));
    assert_memory_equal(a.kept, b.kept, recurrent_of(of));
    close_fixture(&b);
    close_fixture(&a);
}

static void one_pass_gives_the_same_bits(void **state) {
    (void)state;
    static const size_t sizes[][2] = {{3, 1}, {37, 21}, {0, 5}, {700, 33}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (neume_optimizer kind = 0; kind <= NEUME_OPTIMIZER_ADADELTA; kind++)
            for (unsigned i = 0; i < 8; i++)
                expect_same(&(layer_case){.I = sizes[s][0],
                                          .H = sizes[s][1],
                                          .kind = kind,
                                          .is_noisy = i & 1,
                                          .is_frozen = i & 2,
                                          .isa = i & 4 ? NEUME_ISA_C : NEUME_ISA_AUTO,
                                          .threads = 1 + i % 3});
}

/* Rows that are packed in several pieces. */
static void wide_layers_are_thinned_the_same(void **state) {
    (void)state;
    expect_same(&(layer_case){.I = 2, .H = 530, .is_noisy = true, .is_frozen = true, .threads = 2});
}

static void what_is_dropped_gets_no_gradient(void **state) {
    (void)state;
    enum { COUNT = 1000 };
    neume_context *context = test_context(2, NEUME_ISA_AUTO, NULL);
    const nm_dropout drop = {.ops = nm_ops_at(context, NM_PRODUCTS_FP32),
                             .probability = probability,
                             .purpose = NM_PURPOSE_WEIGHT_DROP};
    uint8_t kept[COUNT];
    real ones[COUNT], dropped[COUNT], gradient[COUNT];
    size_t count = 0;
    for (size_t i = 0; i < COUNT; i++)
        ones[i] = gradient[i] = 1;
    nm_weight_drop_forward(&drop, kept, dropped, ones, COUNT);
    nm_weight_drop_backward(context->pool, probability, kept, gradient, COUNT);
    assert_memory_equal(gradient, dropped, sizeof gradient);
    for (size_t i = 0; i < COUNT; i++)
        count += dropped[i] == 0;
    assert_true(count > 350 && count < 450);
    neume_context_free(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_pass_gives_the_same_bits),
                                       cmocka_unit_test(wide_layers_are_thinned_the_same),
                                       cmocka_unit_test(what_is_dropped_gets_no_gradient)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
