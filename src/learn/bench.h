/* SPDX-License-Identifier: ISC */
/* What the rows of neume_bench are made of: what a row times, and the measuring of it. */
#ifndef NM_LEARN_BENCH_H
#define NM_LEARN_BENCH_H

#include "nn/batch.h"

#include <neume/bench.h>
#include <neume/train.h>

/* A measurement. */
typedef struct nm_bench {
    neume_context *context;
    neume_context *alone; /* the same with one thread: for what one thread does */
    double seconds;       /* to measure the row */
} nm_bench;

typedef struct nm_bench_spec nm_bench_spec;

/* A row of the table in bench.c. */
struct nm_bench_spec {
    const char *name;
    /* Fills `row` but for its name. */
    neume_status (*measure)(neume_bench_row *row, const nm_bench *bench, const nm_bench_spec *spec,
                            neume_error *error);
    const char *preset;             /* whose codec and network; NULL: not of this row */
    bool is_orchestra;              /* parse: one large piece, not many small ones */
    bool is_large;                  /* generate: a larger stack than the preset's */
    size_t songs;                   /* generate: side by side */
    nm_precision precision;         /* generate */
    neume_train_precision training; /* train */
};

neume_status nm_bench_parse(neume_bench_row *row, const nm_bench *bench, const nm_bench_spec *spec,
                            neume_error *error);
neume_status nm_bench_encode(neume_bench_row *row, const nm_bench *bench, const nm_bench_spec *spec,
                             neume_error *error);
neume_status nm_bench_train(neume_bench_row *row, const nm_bench *bench, const nm_bench_spec *spec,
                            neume_error *error);
neume_status nm_bench_generate(neume_bench_row *row, const nm_bench *bench,
                               const nm_bench_spec *spec, neume_error *error);

/* What is timed, turn after turn, and what a turn asks of the machine. Its limit is the longer of
 * flop / peak and read_bytes / bandwidth. */
typedef struct nm_bench_work {
    neume_context *context; /* whose threads do it */
    const char *unit;
    neume_status (*turn)(void *data, neume_error *error);
    void *data;
    double units;         /* done by a turn */
    double flop;          /* floating-point operations of a turn; 0: they are not what limits it */
    nm_products products; /* that they are of */
    bool has_bytes;       /* their weights are whole numbers of 8 bits */
    double read_bytes;    /* by a turn; 0: as above */
    size_t held_bytes;    /* of memory that they are read from, again and again */
} nm_bench_work;

neume_status nm_bench_measure(neume_bench_row *row, const nm_bench_work *work, double seconds,
                              neume_error *error);

#endif
