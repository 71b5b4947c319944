/* SPDX-License-Identifier: ISC */
/* What a corpus costs, however large:
 *
 *     corpus_scale PRESET THREADS CACHE|none INPUT...
 *
 * loads it once, with a cache in the folder CACHE, and prints the files, seconds, files a second
 * and the most memory that was held: RssAnon of /proc/self/status, looked at every 5 ms, and beside
 * it the pages of files, which the system takes back when it wants them. Called twice, the second
 * line is that of a second start. `multiply` makes its input. */
#include <neume/train.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct sampler {
    atomic_bool is_done;
    size_t anonymous, files; /* kB at their most */
} sampler;

static void look(sampler *at) {
    char line[256];
    FILE *status = fopen("/proc/self/status", "re");
    while (status && fgets(line, sizeof line, status)) {
        size_t kilobytes;
        if (sscanf(line, "RssAnon: %zu", &kilobytes) == 1 && kilobytes > at->anonymous)
            at->anonymous = kilobytes;
        if (sscanf(line, "RssFile: %zu", &kilobytes) == 1 && kilobytes > at->files)
            at->files = kilobytes;
    }
    if (status)
        fclose(status);
}

static void *sample(void *data) {
    sampler *at = data;
    while (!at->is_done) {
        look(at);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return NULL;
}

static double seconds_on(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void check(neume_status status, const neume_error *error) {
    if (!status)
        return;
    fprintf(stderr, "corpus_scale: %s\n", error->line);
    exit(1);
}

static void print_line(void *data, neume_log_level level, const char *line) {
    (void)data;
    if (level >= NEUME_LOG_WARNING)
        fprintf(stderr, "corpus_scale: %s\n", line);
}

static void measure(neume_context *context, const neume_corpus_options *options,
                    neume_inputs inputs) {
    sampler at = {.anonymous = 0};
    neume_corpus *corpus = NULL;
    neume_error error = {0};
    pthread_t thread;
    if (pthread_create(&thread, NULL, sample, &at) != 0)
        exit(1);
    const double start = seconds_on(CLOCK_MONOTONIC);
    const double busy = seconds_on(CLOCK_PROCESS_CPUTIME_ID);
    check(neume_corpus_load(&corpus, context, options, inputs, &error), &error);
    const double seconds = seconds_on(CLOCK_MONOTONIC) - start;
    const double cpu = seconds_on(CLOCK_PROCESS_CPUTIME_ID) - busy;
    at.is_done = true;
    pthread_join(thread, NULL);
    look(&at);
    const neume_corpus_counts c = neume_corpus_count(corpus);
    const size_t files = neume_corpus_file_count(corpus);
    printf(
        "%zu files, %zu train, %zu validate, %zu alike, %zu steps: %.2f s (%.2f s of processor), "
        "%.0f files/s; held %.1f MB, files mapped %.1f MB\n",
        files, c.train_pieces, c.valid_pieces, c.alike, c.train_steps + c.valid_steps, seconds, cpu,
        (double)files / seconds, (double)at.anonymous / 1024, (double)at.files / 1024);
    neume_corpus_free(corpus);
}

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "corpus_scale: expected PRESET THREADS CACHE|none INPUT...\n");
        return 2;
    }
    const neume_inputs inputs = {(const char *const *)argv + 4, (size_t)argc - 4};
    neume_context_options machine = neume_context_options_default();
    neume_corpus_options options = neume_corpus_options_default();
    neume_train_options train;
    neume_context *context = NULL;
    neume_error error = {0};
    machine.thread_count = (unsigned)strtoul(argv[2], NULL, 10);
    machine.log = print_line;
    check(neume_context_new(&context, &machine, &error), &error);
    check(neume_train_options_preset(&train, &options, argv[1], &error), &error);
    options.cache = strcmp(argv[3], "none") == 0 ? NULL : argv[3];
    measure(context, &options, inputs);
    neume_context_free(context);
    return 0;
}
