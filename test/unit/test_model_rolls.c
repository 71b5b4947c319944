/* SPDX-License-Identifier: ISC */
/* Files of models of rolls. */
#include "folder.h"
#include "roll_case.h"

#include "music/codec_kind.h"

#include <unistd.h>

typedef struct file_case {
    roll_case rolls;
    test_folder folder;
    char path[128];
} file_case;

static neume_status save(const neume_model *model, const char *path) {
    json_t *training = json_pack("{s:{s:i}}", "settings", "seed", 11);
    const neume_status status = nm_model_save(model, model->weights, training, path, NULL);
    json_decref(training);
    return status;
}

static file_case open_case(neume_onsets onsets) {
    file_case c = {.rolls = roll_case_new(onsets, 40, 80)};
    c.folder = test_folder_new(c.rolls.context);
    snprintf(c.path, sizeof c.path, "%s/m.neume", c.folder.path);
    assert_int_equal(save(c.rolls.model, c.path), NEUME_OK);
    return c;
}

static void close_case(file_case *c) {
    test_folder_remove(&c->folder);
    roll_case_clear(&c->rolls);
}

static void a_saved_model_is_loaded_as_it_was(void **state) {
    (void)state;
    for (neume_onsets onsets = NEUME_ONSETS_KEEP; onsets <= NEUME_ONSETS_DROP; onsets++) {
        file_case c = open_case(onsets);
        const neume_model *model = c.rolls.model;
        neume_model *loaded;
        neume_error error = {0};
        uint64_t hash;
        if (neume_model_load(&loaded, c.rolls.context, c.path, &error))
            fail_msg("%s", error.line);
        const size_t size = nm_model_params(model)->size;
        assert_int_equal(nm_model_params(loaded)->size, size);
        assert_memory_equal(loaded->weights, model->weights, size * sizeof *model->weights);
        assert_memory_equal(loaded->keys, model->keys, sizeof *model->keys);
        json_t *network = nm_network_json(&model->network);
        json_t *again = nm_network_json(&loaded->network);
        assert_true(json_equal(network, again));
        json_decref(network);
        json_decref(again);
        assert_int_equal(nm_model_hash_weights(&hash, model, model->weights), NEUME_OK);
        assert_int_equal(neume_model_hash(loaded), hash);
        const neume_codec_options *codec = neume_codec_options_of(neume_model_codec(loaded));
        assert_true(codec->onsets == onsets && codec->grid == 4);
        assert_true(codec->pitch_range.low == 40 && codec->pitch_range.high == 80);
        for (unsigned s = 0; s < NEUME_MAX_STREAMS; s++)
            assert_true(!loaded->ngrams[s]);
        assert_int_equal(nm_model_split_of(loaded, 1), NEUME_SPLIT_TRAIN);
        assert_int_equal(nm_model_split_of(loaded, 101), NEUME_SPLIT_VALID);
        neume_model_free(loaded);
        close_case(&c);
    }
}

static void the_baselines_are_counted_on_the_training_pieces_alone(void **state) {
    (void)state;
    file_case c = open_case(NEUME_ONSETS_KEEP);
    const neume_corpus *corpus = c.rolls.corpus;
    nm_key_counts *counts = nm_alloc(c.rolls.context, 1, sizeof *counts);
    for (size_t i = 0; i < corpus->train_count; i++)
        nm_key_counts_add(counts, &corpus->train[i].sequence);
    assert_memory_equal(counts, c.rolls.model->keys, sizeof *counts);
    nm_baseline_sums a = {0}, b = {0};
    nm_model_baseline(&a, c.rolls.model, &corpus->valid[0].sequence);
    nm_key_counts_score(&b, counts, corpus->codec, &corpus->valid[0].sequence);
    assert_memory_equal(&a, &b, sizeof a);
    assert_true(a.trigram < a.unigram && a.unigram < a.uniform);
    nm_free(c.rolls.context, counts);
    close_case(&c);
}

/* A text of the metadata becomes another, or a tensor loses its last row or gets other bytes. */
typedef struct change {
    const char *from, *to, *tensor, *expected;
    bool is_filled;
} change;

static void change_tensor(nm_tensor *tensor, bool is_filled, uint8_t *bytes) {
    if (!is_filled) {
        tensor->size -= tensor->size / tensor->shape[0];
        tensor->shape[0]--;
        return;
    }
    memset(bytes, 0xFF, tensor->size);
    tensor->data = bytes;
}

static void save_changed(const file_case *c, nm_tensor_file *file, const change *what) {
    static uint8_t bytes[1 << 15];
    char metadata[4096];
    const char *at = what->from ? strstr(file->metadata, what->from) : NULL;
    assert_true(at || !what->from);
    if (at)
        snprintf(metadata, sizeof metadata, "%.*s%s%s", (int)(at - file->metadata), file->metadata,
                 what->to, at + strlen(what->from));
    for (size_t i = 0; i < file->count; i++)
        if (what->tensor && strcmp(file->tensors[i].name, what->tensor) == 0) {
            assert_true(file->tensors[i].size <= sizeof bytes);
            change_tensor(&file->tensors[i], what->is_filled, bytes);
        }
    assert_int_equal(nm_tensor_file_save(c->path, c->rolls.context, file->tensors, file->count,
                                         at ? metadata : file->metadata, NULL),
                     NEUME_OK);
}

static void refuses_what_does_not_fit_in_one_clear_line(void **state) {
    (void)state;
    static const change changes[] = {
        {NULL, NULL, "data.keys", ": key counts: not the counts of 128 keys", false},
        {NULL, NULL, "data.keys", ": key counts: not the counts of 128 keys", true},
        {NULL, NULL, "note.0.bias", ": it has no note.0.bias of 1 x 24", false},
        {"\"kind\":\"biaxial\"", "\"kind\":\"stack\"", NULL, "no network of this neume", false},
        {"\"time_layers\":[7,5]", "\"time_layers\":[7,6]", NULL,
         ": it has no time.1.weight_ih of 24 x 7", false},
        {"\"first_key\":40", "\"first_key\":41", NULL,
         ": its network has other keys than its codec's 40-80", false},
        {"\"keys\":41", "\"keys\":40", NULL, ": its network has other keys than its codec's 40-80",
         false},
        {"\"pitch_range\":[40,80]", "\"pitch_range\":[40,81]", NULL,
         ": its network has other keys than its codec's 40-81", false},
        {"\"onsets\":\"keep\"", "\"onsets\":\"drop\"", NULL, ": it has no time.0.weight_ih of 28 x",
         false},
        {"\"name\":\"roll\"", "\"name\":\"word\"", NULL, ": ", false},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        file_case c = open_case(NEUME_ONSETS_KEEP);
        nm_tensor_file file;
        neume_model *loaded;
        neume_error error = {0};
        assert_int_equal(nm_tensor_file_load(&file, c.rolls.context, c.path, NULL), NEUME_OK);
        save_changed(&c, &file, &changes[i]);
        nm_tensor_file_clear(&file);
        assert_int_equal(neume_model_load(&loaded, c.rolls.context, c.path, &error),
                         NEUME_BAD_MODEL);
        if (!strstr(error.line, changes[i].expected))
            fail_msg("%s\nexpected: %s", error.line, changes[i].expected);
        close_case(&c);
    }
}

static neume_status make_save_and_load(neume_context *context, void *data) {
    file_case *c = data;
    neume_context *own = c->rolls.corpus->context;
    neume_model *model = NULL, *loaded = NULL;
    c->rolls.corpus->context = c->rolls.corpus->codec->context = context;
    neume_status status = nm_model_new(&model, c->rolls.corpus, "biaxial", &roll_network, NULL);
    c->rolls.corpus->context = c->rolls.corpus->codec->context = own;
    if (!status)
        status = save(model, c->path);
    if (!status)
        status = neume_model_load(&loaded, context, c->path, NULL);
    neume_model_free(loaded);
    neume_model_free(model);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    file_case c = open_case(NEUME_ONSETS_KEEP);
    test_each_allocation_failing(make_save_and_load, &c);
    close_case(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_saved_model_is_loaded_as_it_was),
        cmocka_unit_test(the_baselines_are_counted_on_the_training_pieces_alone),
        cmocka_unit_test(refuses_what_does_not_fit_in_one_clear_line),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
