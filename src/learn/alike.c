/* SPDX-License-Identifier: ISC */
#include "learn/alike.h"

#include "base/error.h"
#include "learn/model.h"

#include <string.h>

/* Whether its words are frames, said pitch by pitch. */
static bool has_frames(const neume_model *model) {
    return strcmp(neume_codec_options_of(model->codec)->name, "frame") == 0;
}

const char *neume_model_unit(const neume_model *model) {
    const bool is_frame = has_frames(model) || nm_codec_is_roll(model->codec);
    return is_frame ? "frame" : neume_codec_step_unit(model->codec);
}

/* Whether two codecs take the same notes of a file into the same cells. */
static bool hear_alike(const neume_codec_options *a, const neume_codec_options *b) {
    return a->grid == b->grid && a->track == b->track && a->program == b->program;
}

/* Whether they also say the same of them; the order of pitches does not matter. */
static bool read_alike(const neume_codec_options *a, const neume_codec_options *b) {
    return hear_alike(a, b) && a->voicing == b->voicing &&
           a->spacing_quarters == b->spacing_quarters && a->melody == b->melody &&
           a->rest_unit == b->rest_unit && a->timing == b->timing && a->drums == b->drums &&
           a->onsets == b->onsets && memcmp(a->metres, b->metres, sizeof a->metres) == 0;
}

static bool have_one_range(const neume_codec_options *a, const neume_codec_options *b) {
    return a->pitch_range.low == b->pitch_range.low && a->pitch_range.high == b->pitch_range.high;
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

/* Whether a model says the 88 keys of a frame and nothing else. */
static neume_status check_bl88(neume_models models, size_t at, neume_error *error) {
    const neume_model *model = models.models[at];
    const neume_codec_options *options = neume_codec_options_of(model->codec);
    if (!has_frames(model) && !nm_codec_is_roll(model->codec))
        return nm_fail(error, NEUME_BAD_USAGE,
                       "protocol bl88: model %zu is of codec %s, expected frame or roll", at + 1,
                       options->name);
    if (nm_codec_is_roll(model->codec) && options->onsets != NEUME_ONSETS_DROP)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "protocol bl88: model %zu tells struck keys from held ones, expected onsets "
                       "that are dropped",
                       at + 1);
    if (!hear_alike(neume_codec_options_of(models.models[0]->codec), options))
        return nm_fail(
            error, NEUME_BAD_USAGE,
            "protocol bl88: model %zu has another grid, track or program than the first, "
            "expected the same, for a mixture is over the same frames",
            at + 1);
    return NEUME_OK;
}

/* Whether a mixture of the model and the first has a meaning. */
static neume_status check_steps(neume_models models, size_t at, neume_error *error) {
    const neume_model *first = models.models[0], *other = models.models[at];
    const neume_codec_options *a = neume_codec_options_of(first->codec);
    const neume_codec_options *b = neume_codec_options_of(other->codec);
    if (strcmp(a->name, b->name) != 0)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "model %zu: of codec %s, expected %s as the first: their %ss are not the "
                       "same",
                       at + 1, b->name, a->name, neume_model_unit(first));
    if (!read_alike(a, b) || !have_one_range(a, b))
        return nm_fail(error, NEUME_BAD_USAGE,
                       "model %zu: its codec has other settings than the first's, expected the "
                       "same, for a mixture is over the same %ss",
                       at + 1, neume_model_unit(first));
    if (!has_frames(first) && !say_alike(first->codec, other->codec))
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
        const neume_status status = protocol == NEUME_PROTOCOL_BL88 ? check_bl88(models, i, error)
                                                                    : check_steps(models, i, error);
        if (status)
            return status;
    }
    return NEUME_OK;
}
