/* SPDX-License-Identifier: ISC */
/* The parts of `neume train`: its settings, who watches the run, what is said of data and result.
 */
#ifndef NM_CLI_TRAIN_H
#define NM_CLI_TRAIN_H

#include "cli/cli.h"

typedef struct train_settings {
    nm_general general;
    neume_corpus_options corpus;
    neume_train_options train;
    neume_context_options machine;
    const char *preset;
    nm_opt_list layers, time_layers, note_layers;
    nm_opt_share valid;
    nm_opt_interval save;
    nm_opt_shifts transpose;
    nm_opt_target until;
    const char *init;          /* a model file; or NULL */
    const char *valid_from;    /* a file or folder; or NULL */
    const char *report;        /* a path; or NULL */
    const char *tensorboard;   /* a folder; or NULL */
    const char *cache;         /* a folder, "none", or NULL: the user's */
    char cache_folder[4096];   /* where that is */
    neume_range_options range; /* of --find-lr */
    bool is_deterministic;     /* the order of sums over ranks */
    bool finds_rate, is_dry_run, is_quiet, is_verbose;
} train_settings;

/* The options of train, in groups over train_settings. */
extern const nm_opt_table nm_train_table;

/* Of these those of the data, and of what is kept of it. */
enum { NM_DATA_OPTIONS = 10, NM_CACHE_OPTIONS = 2 };
extern const nm_opt nm_data_options[NM_DATA_OPTIONS], nm_cache_options[NM_CACHE_OPTIONS];

/* Of these the learning rate's. */
enum { NM_RATE_OPTIONS = 15 };
extern const nm_opt nm_rate_options[NM_RATE_OPTIONS];

/* Fails with NEUME_BAD_USAGE where one of them is given that the schedule does not look at. */
neume_status nm_train_check_rate(const train_settings *settings, const nm_arguments *arguments,
                                 neume_error *error);

/* Whether an option is about what a model keeps for good: preset, network, codec. */
bool nm_train_is_of_model(const nm_opt *option);

/* Gives what has a form of its own on the command line the values of the library's settings. */
void nm_train_spread(train_settings *settings);

/* Loads the model of --init, and lays what the command line says over the model's settings. Fails
 * with NEUME_BAD_USAGE where it says another network or codec. The caller frees the model, also
 * after failure. */
neume_status nm_train_start_from(neume_model **model, train_settings *settings,
                                 neume_context *context, const nm_arguments *arguments,
                                 neume_error *error);

/* What is written must not take the place of what is read, which --resume needs too. Fails with
 * NEUME_BAD_USAGE. */
neume_status nm_train_check_init(const train_settings *settings, neume_error *error);

/* What a training starts from, and what stays as it was. */
void nm_train_print_init(FILE *stream, const train_settings *settings, const neume_model *model,
                         const neume_corpus *corpus);

/* Watches a run: a progress line on standard error, a stop on SIGINT or SIGTERM. */
typedef struct nm_watch {
    bool is_quiet, is_verbose;
    bool is_line;      /* standard error is a terminal: one line, written over and over */
    bool has_line;     /* and there is something on it */
    const char *unit;  /* what a step is */
    double time_limit; /* seconds; 0: none */
    double shown_at;   /* seconds of the run when a line was last shown */
    uint64_t first_update;
    double first_seconds; /* of the run when it was first looked at: a resumed run starts later */
    bool is_started;
    uint64_t planned_updates;        /* 0: not known */
    neume_train_progress validation; /* the last */
} nm_watch;

/* Makes the observer and takes SIGINT and SIGTERM; the second signal ends the program. */
neume_train_observer nm_watch_start(nm_watch *watch);

/* Whether one of these signals came; `data` is not looked at. */
bool nm_watch_should_stop(void *data);

/* Leaves the terminal's line. */
void nm_watch_finish(nm_watch *watch);

/* The account of every file as JSON, for --report; NULL: no memory. */
json_t *nm_train_report_json(const neume_corpus *corpus);

/* What was found, on `stream`; why files were not used, on standard error. */
void nm_train_print_corpus(FILE *stream, const neume_corpus *corpus);

/* A run's end for people, and for programs; `planned_updates` is what its schedule ran over. */
void nm_train_print_result(const train_settings *settings, const neume_corpus *corpus,
                           const neume_train_result *result, uint64_t planned_updates);
json_t *nm_train_result_json(const train_settings *settings, const neume_corpus *corpus,
                             const neume_train_result *result, uint64_t planned_updates);

/* What the held-out loss means, beside what needs no network; the baselines of rolls, which have no
 * words, see what a key did in its last two steps. Borrowed: static. */
const char *nm_train_judgement(const neume_train_result *result, bool has_words);

/* What --find-lr found: the curve into the log, a table or JSON on standard output. */
neume_status nm_train_tell_range(const train_settings *settings, neume_context *context,
                                 const neume_range_test *test, neume_error *error);

/* What a run would take. */
void nm_train_print_estimate(const neume_train_estimate *estimate);
json_t *nm_train_estimate_json(const neume_corpus *corpus, const neume_train_estimate *estimate);

#endif
