/* SPDX-License-Identifier: ISC */
/* The backward of each layer against central differences of its forward, in double:
 *   dL/dv = (L(v + e) - L(v - e)) / 2e + O(e²), on every input and parameter v. */
#include "test.h"

#include "base/rng.h"
#include "nn/layers.h"

#include <string.h>

enum { N = 7, D = 37, INPUTS = N * D, GAIN = INPUTS, BIAS = GAIN + D, VALUES = BIAS + D };

static const real step = 1e-5, tolerance = 1e-8;

/* A loss of some values, and what backward makes of its gradient. */
typedef struct layer_case {
    nm_pool *pool;
    const void *layer;
    real values[VALUES]; /* x [N,D], gain [D], bias [D]; or h */
    size_t count;
    real weights[INPUTS]; /* of the outputs in the loss */
    const uint8_t *valid;
    real gradient[VALUES];
    real (*loss)(const struct layer_case *c);
} layer_case;

static real random_at(uint64_t seed, size_t i) {
    return 2 * nm_random_uniform(seed, NM_PURPOSE_TEST, 3, i) - 1;
}

static void layer_case_init(layer_case *c, neume_context *context) {
    *c = (layer_case){.pool = context->pool, .count = VALUES};
    for (size_t i = 0; i < VALUES; i++)
        c->values[i] = 2 * random_at(1, i) + 0.5;
    for (size_t i = 0; i < INPUTS; i++)
        c->weights[i] = random_at(2, i);
}

static real weighted_sum(const layer_case *c, const real *y, size_t columns) {
    real sum = 0;
    for (size_t i = 0; i < INPUTS; i++)
        sum += c->valid && !c->valid[i / columns] ? 0 : c->weights[i] * y[i];
    return sum;
}

static void expect_right_gradient(layer_case *c, const char *what) {
    for (size_t i = 0; i < c->count; i++) {
        const real kept = c->values[i];
        c->values[i] = kept + step;
        const real above = c->loss(c);
        c->values[i] = kept - step;
        const real numeric = (above - c->loss(c)) / (2 * step);
        c->values[i] = kept;
        if (!(fabs(numeric - c->gradient[i]) <= tolerance * fmax(1, fabs(numeric))))
            fail_msg("%s[%zu]: numeric %.10g, analytic %.10g", what, i, numeric, c->gradient[i]);
    }
}

static nm_norm_pass pass_of(const layer_case *c, real *statistics, real *kept) {
    return (nm_norm_pass){.N = N,
                          .D = D,
                          .valid = c->valid,
                          .gain = c->values + GAIN,
                          .bias = c->values + BIAS,
                          .mean = statistics,
                          .variance = statistics + D,
                          .kept = kept};
}

static real layer_norm_loss(const layer_case *c) {
    real y[INPUTS], statistics[2 * D];
    const nm_norm_pass pass = pass_of(c, statistics, NULL);
    nm_layer_norm_forward(c->pool, &pass, y, c->values);
    return weighted_sum(c, y, D);
}

static real batch_norm_loss(const layer_case *c) {
    real y[INPUTS], statistics[2 * D];
    const nm_norm_pass pass = pass_of(c, statistics, NULL);
    nm_batch_norm_forward(c->pool, &pass, y, c->values);
    return weighted_sum(c, y, D);
}

typedef void (*norm_forward)(nm_pool *, const nm_norm_pass *, real *, const real *);
typedef void (*norm_backward)(nm_pool *, const nm_norm_pass *, const nm_norm_grad *);

/* dx overwrites NaNs; dgain and dbias are added to 1; dy of positions that are not valid is NaN. */
static void norm_gradient(layer_case *c, norm_forward forward, norm_backward backward) {
    real y[INPUTS], dy[INPUTS], statistics[2 * D], *const gradient = c->gradient;
    real *kept = malloc(nm_norm_kept_size(N, D) * sizeof *kept);
    assert_non_null(kept);
    for (size_t i = 0; i < INPUTS; i++)
        dy[i] = c->valid && !c->valid[i / D] ? (real)NAN : c->weights[i];
    for (size_t i = 0; i < VALUES; i++)
        gradient[i] = i < INPUTS ? (real)NAN : 1;
    const nm_norm_pass pass = pass_of(c, statistics, kept);
    forward(c->pool, &pass, y, c->values);
    backward(c->pool, &pass,
             &(nm_norm_grad){
                 .dy = dy, .dx = gradient, .dgain = gradient + GAIN, .dbias = gradient + BIAS});
    for (size_t i = INPUTS; i < VALUES; i++)
        gradient[i] -= 1;
    free(kept);
}

static const uint8_t some_valid[N] = {1, 0, 1, 1, 1, 0, 1};

static void layer_norm_has_the_gradient_of_central_differences(void **state) {
    layer_case c;
    layer_case_init(&c, *state);
    c.loss = layer_norm_loss;
    for (int i = 0; i < 2; i++) {
        c.valid = i ? some_valid : NULL;
        norm_gradient(&c, nm_layer_norm_forward, nm_layer_norm_backward);
        expect_right_gradient(&c, "layer norm");
    }
}

static void batch_norm_has_the_gradient_of_central_differences(void **state) {
    layer_case c;
    layer_case_init(&c, *state);
    c.loss = batch_norm_loss;
    for (int i = 0; i < 2; i++) {
        c.valid = i ? some_valid : NULL;
        norm_gradient(&c, nm_batch_norm_forward, nm_batch_norm_backward);
        expect_right_gradient(&c, "batch norm");
    }
}

static real relu_loss(const layer_case *c) {
    real y[INPUTS];
    memcpy(y, c->values, sizeof y);
    nm_relu_forward(c->pool, y, INPUTS);
    return weighted_sum(c, y, D);
}

static void relu_has_the_gradient_of_central_differences(void **state) {
    layer_case c;
    layer_case_init(&c, *state);
    c.loss = relu_loss;
    c.count = INPUTS;
    real y[INPUTS];
    memcpy(y, c.values, sizeof y);
    nm_relu_forward(c.pool, y, INPUTS);
    memcpy(c.gradient, c.weights, sizeof c.weights);
    nm_relu_backward(c.pool, c.gradient, y, INPUTS);
    expect_right_gradient(&c, "relu");
}

/* h [T,B,H]. Row 1 has padding at its end and in its middle, row 2 a reset. */
enum { T = 5, B = 3, H = 4, UNITS = T * B * H };
static const uint8_t resets[T * B] = {1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};
static const uint8_t valids[T * B] = {1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1};
static const nm_activity activity = {.T = T, .B = B, .H = H, .reset = resets, .valid = valids};
static const real weight = 1.7;

static real ar_loss(const layer_case *c) {
    real sum = 0, count = 0;
    for (size_t i = 0; i < UNITS; i++) {
        sum += valids[i / H] * c->values[i] * c->values[i];
        count += valids[i / H];
    }
    return weight * sum / count;
}

static real tar_loss(const layer_case *c) {
    real sum = 0, count = 0;
    for (size_t i = B * H; i < UNITS; i++) {
        const size_t at = i / H;
        if (resets[at] || !valids[at] || !valids[at - B])
            continue;
        const real off = c->values[i] - c->values[i - B * H];
        sum += off * off;
        count++;
    }
    return weight * sum / count;
}

static void activity_has_the_gradient_of_central_differences(void **state) {
    void (*const add[])(nm_pool *, const nm_activity *, real, real *,
                        const real *) = {nm_activity_add_ar, nm_activity_add_tar};
    real (*const losses[])(const layer_case *) = {ar_loss, tar_loss};
    for (size_t k = 0; k < 2; k++) {
        layer_case c;
        layer_case_init(&c, *state);
        c.loss = losses[k];
        c.count = UNITS;
        for (size_t i = 0; i < UNITS; i++)
            c.gradient[i] = 1;
        add[k](c.pool, &activity, weight, c.gradient, c.values);
        for (size_t i = 0; i < UNITS; i++)
            c.gradient[i] -= 1;
        expect_right_gradient(&c, k ? "tar" : "ar");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layer_norm_has_the_gradient_of_central_differences),
        cmocka_unit_test(batch_norm_has_the_gradient_of_central_differences),
        cmocka_unit_test(relu_has_the_gradient_of_central_differences),
        cmocka_unit_test(activity_has_the_gradient_of_central_differences),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
