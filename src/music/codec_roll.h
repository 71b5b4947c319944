/* SPDX-License-Identifier: ISC */
/* Bars of codec "roll": the cell of its bar that each step is told, from a score and back. */
#ifndef NM_MUSIC_CODEC_ROLL_H
#define NM_MUSIC_CODEC_ROLL_H

#include "music/roll.h"

/* Writes given[0..count - 1], zeros before: 0 in the cell where a bar starts, or the nearest, and
 * counted up from there. 4/4 before the first time signature; each starts a bar. */
void nm_roll_number_cells(uint32_t *given, size_t count, const neume_score *score, uint32_t grid);

/* Time signatures of a decoded score, which is in 4/4: one where a bar is of another length than
 * the one before it and a number of quarters, eighths or sixteenths; the last bar, which may be cut
 * short, goes by the one before. */
neume_status nm_roll_add_metres(neume_score *score, const neume_sequence *sequence, uint32_t grid);

#endif
