/* SPDX-License-Identifier: ISC */
/* Which models can be mixed: those whose units are the same. */
#ifndef NM_LEARN_ALIKE_H
#define NM_LEARN_ALIKE_H

#include <neume/evaluate.h>

/* Fails with NEUME_BAD_USAGE where there are too few models or too many, or where one differs from
 * the first in codec, settings or words (of frames, only the order of pitches may differ); for
 * protocol BL88 where one has neither frames nor rolls without onsets of the first's grid. */
neume_status nm_models_check(neume_models models, neume_protocol protocol, neume_error *error);

#endif
