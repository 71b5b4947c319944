/* SPDX-License-Identifier: ISC */
/* Songs of rolls that are composed together, by one context: of each key all songs, then the next
 * key. What a song becomes does not depend on those beside it. */
#ifndef NM_LEARN_ROLL_GROUP_H
#define NM_LEARN_ROLL_GROUP_H

#include "learn/composer.h"

typedef struct nm_roll_group nm_roll_group;

/* Room for `row_count` songs at a time, of a model of rolls. Fails for want of memory only. */
neume_status nm_roll_group_new(nm_roll_group **out, neume_context *context,
                               const neume_model *model, const nm_composer_plan *plan,
                               size_t row_count);
void nm_roll_group_free(nm_roll_group *group);

/* Before the first run: the model's weights. */
void nm_roll_group_pack(nm_roll_group *group);

/* What went wrong, and when: the number of keys drawn before. */
typedef struct nm_roll_failure {
    neume_status status; /* NEUME_OK: nothing did */
    neume_error error;
    uint64_t place;
} nm_roll_failure;

/* Composes songs first .. first + row_count - 1. */
nm_roll_failure nm_roll_group_run(nm_roll_group *group, uint64_t first);

/* As nm_roll_composer_song. */
nm_composed nm_roll_group_song(const nm_roll_group *group, size_t row);

#endif
