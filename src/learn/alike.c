/* SPDX-License-Identifier: ISC */
#include "learn/alike.h"

#include "base/error.h"
#include "learn/model.h"

#include <string.h>

bool nm_model_has_frames(const neume_model *model) {
    return strcmp(neume_codec_options_of(model->codec)->name, "frame") == 0;
}

const char *neume_model_unit(const neume_model *model) {
    return nm_model_has_frames(model) ? "frame" : neume_codec_step_unit(model->codec);
}

/* Whether two codecs take the same notes of a file; the order of pitches does not matter. */
static bool read_alike(const neume_codec_options *a, const neume_codec_options *b) {
    return a->grid == b->grid && a->voicing == b->voicing &&
           a->spacing_quarters == b->spacing_quarters && a->track == b->track &&
           a->program == b->program && a->melody == b->melody && a->rest_unit == b->rest_unit &&
           memcmp(a->metres, b->metres, sizeof a->metres) == 0;
}

static bool say_alike(const neume_codec *a, const neume_codec *b) {
    for (unsigned s = 0; s < neume_codec_stream_count(a); s++) {
        const uint32_t count = neume_codec_word_count(a, s);
        if (count != neume_codec_word_count(b, s))
            return false;
        for (uint32_t w = 0; w < count; w++)
            if (strcmp(neume_codec_word(a, s, w), neume_codec_word(b, s, w)) != 0)
                return false;
    }
    return true;
}

/* Whether a mixture of the model and the first has a meaning. */
static neume_status check_model(neume_models models, size_t at, neume_error *error) {
    const neume_model *first = models.models[0], *other = models.models[at];
    const neume_codec_options *a = neume_codec_options_of(first->codec);
    const neume_codec_options *b = neume_codec_options_of(other->codec);
    if (strcmp(a->name, b->name) != 0)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "model %zu: of codec %s, expected %s as the first: their %ss are not the "
                       "same",
                       at + 1, b->name, a->name, neume_model_unit(first));
    if (!read_alike(a, b))
        return nm_fail(error, NEUME_BAD_USAGE,
                       "model %zu: its codec has other settings than the first's, expected the "
                       "same, for a mixture is over the same %ss",
                       at + 1, neume_model_unit(first));
    if (!nm_model_has_frames(first) && !say_alike(first->codec, other->codec))
        return nm_fail(
            error, NEUME_BAD_USAGE,
            "model %zu: has other words than the first, expected the same, for a mixture "
            "is over the same %ss",
            at + 1, neume_model_unit(first));
    return NEUME_OK;
}

neume_status nm_models_check(neume_models models, neume_protocol protocol, neume_error *error) {
    if (models.count < 1 || models.count > NEUME_MAX_MODELS)
        return nm_fail(error, NEUME_BAD_USAGE, "%zu models: expected 1 to %d", models.count,
                       NEUME_MAX_MODELS);
    for (size_t i = 0; i < models.count; i++) {
        if (protocol == NEUME_PROTOCOL_BL88 && !nm_model_has_frames(models.models[i]))
            return nm_fail(error, NEUME_BAD_USAGE,
                           "protocol bl88: model %zu is of codec %s, expected frame", i + 1,
                           neume_codec_options_of(models.models[i]->codec)->name);
        const neume_status status = check_model(models, i, error);
        if (status)
            return status;
    }
    return NEUME_OK;
}
