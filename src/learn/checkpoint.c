/* SPDX-License-Identifier: ISC */
#include "learn/checkpoint.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/ranks.h"
#include "learn/metadata.h"
#include "learn/run_init.h"
#include "learn/run_ranks.h"
#include "learn/settings.h"
#include "nn/model_file.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TENSORS = 9 };

/* The numbers of nm_run_state by name. */
typedef struct field {
    const char *name;
    bool is_count; /* uint64_t; otherwise double */
    size_t offset;
    size_t length; /* of an array; 0: a single one */
} field;

#define COUNT(member)                                                                              \
    { #member, true, offsetof(nm_run_state, member), 0 }
#define NUMBER(member)                                                                             \
    { #member, false, offsetof(nm_run_state, member), 0 }
#define COUNTS(member)                                                                             \
    { #member, true, offsetof(nm_run_state, member), NEUME_MAX_STREAMS }
#define NUMBERS(member)                                                                            \
    { #member, false, offsetof(nm_run_state, member), NEUME_MAX_STREAMS }
#define MEANS(member)                                                                              \
    NUMBER(member.loss), NUMBER(member.accuracy), NUMBERS(member.losses), NUMBERS(member.accuracies)
#define VALIDATION(member)                                                                         \
    COUNT(member.epoch), COUNT(member.update), MEANS(member.train), MEANS(member.valid)

static const field fields[] = {
    COUNT(update),        COUNT(planned),         NUMBER(planned_for),
    COUNT(validated),     COUNT(validated_epoch), COUNT(kept_epoch),
    COUNT(worse),         NUMBERS(loss_sums),     COUNT(step_sum),
    COUNTS(correct_sums), NUMBER(learning_rate),  NUMBER(gradient_norm),
    NUMBER(seconds),      NUMBER(temperature),    NUMBER(calibrated_loss),
    COUNT(skipped),       COUNT(skipped_in_row),  COUNT(norm_count),
    COUNT(clipped_count), NUMBER(norm_sum),       NUMBER(norm_max),
    COUNT(plateau.seen),  COUNT(plateau.worse),   COUNT(plateau.drops),
    NUMBER(plateau.best), VALIDATION(last),       VALIDATION(best),
};

enum { FIELD_COUNT = sizeof fields / sizeof fields[0] };

static void *place_of(const field *of, nm_run_state *state, size_t i) {
    return (char *)state + of->offset + i * sizeof(uint64_t);
}

_Static_assert(sizeof(uint64_t) == sizeof(double), "elements of one size");

/* NULL for want of memory, like all that make JSON here. */
static json_t *element_json(const field *of, const nm_run_state *state, size_t i) {
    const void *at = place_of(of, (nm_run_state *)(uintptr_t)state, i);
    return of->is_count ? nm_json_count(*(const uint64_t *)at) : nm_json_real(*(const double *)at);
}

static json_t *field_json(const field *of, const nm_run_state *state) {
    if (of->length == 0)
        return element_json(of, state, 0);
    json_t *array = json_array();
    for (size_t i = 0; i < of->length; i++)
        if (json_array_append_new(array, element_json(of, state, i))) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *state_json(const nm_run_state *state) {
    json_t *object = json_object();
    for (size_t i = 0; object && i < FIELD_COUNT; i++)
        if (!nm_json_put(object, fields[i].name, field_json(&fields[i], state))) {
            json_decref(object);
            return NULL;
        }
    return object;
}

static bool read_element(const field *of, nm_run_state *state, size_t i, const json_t *value) {
    void *at = place_of(of, state, i);
    if (!value)
        return false;
    if (of->is_count)
        return nm_json_count_of(at, value);
    *(double *)at = nm_json_real_of(value);
    return true;
}

static bool read_field(const field *of, nm_run_state *state, const json_t *value) {
    if (of->length == 0)
        return read_element(of, state, 0, value);
    for (size_t i = 0; i < of->length; i++)
        if (!read_element(of, state, i, json_array_get(value, i)))
            return false;
    return true;
}

static bool state_of(nm_run_state *out, const json_t *object) {
    *out = (nm_run_state){0};
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (!read_field(&fields[i], out, json_object_get(object, fields[i].name)))
            return false;
    return out->update <= out->planned && out->validated <= out->update &&
           out->best.update <= out->update && out->skipped <= out->update;
}

static json_t *description_of(const nm_run *run) {
    const neume_train_options *options = &run->options;
    json_t *object = nm_metadata_new(run->context, "checkpoint");
    const bool is_whole =
        object && nm_json_put(object, "preset", json_string(options->preset)) &&
        nm_json_put(object, "corpus", nm_json_count(nm_corpus_hash(run->corpus))) &&
        (!run->corpus->init || nm_json_put(object, "init", nm_run_init_json(run))) &&
        nm_json_put(object, "network", nm_network_json(&run->model->network)) &&
        nm_json_put(object, "settings", nm_settings_json(options)) &&
        nm_json_put(object, "state", state_json(&run->state));
    if (is_whole)
        return object;
    json_decref(object);
    return NULL;
}

/* The tensors of a run as places in its memory: what is written, and where it is read to. */
typedef struct places {
    nm_tensor tensors[MAX_TENSORS];
    size_t count;
    real *carried;  /* of row_count rows */
    uint64_t *rows; /* [row_count,3] */
    size_t row_count;
    uint64_t queue[2];
} places;

static void add_place(places *to, const char *name, nm_dtype dtype, void *data, size_t count) {
    nm_tensor *tensor = &to->tensors[to->count++];
    *tensor = (nm_tensor){.dtype = dtype, .dimensions = 1, .shape = {count}, .data = data};
    tensor->size = count * (dtype == NM_F32 ? sizeof(float) : sizeof(uint64_t));
    memcpy(tensor->name, name, strlen(name) + 1);
}

static void add_blocks(places *to, nm_run *run) {
    static const char *const names[NM_MAX_MOMENTS] = {"moment.0", "moment.1"};
    const size_t size = nm_model_params(run->model)->size;
    add_place(to, "weights", NM_F32, run->model->weights, size);
    for (unsigned i = 0; i < NM_MAX_MOMENTS; i++)
        if (run->moments[i])
            add_place(to, names[i], NM_F32, run->moments[i], size);
    if (run->average)
        add_place(to, "average", NM_F32, run->average, size);
    if (run->best)
        add_place(to, "best", NM_F32, run->best, size);
}

/* Reals that a row of the batch carries. */
static size_t carried_width(const nm_run *run) {
    size_t count;
    (void)nm_network_state(&run->network, &count);
    return count / run->options.batch;
}

/* `to` has its rows. */
static void find_places(places *to, nm_run *run) {
    add_blocks(to, run);
    add_place(to, "carried", NM_F32, to->carried, to->row_count * carried_width(run));
    add_place(to, "rows", NM_U64, to->rows, 3 * to->row_count);
    to->tensors[to->count - 1].dimensions = 2;
    to->tensors[to->count - 1].shape[0] = to->row_count;
    to->tensors[to->count - 1].shape[1] = 3;
    add_place(to, "queue", NM_U64, to->queue, 2);
}

static void clear_places(const nm_run *run, places *of) {
    nm_free(run->context, of->carried);
    nm_free(run->context, of->rows);
}

static void note_positions(places *to, const nm_run *run) {
    const nm_row_position *rows = nm_batcher_rows(run->batcher);
    for (size_t b = 0; b < to->row_count; b++) {
        to->rows[3 * b] = rows[b].epoch;
        to->rows[3 * b + 1] = rows[b].piece;
        to->rows[3 * b + 2] = rows[b].step;
    }
    const nm_queue_place place = nm_batcher_queue(run->batcher);
    to->queue[0] = place.epoch;
    to->queue[1] = place.index;
}

/* What would not load again is not written. */
static bool has_finite_blocks(const nm_run *run) {
    const nm_params *params = nm_model_params(run->model);
    const real *const blocks[] = {run->model->weights, run->average, run->moments[0],
                                  run->moments[1]};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        if (blocks[i] && !nm_block_is_finite(params, blocks[i]))
            return false;
    return true;
}

static neume_status write(nm_run *run, places *from, const char *path, neume_error *error) {
    json_t *description = description_of(run);
    char *text = description ? json_dumps(description, JSON_COMPACT) : NULL;
    neume_status status = NEUME_OK;
    from->rows = nm_alloc(run->context, 3 * from->row_count, sizeof *from->rows);
    if (!from->rows || !text) {
        status = nm_fail_memory(error, path);
    } else {
        find_places(from, run);
        note_positions(from, run);
        status = nm_tensor_file_save(path, run->context, from->tensors, from->count, text, error);
    }
    free(text);
    json_decref(description);
    return status;
}

neume_status nm_checkpoint_save(nm_run *run, const char *path, neume_error *error) {
    if (!has_finite_blocks(run))
        return nm_fail(error, NEUME_NOT_FINITE,
                       "training: a weight is not finite after update %llu: try a lower learning "
                       "rate or stronger clipping",
                       (unsigned long long)run->state.update);
    places from = {.row_count = nm_batcher_row_count(run->batcher)};
    neume_status status = nm_run_gather_carried(run, &from.carried, error);
    if (!status && nm_is_first_rank(run->context))
        status = write(run, &from, path, error);
    clear_places(run, &from);
    return nm_ranks_agree(run->context, status, error);
}

static neume_status fail_changed(neume_error *error, const char *path, const char *what) {
    return nm_fail(error, NEUME_BAD_USAGE,
                   "%s: %s since the run was started: go on as before, or start anew with --force",
                   path, what);
}

static neume_status match_network(const nm_run *run, const json_t *then, const char *path,
                                  neume_error *error) {
    json_t *now = nm_network_json(&run->model->network);
    if (!now)
        return nm_fail_memory(error, path);
    const bool is_same = json_equal(now, then);
    json_decref(now);
    return is_same ? NEUME_OK : fail_changed(error, path, "the network has changed");
}

/* A run that starts from nothing has no such member. */
static neume_status match_init(const nm_run *run, const json_t *then, const char *path,
                               neume_error *error) {
    json_t *now = nm_run_init_json(run);
    if (!now)
        return nm_fail_memory(error, path);
    const bool is_same = then ? json_equal(now, then) : json_is_null(now);
    json_decref(now);
    return is_same ? NEUME_OK
                   : fail_changed(error, path,
                                  "the model that it starts from, or what is frozen, has changed");
}

static neume_status match_isa(const nm_run *run, const char *then, const char *path,
                              neume_error *error) {
    const char *now = neume_context_isa_name(run->context);
    if (strcmp(then, now) == 0)
        return NEUME_OK;
    return nm_fail(error, NEUME_BAD_USAGE,
                   "%s: the run was started with kernels %s, now %s: go on with --isa %s, or start "
                   "anew with --force",
                   path, then, now, then);
}

/* Whether the run is one that the checkpoint can go on with. */
static neume_status match(const nm_run *run, const json_t *description, const char *path,
                          neume_error *error) {
    const char *isa = json_string_value(json_object_get(description, "isa"));
    const char *preset = json_string_value(json_object_get(description, "preset"));
    uint64_t corpus;
    if (!isa || !preset || !nm_json_count_of(&corpus, json_object_get(description, "corpus")))
        return nm_fail(error, NEUME_BAD_MODEL, "%s: its description is not whole", path);
    if (strcmp(preset, run->options.preset) != 0)
        return fail_changed(error, path, "the preset has changed");
    if (corpus != nm_corpus_hash(run->corpus))
        return fail_changed(error, path, "the corpus has changed");
    neume_status status = match_init(run, json_object_get(description, "init"), path, error);
    if (!status)
        status = match_network(run, json_object_get(description, "network"), path, error);
    if (!status)
        status = match_isa(run, isa, path, error);
    if (status)
        return status;
    return nm_settings_match(json_object_get(description, "settings"), &run->options, path, error);
}

static neume_status read_tensors(places *to, const nm_tensor_file *file, const char *path,
                                 neume_error *error) {
    for (size_t i = 0; i < to->count; i++) {
        const nm_tensor *here = &to->tensors[i];
        const nm_tensor *there = nm_tensor_file_find(file, here->name);
        if (!there || there->dtype != here->dtype || there->size != here->size)
            return nm_fail(error, NEUME_BAD_MODEL, "%s: the tensor %s is %s", path, here->name,
                           there ? "of another size" : "missing");
    }
    for (size_t i = 0; i < to->count; i++)
        memcpy((void *)(uintptr_t)to->tensors[i].data,
               nm_tensor_file_find(file, to->tensors[i].name)->data, to->tensors[i].size);
    return NEUME_OK;
}

static neume_status restore_positions(nm_run *run, const places *from, const char *path,
                                      neume_error *error) {
    nm_row_position *rows = nm_alloc(run->context, from->row_count, sizeof *rows);
    if (!rows)
        return nm_fail_memory(error, path);
    for (size_t b = 0; b < from->row_count; b++)
        rows[b] =
            (nm_row_position){from->rows[3 * b], from->rows[3 * b + 1], from->rows[3 * b + 2]};
    const nm_queue_place place = {from->queue[0], from->queue[1]};
    const bool fits = nm_batcher_restore(run->batcher, rows, from->row_count, place);
    nm_free(run->context, rows);
    return fits ? NEUME_OK
                : nm_fail(error, NEUME_BAD_MODEL, "%s: its places are not in the corpus", path);
}

/* As many rows as the file has: its run may have had another number of ranks. */
static neume_status make_rows(places *to, const nm_run *run, const nm_tensor_file *file,
                              const char *path, neume_error *error) {
    const nm_tensor *rows = nm_tensor_file_find(file, "rows");
    const nm_tensor *carried = nm_tensor_file_find(file, "carried");
    const size_t row_size = 3 * sizeof(uint64_t), width = carried_width(run) * sizeof(real);
    to->row_count = rows ? rows->size / row_size : 0;
    if (to->row_count == 0 || !carried || carried->size / width != to->row_count)
        return nm_fail(error, NEUME_BAD_MODEL, "%s: the tensor %s is %s", path,
                       rows && to->row_count ? "carried" : "rows",
                       rows && carried ? "of another size" : "missing");
    to->carried = nm_alloc(run->context, carried->size, 1);
    to->rows = nm_alloc(run->context, rows->size, 1);
    return to->carried && to->rows ? NEUME_OK : nm_fail_memory(error, path);
}

/* The only batch of an overfitting run is the first. */
static neume_status restore_rows(nm_run *run, const places *from, const char *path,
                                 neume_error *error) {
    nm_run_adopt_carried(run, from->carried, from->row_count);
    return run->options.overfit ? NEUME_OK : restore_positions(run, from, path, error);
}

static neume_status restore_tensors(nm_run *run, const nm_tensor_file *file, const char *path,
                                    neume_error *error) {
    places to = {.count = 0};
    neume_status status = make_rows(&to, run, file, path, error);
    run->packed_for = 0;
    if (!status) {
        find_places(&to, run);
        status = read_tensors(&to, file, path, error);
    }
    if (!status)
        status = restore_rows(run, &to, path, error);
    clear_places(run, &to);
    return status;
}

neume_status nm_checkpoint_read(nm_run *run, const nm_tensor_file *file, const char *path,
                                neume_error *error) {
    json_t *description;
    neume_status status = nm_metadata_read(&description, file->metadata, path, "checkpoint", error);
    if (status)
        return status;
    status = match(run, description, path, error);
    if (!status && !state_of(&run->state, json_object_get(description, "state")))
        status = nm_fail(error, NEUME_BAD_MODEL, "%s: its state is not whole", path);
    json_decref(description);
    return status ? status : restore_tensors(run, file, path, error);
}

/* The first rank's bytes, to the others. */
static neume_status share_bytes(const nm_run *run, nm_buffer *bytes, const char *path,
                                neume_error *error) {
    const bool is_first = nm_is_first_rank(run->context);
    uint64_t size = bytes->size;
    neume_status status = nm_ranks_broadcast(run->context, 0, &size, sizeof size, error);
    if (status)
        return status;
    if (!is_first && !nm_resize(run->context, &bytes->data, size, 1))
        status = nm_fail_memory(error, path);
    status = nm_ranks_agree(run->context, status, error);
    bytes->size = status ? bytes->size : size;
    return status ? status : nm_ranks_broadcast(run->context, 0, bytes->data, size, error);
}

static neume_status load_file(nm_tensor_file *out, const nm_run *run, const char *path,
                              neume_error *error) {
    const bool is_first = nm_is_first_rank(run->context);
    nm_buffer bytes = nm_buffer_on(run->context);
    neume_status status = is_first ? nm_tensor_file_load(out, run->context, path, error) : NEUME_OK;
    status = nm_ranks_agree(run->context, status, error);
    if (!status)
        status = share_bytes(run, is_first ? &out->bytes : &bytes, path, error);
    if (!status && !is_first)
        return nm_tensor_file_read(out, &bytes, path, error);
    nm_buffer_clear(&bytes);
    return status;
}

neume_status nm_checkpoint_load(nm_run *run, const char *path, neume_error *error) {
    nm_tensor_file file = {.context = run->context};
    neume_status status = load_file(&file, run, path, error);
    if (!status)
        status = nm_checkpoint_read(run, &file, path, error);
    nm_tensor_file_clear(&file);
    return nm_ranks_agree(run->context, status, error);
}
