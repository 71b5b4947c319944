/* SPDX-License-Identifier: ISC */
#include "learn/run_log.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "learn/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const size_t MAX_LOG_SIZE = (size_t)1 << 30;

static neume_status fail(const nm_run_log *log, int failure, neume_error *error) {
    return nm_fail(error, NEUME_CANNOT_WRITE, "%s: the run log cannot be written: %s", log->path,
                   strerror(failure));
}

/* Whether a line is one of ours, of an update up to `update`. */
static bool is_kept(const json_t *line, uint64_t update) {
    const json_t *at = json_object_get(line, "update");
    return json_is_integer(at) && json_integer_value(at) >= 0 &&
           (uint64_t)json_integer_value(at) <= update;
}

/* Leaves the bytes of the whole lines to keep in *kept. Fails with NEUME_NO_MEMORY. */
static neume_status find_kept(size_t *kept, const nm_buffer *lines, uint64_t update) {
    const char *line = (const char *)lines->data, *end;
    const char *const stop = line + lines->size;
    *kept = 0;
    for (; line < stop && (end = memchr(line, '\n', (size_t)(stop - line))); line = end + 1) {
        json_t *object;
        if (nm_json_parse(&object, line, (size_t)(end - line), 0, NULL) == NEUME_NO_MEMORY)
            return NEUME_NO_MEMORY;
        const bool stays = is_kept(object, update);
        json_decref(object);
        if (!stays)
            break;
        *kept += (size_t)(end - line) + 1;
    }
    return NEUME_OK;
}

static neume_status cut_file(const nm_run_log *log, const nm_buffer *lines, uint64_t update,
                             neume_error *error) {
    size_t kept;
    if (find_kept(&kept, lines, update))
        return nm_fail_memory(error, log->path);
    int result;
    do
        result = ftruncate(log->file, (off_t)kept);
    while (result != 0 && errno == EINTR);
    return result ? fail(log, errno, error) : NEUME_OK;
}

neume_status nm_run_log_cut(const nm_run_log *log, neume_context *context, uint64_t update,
                            neume_error *error) {
    struct stat about;
    if (!log->path)
        return NEUME_OK;
    if (fstat(log->file, &about) != 0)
        return fail(log, errno, error);
    if (!S_ISREG(about.st_mode))
        return NEUME_OK;
    nm_buffer lines = nm_buffer_on(context);
    neume_status status = nm_file_read(&lines, log->path, MAX_LOG_SIZE, error);
    if (!status)
        status = cut_file(log, &lines, update, error);
    else if (status == NEUME_BAD_INPUT && error)
        error->status = NEUME_CANNOT_WRITE;
    nm_buffer_clear(&lines);
    return status == NEUME_BAD_INPUT ? NEUME_CANNOT_WRITE : status;
}

neume_status nm_run_log_open(nm_run_log *out, const char *path, neume_error *error) {
    *out = (nm_run_log){.path = path, .file = -1};
    if (path)
        out->file = nm_file_open(path, O_WRONLY | O_CREAT | O_APPEND);
    return path && out->file < 0 ? fail(out, errno, error) : NEUME_OK;
}

void nm_run_log_close(nm_run_log *log) {
    if (log->path && log->file >= 0)
        (void)nm_file_close(log->file);
    *log = (nm_run_log){.file = -1};
}

/* A number for each stream, by its name. */
static json_t *by_stream(const double *values, const neume_codec *codec) {
    json_t *object = json_object();
    for (unsigned s = 0; s < neume_codec_stream_count(codec); s++)
        if (json_object_set_new(object, neume_codec_stream_name(codec, s),
                                nm_json_real(values[s]))) {
            json_decref(object);
            return NULL;
        }
    return object;
}

static json_t *line_of(const neume_train_progress *progress, const neume_codec *codec) {
    return json_pack(
        "{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:I}",
        "epoch", (json_int_t)progress->epoch, "update", (json_int_t)progress->update, "seconds",
        nm_json_real(progress->seconds), "train_loss", nm_json_real(progress->train_loss),
        "valid_loss", nm_json_real(progress->valid_loss), "train_accuracy",
        nm_json_real(progress->train_accuracy), "valid_accuracy",
        nm_json_real(progress->valid_accuracy), "losses", by_stream(progress->train_losses, codec),
        "valid_losses", by_stream(progress->valid_losses, codec), "accuracies",
        by_stream(progress->train_accuracies, codec), "valid_accuracies",
        by_stream(progress->valid_accuracies, codec), "steps_per_second",
        nm_json_real(progress->steps_per_second), "learning_rate",
        nm_json_real(progress->learning_rate), "gradient_norm",
        nm_json_real(progress->gradient_norm), "gradient_norm_mean",
        nm_json_real(progress->gradient_norm_mean), "gradient_norm_max",
        nm_json_real(progress->gradient_norm_max), "clipped", nm_json_real(progress->clipped),
        "skipped", (json_int_t)progress->skipped);
}

neume_status nm_run_log_write(const nm_run_log *log, const neume_train_progress *progress,
                              const neume_codec *codec, neume_error *error) {
    if (!log->path)
        return NEUME_OK;
    json_t *object = line_of(progress, codec);
    char *line = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (!line)
        return nm_fail_memory(error, log->path);
    const size_t size = strlen(line);
    line[size] = '\n'; /* in the place of the NUL: one write, whole lines */
    const int failure = nm_file_put(log->file, line, size + 1);
    free(line);
    return failure ? fail(log, failure, error) : NEUME_OK;
}

neume_status nm_run_log_sync(const nm_run_log *log, neume_error *error) {
    const int failure = log->path ? nm_file_sync(log->file) : 0;
    return failure ? fail(log, failure, error) : NEUME_OK;
}
