/* SPDX-License-Identifier: ISC */
#include "learn/corpus_init.h"

#include "base/error.h"
#include "base/mem.h"
#include "learn/model.h"

#include <stdlib.h>

/* The settings of a codec but for those that may change with the corpus. */
static json_t *settings_of(const neume_codec *codec, neume_context *context) {
    char *text = nm_codec_settings(codec);
    json_t *object = text ? json_loads(text, 0, NULL) : NULL;
    nm_free(context, text);
    (void)json_object_del(object, "shifts");
    (void)json_object_del(object, "grown");
    return object;
}

static neume_status fail_different(const char *key, const json_t *here, const json_t *there,
                                   neume_error *error) {
    char *ours = json_dumps(here, JSON_ENCODE_ANY), *its = json_dumps(there, JSON_ENCODE_ANY);
    const neume_status status =
        nm_fail(error, NEUME_BAD_USAGE,
                "codec: %s %s, but the model that training starts from has %s: expected the same",
                key, ours ? ours : "", its ? its : "");
    free(ours);
    free(its);
    return status;
}

neume_status nm_corpus_match_init(const neume_corpus *corpus, neume_error *error) {
    json_t *here = settings_of(corpus->codec, corpus->context);
    json_t *there = settings_of(corpus->init->codec, corpus->context);
    neume_status status = here && there ? NEUME_OK : nm_fail_memory(error, "codec");
    const char *key;
    json_t *value;
    if (!status)
        json_object_foreach(here, key, value) {
            const json_t *its = json_object_get(there, key);
            if (!status && !json_equal(value, its))
                status = fail_different(key, value, its, error);
        }
    json_decref(here);
    json_decref(there);
    return status;
}

static bool is_known(const neume_corpus *corpus, const nm_piece *piece) {
    return corpus->init && nm_model_split_of(corpus->init, piece->hash) == NEUME_SPLIT_TRAIN;
}

bool nm_corpus_can_validate(const neume_corpus *corpus, const nm_piece *piece) {
    return !is_known(corpus, piece);
}

static size_t count_known(const neume_corpus *corpus, const nm_piece *pieces, size_t count) {
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        known += is_known(corpus, &pieces[i]);
    return known;
}

void nm_corpus_tell_known(const neume_corpus *corpus) {
    const size_t trained = count_known(corpus, corpus->train, corpus->train_count);
    const size_t validated = count_known(corpus, corpus->valid, corpus->valid_count);
    if (trained)
        nm_log(
            corpus->context, NEUME_LOG_INFO,
            "init: %zu of %zu training pieces are known to the model, which was trained on them: "
            "none of them is held out",
            trained, corpus->train_count);
    if (validated)
        nm_log(corpus->context, NEUME_LOG_WARNING,
               "init: %zu of %zu validation pieces are known to the model, which was trained on "
               "them: their loss says little",
               validated, corpus->valid_count);
}
