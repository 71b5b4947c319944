/* SPDX-License-Identifier: ISC */
/* How a model starts from another whose vocabularies or labels are fewer. What both have is copied.
 * A new word starts as the other's <unk>, which stood in its place there: with the same row of the
 * embedding, of chains and of the softmax; its bias is that of <unk> and ln(its count / the mean
 * count of new words). A new label starts as "no label"; where the other has none, as zeros. Why:
 * bench/LOG.md. */
#ifndef NM_LEARN_INHERIT_H
#define NM_LEARN_INHERIT_H

#include "learn/model.h"
#include "nn/frozen.h"

/* Fails with NEUME_BAD_USAGE where a model's network, preset or words are not such that it can
 * start from `parent`. */
neume_status nm_inherit_check(const neume_model *model, const neume_model *parent,
                              neume_error *error);

/* Overwrites the model's weights. `counts` [stream][word]: of the training pieces; NULL of a roll.
 */
void nm_inherit_weights(const neume_model *model, const neume_model *parent,
                        const uint64_t *const *counts);

/* Adds the elements of a parameter that are the parent's, behind all that there are; false for want
 * of memory. */
bool nm_inherit_freeze(nm_frozen *out, const neume_model *model, const neume_model *parent,
                       size_t param);

#endif
