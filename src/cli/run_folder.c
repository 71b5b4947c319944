/* SPDX-License-Identifier: ISC */
#include "cli/run_folder.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_folder(const char *path) {
    struct stat about;
    return path[strlen(path) - 1] == '/' || (stat(path, &about) == 0 && S_ISDIR(about.st_mode));
}

static char *joined(const char *a, const char *b) {
    char *path = NULL;
    return asprintf(&path, "%s%s", a, b) < 0 ? NULL : path;
}

char *nm_run_folder_name(const nm_run_folder *folder, const char *name) {
    return joined(folder->path, name);
}

neume_status nm_run_folder_make(const nm_run_folder *folder, neume_error *error) {
    if (!folder->path)
        return NEUME_OK;
    const neume_status status = nm_cli_make_folder(folder->path, error);
    return status ? status : nm_cli_make_folder(folder->samples, error);
}

/* NAME.e0010.mid beside NAME.neume. */
static char *samples_beside(const char *model) {
    static const char suffix[] = ".neume";
    const size_t length = strlen(model), end = sizeof suffix - 1;
    const bool has_suffix = length > end && strcmp(model + length - end, suffix) == 0;
    char *path = NULL;
    const int stem = (int)(has_suffix ? length - end : length);
    return asprintf(&path, "%.*s.", stem, model) < 0 ? NULL : path;
}

static bool name_files(nm_run_folder *it) {
    it->model = nm_run_folder_name(it, "model.neume");
    it->log = nm_run_folder_name(it, "run.jsonl");
    it->report = nm_run_folder_name(it, "report.json");
    it->samples = nm_run_folder_name(it, "samples/");
    return it->model && it->log && it->report && it->samples;
}

/* A log or account that is asked for elsewhere goes there. */
static void lead(const nm_run_folder *it, train_settings *s) {
    s->train.output = it->model;
    s->train.samples = it->samples;
    if (!s->train.log)
        s->train.log = it->log;
    if (!s->report)
        s->report = it->report;
}

neume_status nm_run_folder_settle(nm_run_folder *out, train_settings *s, neume_error *error) {
    *out = (nm_run_folder){.path = NULL};
    const char *output = s->train.output;
    if (s->is_dry_run)
        s->train.sample_epochs = 0;
    if (!output)
        return NEUME_OK;
    if (!is_folder(output)) {
        s->train.samples = out->samples = samples_beside(output);
        return out->samples ? NEUME_OK
                            : nm_report_fail(error, NEUME_NO_MEMORY, "%s: out of memory", output);
    }
    if (s->is_dry_run) { /* writes nothing there */
        s->train.output = NULL;
        return NEUME_OK;
    }
    out->path = joined(output, output[strlen(output) - 1] == '/' ? "" : "/");
    if (!out->path || !name_files(out))
        return nm_report_fail(error, NEUME_NO_MEMORY, "%s: out of memory", output);
    lead(out, s);
    return NEUME_OK;
}

void nm_run_folder_clear(nm_run_folder *folder) {
    free(folder->path);
    free(folder->model);
    free(folder->log);
    free(folder->report);
    free(folder->samples);
    *folder = (nm_run_folder){.path = NULL};
}
