/* SPDX-License-Identifier: ISC */
/* What --label says: NAME[:WEIGHT],... */
#include "cli/generate.h"

#include <stdlib.h>
#include <string.h>

/* The length of the name at the begin of the text: of the longest label that stands there, which
 * may have commas and colons in it, or else as far as the next of these. */
static size_t name_length(const neume_model *model, const char *text) {
    size_t longest = 0;
    for (size_t i = 0; i < neume_model_label_count(model); i++) {
        const char *label = neume_model_label(model, i);
        const size_t length = strlen(label);
        const bool is_here = strncmp(text, label, length) == 0 &&
                             (!text[length] || text[length] == ',' || text[length] == ':');
        longest = is_here && length > longest ? length : longest;
    }
    return longest ? longest : strcspn(text, ",:");
}

static neume_status fail(const char *text, neume_error *error) {
    return nm_report_fail(error, NEUME_BAD_USAGE, "--label %s: expected NAME[:WEIGHT],...", text);
}

/* Cuts the next label off the copy; `rest` becomes what is behind it. */
static bool read_label(neume_label_weight *out, char **rest, const neume_model *model) {
    static const nm_opt weight = {
        .name = "label", .kind = NM_OPT_REAL, .size = sizeof(double), .is_above_low = true};
    char *name = *rest, *end = name + name_length(model, name);
    const char separator = *end;
    *out = (neume_label_weight){name, 1};
    *rest = *end ? end + 1 : end;
    *end = '\0';
    if (!name[0] || (separator == ',' && !**rest))
        return false;
    if (separator != ':')
        return true;
    char *digits = *rest;
    end = digits + strcspn(digits, ",");
    const bool has_more = *end != '\0';
    *rest = has_more ? end + 1 : end;
    *end = '\0';
    neume_error unused;
    return !nm_opt_store(&weight, digits, &out->weight, &unused) && (!has_more || **rest);
}

neume_status nm_label_parse(nm_label_mixture *out, const neume_model *model, const char *text,
                            neume_error *error) {
    *out = (nm_label_mixture){.text = strdup(text)};
    if (!out->text)
        return nm_report_fail(error, NEUME_NO_MEMORY, "--label: out of memory");
    for (char *rest = out->text; *rest;)
        if (out->count == NEUME_MAX_LABELS ||
            !read_label(&out->weights[out->count++], &rest, model))
            return fail(text, error);
    return NEUME_OK;
}

void nm_label_clear(nm_label_mixture *mixture) {
    free(mixture->text);
    *mixture = (nm_label_mixture){0};
}
