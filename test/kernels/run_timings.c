/* SPDX-License-Identifier: ISC */
#include "run.h"

#include "base/mem.h"
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>

static void *keep(timing *t, void *block) {
    if (!block || t->block_count == TIMING_BLOCKS) {
        fprintf(stderr, "no room for the blocks of an operation\n");
        exit(EXIT_FAILURE);
    }
    t->blocks[t->block_count++] = block;
    return block;
}

float *timing_floats(timing *t, size_t count, float size) {
    return keep(t, bench_floats(t->context, count, size));
}

void *timing_zeros(timing *t, size_t count, size_t size) {
    return keep(t, nm_alloc_aligned(t->context, count, size));
}

/* Of a call of one operation of a context's table. */
static bench_result measure_shape(const operation *op, const size_t *shape, const nm_ops *ops,
                                  neume_context *context) {
    timing t = {.context = context, .ops = ops};
    for (size_t i = 0; i < TIMING_SIZES; i++)
        t.size[i] = shape[i];
    op->prepare(&t);
    bench_result result = bench_measure(context, op->run, &t, t.flop, 0.02);
    for (size_t i = 0; i < t.block_count; i++)
        nm_free_aligned(context, t.blocks[i]);
    return result;
}

static bool is_timed(const run_options *options, const run_table *table) {
    return table->ops && table->is_available && (!options->only || options->only == table->ops);
}

/* Plain C comes first, if it is wanted; the others are held against it. */
static void time_shape(const run_options *options, const operation *op, const size_t *shape) {
    const unsigned threads = options->threads ? options->threads : 1;
    double of_c = 0;
    printf("%-13s", op->name);
    for (size_t i = 0; i < TIMING_SIZES && op->letters[i]; i++)
        printf(" %s %-4zu", op->letters[i], shape[i]);
    for (size_t i = NEUME_ISA_C; i < RUN_TABLES; i++) {
        const run_table table = run_table_at(i);
        if (!is_timed(options, &table))
            continue;
        neume_context *context = bench_context(threads, table.isa);
        const bench_result result = measure_shape(op, shape, table.ops, context);
        neume_context_free(context);
        of_c = i == NEUME_ISA_C ? result.seconds : of_c;
        printf(" | %-10s %9.1f us %5.1f %%", table.ops->name, 1e6 * result.seconds,
               100 * result.share);
        if (i != NEUME_ISA_C && of_c > 0)
            printf(" %6.1f x", of_c / result.seconds);
        fflush(stdout);
    }
    printf("\n");
}

void run_timings(const run_options *options) {
    printf("# a call, its share of the peak of multiply-adds (0: it has none), and how many times "
           "as fast as plain C; %u threads\n",
           options->threads ? options->threads : 1);
    for (size_t i = 0; i < run_operation_count; i++) {
        const operation *op = run_operations[i];
        for (size_t j = 0; run_is_wanted(options, op) && j < op->shape_count; j++)
            time_shape(options, op, op->shapes[j]);
    }
}
