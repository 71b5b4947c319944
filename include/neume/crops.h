/* SPDX-License-Identifier: ISC */
/* The likelihood of random crops of piano rolls, as Mao, Shin and Cottrell (2018) report it for
 * their biaxial network. Not comparable with whole pieces (<neume/evaluate.h>): a crop begins from
 * zero state in the middle of the music. Thread rule: as the context. */
#ifndef NEUME_CROPS_H
#define NEUME_CROPS_H

#include <neume/evaluate.h>

NEUME_BEGIN_DECLS

#define NEUME_CROP_STEPS 256 /**< of each crop; shorter pieces are left out */
#define NEUME_CROP_KEYS 88   /**< keys that figures are scaled to */

typedef struct neume_crops_options {
    neume_evaluate_options pieces; /**< default neume_evaluate_options_default() */
    uint64_t seed;                 /**< where crops begin; default 1 */
} neume_crops_options;

NEUME_API neume_crops_options neume_crops_options_default(void);

typedef struct neume_crop_average {
    size_t piece_count;   /**< pieces with a crop */
    size_t short_count;   /**< pieces that are too short for one */
    double nats_per_step; /**< mean over the crops, times 88 / key_count; NAN where there is none */
} neume_crop_average;

typedef struct neume_crops {
    unsigned key_count; /**< keys of the model's pitch range */
    neume_crop_average all, trained, validated, unseen;
    neume_corpus *files; /**< the account of every file; owned, NULL where none could be read */
} neume_crops;

/** Evaluates one crop of each piece, at a place that depends on the seed and on the place of the
 * piece among the inputs; a key that sounds in a crop's first step counts as struck there. Reads as
 * neume_evaluate does. Fails with NEUME_BAD_USAGE for a model of another codec than "roll", with
 * NEUME_BAD_INPUT where no piece is long enough. Cleared by the caller, also after failure. */
NEUME_API NEUME_MUST_USE neume_status neume_crops_evaluate(neume_crops *out, neume_context *context,
                                                           const neume_model *model,
                                                           const neume_crops_options *options,
                                                           neume_error *error);
NEUME_API void neume_crops_clear(neume_crops *crops);

NEUME_END_DECLS

#endif
