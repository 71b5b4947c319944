/* SPDX-License-Identifier: ISC */
/* Which tensors a training leaves as they came. Names stand with commas between; each is a tensor's
 * name, or what stands before a dot in it ("lstm", "lstm.0"), with * for any characters and ? for
 * any one. */
#ifndef NM_LEARN_FREEZE_H
#define NM_LEARN_FREEZE_H

#include "learn/inherit.h"

/* The elements of the tensors that `names` choose, as far as they are the parent's: what is new to
 * a vocabulary moves. Fails with NEUME_BAD_USAGE for a name that chooses nothing, and where nothing
 * would be left to move; then there is nothing to
 * clear. `out` is empty before. */
neume_status nm_freeze(nm_frozen *out, const neume_model *model, const neume_model *parent,
                       const char *names, neume_error *error);

/* The tensors that `names` choose, as an array; NULL for want of memory. */
json_t *nm_freeze_json(const nm_params *params, const char *names);

#endif
