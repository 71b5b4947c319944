/* SPDX-License-Identifier: ISC */
#include "learn/freeze.h"

#include "base/error.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* A name of the list, and where the next begins. */
typedef struct pattern {
    const char *begin, *end;
} pattern;

static pattern next_pattern(const char **names) {
    pattern p = {*names, *names + strcspn(*names, ",")};
    *names = *p.end ? p.end + 1 : p.end;
    return p;
}

/* The name ends where the pattern does, or a dot follows there. */
static bool chooses(pattern p, const char *name) {
    if (p.begin == p.end)
        return *name == '\0' || *name == '.';
    const pattern rest = {p.begin + 1, p.end};
    if (*p.begin == '*')
        return chooses(rest, name) || (*name && chooses(p, name + 1));
    return *name && (*p.begin == '?' || *p.begin == *name) && chooses(rest, name + 1);
}

static bool is_chosen(const char *names, const char *name) {
    do {
        if (chooses(next_pattern(&names), name))
            return true;
    } while (*names);
    return false;
}

static bool chooses_any(pattern p, const nm_params *params) {
    for (size_t i = 0; i < params->count; i++)
        if (chooses(p, params->table[i].name))
            return true;
    return false;
}

/* Length of the layer's name in a tensor's: "lstm.0" of "lstm.0.bias", "embed" of "embed.weight".
 */
static size_t layer_length(const char *name) {
    const size_t first = strcspn(name, ".");
    if (!isdigit((unsigned char)name[first + (name[first] == '.')]))
        return first;
    return first + 1 + strcspn(name + first + 1, ".");
}

/* The tensors of a layer stand together. */
static neume_status fail_unknown(pattern p, const nm_params *params, neume_error *error) {
    char list[320] = "";
    size_t used = 0;
    for (size_t i = 0; i < params->count && used < sizeof list; i++) {
        const char *name = params->table[i].name, *before = i ? params->table[i - 1].name : "";
        const size_t length = layer_length(name);
        if (i && layer_length(before) == length && strncmp(name, before, length) == 0)
            continue;
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%.*s", i ? ", " : "",
                                 (int)length, name);
    }
    return nm_fail(error, NEUME_BAD_USAGE,
                   "freeze %.*s: no layer or tensor is called so, expected some of %s",
                   (int)(p.end - p.begin < 64 ? p.end - p.begin : 64), p.begin, list);
}

static neume_status check_names(const nm_params *params, const char *names, neume_error *error) {
    do {
        const pattern p = next_pattern(&names);
        if (!chooses_any(p, params))
            return fail_unknown(p, params, error);
    } while (*names);
    return NEUME_OK;
}

neume_status nm_freeze(nm_frozen *out, const neume_model *model, const neume_model *parent,
                       const char *names, neume_error *error) {
    const nm_params *params = nm_model_params(model);
    neume_status status = check_names(params, names, error);
    for (size_t i = 0; i < params->count && !status; i++)
        if (is_chosen(names, params->table[i].name) && !nm_inherit_freeze(out, model, parent, i))
            status = nm_fail_memory(error, "frozen layers");
    if (!status && nm_frozen_first_moving(out, params) == params->size)
        status =
            nm_fail(error, NEUME_BAD_USAGE,
                    "freeze %.64s: all of the network, expected something left to train", names);
    if (status)
        nm_frozen_clear(out);
    return status;
}

json_t *nm_freeze_json(const nm_params *params, const char *names) {
    json_t *array = json_array();
    for (size_t i = 0; array && i < params->count; i++)
        if (is_chosen(names, params->table[i].name) &&
            json_array_append_new(array, json_string(params->table[i].name))) {
            json_decref(array);
            return NULL;
        }
    return array;
}
