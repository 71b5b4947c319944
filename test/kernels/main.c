/* SPDX-License-Identifier: ISC */
/* Checks every operation of every table that this machine can run, or times them. */
#include "run.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char usage[] =
    "Usage: check_kernels [OPTION]... [OPERATION]...\n"
    "Checks the operations of nn/ops.h, each of every table, against the reference, and prints "
    "TAP.\n"
    "OPERATION may have wildcards ('lstm_*'); without any, all are checked.\n"
    "\n"
    "      --isa NAME     only this table: c, baseline, avx2, avx512, avx512fp16, avx512amx\n"
    "      --threads N    compare 1 thread with N (default: with 2, 3 and 8); time N (default: 1)\n"
    "      --seed N       of what is drawn (default: 1; with NEUME_LONG set, the time)\n"
    "      --cases N      of sizes at random, beside the fixed ones (default: 40; NEUME_LONG: "
    "2000)\n"
    "      --bench        time each table beside the peak of multiply-adds and plain C\n"
    "      --list         list the operations and tables\n"
    "      --help         this text\n";

typedef enum action { CHECK, BENCH, LIST, HELP } action;

static _Noreturn void refuse(const char *what, const char *value, const char *expected) {
    fprintf(stderr, "check_kernels: %s '%s': expected %s\n", what, value, expected);
    exit(2);
}

static uint64_t number(const char *what, const char *text, uint64_t least, uint64_t most) {
    char *end;
    const unsigned long long value = strtoull(text, &end, 10);
    if (*end || end == text || *text == '-' || value < least || value > most)
        refuse(what, text, "a number in range");
    return value;
}

static const nm_ops *table(const char *name) {
    for (size_t i = NEUME_ISA_C; i < RUN_TABLES; i++) {
        const nm_ops *ops = run_table_at(i).ops;
        if (ops && strcmp(ops->name, name) == 0)
            return ops;
    }
    refuse("--isa", name, "a table of this build (--list)");
}

static action read_options(run_options *options, int argc, char **argv) {
    static const struct option names[] = {
        {"isa", required_argument, NULL, 'i'},  {"threads", required_argument, NULL, 't'},
        {"seed", required_argument, NULL, 's'}, {"cases", required_argument, NULL, 'c'},
        {"bench", no_argument, NULL, 'b'},      {"list", no_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0}};
    action what = CHECK;
    for (int letter; (letter = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        if (letter == 'i')
            options->only = table(optarg);
        else if (letter == 't')
            options->threads = (unsigned)number("--threads", optarg, 1, 256);
        else if (letter == 's')
            options->seed = number("--seed", optarg, 0, UINT64_MAX);
        else if (letter == 'c')
            options->cases = number("--cases", optarg, 0, SIZE_MAX);
        else if (letter == 'b' || letter == 'l' || letter == 'h')
            what = letter == 'b' ? BENCH : letter == 'l' ? LIST : HELP;
        else
            exit(2);
    }
    options->names = argv + optind;
    options->name_count = argc - optind;
    return what;
}

/* An operand that means no operation would be a check of nothing. */
static void refuse_unknown(const run_options *options) {
    for (int i = 0; i < options->name_count; i++) {
        run_options one = *options;
        one.names += i;
        one.name_count = 1;
        bool is_known = false;
        for (size_t j = 0; j < run_operation_count; j++)
            is_known |= run_is_wanted(&one, run_operations[j]);
        if (!is_known)
            refuse("operation", one.names[0], "one of --list");
    }
}

static void list(void) {
    for (size_t i = 0; i < run_operation_count; i++)
        printf("%s\n", run_operations[i]->name);
    for (size_t i = NEUME_ISA_C; i < RUN_TABLES; i++) {
        const run_table it = run_table_at(i);
        if (it.ops)
            printf("--isa %s%s\n", it.ops->name,
                   it.is_available ? "" : " (this machine does not have it)");
    }
}

int main(int argc, char **argv) {
    const bool is_long = getenv("NEUME_LONG") != NULL;
    run_options options = {.seed = is_long ? (uint64_t)time(NULL) : 1,
                           .cases = is_long ? 2000 : 40};
    const action what = read_options(&options, argc, argv);
    refuse_unknown(&options);
    if (what == HELP)
        fputs(usage, stdout);
    else if (what == LIST)
        list();
    else if (what == BENCH)
        run_timings(&options);
    else
        return run_checks(&options) ? EXIT_SUCCESS : EXIT_FAILURE;
    return EXIT_SUCCESS;
}
