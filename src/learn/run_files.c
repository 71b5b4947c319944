/* SPDX-License-Identifier: ISC */
#include "learn/run_files.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "learn/run_init.h"
#include "learn/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char SUFFIX[] = ".neume";

/* Length of the path without its ".neume". */
static size_t stem_length(const char *path) {
    const size_t length = strlen(path), suffix = sizeof SUFFIX - 1;
    const bool has_suffix = length > suffix && strcmp(path + length - suffix, SUFFIX) == 0;
    return has_suffix ? length - suffix : length;
}

/* The stem, `infix` and ".neume"; NULL for want of memory. */
static char *beside(neume_context *context, const char *path, const char *infix) {
    const size_t stem = stem_length(path), size = stem + strlen(infix) + sizeof SUFFIX;
    char *name = nm_alloc(context, size, 1);
    if (name)
        snprintf(name, size, "%.*s%s%s", (int)stem, path, infix, SUFFIX);
    return name;
}

neume_status nm_run_files_init(nm_run_files *files, neume_context *context, const char *model,
                               neume_error *error) {
    const size_t size = strlen(model) + sizeof ".ckpt";
    *files = (nm_run_files){.context = context, .model = model};
    files->last = beside(context, model, ".last");
    files->checkpoint = nm_alloc(context, size, 1);
    if (!files->last || !files->checkpoint) {
        nm_run_files_clear(files);
        return nm_fail_memory(error, model);
    }
    snprintf(files->checkpoint, size, "%s.ckpt", model);
    return NEUME_OK;
}

void nm_run_files_clear(nm_run_files *files) {
    if (!files->context)
        return;
    nm_free(files->context, files->last);
    nm_free(files->context, files->checkpoint);
    *files = (nm_run_files){0};
}

void nm_run_files_remove_unfinished(const nm_run_files *files) {
    nm_file_remove_unfinished(files->model);
    nm_file_remove_unfinished(files->last);
    nm_file_remove_unfinished(files->checkpoint);
}

/* The run as it is now: its last validation, or none where it has gone on since. */
static nm_validation now(const nm_run *run) {
    if (run->state.last.update == run->state.update)
        return run->state.last;
    return (nm_validation){.epoch = nm_run_epochs(run),
                           .update = run->state.update,
                           .train = nm_run_train_means(run),
                           .valid = nm_means_of(NULL, NULL, 0, 0)};
}

nm_validation nm_run_files_best(const nm_run *run) {
    return run->best && run->state.best.update ? run->state.best : now(run);
}

/* What a model file says of its training. Nothing that a clock says: the same run writes the same
 * bytes. The temperature is that of the best model. */
static json_t *training_json(const nm_run *run, const nm_validation *of) {
    const bool is_best = of->update == nm_run_files_best(run).update;
    json_t *results = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "epoch",
        nm_json_count(of->epoch), "update", nm_json_count(of->update), "planned_updates",
        nm_json_count(run->state.planned), "skipped", nm_json_count(run->state.skipped),
        "train_loss", nm_json_real(of->train.loss), "train_accuracy",
        nm_json_real(of->train.accuracy), "valid_loss", nm_json_real(of->valid.loss),
        "valid_accuracy", nm_json_real(of->valid.accuracy), "uniform", nm_json_real(run->uniform),
        "unigram", nm_json_real(run->unigram), "trigram", nm_json_real(run->trigram), "temperature",
        nm_json_real(is_best ? run->state.temperature : 1), "calibrated_loss",
        nm_json_real(is_best ? run->state.calibrated_loss : NAN));
    return json_pack("{s:o, s:o}", "settings", nm_run_settings_json(run), "results", results);
}

static neume_status save_model(const nm_run *run, const real *weights, const nm_validation *of,
                               const char *path, neume_error *error) {
    json_t *training = training_json(run, of);
    if (!training)
        return nm_fail_memory(error, path);
    const neume_status status = nm_model_save(run->model, weights, training, path, error);
    json_decref(training);
    return status;
}

neume_status nm_run_files_save_best(const nm_run_files *files, const nm_run *run,
                                    neume_error *error) {
    const nm_validation best = nm_run_files_best(run);
    return save_model(run, nm_run_best_weights(run), &best, files->model, error);
}

neume_status nm_run_files_save_last(const nm_run_files *files, const nm_run *run,
                                    neume_error *error) {
    const nm_validation last = now(run);
    return save_model(run, nm_run_weights(run), &last, files->last, error);
}

static char *kept_name(const nm_run_files *files, uint64_t epoch) {
    char infix[32];
    snprintf(infix, sizeof infix, ".e%04" PRIu64, epoch);
    return beside(files->context, files->model, infix);
}

static neume_status remove_kept(const nm_run_files *files, uint64_t epoch, neume_error *error) {
    char *name = kept_name(files, epoch);
    if (!name)
        return nm_fail_memory(error, files->model);
    neume_status status = NEUME_OK;
    if (unlink(name) != 0 && errno != ENOENT) /* epochs that ended within one update have no file */
        status =
            nm_fail(error, NEUME_CANNOT_WRITE, "%s: cannot be removed: %s", name, strerror(errno));
    nm_free(files->context, name);
    return status;
}

neume_status nm_run_files_keep(const nm_run_files *files, const nm_run *run, uint64_t before,
                               neume_error *error) {
    const uint64_t epoch = nm_run_epochs(run), every = run->options.keep_every;
    const uint64_t most = UINT64_MAX / every;
    const uint64_t keep = (run->options.keep < most ? run->options.keep : most) * every;
    const nm_validation kept = now(run);
    char *name = kept_name(files, epoch);
    if (!name)
        return nm_fail_memory(error, files->model);
    nm_file_remove_unfinished(name);
    neume_status status = save_model(run, nm_run_weights(run), &kept, name, error);
    nm_free(files->context, name);
    const uint64_t first = before > keep ? before - keep : 1;
    for (uint64_t old = first; old + keep <= epoch && keep < epoch && !status; old++)
        status = remove_kept(files, old, error);
    return status;
}

void nm_run_files_tell_kept(const nm_run_files *files, uint64_t update, neume_error *error) {
    const size_t used = error ? strlen(error->line) : 0;
    if (error)
        snprintf(error->line + used, sizeof error->line - used,
                 "; %s of update %" PRIu64 " is kept", files->checkpoint, update);
}
