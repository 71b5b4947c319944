/* SPDX-License-Identifier: ISC */
/* neume bench: how fast neume is on this machine, beside what the machine can do. */
#include "cli/cli.h"

#include <string.h>

typedef struct bench_settings {
    nm_general general;
    neume_bench_options bench;
    neume_context_options machine;
} bench_settings;

/* Where rows go. */
typedef struct report {
    const neume_context *context;
    json_t *rows; /* an array; NULL without --json */
    bool has_head, has_failed;
} report;

static json_t *row_json(const neume_bench_row *row) {
    return json_pack(
        "{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:i, s:i}", "name", row->name, "value",
        nm_report_json_number(row->value), "unit", row->unit, "limit",
        nm_report_json_number(row->limit), "share", nm_report_json_number(row->share), "low",
        nm_report_json_number(row->low), "high", nm_report_json_number(row->high), "bound",
        row->bound == NEUME_BENCH_MEMORY ? "memory" : "arithmetic", "flop_per_second",
        nm_report_json_number(row->peak), "bytes_per_second", nm_report_json_number(row->bandwidth),
        "threads", (int)row->threads, "rounds", (int)row->rounds);
}

/* Four digits or the whole number, from a million on in millions: "1.234", "98.77", "12,345",
 * "1.234 M". */
static const char *format_value(char *out, double value) {
    const bool is_large = value >= 999999.5;
    const double shown = is_large ? 1e-6 * value : value;
    if (shown >= 999.5)
        nm_report_count(out, (uint64_t)(shown + 0.5));
    else
        snprintf(out, NM_REPORT_TEXT, "%.*f", shown < 9.9995 ? 3 : shown < 99.995 ? 2 : 1, shown);
    if (is_large)
        memcpy(out + strlen(out), " M", sizeof " M");
    return out;
}

static void print_row(const neume_bench_row *row) {
    char value[NM_REPORT_TEXT], limit[NM_REPORT_TEXT], low[NM_REPORT_TEXT], high[NM_REPORT_TEXT];
    const bool is_memory = row->bound == NEUME_BENCH_MEMORY;
    printf("%-20s%8s %-7s %9s %7.1f %% %9s %9s   %.1f %s\n", row->name,
           format_value(value, row->value), row->unit, format_value(limit, row->limit),
           100 * row->share, format_value(low, row->low), format_value(high, row->high),
           1e-9 * (is_memory ? row->bandwidth : row->peak), is_memory ? "GB/s" : "GFLOP/s");
    fflush(stdout);
}

static void print_head(const neume_context *context) {
    const unsigned threads = neume_context_thread_count(context);
    printf("neume " NEUME_VERSION ", %s kernels, %u thread%s; parse and encode: 1 thread\n%s",
           neume_context_isa_name(context), threads, threads == 1 ? "" : "s",
           nm_report_style(stdout, NM_STYLE_BOLD));
    printf("%-20s%8s %-7s %9s %9s %9s %9s   %s%s\n", "", "value", "", "limit", "share", "slowest",
           "fastest", "limited by", nm_report_style(stdout, NM_STYLE_PLAIN));
    fflush(stdout);
}

static void take_row(void *data, const neume_bench_row *row) {
    report *to = data;
    if (to->rows) {
        to->has_failed |= json_array_append_new(to->rows, row_json(row)) != 0;
        return;
    }
    if (!to->has_head)
        print_head(to->context);
    to->has_head = true;
    print_row(row);
}

static neume_status measure(neume_context *context, const bench_settings *s, report *to,
                            neume_error *error) {
    neume_bench_options options = s->bench;
    options.row = take_row;
    options.data = to;
    to->context = context;
    const neume_status status = neume_bench(context, &options, error);
    if (!status && to->has_failed)
        return nm_report_fail(error, NEUME_NO_MEMORY, "report: out of memory");
    return status;
}

static neume_status init(void *settings, const nm_arguments *arguments, neume_error *error) {
    (void)arguments;
    (void)error;
    *(bench_settings *)settings = (bench_settings){.bench = neume_bench_options_default(),
                                                   .machine = neume_context_options_default()};
    return NEUME_OK;
}

static neume_status run(void *settings, const nm_arguments *arguments, neume_error *error) {
    (void)arguments;
    const bench_settings *s = settings;
    report to = {.rows = NULL};
    neume_context *context;
    neume_status status = nm_cli_context(&context, s->machine, NEUME_LOG_WARNING, error);
    if (status)
        return status;
    if (s->general.json && !(to.rows = json_array()))
        status = nm_report_fail(error, NEUME_NO_MEMORY, "report: out of memory");
    if (!status)
        status = measure(context, s, &to, error);
    if (!status && to.rows) {
        status = nm_report_json(stdout, to.rows, error);
        to.rows = NULL;
    }
    json_decref(to.rows);
    neume_context_free(context);
    return status;
}

static const nm_opt bench_options[] = {
    {.name = "only",
     .kind = NM_OPT_TEXT,
     NM_OPT_FIELD(neume_bench_options, only),
     .value = "NAME",
     .default_text = "all",
     .help = "only the rows whose names begin so: parse, encode, train, generate, train.chords"},
    {.name = "seconds",
     .kind = NM_OPT_DURATION,
     NM_OPT_FIELD(neume_bench_options, seconds),
     .value = "TIME",
     .help = "how long each row is measured; on a busy machine later rows have less"},
};

static const nm_opt_group groups[] = {
    {"Measuring", bench_options, NM_OPT_COUNT(bench_options), offsetof(bench_settings, bench)},
    {"Machine", nm_machine_options, NM_OPT_COUNT(nm_machine_options),
     offsetof(bench_settings, machine)},
    NM_JSON_GROUP,
    NM_HELP_GROUP,
};

static const nm_opt_table table = {groups, NM_OPT_COUNT(groups)};

static const char *const examples[] = {
    "neume bench",
    "all rows",
    "neume bench --only train --threads 1 --isa avx2",
    "training alone, by one thread with AVX2",
    "neume bench --json > today.json",
    "to be compared with another day's",
    NULL,
};

const nm_command nm_command_bench = {
    .name = "bench",
    .summary = "speed on this machine, beside what the machine can do",
    .synopsis = "[options]",
    .description =
        "Measures how fast neume reads MIDI files, turns them into words, trains and composes, on "
        "music made up for it, each row beside the limit of this machine, which is measured around "
        "each round: multiply-adds in registers, or reading from the cache or memory that holds "
        "what is read. The share says how much of the limit is reached.\n"
        "Values are medians. With one thread the clock is the processor's, else real time: what "
        "else runs on the machine makes it look slower.",
    .examples = examples,
    .options = &table,
    .settings_size = sizeof(bench_settings),
    .least_operands = 0,
    .most_operands = 0,
    .missing = "",
    .init = init,
    .run = run,
};
