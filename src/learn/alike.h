/* SPDX-License-Identifier: ISC */
/* Which models can be mixed: those whose units are the same. */
#ifndef NM_LEARN_ALIKE_H
#define NM_LEARN_ALIKE_H

#include <neume/evaluate.h>

bool nm_model_has_frames(const neume_model *model);

/* Fails with NEUME_BAD_USAGE where there are too few models or too many, where one differs from the
 * first in codec, settings or words (of frames, only the order of pitches may differ), or has no
 * frames for protocol BL88. */
neume_status nm_models_check(neume_models models, neume_protocol protocol, neume_error *error);

#endif
