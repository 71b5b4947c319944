/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "learn/settings.h"

#include <math.h>
#include <string.h>

static void every_name_is_a_preset_within_the_ranges(void **state) {
    (void)state;
    size_t count = 0;
    for (const char *const *name = neume_preset_names(); *name; name++, count++) {
        neume_train_options options;
        neume_corpus_options corpus = neume_corpus_options_default();
        neume_error error;
        assert_int_equal(neume_train_options_preset(&options, &corpus, *name, &error), NEUME_OK);
        assert_string_equal(options.preset, *name);
        assert_int_equal(nm_settings_check(&options, &error), NEUME_OK);
        neume_context *context = test_context(1, NEUME_ISA_C, NULL);
        neume_codec *made = NULL;
        assert_int_equal(neume_codec_new(&made, context, &corpus.codec, &error), NEUME_OK);
        neume_codec_free(made);
        neume_context_free(context);
    }
    assert_true(count > 0);
}

static void chords_is_the_network_of_the_first_system(void **state) {
    (void)state;
    neume_train_options options;
    neume_corpus_options corpus = neume_corpus_options_default();
    assert_int_equal(neume_train_options_preset(&options, &corpus, "chords", NULL), NEUME_OK);
    assert_string_equal(corpus.codec.name, "word");
    assert_int_equal(options.network.layer_count, 2);
    assert_int_equal(options.network.layers[0], 512);
    assert_int_equal(options.network.layers[1], 512);
    assert_int_equal(options.network.trunk, 256);
    assert_int_equal(options.seed, 1);
    assert_int_equal(options.epochs, 0);
    assert_true(options.usual_epochs > 0);
}

static void refuses_an_unknown_preset_by_name(void **state) {
    (void)state;
    neume_train_options options;
    neume_corpus_options corpus = neume_corpus_options_default();
    neume_error error;
    assert_int_equal(neume_train_options_preset(&options, &corpus, "polka", &error),
                     NEUME_BAD_USAGE);
    assert_non_null(strstr(error.line, "polka"));
    assert_non_null(strstr(error.line, "chords"));
}

static void refuses_what_is_out_of_range(void **state) {
    (void)state;
    neume_train_options good;
    neume_corpus_options corpus = neume_corpus_options_default();
    assert_int_equal(neume_train_options_preset(&good, &corpus, "chords", NULL), NEUME_OK);
    neume_train_options bad[10];
    for (size_t i = 0; i < 10; i++)
        bad[i] = good;
    bad[0].batch = 0;
    bad[1].steps = 0;
    bad[2].regularisation.dropout = 1;
    bad[3].learning_rate = 0;
    bad[4].warmup = 1.5;
    bad[5].clip = -1;
    bad[6].ema = 1;
    bad[7].time_limit = -1;
    bad[8].learning_rate = (double)NAN;
    bad[9].usual_epochs = 0;
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(nm_settings_check(&bad[i], NULL), NEUME_BAD_USAGE);
}

static void numbers_survive_json(void **state) {
    (void)state;
    const uint64_t counts[] = {0, 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        json_t *value = nm_json_count(counts[i]);
        uint64_t back = 7;
        assert_true(nm_json_count_of(&back, value));
        assert_int_equal(back, counts[i]);
        json_decref(value);
    }
    json_t *none = nm_json_real(NAN);
    assert_true(json_is_null(none) && isnan(nm_json_real_of(none)));
    json_decref(none);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_is_a_preset_within_the_ranges),
        cmocka_unit_test(chords_is_the_network_of_the_first_system),
        cmocka_unit_test(refuses_an_unknown_preset_by_name),
        cmocka_unit_test(refuses_what_is_out_of_range),
        cmocka_unit_test(numbers_survive_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
