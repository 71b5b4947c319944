/* SPDX-License-Identifier: ISC */
/* What the program does with operations and tables: check or time them. */
#ifndef NM_TEST_RUN_H
#define NM_TEST_RUN_H

#include "operation.h"

typedef struct run_options {
    const nm_ops *only; /* NULL: every table of this build */
    unsigned threads;   /* 0: 1, 2, 3 and 8 for checks, 1 for times */
    uint64_t seed;
    size_t cases;
    char **names; /* of operations, with wildcards; none: all */
    int name_count;
} run_options;

/* The tables of this build, plain C first; NULL where it has none of this index. */
enum { RUN_TABLES = NEUME_ISA_AVX512 + 1 + NM_PRODUCTS_BF16 };
typedef struct run_table {
    const nm_ops *ops;
    neume_isa isa; /* of the context for it */
    nm_products products;
    bool is_available; /* on this machine */
} run_table;
run_table run_table_at(size_t index);

extern const operation *const run_operations[];
extern const size_t run_operation_count;

bool run_is_wanted(const run_options *options, const operation *op);

/* Prints a TAP line for each operation of each table. False where one failed. */
bool run_checks(const run_options *options);

/* Prints a line for each shape of each operation: time, share of the peak of multiply-adds, and the
 * ratio to plain C, of all tables that this machine can run. */
void run_timings(const run_options *options);

#endif
