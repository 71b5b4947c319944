/* SPDX-License-Identifier: ISC */
/* Made-up corpora of a few words, and models of them: a parent's, and a child's that starts from
 * it. */
#ifndef NM_TEST_HEIR_CASE_H
#define NM_TEST_HEIR_CASE_H

#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "learn/corpus_split.h"
#include "learn/inherit.h"

#include <string.h>

enum { MOST_PIECES = 8 };

/* Pieces of a codec; each "folder: words" or just words. */
typedef struct heir_music {
    const char *codec;
    const char *pieces[MOST_PIECES];
} heir_music;

static inline void add_piece(neume_corpus *corpus, const char *text, uint64_t hash) {
    const char *colon = strchr(text, ':');
    nm_piece *piece = &corpus->train[corpus->train_count++];
    *piece = (nm_piece){.hash = hash, .folder = ""};
    if (colon) {
        corpus->folders[piece - corpus->train] =
            nm_copy_text(corpus->context, text, (size_t)(colon - text));
        piece->folder = corpus->folders[piece - corpus->train];
    }
    neume_error error = {0};
    if (neume_codec_parse(&piece->sequence, corpus->codec, colon ? colon + 1 : text, &error))
        fail_msg("%s", error.line);
}

/* Freed with heir_corpus_free. */
static inline neume_corpus *heir_corpus(neume_context *context, const heir_music *music,
                                        const neume_model *init) {
    neume_corpus *corpus = nm_alloc(context, 1, sizeof *corpus);
    neume_codec_options options = neume_codec_options_default();
    options.name = music->codec;
    *corpus = (neume_corpus){
        .context = context, .owns_codec = true, .found.context = context, .init = init};
    corpus->train = nm_alloc(context, MOST_PIECES, sizeof *corpus->train);
    corpus->valid = nm_alloc(context, 1, sizeof *corpus->valid);
    corpus->folders = nm_alloc(context, MOST_PIECES, sizeof *corpus->folders);
    assert_int_equal(neume_codec_new(&corpus->codec, context, &options, NULL), NEUME_OK);
    if (init)
        assert_int_equal(nm_codec_begin_with(corpus->codec, init->codec, NULL), NEUME_OK);
    for (size_t i = 0; i < MOST_PIECES && music->pieces[i]; i++)
        add_piece(corpus, music->pieces[i], i + 1);
    if (corpus->train[0].folder[0])
        assert_int_equal(
            nm_labels_collect(&corpus->labels, context, corpus->train, corpus->train_count, NULL),
            NEUME_OK);
    if (init)
        assert_int_equal(nm_labels_add(&corpus->labels, context, &init->labels, NULL), NEUME_OK);
    assert_int_equal(nm_corpus_close(corpus), NEUME_OK);
    return corpus;
}

static inline void heir_corpus_free(neume_corpus *corpus) {
    for (size_t i = 0; i < corpus->train_count; i++)
        nm_free(corpus->context, corpus->folders[i]);
    neume_corpus_free(corpus);
}

/* Weights drawn at random, so that no two are alike. */
static inline neume_model *heir_model(const neume_corpus *corpus,
                                      const neume_network_options *network) {
    neume_model *model = NULL;
    neume_error error = {0};
    if (nm_model_new(&model, corpus, "chords", network, &error))
        fail_msg("%s", error.line);
    const nm_params *params = nm_model_params(model);
    for (size_t p = 0; p < params->count; p++)
        for (size_t i = 0; i < params->table[p].rows * params->table[p].columns; i++)
            model->weights[params->table[p].offset + i] =
                (real)(0.3 * nm_random_normal(9, NM_PURPOSE_TEST, p, i));
    return model;
}

/* A parent and its child, with first weights. */
typedef struct heir_case {
    neume_context *context;
    neume_corpus *parents_corpus, *corpus;
    neume_model *parent, *child;
} heir_case;

static inline heir_case heir_case_new(const heir_music *before, const heir_music *after,
                                      const neume_network_options *network) {
    heir_case c = {.context = test_context(1, NEUME_ISA_C, NULL)};
    neume_error error = {0};
    c.parents_corpus = heir_corpus(c.context, before, NULL);
    c.parent = heir_model(c.parents_corpus, network);
    c.corpus = heir_corpus(c.context, after, c.parent);
    c.child = heir_model(c.corpus, network);
    if (nm_inherit_check(c.child, c.parent, &error))
        fail_msg("%s", error.line);
    nm_inherit_weights(c.child, c.parent, (const uint64_t *const *)c.corpus->word_counts);
    return c;
}

static inline void heir_case_clear(heir_case *c) {
    neume_model_free(c->child);
    heir_corpus_free(c->corpus);
    neume_model_free(c->parent);
    heir_corpus_free(c->parents_corpus);
    neume_context_free(c->context);
}

#endif
