/* SPDX-License-Identifier: ISC */
#include "model_case.h"

static void a_saved_model_is_loaded_as_it_was(void **state) {
    (void)state;
    model_case c = model_case_new();
    neume_model *loaded;
    neume_error error = {0};
    uint64_t hash;
    if (neume_model_load(&loaded, c.folder.context, c.path, &error))
        fail_msg("%s", error.line);
    assert_string_equal(neume_model_preset(loaded), "chords");
    const nm_params *params = nm_model_params(c.model), *there = nm_model_params(loaded);
    assert_int_equal(loaded->network.stack.shape.vocabulary[0],
                     c.model->network.stack.shape.vocabulary[0]);
    assert_int_equal(there->count, params->count);
    assert_int_equal(there->size, params->size);
    assert_memory_equal(loaded->weights, c.model->weights, params->size * sizeof *loaded->weights);
    assert_int_equal(neume_model_parameter_count(loaded), nm_params_count_reals(params));
    assert_true(neume_model_temperature(loaded) == 1);
    assert_int_equal(nm_model_hash_weights(&hash, c.model, c.model->weights), NEUME_OK);
    assert_int_equal(neume_model_hash(loaded), hash);
    assert_int_equal(loaded->pieces.trained_count, 7);
    assert_int_equal(loaded->pieces.validated_count, 3);
    for (size_t i = 0; i < c.corpus->file_count; i++)
        assert_int_equal(nm_model_split_of(loaded, c.corpus->files[i].hash),
                         c.corpus->files[i].split);
    assert_int_equal(nm_model_split_of(loaded, 1), NEUME_SPLIT_NONE);
    assert_string_equal(loaded->report, c.model->report);
    const uint32_t words = neume_codec_word_count(c.corpus->codec, 0);
    assert_int_equal(neume_codec_word_count(neume_model_codec(loaded), 0), words);
    for (uint32_t w = 0; w < words; w++)
        assert_string_equal(neume_codec_word(neume_model_codec(loaded), 0, w),
                            neume_codec_word(c.corpus->codec, 0, w));
    neume_model_free(loaded);
    model_case_clear(&c);
}

static void the_baselines_of_a_loaded_model_are_those_of_its_training(void **state) {
    (void)state;
    model_case c = model_case_new();
    neume_model *loaded;
    assert_int_equal(neume_model_load(&loaded, c.folder.context, c.path, NULL), NEUME_OK);
    for (size_t i = 0; i < c.corpus->valid_count; i++) {
        const neume_sequence *piece = &c.corpus->valid[i].sequence;
        nm_baseline_sums before = {0}, after = {0};
        nm_baseline_add(&before, c.model->ngrams, c.corpus->codec, piece);
        nm_baseline_add(&after, loaded->ngrams, loaded->codec, piece);
        assert_memory_equal(&before, &after, sizeof before);
        assert_true(before.trigram > 0);
    }
    neume_model_free(loaded);
    model_case_clear(&c);
}

static void a_model_says_what_it_is(void **state) {
    (void)state;
    model_case c = model_case_new();
    neume_model *loaded;
    assert_int_equal(neume_model_load(&loaded, c.folder.context, c.path, NULL), NEUME_OK);
    const char *text = neume_model_description(loaded);
    const char *const parts[] = {"{\"format\":1,\"neume\":\"" NEUME_VERSION "\"",
                                 "\"kind\":\"model\"",
                                 "\"isa\":\"c\"",
                                 "\"preset\":\"chords\"",
                                 "\"codec\":{\"name\":\"word\"",
                                 "\"network\":{\"kind\":\"stack\",\"vocabulary\":[",
                                 "],\"features\":[],\"embed\":3,\"branch\":0,\"layers\":[4,5],"
                                 "\"residual\":false,\"trunk\":1,\"head\":0,\"norm\":\"none\","
                                 "\"activation\":\"none\",\"tied\":false}",
                                 "\"training\":{\"settings\":{\"seed\":11}}",
                                 "\"ancestry\":[]}"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_non_null(strstr(text, parts[i]));
    neume_model_free(loaded);
    model_case_clear(&c);
}

/* Not nm_file_write, which waits for the disk. */
static void put_bytes(const char *path, const uint8_t *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Whether what is at the path was loaded; a refusal is one line that begins with the path. */
static bool loads(const model_case *c) {
    neume_model *loaded;
    neume_error error = {0};
    const neume_status status = neume_model_load(&loaded, c->folder.context, c->path, &error);
    if (status == NEUME_OK) {
        neume_model_free(loaded);
        return true;
    }
    assert_int_equal(status, NEUME_BAD_MODEL);
    assert_int_equal(error.status, NEUME_BAD_MODEL);
    assert_null(loaded);
    assert_null(strchr(error.line, '\n'));
    assert_int_equal(strncmp(error.line, c->path, strlen(c->path)), 0);
    return false;
}

static void refuses_every_truncation(void **state) {
    (void)state;
    model_case c = model_case_new();
    nm_buffer bytes = nm_buffer_on(c.folder.context);
    assert_int_equal(nm_file_read(&bytes, c.path, 1 << 20, NULL), NEUME_OK);
    for (size_t size = 0; size < bytes.size; size += size < 600 ? 1 : 13) {
        put_bytes(c.path, bytes.data, size);
        assert_false(loads(&c));
    }
    put_bytes(c.path, bytes.data, bytes.size);
    assert_true(loads(&c));
    nm_buffer_clear(&bytes);
    model_case_clear(&c);
}

static void survives_every_flipped_byte(void **state) {
    (void)state;
    model_case c = model_case_new();
    nm_buffer bytes = nm_buffer_on(c.folder.context);
    size_t refused = 0;
    assert_int_equal(nm_file_read(&bytes, c.path, 1 << 20, NULL), NEUME_OK);
    for (size_t i = 0; i < bytes.size; i++) {
        const uint8_t flip = (uint8_t)(1 << i % 8);
        bytes.data[i] ^= flip;
        put_bytes(c.path, bytes.data, bytes.size);
        refused += !loads(&c);
        bytes.data[i] ^= flip;
    }
    assert_true(refused > bytes.size / 4);
    nm_buffer_clear(&bytes);
    model_case_clear(&c);
}

/* The saved model with one thing changed: in its metadata, `from` becomes `to`; the tensor `tensor`
 * loses its last element, or its name where that is all it has. */
typedef struct change {
    const char *from, *to, *tensor, *expected;
} change;

static void save_changed(const model_case *c, const nm_tensor_file *file, const change *what) {
    char metadata[4096];
    const char *at = what->from ? strstr(file->metadata, what->from) : NULL;
    assert_true(at || !what->from);
    if (at)
        snprintf(metadata, sizeof metadata, "%.*s%s%s", (int)(at - file->metadata), file->metadata,
                 what->to, at + strlen(what->from));
    for (size_t i = 0; i < file->count; i++) {
        nm_tensor *tensor = &file->tensors[i];
        if (!what->tensor || strcmp(tensor->name, what->tensor) != 0)
            continue;
        tensor->size -= tensor->size / tensor->shape[0];
        tensor->shape[0]--;
    }
    assert_int_equal(nm_tensor_file_save(c->path, c->folder.context, file->tensors, file->count,
                                         at ? metadata : file->metadata, NULL),
                     NEUME_OK);
}

static void refuses_what_does_not_fit_in_one_clear_line(void **state) {
    (void)state;
    static const change changes[] = {
        {"\"format\":1", "\"format\":2", NULL,
         ": written by a newer neume (format 2), this one reads up to 1"},
        {"\"format\":1", "\"format\":\"1\"", NULL, ": its metadata have no format and kind"},
        {"\"kind\":\"model\"", "\"kind\":\"checkpoint\"", NULL, ": a checkpoint, expected a model"},
        {"{\"format\"", "[{\"format\"", NULL, ": its metadata are no JSON object"},
        {"\"preset\"", "\"was\"", NULL, ": its metadata have no preset"},
        {"\"kind\":\"stack\"", "\"kind\":\"heap\"", NULL, "no network of this neume"},
        {"\"layers\":[4,5]", "\"layers\":[4,-5]", NULL, "no network of this neume"},
        {"\"layers\":[4,5]", "\"layers\":[4,6]", NULL, ": it has no lstm.1.weight_ih of 24 x 4"},
        {"\"layers\":[4,5]", "\"layers\":[4,5,5]", NULL, ": it has no lstm.2.weight_ih of 20 x 5"},
        {"\"trunk\":1", "\"trunk\":100000000", NULL, "no network of this neume"},
        {"\"vocabulary\":[", "\"vocabulary\":[1,", NULL,
         ": its network knows 1 words, its vocabulary has "},
        {"\"norm\":\"none\"", "\"norm\":\"any\"", NULL, "no network of this neume"},
        {"\"tied\":false", "\"tied\":0", NULL, "no network of this neume"},
        {"\"tied\":false", "\"tied\":true", NULL, "network: "},
        {"\"name\":\"word\"", "\"name\":\"ward\"", NULL, "codec settings: "},
        {NULL, NULL, "data.vocabulary", "vocabulary"},
        {NULL, NULL, "data.split", ": data.split is not a list of hashes"},
        {NULL, NULL, "data.ngrams.0", ": n-grams: "},
        {NULL, NULL, "lstm.0.bias", ": it has no lstm.0.bias of 1 x 16"},
        {NULL, NULL, "head.0.weight", ": it has no head.0.weight of "},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        model_case c = model_case_new();
        nm_tensor_file file;
        neume_model *loaded;
        neume_error error = {0};
        assert_int_equal(nm_tensor_file_load(&file, c.folder.context, c.path, NULL), NEUME_OK);
        save_changed(&c, &file, &changes[i]);
        nm_tensor_file_clear(&file);
        assert_int_equal(neume_model_load(&loaded, c.folder.context, c.path, &error),
                         NEUME_BAD_MODEL);
        if (!strstr(error.line, changes[i].expected))
            fail_msg("%s\nexpected: %s", error.line, changes[i].expected);
        model_case_clear(&c);
    }
}

static neume_file_kind kind_of(const model_case *c, const char *path) {
    neume_file_kind kind;
    assert_int_equal(neume_file_kind_of(&kind, c->folder.context, path, NULL), NEUME_OK);
    return kind;
}

static void tells_what_a_file_is(void **state) {
    (void)state;
    model_case c = model_case_new();
    const float number = 1;
    const nm_tensor tensor = {"x", NM_F32, 1, {1}, &number, sizeof number};
    neume_file_kind kind;
    assert_int_equal(kind_of(&c, c.path), NEUME_KIND_MODEL);
    assert_int_equal(kind_of(&c, test_path(&c.folder, "1.mid")), NEUME_KIND_MIDI);
    assert_int_equal(nm_tensor_file_save(c.path, c.folder.context, &tensor, 1,
                                         "{\"kind\":\"checkpoint\"}", NULL),
                     NEUME_OK);
    assert_int_equal(kind_of(&c, c.path), NEUME_KIND_CHECKPOINT);
    assert_int_equal(nm_tensor_file_save(c.path, c.folder.context, &tensor, 1, "[]", NULL),
                     NEUME_OK);
    assert_int_equal(kind_of(&c, c.path), NEUME_KIND_OTHER);
    put_bytes(c.path, (const uint8_t *)"text", 4);
    assert_int_equal(kind_of(&c, c.path), NEUME_KIND_OTHER);
    assert_int_equal(neume_file_kind_of(&kind, c.folder.context, "/nowhere/x", NULL),
                     NEUME_BAD_INPUT);
    model_case_clear(&c);
}

static void refuses_a_missing_file_and_one_of_another_program(void **state) {
    (void)state;
    model_case c = model_case_new();
    put_bytes(c.path, (const uint8_t *)"MThd, or so", 11);
    assert_false(loads(&c));
    static const char foreign[] =
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
    nm_buffer bytes = nm_buffer_on(c.folder.context);
    nm_write_u64_le(&bytes, sizeof foreign - 1);
    nm_write_text(&bytes, foreign);
    nm_write_u32_le(&bytes, 0);
    put_bytes(c.path, bytes.data, bytes.size);
    nm_buffer_clear(&bytes);
    assert_false(loads(&c));
    unlink(c.path);
    assert_false(loads(&c));
    model_case_clear(&c);
}

static void refuses_a_network_whose_parts_do_not_go_together(void **state) {
    (void)state;
    model_case c = model_case_new();
    const neume_network_options bad[] = {
        {.layers = {4}, .layer_count = 0},
        {.layers = {4}, .layer_count = NEUME_MAX_LAYERS + 1},
        {.layers = {0}, .layer_count = 1},
        {.embed = 4, .layers = {5}, .layer_count = 1, .tied = true},
        {.layers = {5}, .layer_count = 1, .tied = true},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        neume_model *model;
        neume_error error = {0};
        assert_int_equal(nm_model_new(&model, c.corpus, "chords", &bad[i], &error),
                         NEUME_BAD_USAGE);
        assert_true(error.line[0]);
        assert_null(model);
    }
    model_case_clear(&c);
}

static neume_status make_save_and_load(neume_context *context, void *data) {
    const model_case *c = data;
    neume_corpus *corpus = NULL;
    neume_model *model = NULL, *loaded = NULL;
    neume_status status = model_case_load(&corpus, context, &c->folder);
    if (!status)
        status = model_case_model(&model, corpus);
    if (!status)
        status = model_case_save(model, c->path);
    if (!status)
        status = neume_model_load(&loaded, context, c->path, NULL);
    neume_model_free(loaded);
    neume_model_free(model);
    neume_corpus_free(corpus);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    model_case c = model_case_new();
    for (unsigned i = 3; i < 10; i++) {
        char name[32];
        snprintf(name, sizeof name, "%u.mid", i);
        unlink(test_path(&c.folder, name));
    }
    test_each_allocation_failing(make_save_and_load, &c);
    model_case_clear(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_saved_model_is_loaded_as_it_was),
        cmocka_unit_test(the_baselines_of_a_loaded_model_are_those_of_its_training),
        cmocka_unit_test(a_model_says_what_it_is),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(survives_every_flipped_byte),
        cmocka_unit_test(refuses_what_does_not_fit_in_one_clear_line),
        cmocka_unit_test(tells_what_a_file_is),
        cmocka_unit_test(refuses_a_missing_file_and_one_of_another_program),
        cmocka_unit_test(refuses_a_network_whose_parts_do_not_go_together),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
