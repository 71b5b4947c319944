/* SPDX-License-Identifier: ISC */
/* As composer.h, of rolls: the sets of keys of songs, composed side by side, key after key from low
 * to high. Each bit is drawn for itself: of the sampling only temperature and greed apply. */
#ifndef NM_LEARN_ROLL_COMPOSER_H
#define NM_LEARN_ROLL_COMPOSER_H

#include "learn/composer.h"

typedef struct nm_roll_composer nm_roll_composer;

/* Room for `row_count` songs at a time, of a model of rolls. */
neume_status nm_roll_composer_new(nm_roll_composer **out, neume_context *context,
                                  const neume_model *model, const nm_composer_plan *plan,
                                  size_t row_count);
void nm_roll_composer_free(nm_roll_composer *composer);

/* Composes songs first .. first + row_count - 1. A song depends on model, plan and its number
 * alone: bit d of key k (of K) in step t is drawn with nm_random_uniform(seed, NM_PURPOSE_SAMPLE,
 * 2 (t K + k) + d, number). */
neume_status nm_roll_composer_run(nm_roll_composer *composer, uint64_t first, neume_error *error);

/* A song of the last run. Borrowed: until the next. */
nm_composed nm_roll_composer_song(const nm_roll_composer *composer, size_t row);

#endif
