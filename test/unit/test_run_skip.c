/* SPDX-License-Identifier: ISC */
#include "learn/checkpoint.h"

#include "music_sessions.h"

#include <math.h>

enum { POISONED = 5, UPDATES = 12 };

static void open_run(nm_run *run, session *it, unsigned kind) {
    openings[kind](it, 2, NEUME_ISA_AUTO);
    it->options.on_not_finite = NEUME_ON_NOT_FINITE_SKIP;
    assert_int_equal(nm_run_init(run, it->context, it->corpus, &it->options, NULL), NEUME_OK);
    run->state.planned = UPDATES;
}

static void close_run(nm_run *run, session *it) {
    nm_run_clear(run);
    close_session(it);
}

static size_t size_of(const nm_run *run) {
    return nm_model_params(run->model)->size;
}

/* The loss of the next update is no number, whatever it is computed from. */
static neume_status update_with_bad_weights(nm_run *run, neume_error *error) {
    real *weights = run->model->weights;
    real *kept = nm_alloc_aligned(run->context, size_of(run), sizeof *kept);
    assert_non_null(kept);
    memcpy(kept, weights, size_of(run) * sizeof *kept);
    for (size_t i = 0; i < size_of(run); i++)
        weights[i] = NAN;
    const neume_status status = nm_run_update(run, error);
    memcpy(weights, kept, size_of(run) * sizeof *kept);
    nm_free_aligned(run->context, kept);
    return status;
}

/* Its loss is as it should be, its gradient is not. */
static neume_status update_with_bad_gradient(nm_run *run, neume_error *error) {
    run->gradient[0] = NAN;
    return nm_run_update(run, error);
}

static void update_well(nm_run *run) {
    neume_error error;
    if (nm_run_update(run, &error))
        fail_msg("%s", error.line);
}

static void assert_same_block(const nm_run *a, const real *of_a, const real *of_b) {
    assert_int_equal(of_a == NULL, of_b == NULL);
    if (of_a)
        assert_memory_equal(of_a, of_b, size_of(a) * sizeof *of_a);
}

static void assert_same_runs(const nm_run *a, const nm_run *b) {
    size_t count;
    assert_same_block(a, a->model->weights, b->model->weights);
    assert_same_block(a, a->gradient, b->gradient);
    assert_same_block(a, a->moments[0], b->moments[0]);
    assert_same_block(a, a->moments[1], b->moments[1]);
    assert_same_block(a, a->average, b->average);
    const real *carried = nm_network_state(&a->network, &count);
    assert_memory_equal(carried, nm_network_state(&b->network, &count), count * sizeof *carried);
    assert_memory_equal(a->state.loss_sums, b->state.loss_sums, sizeof a->state.loss_sums);
    assert_int_equal(a->state.step_sum, b->state.step_sum);
    assert_int_equal(a->state.update, b->state.update);
    assert_int_equal(a->state.skipped, b->state.skipped);
}

/* What a skipped update is said to be: its steps go by, and nothing else happens. */
static void pass_by(nm_run *run) {
    nm_batch batch;
    assert_true(nm_batcher_next(run->batcher, &batch));
    run->state.update++;
    run->state.skipped++;
}

typedef neume_status (*bad_update)(nm_run *run, neume_error *error);

static void assert_skips(bad_update bad, unsigned kind) {
    nm_run skipping, passing;
    session a, b;
    open_run(&skipping, &a, kind);
    open_run(&passing, &b, kind);
    for (unsigned update = 1; update <= UPDATES; update++) {
        if (update != POISONED) {
            update_well(&skipping);
            update_well(&passing);
        } else {
            assert_int_equal(bad(&skipping, NULL), NEUME_OK);
            pass_by(&passing);
        }
        assert_same_runs(&skipping, &passing);
    }
    close_run(&skipping, &a);
    close_run(&passing, &b);
}

static void a_skipped_loss_leaves_no_trace(void **state) {
    (void)state;
    for (unsigned i = 0; i < OPENINGS; i++)
        assert_skips(update_with_bad_weights, i);
}

static void a_skipped_gradient_leaves_no_trace(void **state) {
    (void)state;
    for (unsigned i = 0; i < OPENINGS; i++)
        assert_skips(update_with_bad_gradient, i);
}

/* Adam squares it: 1e25 is finite, its square is not. */
static void a_gradient_without_a_finite_square_is_skipped(void **state) {
    (void)state;
    nm_run run;
    session it;
    open_run(&run, &it, 0);
    run.options.clip = 0;
    run.gradient[0] = 1e25f;
    update_well(&run);
    assert_int_equal(run.state.skipped, 1);
    run.options.clip = 1;
    run.gradient[0] = 1e25f;
    update_well(&run);
    assert_int_equal(run.state.skipped, 1);
    close_run(&run, &it);
}

static void only_skips_in_a_row_end_the_run(void **state) {
    (void)state;
    nm_run run;
    session it;
    neume_error error;
    open_run(&run, &it, 0);
    run.options.most_skips = 2;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 2; i++)
            assert_int_equal(update_with_bad_gradient(&run, &error), NEUME_OK);
        update_well(&run);
    }
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(update_with_bad_gradient(&run, &error), NEUME_OK);
    assert_int_equal(update_with_bad_gradient(&run, &error), NEUME_NOT_FINITE);
    assert_string_equal(error.line,
                        "training: the gradient is not finite at update 12, after 2 skipped in a "
                        "row: try a lower learning rate or stronger clipping");
    close_run(&run, &it);
}

static void a_run_that_does_not_skip_names_the_update_and_keeps_its_weights(void **state) {
    (void)state;
    nm_run run;
    session it;
    neume_error error;
    openings[0](&it, 1, NEUME_ISA_C);
    assert_int_equal(nm_run_init(&run, it.context, it.corpus, &it.options, NULL), NEUME_OK);
    run.state.planned = UPDATES;
    for (unsigned i = 0; i < 3; i++)
        update_well(&run);
    real *before = nm_alloc_aligned(run.context, size_of(&run), sizeof *before);
    memcpy(before, run.model->weights, size_of(&run) * sizeof *before);
    assert_int_equal(update_with_bad_gradient(&run, &error), NEUME_NOT_FINITE);
    assert_string_equal(error.line, "training: the gradient is not finite at update 4: try a lower "
                                    "learning rate or stronger clipping");
    assert_memory_equal(before, run.model->weights, size_of(&run) * sizeof *before);
    nm_free_aligned(run.context, before);
    close_run(&run, &it);
}

/* To moments and average the update after a skipped first one is the first: the decay of an average
 * at its first is 2 / 11. */
static void a_skipped_update_does_not_age_the_average(void **state) {
    (void)state;
    nm_run run;
    session it;
    open_run(&run, &it, 1);
    real *first = nm_alloc_aligned(run.context, size_of(&run), sizeof *first);
    memcpy(first, run.model->weights, size_of(&run) * sizeof *first);
    assert_int_equal(update_with_bad_gradient(&run, NULL), NEUME_OK);
    update_well(&run);
    for (size_t i = 0; i < size_of(&run); i++)
        assert_true(fabs(run.average[i] - (2 * first[i] + 9 * run.model->weights[i]) / 11) < 1e-6);
    nm_free_aligned(run.context, first);
    close_run(&run, &it);
}

/* Stopped between two skips, it goes on to the same, and counts on. */
static void a_checkpoint_counts_what_was_skipped(void **state) {
    (void)state;
    nm_run whole, resumed;
    session a, b;
    open_run(&whole, &a, 1);
    open_run(&resumed, &b, 1);
    for (unsigned i = 0; i < 3; i++)
        update_well(&whole);
    assert_int_equal(update_with_bad_weights(&whole, NULL), NEUME_OK);
    assert_int_equal(nm_checkpoint_save(&whole, a.folder.checkpoint, NULL), NEUME_OK);
    assert_int_equal(nm_checkpoint_load(&resumed, a.folder.checkpoint, NULL), NEUME_OK);
    assert_int_equal(resumed.state.skipped_in_row, 1);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(update_with_bad_gradient(&whole, NULL), NEUME_OK);
        assert_int_equal(update_with_bad_gradient(&resumed, NULL), NEUME_OK);
        update_well(&whole);
        update_well(&resumed);
        assert_same_runs(&whole, &resumed);
    }
    assert_int_equal(resumed.state.skipped, 4);
    close_run(&whole, &a);
    close_run(&resumed, &b);
}

/* Weights that are lost make every loss one that is not finite: the run ends all the same. */
static void lost_weights_end_a_run_that_skips_and_spare_the_checkpoint(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    it.options.on_not_finite = NEUME_ON_NOT_FINITE_SKIP;
    it.options.most_skips = 3;
    it.options.learning_rate = 1e6;
    it.options.weight_decay = 1e6;
    it.options.warmup = 0;
    it.options.clip = 0;
    assert_int_equal(train(&it), NEUME_NOT_FINITE);
    assert_non_null(strstr(it.error.line, "after 3 skipped in a row"));
    assert_non_null(strstr(it.error.line, "m.neume.ckpt of update 0 is kept"));
    it.options.resume = true;
    assert_int_equal(train(&it), NEUME_NOT_FINITE);
    close_session(&it);
}

/* Moments that would not load again are not written. */
static void a_checkpoint_with_an_infinite_moment_is_refused(void **state) {
    (void)state;
    nm_run run;
    session it;
    open_run(&run, &it, 0);
    update_well(&run);
    run.moments[1][0] = INFINITY;
    assert_int_equal(nm_checkpoint_save(&run, it.folder.checkpoint, NULL), NEUME_NOT_FINITE);
    assert_false(nm_file_exists(it.folder.checkpoint));
    close_run(&run, &it);
}

static void *count_calls(void *data, void *block, size_t size) {
    ++*(size_t *)data;
    return realloc(block, size);
}

static void a_skipped_update_does_not_allocate(void **state) {
    (void)state;
    nm_run run;
    session it;
    size_t calls = 0;
    open_run(&run, &it, 2);
    update_well(&run);
    const neume_allocator kept = it.context->allocator;
    it.context->allocator = (neume_allocator){count_calls, &calls};
    assert_int_equal(update_with_bad_gradient(&run, NULL), NEUME_OK);
    it.context->allocator = kept;
    assert_int_equal(run.state.skipped, 1);
    assert_int_equal(calls, 0);
    close_run(&run, &it);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_skipped_loss_leaves_no_trace),
        cmocka_unit_test(a_skipped_gradient_leaves_no_trace),
        cmocka_unit_test(a_gradient_without_a_finite_square_is_skipped),
        cmocka_unit_test(only_skips_in_a_row_end_the_run),
        cmocka_unit_test(a_run_that_does_not_skip_names_the_update_and_keeps_its_weights),
        cmocka_unit_test(a_skipped_update_does_not_age_the_average),
        cmocka_unit_test(a_checkpoint_counts_what_was_skipped),
        cmocka_unit_test(lost_weights_end_a_run_that_skips_and_spare_the_checkpoint),
        cmocka_unit_test(a_checkpoint_with_an_infinite_moment_is_refused),
        cmocka_unit_test(a_skipped_update_does_not_allocate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
