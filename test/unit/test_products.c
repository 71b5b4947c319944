/* SPDX-License-Identifier: ISC */
/* Runs whose products are of fewer bits. */
#include "trainings.h"

#include "nn/ops.h"

#include <math.h>

typedef struct precision {
    const char *name;
    neume_train_precision asked;
    nm_products products;
} precision;

static precision fp16 = {"fp16", NEUME_TRAIN_FP16, NM_PRODUCTS_FP16};
static precision bf16 = {"bf16", NEUME_TRAIN_BF16, NM_PRODUCTS_BF16};

/* The test is skipped where there are no such products. */
static void open_with(session *it, const precision *of, unsigned threads) {
    open_session(it, threads, NEUME_ISA_AUTO);
    it->options.precision = of->asked;
    if (nm_ops_at(it->context, of->products))
        return;
    print_message("SKIPPED: this machine or build has no products in %s\n", of->name);
    close_session(it);
    skip();
}

static void learns_what_floats_learn(void **state) {
    session fewer, floats;
    open_with(&fewer, *state, 1);
    open_session(&floats, 1, NEUME_ISA_AUTO);
    fewer.options.max_updates = floats.options.max_updates = 200;
    train_well(&fewer);
    train_well(&floats);
    assert_true(floats.result.valid_loss < 0.9 * floats.result.uniform);
    assert_true(fabs(fewer.result.valid_loss / floats.result.valid_loss - 1) < 0.02);
    assert_true(fewer.result.valid_loss != floats.result.valid_loss);
    close_session(&fewer);
    close_session(&floats);
}

static void stopped_and_on_two_threads_leaves_the_same_bytes(void **state) {
    session whole, parts;
    open_with(&whole, *state, 1);
    open_with(&parts, *state, 2);
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
    const precision *of = *state;
    char expected[64];
    session it;
    open_with(&it, of, 1);
    it.seen.stop_after = 3;
    assert_int_equal(train(&it), NEUME_INTERRUPTED);
    it.options.resume = true;
    it.options.precision = NEUME_TRAIN_FP32;
    assert_int_equal(train(&it), NEUME_BAD_USAGE);
    snprintf(expected, sizeof expected, "precision \"%s\", now \"fp32\"", of->name);
    assert_non_null(strstr(it.error.line, expected));
    close_session(&it);
}

static void refuses_products_without_their_kernels(void **state) {
    const precision *of = *state;
    char expected[64];
    session it;
    open_session(&it, 1, NEUME_ISA_BASELINE);
    it.options.precision = of->asked;
    assert_int_equal(train(&it), NEUME_BAD_USAGE);
    snprintf(expected, sizeof expected, "precision %s: it needs a processor", of->name);
    assert_non_null(strstr(it.error.line, expected));
    assert_false(nm_file_exists(it.folder.checkpoint));
    close_session(&it);
}

#define WITH(precision, test)                                                                      \
    { #test ", " #precision, test, NULL, NULL, &(precision) }

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH(fp16, learns_what_floats_learn),
        WITH(bf16, learns_what_floats_learn),
        WITH(fp16, stopped_and_on_two_threads_leaves_the_same_bytes),
        WITH(bf16, stopped_and_on_two_threads_leaves_the_same_bytes),
        WITH(fp16, refuses_to_go_on_with_another_precision),
        WITH(bf16, refuses_to_go_on_with_another_precision),
        WITH(fp16, refuses_products_without_their_kernels),
        WITH(bf16, refuses_products_without_their_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
