/* SPDX-License-Identifier: ISC */
/* A piano roll: which pitches sound in each cell of a fixed grid and, if wanted, which are struck
 * there. Without onsets a held and a repeated note look the same. */
#ifndef NM_MUSIC_ROLL_H
#define NM_MUSIC_ROLL_H

#include "music/chord.h"
#include "music/codec_kind.h"

/* Six hours of quarters in the finest grid of codecs "frame" and "roll", and 16 MiB. */
enum { NM_ROLL_MAX_FRAMES = 1 << 20, NM_ROLL_MAX_GRID = 24 };

typedef struct nm_roll {
    nm_pitch_set *frames; /* [frame_count] */
    nm_pitch_set
        *struck; /* [frame_count] the pitches with an onset in this cell; NULL: not known */
    size_t frame_count, capacity, struck_capacity;
    uint64_t unisons;     /* with onsets: notes struck in the cell of another of their pitch */
    uint64_t repetitions; /* without: notes that touch or overlap an earlier one of their pitch */
    uint64_t short_notes; /* without: notes whose ends fall into the cell of their onset */
    uint64_t late_notes;  /* notes that end beyond NM_ROLL_MAX_FRAMES */
} nm_roll;

typedef struct nm_roll_options {
    uint32_t grid;       /* cells of a quarter */
    bool has_onsets;     /* a note then lasts a cell at least */
    nm_encoder *encoder; /* says which notes are wanted; NULL: all */
} nm_roll_options;

/* A sorted score on a grid: a note fills the cells from that of its onset to the one before that of
 * its end (nm_grid_cell). The roll ends with the last end of a note, short ones too, so that its
 * last frames may be empty. Into a new roll; fails with NEUME_NO_MEMORY, then nothing is to be
 * cleared. */
neume_status nm_roll_of_score(nm_roll *out, neume_context *context, const neume_score *score,
                              const nm_roll_options *options);
void nm_roll_clear(neume_context *context, nm_roll *roll);

/* The cell of a tick, or one beyond all frames. */
size_t nm_roll_cell(uint64_t ticks, uint32_t grid, uint32_t ticks_per_quarter);

/* Leaves out the empty frames at the end: a score cannot say silence there. */
void nm_roll_cut_silence(nm_roll *roll);

/* Moves a roll by less than 64 semitones; returns how many notes left 0..127 and are out of it now,
 * a held one counted in each of its frames. */
size_t nm_roll_transpose(nm_roll *roll, int semitones);

/* Omissions of all that the roll counted. */
void nm_roll_omit(const nm_roll *roll, nm_encoder *encoder);

/* Frames to the notes of a decoded score. Starts as {score, grid}. */
typedef struct nm_roll_writer {
    neume_score *score;
    uint32_t grid;
    nm_pitch_set sounding;       /* in the last frame */
    uint64_t starts[NM_PITCHES]; /* [pitch] ticks, of what sounds */
    uint64_t frame_count;
} nm_roll_writer;

/* The next frame: ends the notes that are not in it, begins those that were not in the last, and
 * those anew that are `struck` in it. An empty frame behind the last ends them all. */
neume_status nm_roll_write_frame(nm_roll_writer *writer, const nm_pitch_set *frame,
                                 const nm_pitch_set *struck);

/* Where a frame begins: the tick of a decoded score that is nearest to 480 frame / grid. */
uint64_t nm_roll_frame_ticks(uint64_t frame, uint32_t grid);

/* A roll without onsets to steps, its empty frames at both ends too; a roll without a frame gives 0
 * steps. Fails with NEUME_BAD_USAGE for a codec that needs more or other than frames, with
 * NEUME_NO_MEMORY. */
neume_status nm_codec_encode_roll(neume_sequence *out, neume_codec *codec, const nm_roll *roll);

#endif
