/* SPDX-License-Identifier: ISC */
#include <neume/crops.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "learn/evaluate.h"

#include <math.h>
#include <string.h>

neume_crops_options neume_crops_options_default(void) {
    return (neume_crops_options){.pieces = neume_evaluate_options_default(), .seed = 1};
}

static size_t draw_start(uint64_t seed, size_t piece, size_t step_count) {
    const double places = (double)(step_count - NEUME_CROP_STEPS + 1);
    return (size_t)(nm_random_uniform(seed, NM_PURPOSE_CROP, 0, piece) * places);
}

/* Leaves of a borrowed roll the steps from `start` on. Behind nothing, a key that is on was struck.
 */
static void cut(neume_sequence *roll, size_t start) {
    roll->words += start * roll->width;
    roll->given += start;
    roll->step_count = NEUME_CROP_STEPS;
    if (roll->width > NM_ROLL_WORDS)
        memcpy(roll->words + NM_ROLL_WORDS, roll->words, NM_ROLL_WORDS * sizeof *roll->words);
}

/* The average that a piece counts in beside the one over all. */
static neume_crop_average *part_of(neume_crops *out, const neume_model *model,
                                   const nm_piece *piece) {
    const neume_split split = nm_model_split_of(model, piece->hash);
    return split == NEUME_SPLIT_TRAIN   ? &out->trained
           : split == NEUME_SPLIT_VALID ? &out->validated
                                        : &out->unseen;
}

/* A crop of each piece that is long enough, into `crops`; returns how many. */
static size_t crop(nm_piece *crops, neume_crops *out, const neume_model *model, uint64_t seed) {
    size_t count = 0;
    for (size_t i = 0; i < out->files->train_count; i++) {
        const nm_piece *piece = &out->files->train[i];
        if (piece->sequence.step_count < NEUME_CROP_STEPS) {
            out->all.short_count++;
            part_of(out, model, piece)->short_count++;
            continue;
        }
        crops[count] = *piece;
        cut(&crops[count++].sequence, draw_start(seed, i, piece->sequence.step_count));
    }
    return count;
}

static void add(neume_crop_average *to, double nats) {
    to->piece_count++;
    to->nats_per_step += nats;
}

static void finish(neume_crop_average *average) {
    average->nats_per_step =
        average->piece_count ? average->nats_per_step / (double)average->piece_count : NAN;
}

static void add_up(neume_crops *out, const neume_model *model, const nm_piece *crops,
                   const nm_score_sums *sums, size_t count) {
    const double scale = (double)NEUME_CROP_KEYS / out->key_count;
    for (size_t i = 0; i < count; i++) {
        const double nats = nm_score_nats(&sums[i]) / NEUME_CROP_STEPS * scale;
        add(&out->all, nats);
        add(part_of(out, model, &crops[i]), nats);
    }
}

static neume_status evaluate(neume_crops *out, const neume_model *model,
                             const neume_crops_options *options, neume_error *error) {
    neume_context *context = out->files->context;
    const size_t most = out->files->train_count;
    nm_piece *crops = nm_alloc(context, most, sizeof *crops);
    nm_score_sums *sums = nm_alloc(context, most, sizeof *sums);
    nm_scorer *scorer = NULL;
    neume_status status = crops && sums ? NEUME_OK : NEUME_NO_MEMORY;
    if (!status)
        status = nm_scorer_of(&scorer, context, model, &options->pieces, error);
    if (!status) {
        const size_t count = crop(crops, out, model, options->seed);
        status = nm_scorer_run(scorer, model->weights, crops, count, sums);
        if (!status)
            add_up(out, model, crops, sums, count);
    }
    nm_scorer_free(scorer);
    nm_free(context, sums);
    nm_free(context, crops);
    if (status)
        return status == NEUME_NO_MEMORY ? nm_fail_memory(error, "likelihoods") : status;
    if (out->all.piece_count == 0)
        return nm_fail(error, NEUME_BAD_INPUT, "none of %zu pieces has %d steps, as a crop has",
                       most, NEUME_CROP_STEPS);
    return NEUME_OK;
}

neume_status neume_crops_evaluate(neume_crops *out, neume_context *context,
                                  const neume_model *model, const neume_crops_options *options,
                                  neume_error *error) {
    const neume_codec_options *codec = neume_codec_options_of(model->codec);
    *out = (neume_crops){.key_count = codec->pitch_range.high - codec->pitch_range.low + 1u};
    if (!nm_codec_is_roll(model->codec))
        return nm_fail(error, NEUME_BAD_USAGE,
                       "protocol crops: the model is of codec %s, expected roll", codec->name);
    neume_status status =
        nm_corpus_load_as_given(&out->files, context, model->codec, &options->pieces, error);
    if (!status && out->files->train_count == 0)
        status = nm_corpus_fail_unusable(out->files, error);
    if (!status)
        status = evaluate(out, model, options, error);
    finish(&out->all);
    finish(&out->trained);
    finish(&out->validated);
    finish(&out->unseen);
    return status;
}

void neume_crops_clear(neume_crops *crops) {
    neume_corpus_free(crops->files);
    crops->files = NULL;
}
