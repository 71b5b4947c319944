/* SPDX-License-Identifier: ISC */
/* The units over which models are mixed, and what each unit of each piece costs. For codec "frame"
 * a unit is a frame, its pitches and the "." behind them (an <end> is a unit of its own), so that
 * models that say the pitches in different orders have the same units; for all others it is a step.
 */
#ifndef NM_LEARN_UNITS_H
#define NM_LEARN_UNITS_H

#include "learn/scorer.h"

typedef struct nm_units {
    neume_context *context;
    const nm_piece *pieces; /* [piece_count] */
    size_t piece_count, unit_count;
    size_t *starts; /* [piece_count + 1] a piece's first unit */
    bool are_frames;
} nm_units;

/* Pieces are borrowed as long as the units. The caller clears, also after failure. */
neume_status nm_units_init(nm_units *units, const neume_codec *codec, neume_context *context,
                           const nm_piece *pieces, size_t count);
void nm_units_clear(nm_units *units);

/* Whether both have the same numbers of units, piece by piece. */
bool nm_units_correspond(const nm_units *a, const nm_units *b);

/* Nats of every unit, [unit_count]: the sums of the nats of its words, in double. */
neume_status nm_units_score(double *nats, const nm_units *units, nm_scorer *scorer,
                            const real *weights);

/* The three averages over the pieces that `chosen` [piece_count] names; NULL: over all. */
neume_unit_likelihood nm_units_average(const nm_units *units, const double *nats,
                                       const bool *chosen);

#endif
