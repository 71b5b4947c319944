/* SPDX-License-Identifier: ISC */
#include "base/mem.h"
#include "learn/corpus.h"
#include "learn/metadata.h"

#include <stdlib.h>
#include <string.h>

static json_t *report_file(const neume_corpus_file *file, neume_context *context) {
    json_t *object = json_object();
    const bool is_done =
        nm_json_put(object, "file", nm_json_text(context, file->name)) &&
        nm_json_put(object, "status", json_string(neume_file_status_name(file->status))) &&
        nm_json_put(object, "reason", nm_json_text(context, file->reason)) &&
        nm_json_put(object, "offset",
                    file->has_offset ? json_integer((json_int_t)file->offset) : json_null()) &&
        nm_json_put(object, "notes", json_integer((json_int_t)file->note_count)) &&
        nm_json_put(object, "steps", json_integer((json_int_t)file->step_count)) &&
        (!file->alike[0] || nm_json_put(object, "alike", nm_json_text(context, file->alike))) &&
        nm_json_put(object, "split", json_string(neume_split_name(file->split)));
    if (is_done)
        return object;
    json_decref(object);
    return NULL;
}

char *nm_corpus_report(const neume_corpus *corpus) {
    const neume_corpus_counts counts = neume_corpus_count(corpus);
    json_t *files = json_array();
    bool is_done = files != NULL;
    for (size_t i = 0; i < corpus->file_count && is_done; i++)
        is_done =
            json_array_append_new(files, report_file(&corpus->files[i], corpus->context)) == 0;
    json_t *object =
        is_done ? json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "seen", (json_int_t)counts.seen,
                            "clean", (json_int_t)counts.clean, "repaired",
                            (json_int_t)counts.repaired, "skipped", (json_int_t)counts.skipped,
                            "duplicate", (json_int_t)counts.duplicate, "other",
                            (json_int_t)counts.other, "files", files)
                : NULL;
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    char *copy = text ? nm_copy_text(corpus->context, text, strlen(text)) : NULL;
    free(text);
    json_decref(object);
    json_decref(files);
    return copy;
}
