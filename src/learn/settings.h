/* SPDX-License-Identifier: ISC */
/* The settings of a run: their ranges, and their text in models and checkpoints. */
#ifndef NM_LEARN_SETTINGS_H
#define NM_LEARN_SETTINGS_H

#include <neume/train.h>

#include <jansson.h>

/* Fails with NEUME_BAD_USAGE, naming the first option that is out of its range. */
neume_status nm_settings_check(const neume_train_options *options, neume_error *error);

/* What shapes the weights from update to update, limits and files left out; NULL: no memory. */
json_t *nm_settings_json(const neume_train_options *options);

/* Fails with NEUME_BAD_USAGE where a setting is not what it was in `then`, the settings of the
 * checkpoint at `path`. */
neume_status nm_settings_match(const json_t *then, const neume_train_options *now, const char *path,
                               neume_error *error);

/* A number for JSON, null where it is not finite; and back, NAN where it is none. */
json_t *nm_json_real(double value);
double nm_json_real_of(const json_t *value);

/* A count: an integer, or its digits as text where JSON's integers do not reach; and back. */
json_t *nm_json_count(uint64_t value);
bool nm_json_count_of(uint64_t *out, const json_t *value);

#endif
