/* SPDX-License-Identifier: ISC */
/* Random numbers that depend on (seed, purpose, update, index) alone, never on the thread or the
 * order. Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC
 * 2011: Philox4x32-10. */
#ifndef NM_BASE_RNG_H
#define NM_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* What a number is for: no two uses share a stream. The numbers are part of the checkpoint format.
 */
typedef enum nm_purpose {
    NM_PURPOSE_INIT = 1,    /* update: index of the parameter */
    NM_PURPOSE_SHUFFLE = 2, /* update: epoch */
    NM_PURPOSE_DROPOUT = 3, /* update: update and place, packed by the network */
    NM_PURPOSE_UNKNOWN = 4, /* update: epoch; index: position in the corpus */
    NM_PURPOSE_SAMPLE = 5,  /* update: step; index: song */
    NM_PURPOSE_TEST = 6,
    /* The other masks of a network; update: as of DROPOUT. */
    NM_PURPOSE_INPUT_DROPOUT = 7,   /* place: stream */
    NM_PURPOSE_FEATURE_DROPOUT = 8, /* index: position and column */
    NM_PURPOSE_BRANCH_DROPOUT = 9,
    NM_PURPOSE_HEAD_DROPOUT = 10, /* place: stream */
    NM_PURPOSE_WEIGHT_DROP = 11,  /* place: layer, branches first */
    NM_PURPOSE_SHIFT = 16,        /* update: epoch; index: piece */
    NM_PURPOSE_LABEL = 17,        /* update: epoch; index: piece */
    NM_PURPOSE_CROP = 18,         /* index: piece */
    NM_PURPOSE_BENCH = 32         /* update: bar */
} nm_purpose;

typedef struct nm_random {
    uint32_t word[4];
} nm_random;

/* 128 random bits for this counter. */
nm_random nm_random_at(uint64_t seed, nm_purpose purpose, uint64_t update, uint64_t index);

/* A number in [0, 1), a multiple of 2^-53. */
double nm_random_uniform(uint64_t seed, nm_purpose purpose, uint64_t update, uint64_t index);

/* A standard normal number (Box-Muller). */
double nm_random_normal(uint64_t seed, nm_purpose purpose, uint64_t update, uint64_t index);

/* A uniform permutation of 0..count-1 (Fisher-Yates), the same for the same seed, purpose and
 * update. */
void nm_random_shuffle(uint32_t *order, size_t count, uint64_t seed, nm_purpose purpose,
                       uint64_t update);

#endif
