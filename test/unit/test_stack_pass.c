/* SPDX-License-Identifier: ISC */
/* What passes over a stack give: their state, their noise, their probabilities, their bits. */
#include "stack_case.h"

enum { PARAMS = 1 << 14 };

static const nm_noise no_noise = {.dropout = 0};

/* The losses of a pass one stream after the other. */
typedef struct loss_table {
    real losses[NM_MAX_STREAMS][N];
} loss_table;

static loss_table losses_of(const fixture *f, const nm_stack_run *run) {
    loss_table table = {{{0}}};
    for (unsigned s = 0; s < f->stack.shape.stream_count; s++)
        memcpy(table.losses[s], nm_stack_losses(run, s), sizeof table.losses[s]);
    return table;
}

/* A pass in two halves gives what one pass gives. */
static void expect_carried_state(const nm_stack_shape *shape) {
    fixture f;
    fixture_init(&f, shape, 1, NEUME_ISA_C);
    nm_stack_run *whole = run_of(&f, false, no_noise), *halves = run_of(&f, true, all_noise);
    const nm_batch all = batch_from(&f, 0, T);
    nm_stack_forward(whole, &all, 0, NM_PASS_EVALUATE);
    for (size_t i = 0; i < 2 * shape->stream_count; i++) {
        const size_t half = i / shape->stream_count, first = half * N / 2;
        const unsigned s = i % shape->stream_count;
        const nm_batch batch = batch_from(&f, half * T / 2, T / 2);
        if (s == 0)
            nm_stack_forward(halves, &batch, 0, NM_PASS_EVALUATE);
        assert_memory_equal(nm_stack_losses(halves, s), nm_stack_losses(whole, s) + first,
                            N / 2 * sizeof(real));
        assert_memory_equal(nm_stack_correct(halves, s), nm_stack_correct(whole, s) + first, N / 2);
    }
    nm_stack_run_free(whole);
    nm_stack_run_free(halves);
    fixture_clear(&f);
}

static void state_is_carried_from_batch_to_batch(void **state) {
    (void)state;
    for (size_t i = 0; i < SHAPES; i++)
        expect_carried_state(shapes[i]);
}

/* After a reset a row no longer knows what came before. */
static void expect_forgetting(const nm_stack_shape *shape) {
    fixture f;
    fixture_init(&f, shape, 1, NEUME_ISA_C);
    nm_stack_run *run = run_of(&f, false, no_noise);
    memset(f.valid, 1, N);
    memset(f.reset, 0, N);
    memset(f.reset + N / 2, 1, B);
    const nm_batch batch = batch_from(&f, 0, T);
    nm_stack_forward(run, &batch, 0, NM_PASS_EVALUATE);
    const loss_table before = losses_of(&f, run);
    for (size_t n = 0; n < N / 2; n++)
        f.inputs[n * columns_of(&f)] = (f.inputs[n * columns_of(&f)] + 1) % shape->vocabulary[0];
    nm_stack_forward(run, &batch, 0, NM_PASS_EVALUATE);
    const size_t half = N / 2 * sizeof(real);
    for (unsigned s = 0; s < shape->stream_count; s++) {
        assert_memory_not_equal(nm_stack_losses(run, s), before.losses[s], half);
        assert_memory_equal(nm_stack_losses(run, s) + N / 2, before.losses[s] + N / 2, half);
    }
    nm_stack_run_free(run);
    fixture_clear(&f);
}

static void a_reset_forgets_everything(void **state) {
    (void)state;
    for (size_t i = 0; i < SHAPES; i++)
        expect_forgetting(shapes[i]);
}

/* -ln p of a word. */
static double loss_of(const real *logits, uint32_t V, uint32_t word) {
    double sum = 0;
    for (uint32_t v = 0; v < V; v++)
        sum += exp((double)logits[v]);
    return log(sum) - (double)logits[word];
}

/* Step t of `steps` against the losses of a whole pass; of the words chosen, those of the stream
 * itself and of streams above are wrong. */
static void expect_same_step(const fixture *f, nm_stack_run *steps, const nm_stack_run *pass,
                             size_t t) {
    const nm_stack_shape *shape = &f->stack.shape;
    const unsigned S = shape->stream_count;
    uint32_t chosen[B * NM_MAX_STREAMS] = {0};
    nm_stack_step(steps, f->inputs + t * B * columns_of(f), f->reset + t * B);
    for (unsigned s = 0; s < S; s++) {
        const real *logits =
            nm_stack_logits(steps, s, chosen, f->contexts + t * B * shape->map_count);
        for (size_t b = 0; b < B; b++) {
            const uint32_t V = shape->vocabulary[s], word = f->targets[s][t * B + b];
            const double loss = loss_of(logits + b * V, V, word);
            assert_true(fabs(loss - (double)nm_stack_losses(pass, s)[t * B + b]) < 1e-5);
            chosen[b * S + s] = word;
        }
    }
}

static void expect_same_steps(const nm_stack_shape *shape, real temperature) {
    fixture f;
    fixture_init(&f, shape, 1, NEUME_ISA_C);
    memset(f.valid, 1, N);
    nm_stack_run *pass = run_of(&f, true, all_noise), *steps = run_of(&f, false, no_noise);
    nm_stack_run_set_temperature(pass, temperature);
    nm_stack_run_set_temperature(steps, temperature);
    const nm_batch batch = batch_from(&f, 0, T);
    nm_stack_forward(pass, &batch, 0, NM_PASS_EVALUATE);
    for (size_t t = 0; t < T; t++)
        expect_same_step(&f, steps, pass, t);
    nm_stack_run_free(pass);
    nm_stack_run_free(steps);
    fixture_clear(&f);
}

static void steps_agree_with_a_pass(void **state) {
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        expect_same_steps(shapes[i], 1);
        expect_same_steps(shapes[i], 1.3f);
    }
}

/* The probability of each combination of words is the product of the conditional ones. */
static void the_probabilities_of_all_outcomes_sum_to_one(void **state) {
    (void)state;
    fixture f;
    fixture_init(&f, &streams, 1, NEUME_ISA_C);
    memset(f.valid, 1, N);
    nm_stack_run *run = run_of(&f, false, no_noise);
    double sums[N] = {0};
    size_t count;
    real *memory = nm_stack_run_state(run, &count);
    for (uint32_t outcome = 0; outcome < 3 * 5 * 4; outcome++) {
        for (size_t n = 0; n < N; n++) {
            f.targets[0][n] = outcome % 3;
            f.targets[1][n] = outcome / 3 % 5;
            f.targets[2][n] = outcome / 15;
        }
        const nm_batch batch = batch_from(&f, 0, T);
        memset(memory, 0, count * sizeof *memory);
        nm_stack_forward(run, &batch, 0, NM_PASS_EVALUATE);
        const loss_table table = losses_of(&f, run);
        for (size_t n = 0; n < N; n++)
            sums[n] += exp(-(double)table.losses[0][n] - (double)table.losses[1][n] -
                           (double)table.losses[2][n]);
    }
    for (size_t n = 0; n < N; n++)
        assert_true(fabs(sums[n] - 1) < 1e-5);
    nm_stack_run_free(run);
    fixture_clear(&f);
}

/* What is chosen for a stream changes those above, and none below. */
static void a_head_sees_the_words_chosen_below(void **state) {
    (void)state;
    fixture f;
    fixture_init(&f, &streams, 1, NEUME_ISA_C);
    memset(f.valid, 1, N);
    memset(f.reset, 1, N);
    nm_stack_run *run = run_of(&f, false, no_noise);
    const nm_batch batch = batch_from(&f, 0, T);
    nm_stack_forward(run, &batch, 0, NM_PASS_EVALUATE);
    const loss_table before = losses_of(&f, run);
    for (size_t n = 0; n < N; n++)
        f.targets[1][n] = (f.targets[1][n] + 1) % 5;
    nm_stack_forward(run, &batch, 0, NM_PASS_EVALUATE);
    assert_memory_equal(nm_stack_losses(run, 0), before.losses[0], sizeof before.losses[0]);
    assert_memory_not_equal(nm_stack_losses(run, 2), before.losses[2], sizeof before.losses[2]);
    nm_stack_run_free(run);
    fixture_clear(&f);
}

static void padding_has_no_loss(void **state) {
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        fixture f;
        fixture_init(&f, shapes[i], 1, NEUME_ISA_C);
        nm_stack_run *run = run_of(&f, true, no_noise);
        const nm_batch batch = batch_from(&f, 0, T);
        nm_stack_forward(run, &batch, 0, NM_PASS_TRAIN);
        for (unsigned s = 0; s < shapes[i]->stream_count; s++)
            for (size_t n = 0; n < N; n++)
                assert_true((nm_stack_losses(run, s)[n] > 0) == f.valid[n]);
        nm_stack_run_free(run);
        fixture_clear(&f);
    }
}

/* A training pass of this update from the state of a new run. */
static loss_table train_on(const fixture *f, nm_noise noise, uint64_t update) {
    nm_stack_run *run = run_of(f, true, noise);
    const nm_batch batch = batch_from(f, 0, T);
    nm_stack_run_pack_noisy(run, f->weights, update);
    nm_stack_forward(run, &batch, update, NM_PASS_TRAIN);
    const loss_table table = losses_of(f, run);
    nm_stack_run_free(run);
    return table;
}

static void noise_is_drawn_for_the_update_alone(void **state) {
    (void)state;
    const nm_noise noises[] = {{.input_dropout = 0.5f},
                               {.dropout = 0.5f},
                               {.feature_dropout = 0.5f},
                               {.weight_drop = 0.5f}};
    for (size_t i = 0; i < sizeof noises / sizeof *noises * SHAPES; i++) {
        const nm_noise noise = noises[i / SHAPES];
        fixture f;
        fixture_init(&f, shapes[i % SHAPES], 1, NEUME_ISA_C);
        const loss_table none = train_on(&f, no_noise, 1), first = train_on(&f, noise, 1);
        const loss_table again = train_on(&f, noise, 1), second = train_on(&f, noise, 2);
        assert_memory_not_equal(&none, &first, sizeof first);
        assert_memory_not_equal(&first, &second, sizeof first);
        assert_memory_equal(&first, &again, sizeof first);
        fixture_clear(&f);
    }
}

/* Losses are those of the words; only the gradient knows of a smoothed target. */
static void losses_know_nothing_of_smoothing(void **state) {
    (void)state;
    fixture f;
    fixture_init(&f, &streams, 1, NEUME_ISA_C);
    const loss_table none = train_on(&f, no_noise, 1);
    const loss_table smoothed = train_on(&f, (nm_noise){.label_smoothing = 0.3f}, 1);
    assert_memory_equal(&none, &smoothed, sizeof none);
    fixture_clear(&f);
}

/* With all of the batch's statistics an evaluation gives what the training pass gave. */
static void statistics_are_taken_from_the_batch(void **state) {
    (void)state;
    fixture f;
    fixture_init(&f, &normed, 1, NEUME_ISA_C);
    const nm_batch batch = batch_from(&f, 0, T);
    nm_stack_run *run = run_of(&f, true, no_noise);
    size_t count;
    real *memory = nm_stack_run_state(run, &count);
    nm_stack_forward(run, &batch, 0, NM_PASS_TRAIN);
    const loss_table trained = losses_of(&f, run);
    memset(memory, 0, count * sizeof *memory);
    nm_stack_forward(run, &batch, 0, NM_PASS_STATISTICS);
    for (int pass = 0; pass < 2; pass++) {
        memset(memory, 0, count * sizeof *memory);
        nm_stack_forward(run, &batch, 0, NM_PASS_EVALUATE);
        const loss_table evaluated = losses_of(&f, run);
        double difference = 0;
        for (size_t n = 0; n < N; n++)
            difference = fmax(difference,
                              fabs((double)evaluated.losses[1][n] - (double)trained.losses[1][n]));
        assert_true(pass == 0 ? difference > 1e-2 : difference < 1e-4);
        nm_stack_take_statistics(run, f.weights, 1);
        nm_stack_run_pack(run, f.weights);
    }
    nm_stack_run_free(run);
    fixture_clear(&f);
}

/* Losses and gradients of a training pass with `threads`. */
static loss_table train_once(const nm_stack_shape *shape, unsigned threads, neume_isa isa,
                             real *gradient) {
    fixture f;
    fixture_init(&f, shape, threads, isa);
    nm_stack_run *run = run_of(&f, true, all_noise);
    assert_true(f.stack.params.size <= PARAMS);
    const nm_batch batch = batch_from(&f, 0, T);
    nm_stack_run_pack_noisy(run, f.weights, 4);
    nm_stack_forward(run, &batch, 4, NM_PASS_TRAIN);
    nm_stack_backward(run, &batch, 0.1f, gradient);
    const loss_table table = losses_of(&f, run);
    nm_stack_run_free(run);
    fixture_clear(&f);
    return table;
}

static void expect_same_bits(const nm_stack_shape *shape, neume_isa isa) {
    static real gradient[PARAMS], other_gradient[PARAMS];
    memset(gradient, 0, sizeof gradient);
    const loss_table losses = train_once(shape, 1, isa, gradient);
    for (unsigned threads = 2; threads <= 5; threads++) {
        memset(other_gradient, 0, sizeof other_gradient);
        const loss_table other = train_once(shape, threads, isa, other_gradient);
        assert_memory_equal(&losses, &other, sizeof losses);
        assert_memory_equal(gradient, other_gradient, sizeof gradient);
    }
}

static void any_number_of_threads_gives_the_same_bits(void **state) {
    (void)state;
    for (neume_isa isa = NEUME_ISA_C; isa <= NEUME_ISA_AVX512; isa++)
        for (size_t i = 0; nm_isa_is_available(isa) && i < SHAPES; i++)
            expect_same_bits(shapes[i], isa);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_is_carried_from_batch_to_batch),
        cmocka_unit_test(a_reset_forgets_everything),
        cmocka_unit_test(steps_agree_with_a_pass),
        cmocka_unit_test(the_probabilities_of_all_outcomes_sum_to_one),
        cmocka_unit_test(a_head_sees_the_words_chosen_below),
        cmocka_unit_test(padding_has_no_loss),
        cmocka_unit_test(noise_is_drawn_for_the_update_alone),
        cmocka_unit_test(losses_know_nothing_of_smoothing),
        cmocka_unit_test(statistics_are_taken_from_the_batch),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
