/* SPDX-License-Identifier: ISC */
/* Protocol BL88-v1 on the words of codec "frame" and on rolls without onsets: the 88 keys of a
 * piano, no end of a piece; and what predicts them without knowing music. */
#ifndef NM_LEARN_BL88_H
#define NM_LEARN_BL88_H

#include "learn/key_counts.h"
#include "learn/units.h"
#include "music/codec_frame.h"

enum { NM_BL88_KEYS = 88, NM_BL88_LOWEST = 21, NM_BL88_HIGHEST = 108 };

/* The words that are not offered: <end>, <unk>, and pitches that are no key. */
void nm_bl88_forbid(uint8_t never[NM_FRAME_WORDS], neume_order order);

/* Takes these words out of a piece; returns how many of them are pitches. */
size_t nm_bl88_cut(neume_sequence *sequence, const uint8_t never[NM_FRAME_WORDS]);

/* Notes of a roll that are no key of a piano, counted in every frame. */
size_t nm_bl88_beyond(const neume_sequence *roll);

/* Adds to the nats of each unit of rolls [unit_count] what the piano's keys outside the model's
 * pitch range cost: each is on with the share of the training frames in which it was. */
void nm_bl88_add_outside(double *nats, const nm_units *units, const nm_key_counts *counts,
                         neume_pitch_range range);

/* Of the frames of some pieces. */
typedef struct nm_bl88_counts {
    uint64_t frames, pieces;
    uint64_t first[NM_BL88_KEYS]; /* pieces in whose first frame the key sounds */
    uint64_t frames_after[2]
                         [NM_BL88_KEYS]; /* frames behind one where it is silent, where it sounds */
    uint64_t after[2][NM_BL88_KEYS];     /* those of them in which it sounds */
} nm_bl88_counts;

/* Adds a piece, of words one that was cut. */
void nm_bl88_count(nm_bl88_counts *counts, const neume_codec *codec,
                   const neume_sequence *sequence);

/* Learnt from `train`, measured on `test`; NAN where either has no frame. */
neume_key_baselines nm_bl88_baselines(const nm_bl88_counts *train, const nm_bl88_counts *test);

#endif
