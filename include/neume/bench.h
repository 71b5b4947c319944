/* SPDX-License-Identifier: ISC */
/* How fast neume is on this machine, beside what the machine can do at most: reading MIDI files,
 * turning them into words, training, composing, each by the code that does the work and on music
 * made up for it, the same every time. Not a comparison with other programs. Thread rule: as the
 * context. */
#ifndef NEUME_BENCH_H
#define NEUME_BENCH_H

#include <neume/context.h>

NEUME_BEGIN_DECLS

/** What the limit of a row is. */
typedef enum neume_bench_bound {
    NEUME_BENCH_ARITHMETIC, /**< multiply-adds in registers */
    NEUME_BENCH_MEMORY      /**< reading, from the cache or memory that holds what is read */
} neume_bench_bound;

/** What was measured, the medians of `rounds` rounds. The limit was measured around each round:
 * machines drift. It is that of the threads of the context; of "parse" and "encode", which one
 * thread does, of one thread. */
typedef struct neume_bench_row {
    const char *name; /**< "train.chords". Borrowed: static, like the unit */
    const char
        *unit;    /**< "MB/s" (millions of bytes); "steps/s", of all rows of a batch, all songs */
    double value; /**< in units */
    double low, high; /**< of the slowest and the fastest round */
    double limit;     /**< what the machine could do, in units */
    double share;     /**< of the limit, 0..1 and a little */
    neume_bench_bound bound;
    double peak;      /**< floating-point operations a second; 0 where none are counted */
    double bandwidth; /**< bytes a second; 0 where none are counted */
    unsigned threads, rounds;
} neume_bench_row;

typedef struct neume_bench_options {
    const char *only; /**< only rows whose names begin so: "train"; default NULL: all */
    double seconds;   /**< to measure each row, > 0; default 1.2. A row has three rounds at least,
                         where twice as long suffices for them. On a busy machine later rows have
                         less time: that all rows take no more than twice as long */
    void (*row)(void *data, const neume_bench_row *row); /**< gets each row as it is done */
    void *data;                                          /**< handed to `row` */
} neume_bench_options;

NEUME_API neume_bench_options neume_bench_options_default(void);

/** The name of a row, 0..; NULL behind the last. Borrowed: static. */
NEUME_API const char *neume_bench_name(size_t index);

/** Measures. What the machine or the kernels cannot do is left out, with a warning. Fails with
 * NEUME_BAD_USAGE where no row's name begins with `only`, NEUME_NO_MEMORY. */
NEUME_API NEUME_MUST_USE neume_status neume_bench(neume_context *context,
                                                  const neume_bench_options *options,
                                                  neume_error *error);

NEUME_END_DECLS

#endif
