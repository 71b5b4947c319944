/* SPDX-License-Identifier: ISC */
#include "music_case.h"

#include "learn/network.h"

static neume_corpus *corpus_of(neume_context *context, const char *preset) {
    const music_plan plan = music_plan_of(preset);
    return music_corpus(context, &plan);
}

static void the_shape_is_what_codec_and_options_say(void **state) {
    neume_context *context = *state;
    neume_corpus *corpus = corpus_of(context, "streams");
    const neume_network_options options = {.embed = 5,
                                           .branch = 6,
                                           .layers = {7, 7},
                                           .layer_count = 2,
                                           .residual = true,
                                           .trunk = 8,
                                           .head = 9,
                                           .norm = NEUME_NORM_BATCH,
                                           .activation = NEUME_ACTIVATION_RELU};
    nm_network network;
    assert_int_equal(nm_network_init(&network, context, corpus->codec, &options, NULL), NEUME_OK);
    const nm_stack_shape *shape = &network.stack.shape;
    assert_int_equal(shape->stream_count, 4);
    for (unsigned s = 0; s < 4; s++)
        assert_int_equal(shape->vocabulary[s], neume_codec_word_count(corpus->codec, s));
    assert_int_equal(shape->feature_count, 0);
    assert_int_equal(shape->map_count, 0);
    assert_true(shape->embed == 5 && shape->branch == 6 && shape->trunk == 8 && shape->head == 9);
    assert_true(shape->layer_count == 2 && shape->layers[0] == 7 && shape->layers[1] == 7);
    assert_true(shape->has_residual && !shape->is_tied);
    assert_int_equal(shape->norm, NM_NORM_BATCH);
    assert_int_equal(shape->activation, NM_ACTIVATION_RELU);
    assert_non_null(nm_params_find(&network.stack.params, "branch.3.weight_hh"));
    assert_non_null(nm_params_find(&network.stack.params, "head.3.chain.2.weight"));
    nm_network_clear(&network, context);
    neume_corpus_free(corpus);
}

static void a_codec_with_maps_makes_a_structured_head(void **state) {
    neume_context *context = *state;
    neume_corpus *corpus = corpus_of(context, "frames");
    const neume_network_options options = {.embed = 4, .layers = {6}, .layer_count = 1};
    nm_network network;
    assert_int_equal(nm_network_init(&network, context, corpus->codec, &options, NULL), NEUME_OK);
    const nm_stack_shape *shape = &network.stack.shape;
    const uint32_t V = shape->vocabulary[0];
    assert_int_equal(shape->feature_count, nm_codec_feature_count(corpus->codec));
    assert_int_equal(shape->map_count, nm_codec_map_count(corpus->codec));
    uint32_t width = 0;
    for (unsigned m = 0; m < shape->map_count; m++) {
        uint32_t contexts, outputs;
        uint16_t *table = nm_codec_map(context, corpus->codec, m, &contexts, &outputs);
        assert_int_equal(shape->maps[m].context_count, contexts);
        assert_int_equal(shape->maps[m].width, outputs);
        assert_memory_equal(shape->maps[m].index, table, (size_t)contexts * V * sizeof *table);
        width += outputs;
        nm_free(context, table);
    }
    assert_int_equal(nm_params_find(&network.stack.params, "head.0.weight")->rows, width);
    nm_network_clear(&network, context);
    neume_corpus_free(corpus);
}

static void options_are_the_same_behind_json(void **state) {
    neume_context *context = *state;
    const neume_network_options all[] = {
        {.layers = {3}, .layer_count = 1},
        {.embed = 4, .layers = {3, 5, 4}, .layer_count = 3, .tied = true},
        {.embed = 8,
         .branch = 2,
         .layers = {1, 2, 3, 4, 5, 6, 7, 8},
         .layer_count = 8,
         .residual = true,
         .trunk = 3,
         .head = 9,
         .norm = NEUME_NORM_LAYER,
         .activation = NEUME_ACTIVATION_RELU},
        {.embed = 8, .layers = {6}, .layer_count = 1, .trunk = 3, .norm = NEUME_NORM_BATCH},
    };
    neume_corpus *corpus = corpus_of(context, "chords");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        nm_network network;
        neume_network_options back;
        neume_error error = {0};
        if (nm_network_init(&network, context, corpus->codec, &all[i], &error))
            fail_msg("network %zu: %s", i, error.line);
        json_t *object = nm_network_json(&network);
        assert_true(nm_network_read(&back, object));
        assert_memory_equal(&back, &all[i], sizeof back);
        json_decref(object);
        nm_network_clear(&network, context);
    }
    neume_corpus_free(corpus);
}

static json_t *good_object(void) {
    return json_pack("{s:s, s:i, s:i, s:[i, i], s:b, s:i, s:i, s:s, s:s, s:b}", "kind", "stack",
                     "embed", 4, "branch", 0, "layers", 3, 5, "residual", 0, "trunk", 0, "head", 0,
                     "norm", "none", "activation", "relu", "tied", 0);
}

static void refuses_json_that_is_not_whole(void **state) {
    (void)state;
    static const char *const bad[][2] = {
        {"kind", "\"heap\""},  {"kind", "1"},          {"embed", "-1"},
        {"embed", "4.0"},      {"embed", "16777217"},  {"branch", "\"2\""},
        {"trunk", "null"},     {"head", "[1]"},        {"layers", "[]"},
        {"layers", "[0]"},     {"layers", "[3, -1]"},  {"layers", "[16777217]"},
        {"layers", "[\"3\"]"}, {"layers", "3"},        {"layers", "[1,1,1,1,1,1,1,1,1]"},
        {"residual", "0"},     {"tied", "\"no\""},     {"norm", "\"lay\""},
        {"norm", "0"},         {"activation", "\"\""}, {"activation", "\"tanh\""},
    };
    neume_network_options options;
    json_t *object = good_object();
    assert_true(nm_network_read(&options, object));
    json_decref(object);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        object = good_object();
        json_object_set_new(object, bad[i][0], json_loads(bad[i][1], JSON_DECODE_ANY, NULL));
        if (nm_network_read(&options, object))
            fail_msg("%s: %s was read", bad[i][0], bad[i][1]);
        json_object_del(object, bad[i][0]);
        assert_false(nm_network_read(&options, object));
        json_decref(object);
    }
    assert_false(nm_network_read(&options, NULL));
}

static void refuses_options_that_do_not_go_together(void **state) {
    neume_context *context = *state;
    neume_corpus *words = corpus_of(context, "chords"), *streams = corpus_of(context, "streams");
    neume_corpus *frames = corpus_of(context, "frames");
    const struct {
        const neume_corpus *corpus;
        neume_network_options options;
        const char *line;
    } bad[] = {
        {words, {.layers = {4}, .layer_count = 0}, "0 layers: expected 1 to 8"},
        {words, {.layers = {4}, .layer_count = 9}, "9 layers: expected 1 to 8"},
        {words, {.layers = {4, 0}, .layer_count = 2}, "a layer is 0"},
        {words, {.embed = 3, .layers = {4}, .layer_count = 1, .tied = true}, "a tied head"},
        {streams, {.layers = {4}, .layer_count = 1}, "several words, expected an embedding"},
        {streams, {.embed = 4, .layers = {4}, .layer_count = 1, .tied = true}, "several streams"},
        {frames, {.layers = {4}, .layer_count = 1}, "several words, expected an embedding"},
        {frames, {.embed = 4, .layers = {4}, .layer_count = 1, .tied = true}, "structured and"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nm_network network;
        neume_error error = {0};
        assert_true(nm_network_init(&network, context, bad[i].corpus->codec, &bad[i].options,
                                    &error) != NEUME_OK);
        if (!strstr(error.line, bad[i].line))
            fail_msg("%zu: %s", i, error.line);
        nm_network_clear(&network, context);
    }
    neume_corpus_free(words);
    neume_corpus_free(streams);
    neume_corpus_free(frames);
}

static void a_codec_of_rolls_makes_a_biaxial_network(void **state) {
    neume_context *context = *state;
    for (neume_onsets onsets = NEUME_ONSETS_KEEP; onsets <= NEUME_ONSETS_DROP; onsets++) {
        music_plan plan = music_plan_of("biaxial");
        plan.codec.onsets = onsets;
        plan.codec.pitch_range = (neume_pitch_range){30, 49};
        neume_corpus *corpus = music_corpus(context, &plan);
        const neume_network_options options = {.time_layers = {5, 4},
                                               .time_count = 2,
                                               .note_layers = {3},
                                               .note_count = 1,
                                               .pitch_inputs = NEUME_PITCH_INPUTS_RELATIVE};
        nm_network network;
        assert_int_equal(nm_network_init(&network, context, corpus->codec, &options, NULL),
                         NEUME_OK);
        const nm_biaxial_shape *shape = &network.biaxial.shape;
        assert_true(network.is_biaxial && !shape->has_absolute);
        assert_true(shape->first == 30 && shape->key_count == 20);
        assert_int_equal(shape->bits, onsets == NEUME_ONSETS_KEEP ? 2 : 1);
        assert_true(shape->window == 25 && shape->period == 12 && shape->place_bits == 4);
        assert_true(shape->time_count == 2 && shape->time_layers[1] == 4);
        assert_true(shape->note_count == 1 && shape->note_layers[0] == 3);
        assert_non_null(nm_params_find(nm_network_params(&network), "note.0.weight_hh"));
        nm_network_clear(&network, context);
        neume_corpus_free(corpus);
    }
}

static void options_of_a_biaxial_network_are_the_same_behind_json(void **state) {
    neume_context *context = *state;
    const neume_network_options all[] = {
        {.time_layers = {3}, .time_count = 1, .note_layers = {2}, .note_count = 1},
        {.time_layers = {1, 2, 3, 4},
         .time_count = 4,
         .note_layers = {4, 3, 2, 1},
         .note_count = 4,
         .pitch_inputs = NEUME_PITCH_INPUTS_RELATIVE},
    };
    static const char *const bad[][2] = {
        {"kind", "\"stack\""},          {"time_layers", "[]"},       {"time_layers", "[0]"},
        {"time_layers", "[1,1,1,1,1]"}, {"note_layers", "3"},        {"note_layers", "[16777217]"},
        {"note_layers", "[1,1,1,1,1]"}, {"pitch_inputs", "\"all\""}, {"pitch_inputs", "0"}};
    neume_corpus *corpus = corpus_of(context, "biaxial");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        nm_network network;
        neume_network_options back;
        assert_int_equal(nm_network_init(&network, context, corpus->codec, &all[i], NULL),
                         NEUME_OK);
        json_t *object = nm_network_json(&network);
        assert_true(nm_network_read(&back, object));
        assert_memory_equal(&back, &all[i], sizeof back);
        assert_int_equal(json_integer_value(json_object_get(object, "first_key")), 24);
        assert_int_equal(json_integer_value(json_object_get(object, "keys")), 78);
        assert_int_equal(json_integer_value(json_object_get(object, "bits")), 2);
        for (size_t b = 0; b < sizeof bad / sizeof *bad; b++) {
            json_t *wrong = json_deep_copy(object);
            json_object_set_new(wrong, bad[b][0], json_loads(bad[b][1], JSON_DECODE_ANY, NULL));
            if (nm_network_read(&back, wrong))
                fail_msg("%s: %s was read", bad[b][0], bad[b][1]);
            json_object_del(wrong, bad[b][0]);
            assert_false(nm_network_read(&back, wrong));
            json_decref(wrong);
        }
        json_decref(object);
        nm_network_clear(&network, context);
    }
    neume_corpus_free(corpus);
}

static void refuses_parts_of_the_other_kind_of_network(void **state) {
    neume_context *context = *state;
    neume_corpus *words = corpus_of(context, "chords"), *rolls = corpus_of(context, "biaxial");
#define AXES .time_layers = {4}, .time_count = 1, .note_layers = {3}, .note_count = 1
    static const char other[] = "embedding, layers, trunk or head: of words alone, expected layers "
                                "along time and along the keys";
    const struct {
        const neume_corpus *corpus;
        neume_network_options options;
        const char *line;
    } bad[] = {
        {rolls, {AXES, .embed = 2}, other},
        {rolls, {AXES, .branch = 2}, other},
        {rolls, {AXES, .layers = {2}, .layer_count = 1}, other},
        {rolls, {AXES, .residual = true}, other},
        {rolls, {AXES, .trunk = 2}, other},
        {rolls, {AXES, .head = 2}, other},
        {rolls, {AXES, .norm = NEUME_NORM_LAYER}, other},
        {rolls, {AXES, .activation = NEUME_ACTIVATION_RELU}, other},
        {rolls, {AXES, .tied = true}, other},
        {rolls,
         {.time_layers = {4}, .time_count = 1},
         "1 layers along time and 0 along the keys: expected 1 to 4 of each"},
        {rolls,
         {.note_layers = {4}, .note_count = 5, .time_count = 1},
         "1 layers along time and 5 along the keys: expected 1 to 4 of each"},
        {words,
         {.layers = {3}, .layer_count = 1, .time_count = 1},
         "layers along time or the keys: of a piano roll alone, expected layers"},
        {words,
         {.layers = {3}, .layer_count = 1, .note_count = 1},
         "layers along time or the keys: of a piano roll alone, expected layers"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nm_network network;
        neume_error error = {0};
        assert_int_equal(
            nm_network_init(&network, context, bad[i].corpus->codec, &bad[i].options, &error),
            NEUME_BAD_USAGE);
        assert_string_equal(error.line, bad[i].line);
        nm_network_clear(&network, context);
    }
    neume_corpus_free(words);
    neume_corpus_free(rolls);
}

static neume_status make_and_clear(neume_context *context, void *data) {
    const neume_corpus *corpus = data;
    const neume_network_options options = {.embed = 4, .layers = {6}, .layer_count = 1};
    nm_network network;
    const neume_status status = nm_network_init(&network, context, corpus->codec, &options, NULL);
    nm_network_clear(&network, context);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    neume_corpus *corpus = corpus_of(*state, "frames");
    test_each_allocation_failing(make_and_clear, corpus);
    neume_corpus_free(corpus);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shape_is_what_codec_and_options_say),
        cmocka_unit_test(a_codec_with_maps_makes_a_structured_head),
        cmocka_unit_test(options_are_the_same_behind_json),
        cmocka_unit_test(refuses_json_that_is_not_whole),
        cmocka_unit_test(refuses_options_that_do_not_go_together),
        cmocka_unit_test(a_codec_of_rolls_makes_a_biaxial_network),
        cmocka_unit_test(options_of_a_biaxial_network_are_the_same_behind_json),
        cmocka_unit_test(refuses_parts_of_the_other_kind_of_network),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
