/* SPDX-License-Identifier: ISC */
/* What `neume info` says of a model or a checkpoint. */
#ifndef NM_CLI_INFO_MODEL_H
#define NM_CLI_INFO_MODEL_H

#include <neume/neume.h>

#include <jansson.h>

typedef struct nm_info_model {
    neume_file_kind kind;
    char *preset;
    size_t parameters;
    uint64_t hash;
    double size_bytes;
    json_t *description; /* all that the file says of itself */
} nm_info_model;

neume_status nm_info_model_load(nm_info_model *out, neume_context *context, const char *path,
                                neume_file_kind kind, neume_error *error);
void nm_info_model_clear(nm_info_model *model);

/* The model's part of the JSON object; NULL: no memory. */
json_t *nm_info_model_json(const nm_info_model *model);

/* A few lines for people, indented by two. False: no memory, after some of them. */
bool nm_info_model_print(const nm_info_model *model);

#endif
