/* SPDX-License-Identifier: ISC */
#include "learn/run_log.h"

#include "base/error.h"
#include "base/file.h"
#include "learn/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const size_t MAX_LOG_SIZE = (size_t)1 << 30;

static neume_status fail(const nm_run_log *log, neume_error *error) {
    return nm_fail(error, NEUME_CANNOT_WRITE, "%s: the run log cannot be written: %s", log->path,
                   strerror(errno));
}

/* Whether a line is one of ours, of an update up to `update`. */
static bool is_kept(const char *line, size_t size, uint64_t update) {
    json_t *object = json_loadb(line, size, 0, NULL);
    const json_t *at = json_object_get(object, "update");
    const bool kept = json_is_integer(at) && json_integer_value(at) >= 0 &&
                      (uint64_t)json_integer_value(at) <= update;
    json_decref(object);
    return kept;
}

/* Bytes of the whole lines to keep. */
static size_t kept_size(const nm_buffer *lines, uint64_t update) {
    size_t kept = 0;
    while (kept < lines->size) {
        const char *line = (const char *)lines->data + kept;
        const char *end = memchr(line, '\n', lines->size - kept);
        if (!end || !is_kept(line, (size_t)(end - line), update))
            break;
        kept += (size_t)(end - line) + 1;
    }
    return kept;
}

static neume_status cut_back(const nm_run_log *log, neume_context *context, uint64_t update,
                             neume_error *error) {
    struct stat about;
    if (fstat(log->file, &about) != 0)
        return fail(log, error);
    if (!S_ISREG(about.st_mode))
        return NEUME_OK;
    nm_buffer lines = nm_buffer_on(context);
    neume_status status = nm_file_read(&lines, log->path, MAX_LOG_SIZE, error);
    if (!status && ftruncate(log->file, (off_t)kept_size(&lines, update)) != 0)
        status = fail(log, error);
    nm_buffer_clear(&lines);
    return status;
}

neume_status nm_run_log_open(nm_run_log *out, neume_context *context, const char *path,
                             uint64_t update, neume_error *error) {
    *out = (nm_run_log){.path = path, .file = -1};
    if (!path)
        return NEUME_OK;
    out->file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
    if (out->file < 0)
        return fail(out, error);
    const neume_status status = cut_back(out, context, update, error);
    if (status)
        nm_run_log_close(out);
    return status;
}

void nm_run_log_close(nm_run_log *log) {
    if (log->path && log->file >= 0)
        close(log->file);
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
        "{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "epoch",
        (json_int_t)progress->epoch, "update", (json_int_t)progress->update, "seconds",
        nm_json_real(progress->seconds), "train_loss", nm_json_real(progress->train_loss),
        "valid_loss", nm_json_real(progress->valid_loss), "train_accuracy",
        nm_json_real(progress->train_accuracy), "valid_accuracy",
        nm_json_real(progress->valid_accuracy), "losses", by_stream(progress->train_losses, codec),
        "valid_losses", by_stream(progress->valid_losses, codec), "accuracies",
        by_stream(progress->train_accuracies, codec), "valid_accuracies",
        by_stream(progress->valid_accuracies, codec), "steps_per_second",
        nm_json_real(progress->steps_per_second), "learning_rate",
        nm_json_real(progress->learning_rate), "gradient_norm",
        nm_json_real(progress->gradient_norm));
}

static bool write_whole(int file, const char *data, size_t size) {
    while (size > 0) {
        const ssize_t put = write(file, data, size);
        if (put < 0 && errno != EINTR)
            return false;
        if (put > 0) {
            data += put;
            size -= (size_t)put;
        }
    }
    return true;
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
    const bool is_written = write_whole(log->file, line, size + 1);
    free(line);
    return is_written ? NEUME_OK : fail(log, error);
}

neume_status nm_run_log_sync(const nm_run_log *log, neume_error *error) {
    if (log->path && fsync(log->file) != 0 && errno != EINVAL)
        return fail(log, error);
    return NEUME_OK;
}
