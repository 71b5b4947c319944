/* SPDX-License-Identifier: ISC */
/* Families: pieces of the same notes, whatever their keys, tempos and names. */
#ifndef NM_LEARN_FAMILIES_H
#define NM_LEARN_FAMILIES_H

#include "music/fingerprint.h"

/* From this likeness on two pieces are of one family, and so are those alike to the same third. */
#define NM_FAMILY_LIKENESS 0.8

/* Which family each of `count` pieces is of: `first` [count] is the family's first piece. Time
 * grows with the count, not its square: compared are pieces that have a row of four bins in common.
 * Fails for want of memory only. */
neume_status nm_families_find(size_t *first, neume_context *context, const nm_fingerprint *prints,
                              size_t count);

#endif
