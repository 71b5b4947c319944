/* SPDX-License-Identifier: ISC */
#include "learn/inherit.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A model and what it starts from. */
typedef struct heir {
    const nm_stack_shape *shape, *parent_shape;
    const nm_labels *labels, *parent_labels;
} heir;

static heir heir_of(const neume_model *model, const neume_model *parent) {
    return (heir){.shape = &model->network.stack.shape,
                  .parent_shape = &parent->network.stack.shape,
                  .labels = &model->labels,
                  .parent_labels = &parent->labels};
}

/* Where a row or a column of a parameter comes from in the parent's. */
typedef struct origin {
    size_t index;
    bool is_same; /* it is that one; otherwise it only starts like it */
    bool is_none; /* there is none to start like */
} origin;

static origin same(size_t index) {
    return (origin){.index = index, .is_same = true};
}

/* What the rows or the columns of a parameter stand for. */
typedef enum axis_kind { AXIS_UNITS, AXIS_WORDS, AXIS_WORDS_AND_BEGIN, AXIS_EMBEDDING } axis_kind;

typedef struct axis {
    axis_kind kind;
    unsigned stream;
} axis;

static origin word_origin(const heir *h, unsigned stream, size_t word) {
    if (word == h->shape->vocabulary[stream])
        return same(h->parent_shape->vocabulary[stream]); /* the begin input */
    return word < h->parent_shape->vocabulary[stream] ? same(word)
                                                      : (origin){.index = NM_WORD_UNKNOWN};
}

/* Row `value` of the labels' feature, whose rows in the parent begin at `first`. */
static origin label_origin(const heir *h, size_t first, size_t value) {
    if (h->parent_labels->count == 0)
        return (origin){.is_none = true};
    if (value == 0)
        return same(first);
    const uint32_t known = nm_labels_find(h->parent_labels, h->labels->names[value - 1]);
    return known ? same(first + known) : (origin){.index = first};
}

/* Rows stand stream after stream, each with its begin input, then feature after feature, the labels
 * last. */
static origin embedding_origin(const heir *h, size_t row) {
    const unsigned features = h->shape->feature_count - (h->labels->count > 0);
    size_t first = 0;
    for (unsigned s = 0; s < h->shape->stream_count; s++) {
        const size_t count = (size_t)h->shape->vocabulary[s] + 1;
        origin found = word_origin(h, s, row);
        found.index += first;
        if (row < count)
            return found;
        row -= count;
        first += (size_t)h->parent_shape->vocabulary[s] + 1;
    }
    for (unsigned f = 0; f < features; f++) {
        if (row < h->shape->features[f])
            return same(first + row);
        row -= h->shape->features[f];
        first += h->shape->features[f];
    }
    return label_origin(h, first, row);
}

static origin origin_of(const heir *h, axis of, size_t index) {
    if (of.kind == AXIS_UNITS)
        return same(index);
    return of.kind == AXIS_EMBEDDING ? embedding_origin(h, index)
                                     : word_origin(h, of.stream, index);
}

/* What a parameter's rows and columns are. */
typedef struct axes {
    axis rows, columns;
} axes;

static const axis units = {.kind = AXIS_UNITS};

static axis words(const nm_stack_shape *shape, unsigned stream) {
    return (axis){shape->map_count ? AXIS_UNITS : AXIS_WORDS, stream};
}

/* By the table of nn/stack.h. */
static axes axes_of(const heir *h, const char *name) {
    const axes plain = {units, units};
    unsigned stream, below;
    char rest[32];
    if (strcmp(name, "embed.weight") == 0)
        return (axes){{.kind = AXIS_EMBEDDING}, units};
    if (strcmp(name, "lstm.0.weight_ih") == 0 && h->shape->embed == 0)
        return (axes){units, {.kind = AXIS_WORDS_AND_BEGIN}};
    if (sscanf(name, "head.%u.chain.%u.", &stream, &below) == 2)
        return (axes){{AXIS_WORDS, below}, h->shape->head ? units : words(h->shape, stream)};
    if (sscanf(name, "head.%u.%31s", &stream, rest) != 2)
        return plain;
    if (strcmp(rest, "weight") == 0)
        return (axes){words(h->shape, stream), units};
    return strcmp(rest, "bias") == 0 ? (axes){units, words(h->shape, stream)} : plain;
}

/* A parameter of both. */
typedef struct pair {
    const nm_param *here, *there;
    axes axes;
} pair;

static pair pair_at(const neume_model *model, const neume_model *parent, size_t index) {
    const heir h = heir_of(model, parent);
    pair p = {.here = &nm_model_params(model)->table[index],
              .there = &nm_model_params(parent)->table[index],
              .axes = {units, units}};
    if (!model->network.is_biaxial)
        p.axes = axes_of(&h, p.here->name);
    return p;
}

static void copy_row(const heir *h, const pair *p, size_t row, real *weights, const real *from) {
    const origin of_row = origin_of(h, p->axes.rows, row);
    real *to = weights + p->here->offset + row * p->here->columns;
    from += p->there->offset + of_row.index * p->there->columns;
    for (size_t c = 0; c < p->here->columns; c++) {
        const origin of_column = origin_of(h, p->axes.columns, c);
        to[c] = of_row.is_none || of_column.is_none ? 0 : from[of_column.index];
    }
}

/* bias of a new word = that of <unk> + ln(its count / the mean count of new words); every count is
 * one more, for words that only other keys have. */
static void weigh_new_words(const heir *h, const nm_param *bias, real *weights,
                            const uint64_t *counts, unsigned stream) {
    const uint32_t known = h->parent_shape->vocabulary[stream];
    const uint32_t all = h->shape->vocabulary[stream];
    double sum = 0;
    for (uint32_t w = known; w < all; w++)
        sum += 1 + (double)counts[w];
    for (uint32_t w = known; w < all; w++)
        weights[bias->offset + w] += (real)log((1 + (double)counts[w]) * (all - known) / sum);
}

static void weigh_all(const neume_model *model, const heir *h, const uint64_t *const *counts) {
    for (unsigned s = 0; s < h->shape->stream_count && h->shape->map_count == 0; s++) {
        char name[32];
        snprintf(name, sizeof name, "head.%u.bias", s);
        weigh_new_words(h, nm_params_find(nm_model_params(model), name), model->weights, counts[s],
                        s);
    }
}

void nm_inherit_weights(const neume_model *model, const neume_model *parent,
                        const uint64_t *const *counts) {
    const nm_params *params = nm_model_params(model);
    const heir h = heir_of(model, parent);
    for (size_t i = 0; i < params->count; i++) {
        const pair p = pair_at(model, parent, i);
        for (size_t row = 0; row < p.here->rows; row++)
            copy_row(&h, &p, row, model->weights, parent->weights);
    }
    if (!model->network.is_biaxial)
        weigh_all(model, &h, counts);
}

/* The network but for what follows from vocabularies and labels. */
static json_t *plan_of(const neume_model *model) {
    json_t *object = nm_network_json(&model->network);
    (void)json_object_del(object, "vocabulary");
    (void)json_object_del(object, "features");
    return object;
}

static neume_status check_network(const neume_model *model, const neume_model *parent,
                                  neume_error *error) {
    json_t *here = plan_of(model), *there = plan_of(parent);
    neume_status status = NEUME_OK;
    if (!here || !there)
        status = nm_fail_memory(error, "network");
    else if (!json_equal(here, there))
        status = nm_fail(error, NEUME_BAD_USAGE,
                         "network: not that of the model that training starts from, expected the "
                         "same layers");
    json_decref(here);
    json_decref(there);
    return status;
}

static bool begins_with(const neume_codec *codec, const neume_codec *known, unsigned stream) {
    for (uint32_t w = 0; w < neume_codec_word_count(known, stream); w++) {
        const char *word = neume_codec_word(codec, stream, w);
        if (!word || strcmp(word, neume_codec_word(known, stream, w)) != 0)
            return false;
    }
    return true;
}

neume_status nm_inherit_check(const neume_model *model, const neume_model *parent,
                              neume_error *error) {
    if (strcmp(model->preset, parent->preset) != 0)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "preset %s: the model that training starts from is of preset %s, expected "
                       "the same",
                       model->preset, parent->preset);
    for (unsigned s = 0; s < neume_codec_stream_count(parent->codec); s++)
        if (!begins_with(model->codec, parent->codec, s))
            return nm_fail(error, NEUME_BAD_USAGE,
                           "vocabulary: it does not begin with the words of the model that "
                           "training starts from");
    return check_network(model, parent, error);
}

/* Adds what of a row is the parent's. */
static bool freeze_row(nm_frozen *out, const heir *h, const pair *p, size_t row) {
    const size_t begin = p->here->offset + row * p->here->columns;
    if (!origin_of(h, p->axes.rows, row).is_same)
        return true;
    for (size_t c = 0; c < p->here->columns; c++)
        if (origin_of(h, p->axes.columns, c).is_same &&
            !nm_frozen_add(out, (nm_range){begin + c, begin + c + 1}))
            return false;
    return true;
}

bool nm_inherit_freeze(nm_frozen *out, const neume_model *model, const neume_model *parent,
                       size_t param) {
    const heir h = heir_of(model, parent);
    const pair p = pair_at(model, parent, param);
    for (size_t row = 0; row < p.here->rows; row++)
        if (!freeze_row(out, &h, &p, row))
            return false;
    return true;
}
