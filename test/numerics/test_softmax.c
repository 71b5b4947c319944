/* SPDX-License-Identifier: ISC */
/* Masked softmax of each operation table against the reference. Tolerance: exp errs by 2e-7 of
 * itself, a sum of V <= 2000 exps in 4 or more lanes by less than 3e-5 of itself at worst and 1e-6
 * as a rule; losses are of the size of 10. */
#include "ops_check.h"

#include <math.h>
#include <string.h>

enum { STATES = 3 };

typedef struct softmax_case {
    size_t N, V;
    float size; /* of the logits */
    bool has_masks, has_valid, has_correct;
    float scale, smoothing;
} softmax_case;

typedef struct softmax_outputs {
    float *logits, *loss;
    uint8_t *correct;
} softmax_outputs;

/* Some logits are equal, so that the first of equals counts. The target is allowed, word 0 in every
 * state. */
static softmax_outputs softmax(const nm_ops *ops, nm_pool *pool, const softmax_case *c) {
    float *z = random_floats(21, c->N * c->V, c->size);
    uint32_t *targets = random_words(22, c->N, (uint32_t)c->V),
             *states = random_words(23, c->N, STATES);
    uint8_t *masks = random_flags(24, STATES * c->V, 0.4), *valid = random_flags(25, c->N, 0.7);
    for (size_t i = 0; i < c->N * c->V; i += 3)
        z[i] = rintf(z[i]);
    for (size_t s = 0; s < STATES; s++)
        masks[s * c->V] = 1;
    for (size_t n = 0; c->has_masks && n < c->N; n++)
        while (!masks[states[n] * c->V + targets[n]])
            targets[n]--;
    softmax_outputs out = {.logits = guarded_copy(z, c->N * c->V),
                           .loss = guarded_new(c->N),
                           .correct = calloc(c->N + 1, 1)};
    const nm_softmax_loss rows = {.N = c->N,
                                  .V = c->V,
                                  .logits = out.logits,
                                  .targets = targets,
                                  .masks = c->has_masks ? masks : NULL,
                                  .states = c->has_masks ? states : NULL,
                                  .valid = c->has_valid ? valid : NULL,
                                  .scale = c->scale,
                                  .smoothing = c->smoothing,
                                  .loss = out.loss,
                                  .correct = c->has_correct ? out.correct : NULL};
    ops->softmax_loss(pool, &rows);
    free(z);
    free(targets);
    free(states);
    free(masks);
    free(valid);
    return out;
}

static void softmax_free(const softmax_outputs *out, const softmax_case *c) {
    guarded_free(out->logits, c->N * c->V);
    guarded_free(out->loss, c->N);
    free(out->correct);
}

static void check_case(const nm_ops *ops, nm_pool *pool, const softmax_case *c) {
    const softmax_outputs wanted = softmax(&nm_ops_c, pool, c), got = softmax(ops, pool, c);
    assert_near(ops->name, got.loss, wanted.loss, c->N, 4e-6 * fmax(1, c->size));
    assert_near(ops->name, got.logits, wanted.logits, c->N * c->V, 2e-6 * fmax(1, c->scale));
    assert_memory_equal(got.correct, wanted.correct, c->N);
    softmax_free(&wanted, c);
    softmax_free(&got, c);
}

static void check_cases(const nm_ops *ops, nm_pool *pool) {
    static const size_t vs[] = {1, 2, 5, 16, 17, 89, 400, 2000}, ns[] = {1, 2, 7, 50};
    static const float sizes[] = {1, 8, 60}, scales[] = {0, 1, 0.01f}, smoothings[] = {0, 0.1f};
    for (size_t i = 0; i < 8 * 4 * 3 * 3; i++) {
        const softmax_case c = {.V = vs[i % 8],
                                .N = ns[i / 8 % 4],
                                .size = sizes[i / 32 % 3],
                                .scale = scales[i / 96],
                                .smoothing = smoothings[(i + i / 8) / 2 % 2],
                                .has_masks = (i + i / 8) % 2,
                                .has_valid = (i + i / 16) % 2,
                                .has_correct = i % 3};
        check_case(ops, pool, &c);
    }
}

static void losses_and_gradients_agree_with_the_reference(void **state) {
    (void)state;
    for_each_table(check_cases);
}

static float *losses_and_gradients(const nm_ops *ops, nm_pool *pool, const void *data,
                                   size_t *count) {
    const softmax_case *c = data;
    const softmax_outputs out = softmax(ops, pool, c);
    *count = c->N * c->V + c->N;
    float *both = malloc(*count * sizeof *both);
    memcpy(both, out.logits, c->N * c->V * sizeof *both);
    memcpy(both + c->N * c->V, out.loss, c->N * sizeof *both);
    softmax_free(&out, c);
    return both;
}

static void check_threads(const nm_ops *ops, nm_pool *pool) {
    (void)pool;
    const softmax_case c = {
        .N = 19, .V = 89, .size = 4, .has_masks = true, .scale = 1, .smoothing = 0.1f};
    assert_same_for_any_threads(ops, losses_and_gradients, &c);
}

static void any_number_of_threads_gives_the_same_bits(void **state) {
    (void)state;
    for_each_table(check_threads);
}

static void check_forbidden(const nm_ops *ops, nm_pool *pool) {
    enum { V = 100 };
    float logits[V] = {0}, loss;
    uint8_t mask[V];
    for (size_t v = 0; v < V; v++)
        mask[v] = v % 3 == 1;
    logits[0] = 100;
    logits[2] = NAN;
    const nm_softmax_loss row = {.N = 1,
                                 .V = V,
                                 .logits = logits,
                                 .targets = &(uint32_t){1},
                                 .masks = mask,
                                 .states = &(uint32_t){0},
                                 .scale = 2,
                                 .loss = &loss};
    ops->softmax_loss(pool, &row);
    assert_float_equal(loss, logf(33), 1e-6);
    for (size_t v = 0; v < V; v++)
        assert_float_equal(logits[v],
                           !mask[v] ? 0
                           : v == 1 ? 2.0f / 33 - 2
                                    : 2.0f / 33,
                           mask[v] ? 1e-6 : 0);
}

static void words_not_allowed_count_for_nothing(void **state) {
    (void)state;
    for_each_table(check_forbidden);
}

/* What dz is by definition, scale 1: q = (1 - e) [w = target] + e / A over the A allowed words. */
static double smoothed_gradient(const float *z, const uint8_t *mask, size_t V, size_t word) {
    double sum = 0, allowed = 0;
    for (size_t v = 0; v < V; v++) {
        sum += mask[v] ? exp(z[v]) : 0;
        allowed += mask[v];
    }
    const double q = (word == 1 ? 1 - 0.25 : 0) + 0.25 / allowed;
    return mask[word] ? exp(z[word]) / sum - q : 0;
}

static void check_smoothing(const nm_ops *ops, nm_pool *pool) {
    enum { V = 37 };
    float *z = random_floats(31, V, 2), *dz = guarded_copy(z, V), losses[2];
    uint8_t *mask = random_flags(32, V, 0.5);
    mask[1] = 1;
    nm_softmax_loss row = {.N = 1,
                           .V = V,
                           .logits = dz,
                           .targets = &(uint32_t){1},
                           .masks = mask,
                           .states = &(uint32_t){0},
                           .loss = &losses[0]};
    ops->softmax_loss(pool, &row);
    row.scale = 1;
    row.smoothing = 0.25f;
    row.loss = &losses[1];
    ops->softmax_loss(pool, &row);
    assert_same_bits("loss", &losses[1], &losses[0], 1);
    for (size_t v = 0; v < V; v++)
        assert_float_equal(dz[v], smoothed_gradient(z, mask, V, v), mask[v] ? 1e-6 : 0);
    guarded_free(dz, V);
    free(z);
    free(mask);
}

static void smoothing_shares_the_target_among_allowed_words(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    check_smoothing(&nm_ops_c, context->pool);
    neume_context_free(context);
    for_each_table(check_smoothing);
}

/* The loss of four words of which the second is the target. */
static float loss_of(const nm_ops *ops, nm_pool *pool, const float z[4]) {
    float logits[4], loss;
    memcpy(logits, z, sizeof logits);
    const nm_softmax_loss row = {
        .N = 1, .V = 4, .logits = logits, .targets = &(uint32_t){1}, .loss = &loss};
    ops->softmax_loss(pool, &row);
    return loss;
}

static void check_extremes(const nm_ops *ops, nm_pool *pool) {
    assert_true(isnan(loss_of(ops, pool, (float[4]){0, 0, NAN, 0})));
    assert_true(isnan(loss_of(ops, pool, (float[4]){NAN, 0, 0, 0})));
    assert_true(isnan(loss_of(ops, pool, (float[4]){0, NAN, 0, 0})));
    assert_true(isnan(loss_of(ops, pool, (float[4]){0, 0, INFINITY, 0})));
    assert_true(isinf(loss_of(ops, pool, (float[4]){0, -INFINITY, 0, 0})));
    assert_float_equal(loss_of(ops, pool, (float[4]){-INFINITY, 3, -INFINITY, -INFINITY}), 0, 1e-6);
    assert_float_equal(loss_of(ops, pool, (float[4]){3e38f, 3e38f, -3e38f, -3e38f}), logf(2), 1e-6);
    assert_float_equal(loss_of(ops, pool, (float[4]){1000, 0, 0, 0}), 1000, 1e-3);
}

static void extreme_logits_stay_visible_or_saturate(void **state) {
    (void)state;
    for_each_table(check_extremes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_and_gradients_agree_with_the_reference),
        cmocka_unit_test(words_not_allowed_count_for_nothing),
        cmocka_unit_test(smoothing_shares_the_target_among_allowed_words),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(extreme_logits_stay_visible_or_saturate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
