/* SPDX-License-Identifier: ISC */
/* A list that is a few runs, one after the other. */
#ifndef NM_MUSIC_SORT_RUNS_H
#define NM_MUSIC_SORT_RUNS_H

#include "music/sort.h"

enum { NM_MOST_RUNS = 128 };

/* The numbers of a run do not fall: a track of a file is one. */
typedef struct nm_runs {
    size_t count;
    const uint8_t *at[NM_MOST_RUNS], *end[NM_MOST_RUNS];
    uint64_t lowest, highest; /* numbers */
} nm_runs;

/* Finds the runs of a list that has items; false where it has too many. */
bool nm_find_runs(nm_runs *runs, const uint8_t *items, size_t count, const nm_sort_key *key);

/* Merges two runs or more, of `count` items in all, which are nearly in order within. False where
 * they are not. */
bool nm_merge_runs(uint8_t *to, nm_runs *runs, size_t count, const nm_sort_key *key);

#endif
