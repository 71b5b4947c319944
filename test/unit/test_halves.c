/* SPDX-License-Identifier: ISC */
#include "trainings.h"

#include "nn/ops.h"

#include <math.h>

/* A run with products of halves; the test is skipped where there are none. */
static void open_halves(session *it, unsigned threads) {
    open_session(it, threads, NEUME_ISA_AUTO);
    it->options.precision = NEUME_TRAIN_FP16;
    if (nm_ops_half_of(it->context))
        return;
    print_message("SKIPPED: this machine or build has no products of halves\n");
    close_session(it);
    skip();
}

static void halves_learn_what_floats_learn(void **state) {
    (void)state;
    session halves, floats;
    open_halves(&halves, 1);
    open_session(&floats, 1, NEUME_ISA_AUTO);
    halves.options.max_updates = floats.options.max_updates = 200;
    train_well(&halves);
    train_well(&floats);
    assert_true(floats.result.valid_loss < 0.9 * floats.result.uniform);
    assert_true(fabs(halves.result.valid_loss / floats.result.valid_loss - 1) < 0.02);
    assert_true(halves.result.valid_loss != floats.result.valid_loss);
    close_session(&halves);
    close_session(&floats);
}

static void halves_stopped_and_on_two_threads_leave_the_same_bytes(void **state) {
    (void)state;
    session whole, parts;
    open_halves(&whole, 1);
    open_halves(&parts, 2);
    train_well(&whole);
    parts.seen.stop_after = 7;
    assert_int_equal(train(&parts), NEUME_INTERRUPTED);
    parts.seen.stop_after = 0;
    parts.options.resume = true;
    train_well(&parts);
    assert_int_equal(parts.seen.updates, 13);
    assert_same_run(&whole, &parts);
    close_session(&parts);
    close_session(&whole);
}

static void refuses_to_go_on_with_another_precision(void **state) {
    (void)state;
    session it;
    open_halves(&it, 1);
    it.seen.stop_after = 3;
    assert_int_equal(train(&it), NEUME_INTERRUPTED);
    it.options.resume = true;
    it.options.precision = NEUME_TRAIN_FP32;
    assert_int_equal(train(&it), NEUME_BAD_USAGE);
    assert_non_null(strstr(it.error.line, "precision \"fp16\", now \"fp32\""));
    close_session(&it);
}

static void refuses_halves_without_their_kernels(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_BASELINE);
    it.options.precision = NEUME_TRAIN_FP16;
    assert_int_equal(train(&it), NEUME_BAD_USAGE);
    assert_non_null(strstr(it.error.line, "precision fp16: it needs a processor"));
    assert_false(nm_file_exists(it.folder.checkpoint));
    close_session(&it);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_learn_what_floats_learn),
        cmocka_unit_test(halves_stopped_and_on_two_threads_leave_the_same_bytes),
        cmocka_unit_test(refuses_to_go_on_with_another_precision),
        cmocka_unit_test(refuses_halves_without_their_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
