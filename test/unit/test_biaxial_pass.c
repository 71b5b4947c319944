/* SPDX-License-Identifier: ISC */
/* What passes over a network "biaxial" give: probabilities, state, noise, bits. */
#include "biaxial_case.h"

enum { T = 6, B = 5, N = T * B, K = 4, PARAMS = 1 << 13 };

#define KEYS .first = 30, .key_count = K, .window = 5, .period = 3, .place_bits = 2
#define LAYERS .time_layers = {9, 20}, .time_count = 2, .note_layers = {7, 8}, .note_count = 2

static const biaxial_case one_bit = {"one bit", {KEYS, .bits = 1, LAYERS}, .T = T,
                                     .B = B,    .reset_share = 0.15,       .padding_share = 0.2};
static const biaxial_case two_bits = {"two bits",
                                      {KEYS, .bits = 2, .has_absolute = true, LAYERS},
                                      .T = T,
                                      .B = B,
                                      .reset_share = 0.15,
                                      .padding_share = 0.2};
static const biaxial_case *const all_cases[] = {&one_bit, &two_bits};

static const nm_noise no_noise = {.dropout = 0};
static const nm_noise all_noise = {.dropout = 0.3f, .weight_drop = 0.4f};

/* A run of chunks of one row where `in_chunks`. */
static nm_biaxial_run *run_of(const biaxial_data *data, nm_noise noise, bool in_chunks) {
    const nm_run_options options = {
        .max_T = T, .max_B = data->B, .for_training = true, .noise = noise, .seed = 8};
    nm_biaxial_run *run = case_run(data, &options, in_chunks);
    nm_biaxial_run_pack(run, data->weights);
    return run;
}

static void forget(nm_biaxial_run *run) {
    size_t count;
    real *memory = nm_biaxial_run_state(run, &count);
    memset(memory, 0, count * sizeof *memory);
}

typedef struct loss_table {
    real losses[2][N];
} loss_table;

static loss_table losses_of(const biaxial_data *data, const nm_biaxial_run *run) {
    loss_table table = {{{0}}};
    for (unsigned d = 0; d < data->biaxial.shape.bits; d++)
        memcpy(table.losses[d], nm_biaxial_losses(run, d),
               data->T * data->B * sizeof *table.losses[d]);
    return table;
}

static loss_table evaluate(const biaxial_data *data, nm_biaxial_run *run) {
    const nm_batch batch = case_batch(data, 0, T);
    forget(run);
    nm_biaxial_forward(run, &batch, 0, NM_PASS_EVALUATE);
    return losses_of(data, run);
}

/* A key's state in a frame: off, on and anew, or (only where it was on) kept. */
enum { OFF, ANEW, KEPT };

static unsigned state_in(unsigned frame, unsigned key, unsigned states) {
    for (unsigned k = 0; k < key; k++)
        frame /= states;
    return frame % states;
}

/* Puts the frame in the place of the targets of all positions. */
static void put_frame(biaxial_data *data, unsigned frame, unsigned states) {
    uint64_t on = 0, anew = 0;
    for (unsigned k = 0; k < K; k++) {
        const unsigned state = state_in(frame, k, states);
        on |= (uint64_t)(state != OFF) << (30 + k);
        anew |= (uint64_t)(state == ANEW) << (30 + k);
    }
    for (size_t n = 0; n < N; n++)
        for (unsigned w = 0; w < 2; w++) {
            data->words[w][n] = (uint32_t)(on >> 32 * w);
            data->words[NM_SET_WORDS + w][n] = (uint32_t)(anew >> 32 * w);
        }
}

/* Nothing is kept that was not on before position n. */
static bool is_possible(const biaxial_data *data, unsigned frame, unsigned states, size_t n) {
    const uint32_t *before = data->inputs + n * case_columns(data);
    for (unsigned k = 0; k < K; k++)
        if (state_in(frame, k, states) == KEPT && !nm_set_has(before, 30 + k))
            return false;
    return true;
}

/* Of all frames one is the likeliest at each key. */
static void expect_sums_of_one(const biaxial_case *of) {
    biaxial_data data;
    case_init(&data, of, 1, NEUME_ISA_C);
    memset(data.valid, 1, N);
    nm_biaxial_run *run = run_of(&data, no_noise, false);
    const unsigned states = of->shape.bits + 1;
    double sums[N] = {0};
    unsigned likeliest[N] = {0};
    for (unsigned frame = 0; frame < pow(states, K); frame++) {
        put_frame(&data, frame, states);
        const loss_table table = evaluate(&data, run);
        for (size_t n = 0; n < N; n++) {
            if (!is_possible(&data, frame, states, n))
                continue;
            sums[n] += exp(-(double)table.losses[0][n] - (double)table.losses[1][n]);
            likeliest[n] +=
                nm_biaxial_correct(run, 0)[n] && (states == 2 || nm_biaxial_correct(run, 1)[n]);
        }
    }
    for (size_t n = 0; n < N; n++) {
        assert_true(fabs(sums[n] - 1) < 1e-5);
        assert_int_equal(likeliest[n], 1);
    }
    nm_biaxial_run_free(run);
    case_clear(&data);
}

static void the_probabilities_of_all_frames_sum_to_one(void **state) {
    (void)state;
    expect_sums_of_one(&one_bit);
    expect_sums_of_one(&two_bits);
}

static void state_is_carried_from_batch_to_batch(void **state) {
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        biaxial_data data;
        case_init(&data, all_cases[i / 2], 1, NEUME_ISA_C);
        nm_biaxial_run *run = run_of(&data, all_noise, i % 2);
        const loss_table whole = evaluate(&data, run);
        forget(run);
        for (size_t half = 0; half < 2; half++) {
            const nm_batch batch = case_batch(&data, half * T / 2, T / 2);
            nm_biaxial_forward(run, &batch, 0, NM_PASS_EVALUATE);
            for (unsigned d = 0; d < data.biaxial.shape.bits; d++)
                assert_memory_equal(nm_biaxial_losses(run, d), whole.losses[d] + half * N / 2,
                                    N / 2 * sizeof(real));
        }
        nm_biaxial_run_free(run);
        case_clear(&data);
    }
}

static void a_reset_forgets_everything(void **state) {
    (void)state;
    biaxial_data data;
    case_init(&data, &two_bits, 1, NEUME_ISA_C);
    memset(data.valid, 1, N);
    memset(data.reset, 0, N);
    memset(data.reset + N / 2, 1, B);
    nm_biaxial_run *run = run_of(&data, no_noise, false);
    const loss_table before = evaluate(&data, run);
    for (size_t n = 0; n < N / 2; n++)
        data.inputs[n * case_columns(&data)] ^= 0x80000000u;
    const loss_table after = evaluate(&data, run);
    const size_t half = N / 2 * sizeof(real);
    assert_memory_not_equal(after.losses[0], before.losses[0], half);
    assert_memory_equal(after.losses[0] + N / 2, before.losses[0] + N / 2, half);
    nm_biaxial_run_free(run);
    case_clear(&data);
}

/* -ln p of a bit. */
static double loss_of(real logit, bool is_on) {
    return log1p(exp(is_on ? -(double)logit : (double)logit));
}

/* The losses of step t, key after key from logits. */
static loss_table losses_of_step(const biaxial_data *data, nm_biaxial_run *run, size_t t) {
    const nm_batch batch = case_batch(data, t, 1);
    const unsigned D = data->biaxial.shape.bits;
    loss_table table = {{{0}}};
    uint8_t below[B] = {0};
    nm_biaxial_step(run, batch.inputs, batch.reset);
    for (uint32_t k = 0; k < K; k++) {
        const real *logits = nm_biaxial_logits(run, k, k ? below : NULL);
        memset(below, 0, sizeof below);
        for (size_t i = 0; i < (size_t)B * D; i++) {
            const size_t b = i / D, d = i % D;
            const bool is_on = nm_target_has(&batch, (unsigned)d, b, 30 + k);
            const uint32_t *before = batch.inputs + b * case_columns(data);
            below[b] |= (uint8_t)(is_on << d);
            if (d == 0 || (nm_target_has(&batch, 0, b, 30 + k) && nm_set_has(before, 30 + k)))
                table.losses[d][b] += (real)loss_of(logits[i], is_on);
        }
    }
    return table;
}

static void steps_agree_with_a_pass(void **state) {
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        biaxial_data data;
        case_init(&data, all_cases[i % 2], 1, NEUME_ISA_C);
        memset(data.valid, 1, N);
        nm_biaxial_run *run = run_of(&data, all_noise, i / 2 % 2);
        nm_biaxial_run_set_temperature(run, i / 4 ? 1.3f : 1);
        const loss_table pass = evaluate(&data, run);
        forget(run);
        for (size_t t = 0; t < T; t++) {
            const loss_table step = losses_of_step(&data, run, t);
            for (size_t j = 0; j < 2 * B; j++)
                assert_true(fabs((double)step.losses[j / B][j % B] -
                                 (double)pass.losses[j / B][t * B + j % B]) < 1e-5);
        }
        nm_biaxial_run_free(run);
        case_clear(&data);
    }
}

static void padding_has_no_loss(void **state) {
    (void)state;
    biaxial_data data;
    case_init(&data, &two_bits, 1, NEUME_ISA_C);
    nm_biaxial_run *run = run_of(&data, no_noise, false);
    const loss_table padded = evaluate(&data, run);
    for (size_t n = 0; n < N; n++)
        assert_true(data.valid[n] || !nm_biaxial_correct(run, 0)[n]);
    uint8_t valid[N];
    memcpy(valid, data.valid, N);
    memset(data.valid, 1, N);
    const loss_table all = evaluate(&data, run);
    for (size_t n = 0; n < N; n++)
        for (unsigned d = 0; d < 2; d++)
            assert_true(padded.losses[d][n] == (valid[n] ? all.losses[d][n] : 0));
    nm_biaxial_run_free(run);
    case_clear(&data);
}

/* Those of the lower keys and those of the upper ones are those of all; in training all count. */
static void only_keys_that_count_have_a_loss(void **state) {
    (void)state;
    biaxial_data data;
    case_init(&data, &two_bits, 1, NEUME_ISA_C);
    nm_biaxial_run *run = run_of(&data, no_noise, false);
    const loss_table all = evaluate(&data, run);
    nm_biaxial_run_count_keys(run, 0, 31);
    const loss_table low = evaluate(&data, run);
    nm_biaxial_run_count_keys(run, 32, 127);
    const loss_table high = evaluate(&data, run);
    for (size_t n = 0; n < N; n++)
        for (unsigned d = 0; d < 2; d++)
            assert_true(fabs((double)low.losses[d][n] + (double)high.losses[d][n] -
                             (double)all.losses[d][n]) < 1e-6);
    assert_memory_not_equal(low.losses[0], all.losses[0], sizeof low.losses[0]);
    const nm_batch batch = case_batch(&data, 0, T);
    forget(run);
    nm_biaxial_forward(run, &batch, 0, NM_PASS_TRAIN);
    const loss_table trained = losses_of(&data, run);
    assert_memory_equal(&trained, &all, sizeof all);
    nm_biaxial_run_free(run);
    case_clear(&data);
}

/* All sets moved up, with silence beyond the range. */
static void move_sets(uint32_t *words, size_t stride, uint32_t by) {
    uint64_t set = words[0] | (uint64_t)words[stride] << 32;
    set = (set & (UINT64_C(0xf) << 30)) << by;
    words[0] = (uint32_t)set;
    words[stride] = (uint32_t)(set >> 32);
}

static void keys_that_are_all_moved_have_the_same_losses(void **state) {
    (void)state;
    biaxial_data data;
    case_init(&data, &one_bit, 1, NEUME_ISA_C);
    nm_biaxial_run *run = run_of(&data, no_noise, false);
    const loss_table before = evaluate(&data, run);
    nm_biaxial_run_free(run);
    data.biaxial.shape.first += 2;
    for (size_t n = 0; n < N; n++) {
        move_sets(data.inputs + n * case_columns(&data), 1, 2);
        move_sets(data.words[0] + n, CASE_MAX_N, 2);
    }
    run = run_of(&data, no_noise, false);
    const loss_table after = evaluate(&data, run);
    assert_memory_equal(&after, &before, sizeof after);
    nm_biaxial_run_free(run);
    case_clear(&data);
}

/* A network that is told where a key is does not take one for another. */
static void absolute_keys_are_told_apart(void **state) {
    (void)state;
    biaxial_data data;
    case_init(&data, &two_bits, 1, NEUME_ISA_C);
    memset(data.inputs, 0, sizeof data.inputs);
    memset(data.words, 0, sizeof data.words);
    nm_biaxial_run *run = run_of(&data, no_noise, false);
    const loss_table before = evaluate(&data, run);
    nm_biaxial_run_free(run);
    data.biaxial.shape.first += 2;
    run = run_of(&data, no_noise, false);
    const loss_table after = evaluate(&data, run);
    assert_memory_not_equal(&after, &before, sizeof after);
    nm_biaxial_run_free(run);
    case_clear(&data);
}

/* Row b of the batch as a batch of its own. */
static void take_row(biaxial_data *alone, const biaxial_data *all, size_t b) {
    const size_t columns = case_columns(all);
    for (size_t t = 0; t < T; t++) {
        const size_t n = t * B + b;
        memcpy(alone->inputs + t * columns, all->inputs + n * columns,
               columns * sizeof *alone->inputs);
        for (size_t w = 0; w < (size_t)2 * NM_SET_WORDS; w++)
            alone->words[w][t] = all->words[w][n];
        alone->reset[t] = all->reset[n];
        alone->valid[t] = all->valid[n];
    }
}

static void a_row_knows_nothing_of_its_company(void **state) {
    (void)state;
    for (neume_isa isa = NEUME_ISA_C; isa <= NEUME_ISA_AVX512; isa++) {
        biaxial_case single = two_bits;
        biaxial_data data, alone;
        single.B = 1;
        if (!nm_isa_is_available(isa))
            continue;
        case_init(&data, &two_bits, 1, isa);
        case_init(&alone, &single, 1, isa);
        nm_biaxial_run *run = run_of(&data, no_noise, false);
        nm_biaxial_run *run_alone = run_of(&alone, no_noise, false);
        const loss_table all = evaluate(&data, run);
        for (size_t b = 0; b < B; b++) {
            take_row(&alone, &data, b);
            const loss_table table = evaluate(&alone, run_alone);
            for (size_t i = 0; i < (size_t)2 * T; i++)
                assert_true(table.losses[i / T][i % T] == all.losses[i / T][i % T * B + b]);
        }
        nm_biaxial_run_free(run);
        nm_biaxial_run_free(run_alone);
        case_clear(&data);
        case_clear(&alone);
    }
}

/* The gradient of a training pass where none is wanted before `moving_from`. */
static void train_from(const biaxial_data *data, size_t moving_from, real *gradient) {
    const nm_run_options options = {.max_T = T,
                                    .max_B = data->B,
                                    .for_training = true,
                                    .noise = all_noise,
                                    .seed = 8,
                                    .moving_from = moving_from};
    nm_biaxial_run *run = case_run(data, &options, false);
    const nm_batch batch = case_batch(data, 0, T);
    nm_biaxial_run_pack_noisy(run, data->weights, 2);
    nm_biaxial_forward(run, &batch, 2, NM_PASS_TRAIN);
    memset(gradient, 0, PARAMS * sizeof *gradient);
    nm_biaxial_backward(run, 0.1f, gradient);
    nm_biaxial_run_free(run);
}

static void gradients_that_are_not_wanted_are_not_made(void **state) {
    (void)state;
    static real all[PARAMS], some[PARAMS];
    biaxial_data data;
    case_init(&data, &two_bits, 1, NEUME_ISA_C);
    const nm_params *params = &data.biaxial.params;
    const size_t note = nm_params_find(params, "note.0.weight_ih")->offset;
    train_from(&data, 0, all);
    for (size_t p = 1; p < params->count; p++) {
        const size_t from = params->table[p].offset;
        train_from(&data, from, some);
        assert_memory_equal(some + from, all + from, (params->size - from) * sizeof(real));
        assert_int_equal(some[0] != 0, from < note);
    }
    case_clear(&data);
}

/* Losses and gradients of a training pass. */
static loss_table train(const biaxial_case *of, unsigned threads, neume_isa isa, bool in_chunks,
                        real *gradient) {
    biaxial_data data;
    case_init(&data, of, threads, isa);
    nm_biaxial_run *run = run_of(&data, all_noise, in_chunks);
    assert_true(data.biaxial.params.size <= PARAMS);
    const nm_batch batch = case_batch(&data, 0, T);
    memset(gradient, 0, PARAMS * sizeof *gradient);
    nm_biaxial_run_pack_noisy(run, data.weights, 4);
    nm_biaxial_forward(run, &batch, 4, NM_PASS_TRAIN);
    nm_biaxial_backward(run, 0.1f, gradient);
    const loss_table table = losses_of(&data, run);
    nm_biaxial_run_free(run);
    case_clear(&data);
    return table;
}

static void expect_same_bits(const biaxial_case *of, neume_isa isa, bool in_chunks) {
    static const unsigned threads[] = {2, 3, 5};
    static real gradient[PARAMS], other_gradient[PARAMS];
    const loss_table losses = train(of, 1, isa, in_chunks, gradient);
    for (size_t i = 0; i < 3; i++) {
        const loss_table other = train(of, threads[i], isa, in_chunks, other_gradient);
        assert_memory_equal(&losses, &other, sizeof losses);
        assert_memory_equal(gradient, other_gradient, sizeof gradient);
    }
}

static void any_number_of_threads_gives_the_same_bits(void **state) {
    (void)state;
    for (neume_isa isa = NEUME_ISA_C; isa <= NEUME_ISA_AVX512; isa++)
        for (size_t i = 0; nm_isa_is_available(isa) && i < 4; i++)
            expect_same_bits(all_cases[i / 2], isa, i % 2);
}

/* Losses to the bit; gradients, which are summed chunk by chunk, but for their rounding. */
static void chunks_change_nothing(void **state) {
    (void)state;
    static real whole[PARAMS], parts[PARAMS];
    for (neume_isa isa = NEUME_ISA_C; isa <= NEUME_ISA_AVX512; isa++)
        for (size_t i = 0; nm_isa_is_available(isa) && i < 2; i++) {
            const loss_table of_whole = train(all_cases[i], 2, isa, false, whole);
            const loss_table of_parts = train(all_cases[i], 2, isa, true, parts);
            assert_memory_equal(&of_whole, &of_parts, sizeof of_whole);
            for (size_t p = 0; p < PARAMS; p++)
                assert_true(fabsf(whole[p] - parts[p]) < 1e-5f);
        }
}

static loss_table train_with(const biaxial_data *data, nm_noise noise, uint64_t update) {
    nm_biaxial_run *run = run_of(data, noise, false);
    const nm_batch batch = case_batch(data, 0, T);
    nm_biaxial_run_pack_noisy(run, data->weights, update);
    nm_biaxial_forward(run, &batch, update, NM_PASS_TRAIN);
    const loss_table table = losses_of(data, run);
    nm_biaxial_run_free(run);
    return table;
}

static void noise_is_drawn_for_the_update_alone(void **state) {
    (void)state;
    biaxial_data data;
    case_init(&data, &two_bits, 1, NEUME_ISA_C);
    const nm_noise noises[] = {{.dropout = 0.3f}, {.weight_drop = 0.3f}};
    const loss_table none = train_with(&data, no_noise, 1);
    for (size_t i = 0; i < 2; i++) {
        const loss_table first = train_with(&data, noises[i], 1);
        const loss_table again = train_with(&data, noises[i], 1);
        const loss_table second = train_with(&data, noises[i], 2);
        assert_memory_not_equal(&none, &first, sizeof first);
        assert_memory_not_equal(&first, &second, sizeof first);
        assert_memory_equal(&first, &again, sizeof first);
    }
    case_clear(&data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_probabilities_of_all_frames_sum_to_one),
        cmocka_unit_test(state_is_carried_from_batch_to_batch),
        cmocka_unit_test(a_reset_forgets_everything),
        cmocka_unit_test(steps_agree_with_a_pass),
        cmocka_unit_test(padding_has_no_loss),
        cmocka_unit_test(only_keys_that_count_have_a_loss),
        cmocka_unit_test(keys_that_are_all_moved_have_the_same_losses),
        cmocka_unit_test(absolute_keys_are_told_apart),
        cmocka_unit_test(a_row_knows_nothing_of_its_company),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(chunks_change_nothing),
        cmocka_unit_test(gradients_that_are_not_wanted_are_not_made),
        cmocka_unit_test(noise_is_drawn_for_the_update_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
