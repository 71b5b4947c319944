/* SPDX-License-Identifier: ISC */
#include "learn/ancestry.h"

#include "base/error.h"
#include "learn/metadata.h"
#include "learn/model.h"

#include <inttypes.h>
#include <stdio.h>

/* Copies a member that is there; false for want of memory. */
static bool copy_member(json_t *to, const json_t *from, const char *key) {
    const json_t *member = json_object_get(from, key);
    return !member || nm_json_put(to, key, json_deep_copy(member));
}

static json_t *pieces_json(const nm_piece_hashes *pieces) {
    return json_pack("{s:I, s:I}", "trained", (json_int_t)pieces->trained_count, "validated",
                     (json_int_t)pieces->validated_count);
}

static bool put_vocabulary(json_t *object, const json_t *network) {
    return copy_member(object, network, "vocabulary");
}

/* What a model says of itself when it has become an ancestor. */
static json_t *generation_json(const neume_model *model) {
    char hash[17];
    json_t *said = json_loads(model->description, 0, NULL);
    json_t *object = json_object();
    snprintf(hash, sizeof hash, "%016" PRIx64, model->hash);
    const bool is_whole = said && object && nm_json_put(object, "hash", json_string(hash)) &&
                          copy_member(object, said, "neume") && copy_member(object, said, "isa") &&
                          copy_member(object, said, "preset") &&
                          put_vocabulary(object, json_object_get(said, "network")) &&
                          copy_member(object, said, "labels") &&
                          nm_json_put(object, "pieces", pieces_json(&model->pieces)) &&
                          copy_member(object, said, "training");
    json_decref(said);
    if (is_whole)
        return object;
    json_decref(object);
    return NULL;
}

neume_status nm_ancestry_of(nm_ancestry *out, neume_context *context, const neume_model *parent) {
    out->generations = nm_ancestry_json(&parent->ancestry);
    if (!out->generations || json_array_append_new(out->generations, generation_json(parent)))
        return NEUME_NO_MEMORY;
    return nm_piece_hashes_join(&out->pieces, context, &parent->pieces, &parent->ancestry.pieces);
}

static bool are_generations(const json_t *array) {
    size_t index;
    json_t *generation;
    json_array_foreach(array, index, generation) {
        if (!json_is_string(json_object_get(generation, "hash")))
            return false;
    }
    return json_is_array(array);
}

neume_status nm_ancestry_read(nm_ancestry *out, neume_context *context, const json_t *generations,
                              const neume_bytes *pieces, neume_error *error) {
    if (!are_generations(generations))
        return nm_fail(error, NEUME_BAD_MODEL, "its ancestry is not a list of models");
    if (json_array_size(generations) == 0)
        return NEUME_OK;
    if (!pieces)
        return nm_fail(error, NEUME_BAD_MODEL, "it has no bytes data.ancestors");
    out->generations = json_deep_copy(generations);
    const neume_status status = nm_piece_hashes_read(&out->pieces, context, *pieces);
    if (!out->generations || status == NEUME_NO_MEMORY)
        return nm_fail_memory(error, "ancestry");
    return status ? nm_fail(error, status, "data.ancestors is not a list of hashes") : NEUME_OK;
}

void nm_ancestry_clear(nm_ancestry *ancestry, neume_context *context) {
    json_decref(ancestry->generations);
    nm_piece_hashes_clear(&ancestry->pieces, context);
    ancestry->generations = NULL;
}

json_t *nm_ancestry_json(const nm_ancestry *ancestry) {
    return ancestry->generations ? json_deep_copy(ancestry->generations) : json_array();
}
