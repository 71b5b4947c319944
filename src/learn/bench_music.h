/* SPDX-License-Identifier: ISC */
/* Music made up for measuring, the same on every machine; and what training needs of it. */
#ifndef NM_LEARN_BENCH_MUSIC_H
#define NM_LEARN_BENCH_MUSIC_H

#include "learn/corpus.h"

/* The caller clears it, also after failure. */
typedef struct nm_bench_music {
    neume_score **scores;
    size_t count;
} nm_bench_music;

/* `count` tunes of 32 bars: a melody in eighths and quarters over a bass and chords, about 450
 * notes. */
neume_status nm_bench_tunes(nm_bench_music *out, neume_context *context, size_t count);

/* One piece of 200 bars for 15 instruments and drums, 32,000 notes, with dynamics, pedal and
 * changes of tempo. */
neume_status nm_bench_orchestra(nm_bench_music *out, neume_context *context);

/* One piece of `count` different chords, one after the other: words of codec "word". */
neume_status nm_bench_chords(nm_bench_music *out, neume_context *context, unsigned count);

void nm_bench_music_clear(nm_bench_music *music, neume_context *context);

/* A corpus as neume_corpus_load makes it of files, all of it to train on. */
neume_status nm_bench_corpus_new(neume_corpus **out, neume_context *context,
                                 const neume_corpus_options *options, const nm_bench_music *music,
                                 neume_error *error);

#endif
