/* SPDX-License-Identifier: ISC */
/* What the ways of evaluating share. */
#ifndef NM_LEARN_EVALUATE_H
#define NM_LEARN_EVALUATE_H

#include "learn/model.h"
#include "learn/scorer.h"

#include <neume/evaluate.h>

/* A scorer of the model, at the temperature and the precision that the options say. */
neume_status nm_scorer_of(nm_scorer **out, neume_context *context, const neume_model *model,
                          const neume_evaluate_options *options, neume_error *error);

#endif
