/* SPDX-License-Identifier: ISC */
/* neume train: from a folder of MIDI files to a model. */
#include "cli/run_folder.h"
#include "cli/tensorboard.h"
#include "mpi/ranks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A run's objects. */
typedef struct run_state {
    train_settings *settings;
    const nm_arguments *arguments;
    nm_run_folder folder;
    neume_context *context;
    neume_model *init; /* that the training starts from; or NULL */
    neume_corpus *corpus;
    neume_error *error;
} run_state;

static nm_opt_list list_of(const uint32_t *values, unsigned count) {
    nm_opt_list list = {.count = count};
    for (unsigned i = 0; i < count; i++)
        list.values[i] = values[i];
    return list;
}

/* As many as there is room for; more are counted, and refused with the network. */
static unsigned adopt_list(uint32_t *values, unsigned room, const nm_opt_list *list) {
    for (unsigned i = 0; i < list->count && i < room; i++)
        values[i] = list->values[i];
    return list->count;
}

void nm_train_spread(train_settings *s) {
    s->preset = s->train.preset;
    const neume_network_options *network = &s->train.network;
    s->layers = list_of(network->layers, network->layer_count);
    s->time_layers = list_of(network->time_layers, network->time_count);
    s->note_layers = list_of(network->note_layers, network->note_count);
    s->valid = (nm_opt_share){s->corpus.valid_fraction, s->corpus.valid_count};
    s->save = (nm_opt_interval){s->train.save_epochs, s->train.save_seconds};
    s->transpose = (nm_opt_shifts){s->corpus.transpose.low, s->corpus.transpose.high};
}

static neume_status init(void *settings, const nm_arguments *arguments, neume_error *error) {
    train_settings *s = settings;
    *s = (train_settings){.corpus = neume_corpus_options_default(),
                          .machine = neume_context_options_default()};
    neume_status status = nm_cli_preset(&s->train, &s->corpus, arguments, error);
    if (!status)
        nm_train_spread(s);
    return status;
}

/* The user's folder for caches (XDG Base Directory Specification 0.8); none where there is no home.
 */
static const char *cache_folder(train_settings *s) {
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    const bool has_base = base && base[0] == '/';
    if (s->cache)
        return strcmp(s->cache, "none") == 0 ? NULL : s->cache;
    if (!has_base && (!home || home[0] != '/'))
        return NULL;
    const int length = snprintf(s->cache_folder, sizeof s->cache_folder, "%s%s/neume",
                                has_base ? base : home, has_base ? "" : "/.cache");
    return (size_t)length < sizeof s->cache_folder ? s->cache_folder : NULL;
}

/* Moves what has a form of its own on the command line to where the library looks for it. */
static void adopt(train_settings *s) {
    neume_network_options *network = &s->train.network;
    network->layer_count = adopt_list(network->layers, NEUME_MAX_LAYERS, &s->layers);
    network->time_count = adopt_list(network->time_layers, NEUME_MAX_AXIS_LAYERS, &s->time_layers);
    network->note_count = adopt_list(network->note_layers, NEUME_MAX_AXIS_LAYERS, &s->note_layers);
    s->corpus.valid_fraction = s->valid.fraction;
    s->corpus.valid_count = s->valid.count;
    s->corpus.transpose = (neume_shifts){s->transpose.low, s->transpose.high};
    if (s->until.name[0])
        s->train.until = (neume_until){s->until.name, s->until.value};
    if (s->valid_from)
        s->corpus.valid_from = (neume_inputs){&s->valid_from, 1};
    s->corpus.cache = cache_folder(s);
    s->train.save_epochs = s->save.epochs;
    s->train.save_seconds = s->save.seconds;
}

static neume_status check_usage(const train_settings *s, neume_error *error) {
    if (!s->train.output && !s->is_dry_run && !s->finds_rate)
        return nm_report_fail(error, NEUME_BAD_USAGE,
                              "missing --output, expected the model file to write");
    if (s->train.resume && s->train.force)
        return nm_report_fail(error, NEUME_BAD_USAGE,
                              "--resume and --force contradict each other: go on, or start anew?");
    if (s->train.freeze && !s->init)
        return nm_report_fail(error, NEUME_BAD_USAGE,
                              "--freeze %s: keeps layers as a model has them, expected --init "
                              "MODEL too",
                              s->train.freeze);
    return NEUME_OK;
}

/* What would fail after hours fails now. */
static neume_status check_outputs(const train_settings *s, neume_error *error) {
    struct stat about;
    neume_status status = nm_cli_check_output(s->train.output, error);
    if (!status && s->train.log)
        status = nm_cli_check_output(s->train.log, error);
    if (!status && s->report)
        status = nm_cli_check_output(s->report, error);
    if (!status && !s->is_dry_run && !s->finds_rate)
        status = nm_tensorboard_check(s->tensorboard, error);
    if (!status && s->train.output && !s->is_dry_run && !s->finds_rate && !s->train.resume &&
        !s->train.force && stat(s->train.output, &about) == 0)
        status = nm_report_fail(error, NEUME_BAD_USAGE,
                                "%s: exists; --force overwrites it, --resume goes on with it",
                                s->train.output);
    return status;
}

static neume_status fail_unusable(const run_state *run) {
    const neume_corpus_counts c = neume_corpus_count(run->corpus);
    if (!run->settings->general.json)
        nm_train_print_corpus(stderr, run->corpus);
    return nm_report_fail(run->error, NEUME_BAD_INPUT,
                          "no usable input: of %zu MIDI files %zu were skipped, %zu duplicate; %zu "
                          "other files",
                          c.seen, c.skipped, c.duplicate, c.other);
}

/* Of the ranks that train together one writes and is asked for its files. */
static bool is_writer(const train_settings *s) {
    return !s->machine.ranks || s->machine.ranks->rank == 0;
}

static neume_status load(run_state *run, neume_inputs inputs) {
    const train_settings *s = run->settings;
    neume_status status =
        neume_corpus_load(&run->corpus, run->context, &s->corpus, inputs, run->error);
    if (!status && s->report && is_writer(s))
        status = nm_report_json_save(s->report, run->context, nm_train_report_json(run->corpus),
                                     run->error);
    if (!status && neume_corpus_count(run->corpus).train_pieces == 0)
        status = fail_unusable(run);
    return status;
}

static void print_data(FILE *stream, const run_state *run) {
    nm_train_print_corpus(stream, run->corpus);
    if (run->init)
        nm_train_print_init(stream, run->settings, run->init, run->corpus);
}

static neume_status plan(const run_state *run) {
    neume_train_estimate estimate;
    const train_settings *s = run->settings;
    neume_status status =
        neume_train_plan(&estimate, run->context, run->corpus, &s->train, run->error);
    if (status)
        return status;
    if (s->general.json)
        return nm_report_json(stdout, nm_train_estimate_json(run->corpus, &estimate), run->error);
    print_data(stdout, run);
    nm_train_print_estimate(&estimate);
    return NEUME_OK;
}

/* Tells in the run's folder what came of it; why a run failed counts more than that it could not be
 * told. What was complete already stays as it is, unless it could not be told then. */
static neume_status account(const run_state *run, const neume_train_result *result,
                            uint64_t planned_updates, neume_status status) {
    neume_error failure = {.status = NEUME_OK};
    const nm_run_account it = {.folder = &run->folder,
                               .settings = run->settings,
                               .arguments = run->arguments,
                               .context = run->context,
                               .corpus = run->corpus,
                               .result = result,
                               .planned_updates = planned_updates,
                               .status = status,
                               .reason = run->error->line};
    if (!run->folder.path || !is_writer(run->settings) || result->updates == 0 ||
        (result->end == NEUME_END_ALREADY_DONE && nm_run_account_is_whole(&run->folder)))
        return status;
    const neume_status told = nm_run_account_write(&it, &failure);
    if (status)
        return status;
    if (told)
        *run->error = failure;
    return told;
}

static neume_status train(const run_state *run) {
    train_settings *s = run->settings;
    if (!s->is_quiet)
        print_data(stderr, run);
    nm_watch watch = {.is_quiet = s->is_quiet,
                      .is_verbose = s->is_verbose,
                      .unit = neume_codec_step_unit(neume_corpus_codec(run->corpus)),
                      .time_limit = s->train.time_limit};
    nm_tensorboard board;
    s->train.observer =
        nm_tensorboard_start(&board, is_writer(s) ? s->tensorboard : NULL,
                             neume_corpus_codec(run->corpus), nm_watch_start(&watch));
    neume_train_result result;
    neume_status status = neume_train(&result, run->context, run->corpus, &s->train, run->error);
    nm_tensorboard_finish(&board);
    nm_watch_finish(&watch);
    if (board.failure.status && (!status || status == NEUME_INTERRUPTED)) { /* why it was stopped */
        *run->error = board.failure;
        status = board.failure.status;
    }
    status = account(run, &result, watch.planned_updates, status);
    if (status)
        return status;
    if (s->general.json)
        return nm_report_json(stdout,
                              nm_train_result_json(s, run->corpus, &result, watch.planned_updates),
                              run->error);
    if (!s->is_quiet)
        nm_train_print_result(s, run->corpus, &result, watch.planned_updates);
    if (!s->is_quiet && run->folder.path && result.end != NEUME_END_ALREADY_DONE)
        printf("Report: %sreport.md\n", run->folder.path);
    return NEUME_OK;
}

static neume_status find_rate(const run_state *run) {
    train_settings *s = run->settings;
    if (!s->is_quiet)
        print_data(stderr, run);
    nm_watch watch = {.is_quiet = s->is_quiet,
                      .unit = neume_codec_step_unit(neume_corpus_codec(run->corpus))};
    s->train.observer = nm_watch_start(&watch);
    s->range.training = &s->train;
    s->range.updates = s->train.max_updates;
    neume_range_test *test;
    neume_status status =
        neume_range_test_new(&test, run->context, run->corpus, &s->range, run->error);
    nm_watch_finish(&watch);
    if (!status && is_writer(s))
        status = nm_train_tell_range(s, run->context, test, run->error);
    neume_range_test_free(test);
    return status;
}

static neume_log_level level_of(const train_settings *s) {
    return s->is_quiet ? NEUME_LOG_WARNING : s->is_verbose ? NEUME_LOG_DEBUG : NEUME_LOG_INFO;
}

static neume_status begin(run_state *run, const nm_arguments *arguments) {
    train_settings *s = run->settings;
    neume_status status = nm_cli_context(&run->context, s->machine, level_of(s), run->error);
    if (!status && s->init)
        status = nm_train_start_from(&run->init, s, run->context, arguments, run->error);
    adopt(s);
    return status;
}

static neume_status run_rank(void *settings, const nm_arguments *arguments, neume_error *error) {
    run_state run = {.settings = settings, .arguments = arguments, .error = error};
    const train_settings *s = settings;
    neume_status status = check_usage(s, error);
    if (!status)
        status = begin(&run, arguments);
    if (!status)
        status = nm_train_check_rate(s, arguments, error);
    if (!status)
        status = nm_run_folder_settle(&run.folder, settings, error);
    if (!status && is_writer(s))
        status = nm_run_folder_make(&run.folder, error);
    if (!status)
        status = nm_train_check_init(s, error);
    if (!status && is_writer(s))
        status = check_outputs(s, error);
    if (!status)
        status = load(&run, (neume_inputs){arguments->operands, arguments->operand_count});
    if (!status)
        status = s->is_dry_run ? plan(&run) : s->finds_rate ? find_rate(&run) : train(&run);
    neume_corpus_free(run.corpus);
    neume_model_free(run.init);
    neume_context_free(run.context);
    nm_run_folder_clear(&run.folder);
    return status;
}

/* As one of the ranks that a launcher started, or alone. Where a rank is lost, the first of the
 * others says so and ends them all. */
static neume_status run(void *settings, const nm_arguments *arguments, neume_error *error) {
    train_settings *s = settings;
    const nm_mpi_options options = {.is_deterministic = s->is_deterministic,
                                    .is_asked_to_stop = nm_watch_should_stop};
    nm_mpi *mpi;
    neume_status status = nm_mpi_start(&mpi, &options, error);
    s->machine.ranks = nm_mpi_ranks(mpi);
    if (!status)
        status = run_rank(settings, arguments, error);
    if (!nm_mpi_finish(mpi, &status, error)) {
        nm_report_line("train", error->line);
        nm_mpi_abort(mpi, nm_report_exit_code(status));
    }
    return status;
}

static const char *const examples[] = {
    "neume train songs/ -o songs.neume --preset chords --time-limit 10m",
    "ten minutes of training on the MIDI files below songs/",
    "neume train songs/ -o songs.neume --preset chords --resume",
    "go on where a run was stopped",
    "neume train songs/ -o night/ --time-limit 8h --samples 10",
    "a folder with all that a night of training leaves, and report.md to read in the morning",
    "neume train songs/ --preset chords --dry-run",
    "what is in the folder, and what training would take",
    "neume train celtic/ jazz/ -o styles.neume --preset streams --labels folder",
    "a model of two styles, told apart by their folders",
    "neume train mine/ -o mine.neume --init songs.neume --lr 0.0005 --freeze embed",
    "go on from what a model has learnt with other music",
    NULL,
};

const nm_command nm_command_train = {
    .name = "train",
    .summary = "learn from MIDI files and folders: write a model",
    .synopsis = "INPUT... -o MODEL [--preset NAME] [options]",
    .description =
        "Reads the MIDI files at and below each INPUT, chosen by content, not by name; holds some "
        "pieces out; trains a network on the others; and writes the model that did best on those "
        "held out. Every file is accounted for: --report.\n"
        "At its end the held-out loss stands beside that of three baselines: uniform, unigram and "
        "an interpolated Kneser-Ney trigram over the same words.\n"
        "Started by a launcher (mpirun -n 4 neume train ..., in builds with MPI) it is one of "
        "several ranks that train one model together; --batch and --threads are each rank's.\n"
        "SIGINT (Ctrl-C) and SIGTERM finish the update, save and end with 130; --resume goes on as "
        "if nothing had happened.",
    .examples = examples,
    .options = &nm_train_table,
    .settings_size = sizeof(train_settings),
    .least_operands = 1,
    .most_operands = SIZE_MAX,
    .missing = "INPUT",
    .init = init,
    .run = run,
};
