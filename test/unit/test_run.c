/* SPDX-License-Identifier: ISC */
#include "learn/run.h"

#include "music_sessions.h"

static void *count_calls(void *data, void *block, size_t size) {
    ++*(size_t *)data;
    return realloc(block, size);
}

/* Several pieces of music go by meanwhile, and rows begin new ones. */
static void no_update_but_the_first_allocates(void **state) {
    (void)state;
    for (size_t i = 0; i < OPENINGS; i++) {
        session it;
        nm_run run;
        size_t calls = 0;
        openings[i](&it, 2, NEUME_ISA_AUTO);
        assert_int_equal(nm_run_init(&run, it.context, it.corpus, &it.options, NULL), NEUME_OK);
        run.state.planned = 100;
        assert_int_equal(nm_run_update(&run, NULL), NEUME_OK);
        const neume_allocator kept = it.context->allocator;
        it.context->allocator = (neume_allocator){count_calls, &calls};
        for (int update = 0; update < 90; update++)
            assert_int_equal(nm_run_update(&run, NULL), NEUME_OK);
        it.context->allocator = kept;
        assert_true(nm_run_epochs(&run) >= 1);
        assert_int_equal(calls, 0);
        nm_run_clear(&run);
        close_session(&it);
    }
}

/* What is done before an update. */
typedef void (*deed)(nm_run *run);

/* A training of four updates, with a deed before each. */
static void train_four(nm_run *run, const session *it, deed before) {
    assert_int_equal(nm_run_init(run, it->context, it->corpus, &it->options, NULL), NEUME_OK);
    run->state.planned = 100;
    while (run->state.update < 4) {
        if (before)
            before(run);
        assert_int_equal(nm_run_update(run, NULL), NEUME_OK);
    }
}

static void expect_same_weights(const session *it, deed before) {
    nm_run plain, other;
    train_four(&plain, it, NULL);
    train_four(&other, it, before);
    assert_memory_equal(plain.model->weights, other.model->weights,
                        nm_model_params(plain.model)->size * sizeof(real));
    nm_run_clear(&other);
    nm_run_clear(&plain);
}

static void validate(nm_run *run) {
    assert_int_equal(nm_run_validate(run, NULL), NEUME_OK);
}

/* Also where the scorer borrows the training's packings, and where there is no scorer and
 * statistics of norms are taken with them. */
static void validations_leave_the_training_as_it_is(void **state) {
    (void)state;
    for (size_t i = 0; i < OPENINGS; i++) {
        session it;
        openings[i](&it, 1, NEUME_ISA_AUTO);
        const size_t count = it.corpus->valid_count;
        expect_same_weights(&it, validate);
        it.corpus->valid_count = 0;
        expect_same_weights(&it, validate);
        it.corpus->valid_count = count;
        close_session(&it);
    }
}

static void start_again(nm_run *run) {
    static bool has_started;
    if (run->state.update == 0)
        has_started = false;
    if (run->state.update != 3 || has_started)
        return;
    has_started = true;
    nm_run_restart(run);
    run->state.planned = 100;
}

static void a_run_that_starts_again_is_a_new_one(void **state) {
    (void)state;
    for (size_t i = 0; i < OPENINGS; i++) {
        session it;
        openings[i](&it, 1, NEUME_ISA_AUTO);
        expect_same_weights(&it, start_again);
        close_session(&it);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_update_but_the_first_allocates),
                                       cmocka_unit_test(validations_leave_the_training_as_it_is),
                                       cmocka_unit_test(a_run_that_starts_again_is_a_new_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
