/* SPDX-License-Identifier: ISC */
#include "run.h"

#include "nn/vector/tables.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPERATION(name) &name##_operation,
const operation *const run_operations[] = {OPERATIONS};
#undef OPERATION
const size_t run_operation_count = sizeof run_operations / sizeof *run_operations;

static run_table table_of_products(nm_products products) {
    const bool has_them = products == NM_PRODUCTS_FP16 ? nm_cpu_has_halves() : nm_cpu_has_tiles();
    return (run_table){.ops = nm_product_tables[products],
                       .isa = NEUME_ISA_AVX512,
                       .products = products,
                       .is_available = nm_isa_is_available(NEUME_ISA_AVX512) && has_them};
}

run_table run_table_at(size_t index) {
    if (index > NEUME_ISA_AVX512)
        return table_of_products((nm_products)(index - NEUME_ISA_AVX512));
    const neume_isa isa = (neume_isa)index;
    return (run_table){
        .ops = nm_ops_for(isa), .isa = isa, .is_available = nm_isa_is_available(isa)};
}

bool run_is_wanted(const run_options *options, const operation *op) {
    for (int i = 0; i < options->name_count; i++)
        if (fnmatch(options->names[i], op->name, 0) == 0)
            return true;
    return options->name_count == 0;
}

static neume_context *context_of(const check *c, unsigned threads) {
    neume_context_options options = neume_context_options_default();
    options.thread_count = threads;
    options.isa = NEUME_ISA_C;
    neume_context *context = NULL;
    neume_error error = {0};
    if (neume_context_new(&context, &options, &error))
        check_fail(c, "%s", error.line);
    return context;
}

static double rounding_of(nm_products products) {
    static const double roundings[] = {0x1p-24, 0x1p-12, 0x1p-9};
    return roundings[products];
}

/* Does not return: the process is this check's own. */
static _Noreturn void check_in_child(const operation *op, const run_table *table,
                                     const run_options *options, char *where) {
    static const unsigned all[CHECK_POOLS] = {1, 2, 3, 8};
    const unsigned asked[] = {1, options->threads};
    const unsigned *threads = options->threads ? asked : all;
    check *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    neume_context *contexts[CHECK_POOLS];
    *c = (check){.ops = table->ops,
                 .rounding = rounding_of(table->products),
                 .seed = options->seed,
                 .cases = options->cases,
                 .where = where};
    c->pool_count = options->threads ? 2 : CHECK_POOLS;
    for (size_t i = 0; i < c->pool_count; i++) {
        contexts[i] = context_of(c, threads[i]);
        c->pools[i] = contexts[i]->pool;
    }
    op->check(c);
    for (size_t i = 0; i < c->pool_count; i++)
        neume_context_free(contexts[i]);
    free(c);
    exit(EXIT_SUCCESS);
}

/* The check runs in a child, because a kernel that touches a fence ends it. */
static bool check_operation(const operation *op, const run_table *table, const run_options *options,
                            char *where) {
    strcpy(where, "before the first case");
    fflush(stdout);
    const pid_t child = fork();
    if (child < 0)
        return false;
    if (child == 0)
        check_in_child(op, table, options, where);
    int status = 0;
    if (waitpid(child, &status, 0) != child)
        return false;
    if (WIFSIGNALED(status))
        printf("# %s: %s, as where memory is touched that is not the kernel's\n", where,
               strsignal(WTERMSIG(status)));
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

/* One line of TAP. False where the check failed. */
static bool report(const operation *op, const run_table *table, const run_options *options,
                   size_t number) {
    const nm_ops *ops = table->ops;
    if (!table->is_available) {
        printf("ok %zu - %s, %s # SKIP this machine has no %s\n", number, op->name, ops->name,
               ops->name);
        return true;
    }
    char *where = mmap(NULL, CHECK_CASE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (where == MAP_FAILED)
        abort();
    const bool is_right = check_operation(op, table, options, where);
    printf("%s %zu - %s, %s\n", is_right ? "ok" : "not ok", number, op->name, ops->name);
    munmap(where, CHECK_CASE);
    return is_right;
}

bool run_checks(const run_options *options) {
    bool is_right = true;
    size_t count = 0;
    printf("# seed %llu, %zu cases at random\n", (unsigned long long)options->seed, options->cases);
    for (size_t i = 0; i < run_operation_count; i++)
        for (size_t j = NEUME_ISA_C; j < RUN_TABLES; j++) {
            const run_table table = run_table_at(j);
            if (table.ops && (!options->only || options->only == table.ops) &&
                run_is_wanted(options, run_operations[i]))
                is_right &= report(run_operations[i], &table, options, ++count);
        }
    printf("1..%zu\n", count);
    return is_right;
}
