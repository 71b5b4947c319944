/* SPDX-License-Identifier: ISC */
#include "learn/run_choose.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/ranks.h"
#include "learn/settings.h"

#include <string.h>

static neume_status look(nm_run_start *out, const nm_run_files *files,
                         const neume_train_options *options, neume_error *error) {
    const bool has_checkpoint = nm_file_exists(files->checkpoint);
    const bool has_model = nm_file_exists(files->model);
    *out = NM_RUN_ANEW;
    if (options->resume && has_checkpoint)
        *out = NM_RUN_RESUMES;
    else if (options->resume && has_model)
        *out = NM_RUN_IS_DONE;
    if (options->resume || options->force)
        return NEUME_OK;
    if (has_checkpoint || has_model)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "%s: there is one already: --resume goes on with it, --force overwrites it",
                       has_checkpoint ? files->checkpoint : files->model);
    return NEUME_OK;
}

neume_status nm_run_choose(nm_run_start *out, const nm_run_files *files,
                           const neume_train_options *options, neume_error *error) {
    neume_status status = NEUME_OK;
    *out = NM_RUN_ANEW;
    if (nm_is_first_rank(files->context))
        status = look(out, files, options, error);
    status = nm_ranks_agree(files->context, status, error);
    return status ? status : nm_ranks_broadcast(files->context, 0, out, sizeof *out, error);
}

static double member(const json_t *results, const char *key) {
    return nm_json_real_of(json_object_get(results, key));
}

static uint64_t count_member(const json_t *results, const char *key) {
    uint64_t count;
    return nm_json_count_of(&count, json_object_get(results, key)) ? count : 0;
}

static neume_status read_results(neume_train_result *out, neume_context *context, const char *path,
                                 neume_error *error) {
    neume_model *model = NULL;
    const neume_status status = neume_model_load(&model, context, path, error);
    if (status)
        return status;
    const char *text = neume_model_description(model);
    json_t *description;
    if (nm_json_parse(&description, text, strlen(text), 0, NULL)) {
        neume_model_free(model);
        return nm_fail_memory(error, path);
    }
    const json_t *results = json_object_get(json_object_get(description, "training"), "results");
    *out = (neume_train_result){.end = NEUME_END_ALREADY_DONE,
                                .epochs = count_member(results, "epoch"),
                                .updates = count_member(results, "update"),
                                .best_update = count_member(results, "update"),
                                .skipped = count_member(results, "skipped"),
                                .train_loss = member(results, "train_loss"),
                                .valid_loss = member(results, "valid_loss"),
                                .valid_accuracy = member(results, "valid_accuracy"),
                                .uniform = member(results, "uniform"),
                                .unigram = member(results, "unigram"),
                                .trigram = member(results, "trigram"),
                                .temperature = member(results, "temperature"),
                                .calibrated_loss = member(results, "calibrated_loss")};
    json_decref(description);
    neume_model_free(model);
    return NEUME_OK;
}

neume_status nm_run_tell_of_model(neume_train_result *out, const nm_run_files *files,
                                  neume_error *error) {
    neume_status status = NEUME_OK;
    if (nm_is_first_rank(files->context))
        status = read_results(out, files->context, files->model, error);
    status = nm_ranks_agree(files->context, status, error);
    return status ? status : nm_ranks_broadcast(files->context, 0, out, sizeof *out, error);
}
