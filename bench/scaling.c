/* SPDX-License-Identifier: ISC */
/* How an update scales: a table, and curves of efficiency over ranks.
 *
 *     scaling PHASES.csv --preset P [options]
 *
 * PHASES.csv is what update_phases prints. --batch B (of its lines; default: the first of the
 * preset), --ranks 1,2,..., --network NAME,MICROSECONDS,GBIT (up to three; default the three
 * below), --messages linear|logarithmic, --summing GB/s, --spread S, --overlap O, --cores C,
 * --threads N, --epoch UPDATES,SECONDS,PIECES,SECONDS (updates, a validation of so many pieces, a
 * checkpoint), --critical ROWS, --measured FILE.csv (lines RANKS,EFFICIENCY), -o FILE.svg. */
#include "scaling.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void fail(const char *what, const char *why) {
    fprintf(stderr, "scaling: %s: %s\n", what, why);
    exit(2);
}

double scaling_efficiency(const scaling_question *question, unsigned network, unsigned n) {
    const scaling_network *of = &question->networks[network];
    return scaling_update_time(&question->update, of, &question->ranks, 1).seconds /
           scaling_update_time(&question->update, of, &question->ranks, n).seconds;
}

double scaling_sooner(const scaling_question *question, unsigned network, unsigned n) {
    return scaling_efficiency(question, network, n) *
           scaling_fewer_updates(question->critical, question->batch, n);
}

/* A part of the update that is asked for; others are passed over. */
static void take_line(scaling_question *question, const char *line) {
    char preset[32], part[32];
    double batch, steps, threads, bytes, seconds;
    if (sscanf(line, "%31[^,],%lf,%lf,%lf,%31[^,],%lf,%lf", preset, &batch, &steps, &threads, part,
               &bytes, &seconds) != 7 ||
        strcmp(preset, question->preset) != 0 || (question->batch > 0 && batch != question->batch))
        return;
    scaling_update *update = &question->update;
    question->batch = batch;
    question->steps = steps;
    question->ranks.threads = threads;
    if (strcmp(part, "before") == 0)
        update->before = seconds;
    else if (strcmp(part, "after") == 0)
        update->after = seconds;
    else if (update->bucket_count < SCALING_MAX_BUCKETS) {
        update->buckets[update->bucket_count].seconds = seconds;
        update->buckets[update->bucket_count++].bytes = bytes;
    }
}

static void take_point(scaling_question *question, const char *line) {
    double n, efficiency;
    if (question->measured_count == SCALING_MAX_MEASURED ||
        sscanf(line, "%lf,%lf", &n, &efficiency) != 2)
        return;
    question->measured[0][question->measured_count] = n;
    question->measured[1][question->measured_count++] = efficiency;
}

static void read_lines(scaling_question *question, const char *path,
                       void (*take)(scaling_question *question, const char *line)) {
    char line[256];
    FILE *file = fopen(path, "re");
    if (!file)
        fail(path, "it cannot be read");
    while (fgets(line, sizeof line, file))
        take(question, line);
    fclose(file);
}

static void take_network(scaling_question *question, char *text) {
    double microseconds, gigabits;
    char *comma = strchr(text, ',');
    if (question->network_count == SCALING_MAX_NETWORKS || !comma ||
        sscanf(comma, ",%lf,%lf", &microseconds, &gigabits) != 2 || !(gigabits > 0))
        fail(text, "expected NAME,MICROSECONDS,GBIT, at most three times");
    *comma = '\0';
    question->names[question->network_count] = text;
    question->networks[question->network_count++] =
        (scaling_network){.latency = 1e-6 * microseconds, .bandwidth = 1e9 / 8 * gigabits};
}

static void take_usual_networks(scaling_question *question) {
    static const char *const names[] = {"100 Gb/s, 2 µs", "10 Gb/s, 20 µs", "1 Gb/s, 50 µs"};
    static const double figures[][2] = {{2e-6, 100}, {20e-6, 10}, {50e-6, 1}};
    for (unsigned i = 0; i < SCALING_MAX_NETWORKS; i++) {
        question->names[i] = names[i];
        question->networks[i] =
            (scaling_network){.latency = figures[i][0], .bandwidth = 1e9 / 8 * figures[i][1]};
    }
    question->network_count = SCALING_MAX_NETWORKS;
}

static void take_ranks(scaling_question *question, char *text) {
    question->count_count = 0;
    for (char *at = strtok(text, ","); at; at = strtok(NULL, ",")) {
        const unsigned long n = strtoul(at, NULL, 10);
        if (n < 1 || n > 1000000 || question->count_count == SCALING_MAX_RANKS)
            fail(at, "expected ranks, 1 to 1,000,000");
        question->counts[question->count_count++] = (unsigned)n;
    }
}

static double number_of(const char *text, double low, double high) {
    char *end;
    const double value = strtod(text, &end);
    if (end == text || *end || !(value >= low && value <= high))
        fail(text, "expected a number in its range");
    return value;
}

static void take_epoch(scaling_question *question, const char *text) {
    scaling_epoch *epoch = &question->epoch;
    if (sscanf(text, "%lf,%lf,%lf,%lf", &epoch->updates, &epoch->validation, &epoch->pieces,
               &epoch->checkpoint) != 4)
        fail(text, "expected UPDATES,SECONDS,PIECES,SECONDS");
}

static scaling_messages messages_of(const char *text) {
    if (strcmp(text, "linear") != 0 && strcmp(text, "logarithmic") != 0)
        fail(text, "expected linear or logarithmic");
    return strcmp(text, "linear") == 0 ? SCALING_LINEAR : SCALING_LOGARITHMIC;
}

/* What the command line says; of sums what holds for all networks stands in the options. */
typedef struct options {
    scaling_question *question;
    scaling_messages messages;
    double summing; /* bytes a second */
    double threads; /* 0: as PHASES.csv says */
    const char *output;
} options;

static const struct option long_options[] = {
    {"preset", required_argument, NULL, 'p'},   {"batch", required_argument, NULL, 'b'},
    {"ranks", required_argument, NULL, 'r'},    {"network", required_argument, NULL, 'n'},
    {"messages", required_argument, NULL, 'm'}, {"summing", required_argument, NULL, 's'},
    {"spread", required_argument, NULL, 'd'},   {"overlap", required_argument, NULL, 'l'},
    {"cores", required_argument, NULL, 'c'},    {"threads", required_argument, NULL, 't'},
    {"epoch", required_argument, NULL, 'e'},    {"critical", required_argument, NULL, 'k'},
    {"measured", required_argument, NULL, 'x'}, {NULL, 0, NULL, 0}};

static void take_option(options *it, int letter, char *text) {
    scaling_question *question = it->question;
    switch (letter) {
    case 'p':
        question->preset = text;
        break;
    case 'b':
        question->batch = number_of(text, 1, 1e6);
        break;
    case 'r':
        take_ranks(question, text);
        break;
    case 'n':
        take_network(question, text);
        break;
    case 'm':
        it->messages = messages_of(text);
        break;
    case 's':
        it->summing = 1e9 * number_of(text, 1e-3, 1e6);
        break;
    case 'd':
        question->ranks.spread = number_of(text, 0, 1);
        break;
    case 'l':
        question->ranks.overlap = number_of(text, 0, 1);
        break;
    case 'c':
        question->ranks.cores = number_of(text, 0, 1e6);
        break;
    case 't':
        it->threads = number_of(text, 1, 1024);
        break;
    case 'e':
        take_epoch(question, text);
        break;
    case 'k':
        question->critical = number_of(text, 0, 1e9);
        break;
    case 'x':
        read_lines(question, text, take_point);
        break;
    case 'o':
        it->output = text;
        break;
    default:
        exit(2);
    }
}

static void print_row(const scaling_question *question, unsigned network, unsigned n) {
    const scaling_time time =
        scaling_update_time(&question->update, &question->networks[network], &question->ranks, n);
    printf("| %s | %u | %.1f | %.0f %% | %.0f %% | %.1f |", question->names[network], n,
           1e3 * time.seconds, 100 * scaling_efficiency(question, network, n), 100 * time.hidden,
           1e-6 * time.sent);
    if (question->epoch.updates > 0)
        printf(" %.1f |", scaling_epoch_seconds(&question->epoch, time.seconds, n));
    if (question->critical > 0)
        printf(" %.1f |", scaling_sooner(question, network, n));
    printf("\n");
}

static void print_table(const scaling_question *question) {
    const bool has_epoch = question->epoch.updates > 0, has_loss = question->critical > 0;
    printf("| network | ranks | update, ms | efficiency | hidden | sent, MB |%s%s\n",
           has_epoch ? " epoch, s |" : "", has_loss ? " times sooner |" : "");
    printf("| --- | ---: | ---: | ---: | ---: | ---: |%s%s\n", has_epoch ? " ---: |" : "",
           has_loss ? " ---: |" : "");
    for (unsigned k = 0; k < question->network_count; k++)
        for (unsigned i = 0; i < question->count_count; i++)
            print_row(question, k, question->counts[i]);
}

/* What holds for all networks. */
static void complete(options *it) {
    scaling_question *question = it->question;
    if (question->network_count == 0)
        take_usual_networks(question);
    for (unsigned k = 0; k < question->network_count; k++) {
        question->networks[k].messages = it->messages;
        question->networks[k].summing = 1 / it->summing;
    }
    if (it->threads > 0)
        question->ranks.threads = it->threads;
}

int main(int argc, char **argv) {
    char usual_ranks[] = "1,2,4,8,16,32,64,128,256,512,1000";
    scaling_question question = {.preset = "events",
                                 .ranks = {.overlap = 1, .spread = 0.02, .gather_bytes = 256}};
    options it = {.question = &question, .messages = SCALING_LOGARITHMIC, .summing = 4e9};
    take_ranks(&question, usual_ranks);
    for (int letter; (letter = getopt_long(argc, argv, "o:", long_options, NULL)) != -1;)
        take_option(&it, letter, optarg);
    if (optind + 1 != argc)
        fail("usage", "expected PHASES.csv, as update_phases prints it");
    read_lines(&question, argv[optind], take_line);
    if (question.update.bucket_count == 0)
        fail(argv[optind], "no line of this preset and batch");
    complete(&it);
    print_table(&question);
    return it.output && !scaling_draw(&question, it.output);
}
