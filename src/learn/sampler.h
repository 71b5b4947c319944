/* SPDX-License-Identifier: ISC */
/* One word from logits: constraints, then temperature, then truncation, then the draw. Penalties
 * would come before all of them. No state and no randomness of its own. */
#ifndef NM_LEARN_SAMPLER_H
#define NM_LEARN_SAMPLER_H

#include "nn/real.h"

#include <neume/generate.h>

/* What there is to choose from. */
typedef struct nm_choices {
    size_t V;
    const real *logits;      /* [V] */
    const uint8_t *allowed;  /* [V], 1: may be drawn */
    const uint8_t *possible; /* [V], 1: the model could say it; all that may be drawn */
} nm_choices;

/* Memory for one draw. */
typedef struct nm_draw_room {
    double *weights; /* [V] by word: exp((z - largest z) / temperature) */
    uint64_t *order; /* [V] words, the likelier the larger: logit, then word */
} nm_draw_room;

/* Refuses settings out of their range with NEUME_BAD_USAGE. */
neume_status nm_sampling_check(const neume_sampling *sampling, neume_error *error);

typedef struct nm_drawn {
    uint32_t word;
    double log_probability; /* at temperature 1: z_word - ln sum over possible v of exp(z_v) */
} nm_drawn;

/* Draws a word with `uniform` in [0, 1). Of the allowed words, with p ~ exp(z / temperature): the
 * top_k likeliest; of these, renormalised, the likeliest up to and with the one at which their sum
 * reaches top_p (Holtzman and others, The curious case of neural text degeneration, 2020); of these
 * the ones with p >= min_p times the likeliest's. Of equals the lower id is the likelier. Greedy:
 * the largest logit of the allowed words. Fails with NEUME_BAD_USAGE where no word is allowed, with
 * NEUME_NOT_FINITE where the logits are not numbers to draw from. */
neume_status nm_sample(nm_drawn *drawn, const neume_sampling *sampling, const nm_choices *choices,
                       double uniform, nm_draw_room room);

#endif
