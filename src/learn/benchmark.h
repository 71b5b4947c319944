/* SPDX-License-Identifier: ISC */
/* A benchmark set: sequences of piano-roll steps, split by those who published it. A file is a JSON
 * object of "name", "time_step" ("one quarter note ...", eighth or sixteenth; "one" may be missing)
 * and the splits "train", "valid" and "test"; a split is a list of sequences, a sequence a list of
 * steps, a step a list of the MIDI numbers that sound in it, in any order; -1 is a voice that is
 * silent, and of voices in unison one is kept. Other keys are left alone. */
#ifndef NM_LEARN_BENCHMARK_H
#define NM_LEARN_BENCHMARK_H

#include "music/roll.h"

#include <neume/corpus.h>

/* Bytes of a file at most: twice the largest of the known sets. Reading one takes up to 60 times
 * its size, as parsed JSON; the known ones 25 times. */
enum { NM_BENCHMARK_MAX_BYTES = 10 << 20 };

typedef struct nm_benchmark nm_benchmark;

/* Whether a file that starts with these bytes is meant to be a benchmark set; its first 4 KiB are
 * enough. */
bool nm_benchmark_is(neume_bytes start);

/* Fails with NEUME_BAD_INPUT, naming split, sequence and step where it can. */
neume_status nm_benchmark_load(nm_benchmark **out, neume_context *context, const char *path,
                               neume_error *error);
neume_status nm_benchmark_read(nm_benchmark **out, neume_context *context, neume_bytes bytes,
                               neume_error *error);
void nm_benchmark_free(nm_benchmark *benchmark);

/* Borrowed: as long as the benchmark. */
const char *nm_benchmark_name(const nm_benchmark *benchmark);

/* Steps a quarter: 1, 2 or 4. */
uint32_t nm_benchmark_grid(const nm_benchmark *benchmark);

/* The sequences of a split, in the order of the file; none is without a step. Borrowed: as long as
 * the benchmark. */
size_t nm_benchmark_count(const nm_benchmark *benchmark, neume_split split);
const nm_roll *nm_benchmark_roll(const nm_benchmark *benchmark, neume_split split, size_t index);

/* Moves the sequences of a split; returns what nm_roll_transpose does, over all of them. */
size_t nm_benchmark_transpose(nm_benchmark *benchmark, neume_split split, int semitones);

#endif
