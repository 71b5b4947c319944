/* SPDX-License-Identifier: ISC */
#include "cli/info_model.h"

#include "cli/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static neume_status describe(nm_info_model *out, const char *text, const char *path,
                             neume_error *error) {
    struct stat about;
    out->description = json_loads(text, 0, NULL);
    out->size_bytes = stat(path, &about) == 0 ? (double)about.st_size : 0;
    return out->description ? NEUME_OK
                            : nm_report_fail(error, NEUME_NO_MEMORY, "%s: out of memory", path);
}

neume_status nm_info_model_load(nm_info_model *out, neume_context *context, const char *path,
                                neume_file_kind kind, neume_error *error) {
    *out = (nm_info_model){.kind = kind};
    neume_status status;
    if (kind == NEUME_KIND_CHECKPOINT) {
        char *text;
        status = neume_checkpoint_describe(&text, context, path, error);
        if (!status)
            status = describe(out, text, path, error);
        neume_description_free(context, text);
        return status;
    }
    neume_model *model;
    status = neume_model_load(&model, context, path, error);
    if (status)
        return status;
    out->parameters = neume_model_parameter_count(model);
    out->hash = neume_model_hash(model);
    status = describe(out, neume_model_description(model), path, error);
    neume_model_free(model);
    return status;
}

void nm_info_model_clear(nm_info_model *model) {
    json_decref(model->description);
    *model = (nm_info_model){0};
}

json_t *nm_info_model_json(const nm_info_model *model) {
    char hash[17];
    json_t *object = json_pack("{s:I, s:O}", "size_bytes", (json_int_t)model->size_bytes,
                               "description", model->description);
    snprintf(hash, sizeof hash, "%016" PRIx64, model->hash);
    if (model->kind == NEUME_KIND_MODEL &&
        (json_object_set_new(object, "parameters", json_integer((json_int_t)model->parameters)) ||
         json_object_set_new(object, "hash", json_string(hash)))) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* Values under a heading, objects within objects as "network.layers"; not the ancestry, which has
 * lines of its own. */
static bool print_values(const char *prefix, const json_t *object) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        char name[128];
        if (strcmp(key, "ancestry") == 0)
            continue;
        snprintf(name, sizeof name, "%s%s%s", prefix, prefix[0] ? "." : "", key);
        if (json_is_object(value)) {
            if (!print_values(name, value))
                return false;
            continue;
        }
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
        if (!text)
            return false;
        printf("  %-34s %s\n", name, text);
        free(text);
    }
    return true;
}

static json_int_t count_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

/* "91a2488ac49d4efd: preset chords, 691 pieces, 1,500 updates, held-out loss 2.146" */
static void print_generation(size_t number, const json_t *generation) {
    char updates[NM_REPORT_TEXT];
    const json_t *training = json_object_get(generation, "training");
    const json_t *results = json_object_get(training, "results");
    const json_t *loss = json_object_get(results, "valid_loss");
    const json_int_t pieces = count_of(json_object_get(generation, "pieces"), "trained");
    const char *hash = json_string_value(json_object_get(generation, "hash"));
    const char *preset = json_string_value(json_object_get(generation, "preset"));
    printf("  ancestor %zu  %s: preset %s, %lld piece%s", number, hash ? hash : "unknown",
           preset ? preset : "unknown", (long long)pieces, pieces == 1 ? "" : "s");
    const uint64_t update_count = (uint64_t)count_of(results, "update");
    printf(", %s update%s", nm_report_count(updates, update_count), update_count == 1 ? "" : "s");
    if (json_is_number(loss))
        printf(", held-out loss %.3f", json_number_value(loss));
    putchar('\n');
}

/* The oldest first; the last is what the model was made from. */
static void print_ancestry(const json_t *generations) {
    for (size_t i = 0; i < json_array_size(generations); i++)
        print_generation(i + 1, json_array_get(generations, i));
}

bool nm_info_model_print(const nm_info_model *model) {
    char count[NM_REPORT_TEXT], size[NM_REPORT_TEXT];
    nm_report_size(size, model->size_bytes);
    if (model->kind == NEUME_KIND_MODEL)
        printf("  model of %s parameters, %s, hash %016" PRIx64 "\n",
               nm_report_count(count, model->parameters), size, model->hash);
    else
        printf("  checkpoint of a training run, %s\n", size);
    if (!print_values("", model->description))
        return false;
    print_ancestry(json_object_get(model->description, "ancestry"));
    return true;
}
