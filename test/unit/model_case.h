/* SPDX-License-Identifier: ISC */
/* A folder of tunes, the corpus below it and a small model with first weights, for tests of models
 * and of what is done with them. */
#ifndef NM_TEST_MODEL_CASE_H
#define NM_TEST_MODEL_CASE_H

#include "folder.h"

#include "base/mem.h"
#include "learn/model.h"

typedef struct model_case {
    test_folder folder, models;
    neume_corpus *corpus;
    neume_model *model;
    char path[128]; /* of a saved model, in `models` */
} model_case;

static inline neume_status model_case_load(neume_corpus **out, neume_context *context,
                                           const test_folder *folder) {
    const char *path = folder->path;
    neume_corpus_options options = neume_corpus_options_default();
    options.valid_count = 3;
    return neume_corpus_load(out, context, &options, (neume_inputs){&path, 1}, NULL);
}

static inline neume_status model_case_model(neume_model **out, const neume_corpus *corpus) {
    const neume_network_options network = {
        .embed = 3, .layers = {4, 5}, .layer_count = 2, .trunk = 1};
    const neume_status status = nm_model_new(out, corpus, "chords", &network, NULL);
    if (!status)
        nm_stack_init_weights(&(*out)->network.stack, (*out)->weights, 11);
    return status;
}

static inline neume_status model_case_save(const neume_model *model, const char *path) {
    json_t *training = json_pack("{s:{s:i}}", "settings", "seed", 11);
    const neume_status status = nm_model_save(model, model->weights, training, path, NULL);
    json_decref(training);
    return status;
}

static inline model_case model_case_new(void) {
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    model_case c = {.folder = test_folder_new(context), .models = test_folder_new(context)};
    for (unsigned i = 0; i < 10; i++) {
        char name[32];
        snprintf(name, sizeof name, "%u.mid", i);
        test_put_tune(&c.folder, name, i, 12 + i);
    }
    snprintf(c.path, sizeof c.path, "%s/m.neume", c.models.path);
    assert_int_equal(model_case_load(&c.corpus, context, &c.folder), NEUME_OK);
    assert_int_equal(model_case_model(&c.model, c.corpus), NEUME_OK);
    assert_int_equal(model_case_save(c.model, c.path), NEUME_OK);
    return c;
}

static inline void model_case_clear(model_case *c) {
    neume_model_free(c->model);
    neume_corpus_free(c->corpus);
    test_folder_remove(&c->folder);
    test_folder_remove(&c->models);
    neume_context_free(c->folder.context);
}

#endif
