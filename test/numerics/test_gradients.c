/* SPDX-License-Identifier: ISC */
/* Analytic gradients against central differences, on every parameter of whole networks, in double:
 *   dL/dw = (L(w + e) - L(w - e)) / 2e + O(e²), L the summed loss times SCALE and the
 * regularisation of activations, the masks of dropout and weight-drop fixed.
 * And the proof that the check sees: each wrong backward below must fail it. */
#include "test.h"

#include "gradient_cases.h"
#include "ops_double.h"
#include "wrong_ops.h"

#include "base/mem.h"
#include "base/rng.h"
#include "nn/stack_run.h"

#include <string.h>

static const double step = 1e-5, tolerance = 1e-8;
static const real gradient_scale = 0.7;
static const uint64_t update = 5;

/* A network ready for its batch: the state carried in does not depend on the weights any more. */
typedef struct check {
    neume_context *context;
    const network_case *shape;
    network_data data;
    nm_stack_run *run;
    real *state_before;
    real *gradient;
} check;

static const nm_batch *batch_of(const check *c) {
    return &c->data.batches[1];
}

static void check_init(check *c, const network_case *shape) {
    *c = (check){.context = test_context(1, NEUME_ISA_C, NULL), .shape = shape};
    network_data_init(&c->data, c->context, shape);
    c->run = network_run_new(c->context, shape, &c->data.stack);
    if (shape->carries_state) {
        nm_stack_run_pack(c->run, c->data.weights);
        nm_stack_forward(c->run, &c->data.batches[0], update, NM_PASS_TRAIN);
    }
    size_t count;
    const real *state = nm_stack_run_state(c->run, &count);
    c->state_before = nm_alloc(c->context, count, sizeof *state);
    c->gradient = nm_params_block_new(&c->data.stack.params, c->context);
    assert_non_null(c->state_before);
    assert_non_null(c->gradient);
    memcpy(c->state_before, state, count * sizeof *state);
}

static void check_clear(check *c) {
    nm_free(c->context, c->state_before);
    nm_free_aligned(c->context, c->gradient);
    nm_stack_run_free(c->run);
    network_data_clear(&c->data, c->context);
    neume_context_free(c->context);
}

static void forward(check *c, const nm_batch *batch) {
    size_t count;
    real *state = nm_stack_run_state(c->run, &count);
    memcpy(state, c->state_before, count * sizeof *state);
    nm_stack_forward(c->run, batch, update, NM_PASS_TRAIN);
}

static real sum_losses(const check *c, unsigned stream) {
    real sum = 0;
    for (size_t n = 0; n < c->shape->T * c->shape->B; n++)
        sum += nm_stack_losses(c->run, stream)[n];
    return sum;
}

static bool is_allowed(const nm_targets *targets, uint32_t V, size_t n, uint32_t word) {
    return !targets->masks || targets->masks[targets->rules[n] * V + word];
}

/* The losses of this stream, would each position's target be `word`, over the number of allowed
 * words; nothing where it is not allowed. */
static real loss_of_word(check *c, unsigned stream, uint32_t word) {
    nm_batch batch = *batch_of(c);
    const nm_targets *targets = &batch_of(c)->targets[stream];
    const uint32_t V = c->shape->shape.vocabulary[stream];
    const size_t N = c->shape->T * c->shape->B;
    uint32_t words[256];
    real sum = 0;
    assert_true(N <= sizeof words / sizeof *words);
    for (size_t n = 0; n < N; n++)
        words[n] = is_allowed(targets, V, n, word) ? word : targets->words[n];
    batch.targets[stream].words = words;
    forward(c, &batch);
    for (size_t n = 0; n < N; n++) {
        size_t allowed = 0;
        for (uint32_t v = 0; v < V; v++)
            allowed += is_allowed(targets, V, n, v);
        if (is_allowed(targets, V, n, word))
            sum += nm_stack_losses(c->run, stream)[n] / (real)allowed;
    }
    return sum;
}

/* The sum over streams and positions of (1 - e) loss + e (the mean loss of the allowed words). */
static real smoothed_loss(check *c) {
    const nm_stack_shape *shape = &c->shape->shape;
    const real e = c->shape->noise.label_smoothing;
    real sum = 0, smooth = 0;
    for (unsigned s = 0; e > 0 && s < shape->stream_count; s++)
        for (uint32_t word = 0; word < shape->vocabulary[s]; word++)
            smooth += loss_of_word(c, s, word);
    forward(c, batch_of(c));
    for (unsigned s = 0; s < shape->stream_count; s++)
        sum += sum_losses(c, s);
    return (1 - e) * sum + e * smooth;
}

static real square(real x) {
    return x * x;
}

/* ar mean(h'^2) + tar mean((h_t - h_{t-1})^2) of the last layer */
static real activity_loss(const check *c) {
    const nm_stack_lstm *last = &c->run->lstm[c->run->lstm_count - 1];
    const nm_batch *batch = batch_of(c);
    const size_t B = c->shape->B, H = last->w.H;
    real sizes = 0, changes = 0, size_count = 0, change_count = 0;
    for (size_t i = 0; i < c->shape->T * B * H; i++) {
        const size_t n = i / H;
        if (!batch->valid[n])
            continue;
        sizes += square(last->out[i]);
        size_count++;
        if (n < B || !batch->valid[n - B] || batch->reset[n])
            continue;
        changes += square(last->h[i] - last->h[i - B * H]);
        change_count++;
    }
    return c->shape->noise.ar * sizes / size_count + c->shape->noise.tar * changes / change_count;
}

static real loss_at(check *c) {
    nm_stack_run_pack_noisy(c->run, c->data.weights, update);
    const real sum = smoothed_loss(c) * gradient_scale;
    return c->shape->noise.ar > 0 ? sum + activity_loss(c) : sum;
}

static void compute_gradient(check *c) {
    nm_stack_run_pack_noisy(c->run, c->data.weights, update);
    forward(c, batch_of(c));
    nm_stack_backward(c->run, batch_of(c), gradient_scale, c->gradient);
}

static real numeric_gradient(check *c, size_t index) {
    real *weight = &c->data.weights[index];
    const real kept = *weight;
    *weight = kept + step;
    const real above = loss_at(c);
    *weight = kept - step;
    const real below = loss_at(c);
    *weight = kept;
    return (above - below) / (2 * step);
}

static bool is_close(real numeric, real analytic) {
    const real size = fabs(analytic) > 1 ? fabs(analytic) : 1;
    return fabs(numeric - analytic) <= tolerance * size;
}

/* How many parameters of the network have a wrong gradient. */
static size_t count_wrong(const network_case *shape, bool is_told) {
    check c;
    size_t wrong = 0;
    check_init(&c, shape);
    compute_gradient(&c);
    for (size_t p = 0; p < c.data.stack.params.count; p++) {
        const nm_param *param = &c.data.stack.params.table[p];
        for (size_t i = 0; i < param->rows * param->columns; i++) {
            const size_t index = param->offset + i;
            const real numeric = numeric_gradient(&c, index);
            const bool is_wrong = !is_close(numeric, c.gradient[index]);
            if (is_wrong && is_told)
                print_error("%s: %s[%zu]: numeric %.10g, analytic %.10g\n", shape->name,
                            param->name, i, numeric, c.gradient[index]);
            wrong += is_wrong;
        }
    }
    check_clear(&c);
    return wrong;
}

static void every_gradient_is_that_of_central_differences(void **state) {
    (void)state;
    for (size_t i = 0; i < gradient_case_count; i++)
        assert_int_equal(count_wrong(&gradient_cases[i], true), 0);
}

/* The head of this batch is done in several parts; there are too many parameters to check each, so
 * the derivative along random directions is. */
static void a_long_batch_has_the_right_gradient(void **state) {
    (void)state;
    const network_case shape = {.name = "many words",
                                .shape = {.stream_count = 1,
                                          .vocabulary = {5000},
                                          .embed = 2,
                                          .layers = {3},
                                          .layer_count = 1},
                                .T = 30,
                                .B = 20,
                                .padding_share = 0.1};
    check c;
    check_init(&c, &shape);
    compute_gradient(&c);
    real *weights = c.data.weights;
    for (uint64_t direction = 0; direction < 3; direction++) {
        const size_t count = c.data.stack.params.size;
        real *kept = nm_alloc(c.context, count, sizeof *kept), analytic = 0, at[2];
        assert_non_null(kept);
        memcpy(kept, weights, count * sizeof *kept);
        for (int side = 0; side < 2; side++) {
            for (size_t i = 0; i < count; i++) {
                const real d = nm_random_uniform(1, NM_PURPOSE_TEST, direction, i) - 0.5;
                weights[i] = kept[i] + (side ? step : -step) * d;
                analytic += side ? d * c.gradient[i] : 0;
            }
            at[side] = loss_at(&c);
        }
        memcpy(weights, kept, count * sizeof *kept);
        nm_free(c.context, kept);
        const real numeric = (at[1] - at[0]) / (2 * step);
        assert_true(fabs(numeric - analytic) <= 1e-6 * fabs(analytic));
    }
    check_clear(&c);
}

/* Wrong losses. */

static void with_padding(nm_pool *pool, const nm_softmax_loss *rows) {
    nm_softmax_loss other = *rows;
    other.valid = NULL;
    nm_ops_c.softmax_loss(pool, &other);
    for (size_t n = 0; n < rows->N; n++)
        rows->loss[n] = rows->valid[n] ? rows->loss[n] : 0;
}

static void without_target(nm_pool *pool, const nm_softmax_loss *rows) {
    nm_ops_c.softmax_loss(pool, rows);
    for (size_t n = 0; n < rows->N && rows->scale != 0; n++)
        rows->logits[n * rows->V + rows->targets[n]] += rows->scale;
}

static void expect_wrong(const nm_ops *ops, const network_case *shape) {
    test_ops = ops;
    const size_t wrong = count_wrong(shape, false);
    test_ops = &nm_ops_c;
    assert_true(wrong > 0);
}

static void the_check_fails_for_a_wrong_lstm_backward(void **state) {
    (void)state;
    for (size_t i = 0; i < WRONG_LSTMS; i++) {
        nm_ops ops = nm_ops_c;
        ops.lstm_backward = wrong_lstms[i];
        expect_wrong(&ops, &gradient_cases[gradient_case_count - 1]);
    }
}

static void the_check_fails_for_a_wrong_head(void **state) {
    (void)state;
    nm_ops ops = nm_ops_c;
    ops.matmul_grad = wrong_dense;
    expect_wrong(&ops, &gradient_cases[gradient_case_count - 1]);
    ops = nm_ops_c;
    ops.softmax_loss = with_padding;
    expect_wrong(&ops, &gradient_cases[gradient_case_count - 1]);
    ops.softmax_loss = without_target;
    expect_wrong(&ops, &gradient_cases[gradient_case_count - 1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_gradient_is_that_of_central_differences),
        cmocka_unit_test(a_long_batch_has_the_right_gradient),
        cmocka_unit_test(the_check_fails_for_a_wrong_lstm_backward),
        cmocka_unit_test(the_check_fails_for_a_wrong_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
