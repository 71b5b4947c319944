/* SPDX-License-Identifier: ISC */
/* What --precision auto is. */
#include "model_case.h"
#include "roll_case.h"

#include "base/pool.h"

#include <neume/evaluate.h>
#include <neume/generate.h>

static neume_precision choice(const neume_model *model, neume_isa isa, neume_precision asked) {
    neume_context *context = test_context(1, isa, NULL);
    const neume_precision precision = neume_model_precision(model, context, asked);
    neume_context_free(context);
    return precision;
}

static neume_model *words_model(const model_case *c, uint32_t units) {
    const neume_network_options network = {
        .embed = 16, .layers = {units, units}, .layer_count = 2, .trunk = 1};
    neume_model *model;
    assert_int_equal(nm_model_new(&model, c->corpus, "chords", &network, NULL), NEUME_OK);
    return model;
}

static void what_was_asked_for_stays(void **state) {
    (void)state;
    model_case c = model_case_new();
    for (int asked = NEUME_PRECISION_FP32; asked <= NEUME_PRECISION_INT8; asked++)
        assert_int_equal(choice(c.model, NEUME_ISA_C, (neume_precision)asked), asked);
    model_case_clear(&c);
}

static void large_models_of_words_are_read_in_whole_numbers(void **state) {
    (void)state;
    model_case c = model_case_new();
    neume_model *small = words_model(&c, 64), *large = words_model(&c, 160);
    assert_int_equal(choice(small, NEUME_ISA_BASELINE, NEUME_PRECISION_AUTO), NEUME_PRECISION_FP32);
    assert_int_equal(choice(large, NEUME_ISA_BASELINE, NEUME_PRECISION_AUTO), NEUME_PRECISION_INT8);
    assert_int_equal(choice(large, NEUME_ISA_AUTO, NEUME_PRECISION_AUTO), NEUME_PRECISION_INT8);
    assert_int_equal(choice(large, NEUME_ISA_C, NEUME_PRECISION_AUTO), NEUME_PRECISION_FP32);
    neume_model_free(small);
    neume_model_free(large);
    model_case_clear(&c);
}

static void rolls_need_an_instruction_for_whole_numbers(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    const music_plan plan = roll_plan(NEUME_ONSETS_KEEP, 40, 90);
    const neume_network_options network = {
        .time_layers = {100}, .time_count = 1, .note_layers = {50}, .note_count = 1};
    const bool has_sums = nm_cpu_has_byte_sums();
    neume_corpus *corpus = music_corpus(context, &plan);
    neume_model *model;
    assert_int_equal(nm_model_new(&model, corpus, "biaxial", &network, NULL), NEUME_OK);
    assert_int_equal(choice(model, NEUME_ISA_BASELINE, NEUME_PRECISION_AUTO), NEUME_PRECISION_FP32);
    assert_int_equal(choice(model, NEUME_ISA_AUTO, NEUME_PRECISION_AUTO),
                     has_sums ? NEUME_PRECISION_INT8 : NEUME_PRECISION_FP32);
    neume_model_free(model);
    neume_corpus_free(corpus);
    neume_context_free(context);
}

static void a_precision_that_is_none_is_refused(void **state) {
    (void)state;
    model_case c = model_case_new();
    neume_generate_options options = neume_generate_options_default();
    neume_song song;
    neume_error error = {0};
    options.precision = (neume_precision)4;
    assert_int_equal(neume_generate(&song, c.folder.context, c.model, &options, &error),
                     NEUME_BAD_USAGE);
    assert_string_equal(error.line, "precision: expected auto, fp32, bf16 or int8");
    const char *path = c.folder.path;
    neume_evaluate_options pieces = neume_evaluate_options_default();
    neume_evaluation evaluation;
    pieces.inputs = (neume_inputs){&path, 1};
    pieces.precision = (neume_precision)4;
    assert_int_equal(neume_evaluate(&evaluation, c.folder.context, c.model, &pieces, &error),
                     NEUME_BAD_USAGE);
    neume_evaluation_clear(&evaluation);
    model_case_clear(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_asked_for_stays),
        cmocka_unit_test(large_models_of_words_are_read_in_whole_numbers),
        cmocka_unit_test(rolls_need_an_instruction_for_whole_numbers),
        cmocka_unit_test(a_precision_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
