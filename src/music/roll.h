/* SPDX-License-Identifier: ISC */
/* A piano roll: which pitches sound in each cell of a fixed grid. It holds no onsets: a held and a
 * repeated note look the same. */
#ifndef NM_MUSIC_ROLL_H
#define NM_MUSIC_ROLL_H

#include "music/chord.h"
#include "music/codec_kind.h"

/* Six hours of quarters in the finest grid of codec "frame", and 16 MiB. */
enum { NM_ROLL_MAX_FRAMES = 1 << 20 };

typedef struct nm_roll {
    nm_pitch_set *frames; /* [frame_count] */
    size_t frame_count, capacity;
    uint64_t repetitions; /* notes that touch or overlap an earlier one of their pitch */
    uint64_t short_notes; /* notes whose ends fall into the cell of their onset */
    uint64_t late_notes;  /* notes that end beyond NM_ROLL_MAX_FRAMES */
} nm_roll;

/* A sorted score on a grid of so many cells a quarter: a note fills the cells from that of its
 * onset to the one before that of its end (nm_grid_cell). The roll ends with the last end of a
 * note, short ones too, so that its last frames may be empty. `encoder` says which notes are
 * wanted; NULL: all. Into a new roll; fails with NEUME_NO_MEMORY, then nothing is to be cleared. */
neume_status nm_roll_of_score(nm_roll *out, neume_context *context, const neume_score *score,
                              uint32_t grid, nm_encoder *encoder);
void nm_roll_clear(neume_context *context, nm_roll *roll);

#endif
