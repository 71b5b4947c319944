/* SPDX-License-Identifier: ISC */
/* Bars of codec "roll": the cell of its bar that each step is told, from a score and back. */
#ifndef NM_MUSIC_CODEC_ROLL_H
#define NM_MUSIC_CODEC_ROLL_H

#include "music/roll.h"

/* Writes given[0..count - 1], zeros before: 0 in the cell where a bar starts, or the nearest, and
 * counted up from there. 4/4 before the first time signature; each starts a bar. */
void nm_roll_number_cells(uint32_t *given, size_t count, const neume_score *score, uint32_t grid);

/* Leaves out of a roll, and of `given` [frame_count], the cells under time signatures that the
 * options do not keep; a note that sounds on behind them is struck there, if onsets are known.
 * Returns how many notes were struck in what is left out. */
size_t nm_roll_cut_metres(nm_roll *roll, uint32_t *given, const neume_score *score,
                          const neume_codec_options *options);

/* Time signatures of a decoded score, which begins in nm_codec_usual_metre quarters: one where a
 * bar is of another length than the one before it and a number of quarters, eighths or sixteenths,
 * the first of them that the options keep; the last bar, which may be cut short, goes by the one
 * before. */
neume_status nm_roll_add_metres(neume_score *score, const neume_sequence *sequence,
                                const neume_codec_options *options);

#endif
