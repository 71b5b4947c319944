/* SPDX-License-Identifier: ISC */
/* Protocol BL88-v1 on the words of codec "frame": the 88 keys of a piano, no end of a piece; and
 * what predicts them without knowing music. */
#ifndef NM_LEARN_BL88_H
#define NM_LEARN_BL88_H

#include "learn/corpus.h"
#include "music/codec_frame.h"

enum { NM_BL88_KEYS = 88, NM_BL88_LOWEST = 21 };

/* The words that are not offered: <end>, <unk>, and pitches that are no key. */
void nm_bl88_forbid(uint8_t never[NM_FRAME_WORDS], neume_order order);

/* Takes these words out of a piece; returns how many of them are pitches. */
size_t nm_bl88_cut(neume_sequence *sequence, const uint8_t never[NM_FRAME_WORDS]);

/* Of the frames of some pieces. */
typedef struct nm_bl88_counts {
    uint64_t frames, pieces;
    uint64_t first[NM_BL88_KEYS]; /* pieces in whose first frame the key sounds */
    uint64_t frames_after[2]
                         [NM_BL88_KEYS]; /* frames behind one where it is silent, where it sounds */
    uint64_t after[2][NM_BL88_KEYS];     /* those of them in which it sounds */
} nm_bl88_counts;

/* Adds a piece that was cut. */
void nm_bl88_count(nm_bl88_counts *counts, neume_order order, const neume_sequence *sequence);

/* Learnt from `train`, measured on `test`; NAN where either has no frame. */
neume_key_baselines nm_bl88_baselines(const nm_bl88_counts *train, const nm_bl88_counts *test);

#endif
