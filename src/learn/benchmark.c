/* SPDX-License-Identifier: ISC */
#include "learn/benchmark.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

#include <jansson.h>
#include <string.h>

enum { SPLITS = NEUME_SPLIT_TEST + 1 };

typedef struct roll_list {
    nm_roll *rolls; /* [count] */
    size_t count;
} roll_list;

struct nm_benchmark {
    neume_context *context;
    char *name;
    uint32_t grid;
    roll_list splits[SPLITS];
};

/* Where in a file something was found. */
typedef struct place {
    neume_split split;
    size_t sequence, step;
} place;

bool nm_benchmark_is(neume_bytes start) {
    static const char key[] = "\"time_step\"";
    const char *bytes = start.data;
    size_t size = start.size_bytes;
    for (; size && strchr(" \t\r\n", *bytes) && *bytes; bytes++)
        size--;
    return size && *bytes == '{' && memmem(bytes, size, key, sizeof key - 1);
}

/* The steps of a quarter that a text such as "one eighth note (half a quarter)" says; 0: none. */
static uint32_t read_grid(const char *text) {
    static const struct {
        const char *name;
        uint32_t grid;
    } steps[] = {{"quarter", 1}, {"eighth", 2}, {"sixteenth", 4}};
    if (strncmp(text, "one ", 4) == 0)
        text += 4;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        const size_t size = strlen(steps[i].name);
        if (strncmp(text, steps[i].name, size) == 0 && (!text[size] || text[size] == ' '))
            return steps[i].grid;
    }
    return 0;
}

static neume_status fail_step(const place *at, neume_error *error) {
    return nm_fail(error, NEUME_BAD_INPUT,
                   "benchmark: %s, sequence %zu, step %zu (both from 0): expected a list of MIDI "
                   "numbers, 0 to 127, or -1",
                   neume_split_name(at->split), at->sequence, at->step);
}

static neume_status read_step(nm_pitch_set *frame, const json_t *step, const place *at,
                              neume_error *error) {
    size_t i;
    json_t *number;
    if (!json_is_array(step))
        return fail_step(at, error);
    json_array_foreach(step, i, number) {
        const json_int_t pitch = json_integer_value(number);
        if (!json_is_integer(number) || pitch < -1 || pitch >= NM_PITCHES)
            return fail_step(at, error);
        if (pitch >= 0)
            nm_pitch_set_add(frame, (unsigned)pitch);
    }
    return NEUME_OK;
}

static neume_status read_roll(nm_roll *roll, neume_context *context, const json_t *sequence,
                              place *at, neume_error *error) {
    const size_t count = json_array_size(sequence);
    neume_status status = NEUME_OK;
    if (count == 0)
        return nm_fail(error, NEUME_BAD_INPUT,
                       "benchmark: %s, sequence %zu (from 0): expected a list of steps",
                       neume_split_name(at->split), at->sequence);
    roll->frames = nm_alloc(context, count, sizeof *roll->frames);
    if (!roll->frames)
        return nm_fail_memory(error, "benchmark");
    roll->frame_count = roll->capacity = count;
    for (at->step = 0; at->step < count && !status; at->step++)
        status = read_step(&roll->frames[at->step], json_array_get(sequence, at->step), at, error);
    return status;
}

static neume_status read_split(nm_benchmark *benchmark, const json_t *root, neume_split split,
                               neume_error *error) {
    const json_t *sequences = json_object_get(root, neume_split_name(split));
    roll_list *list = &benchmark->splits[split];
    neume_status status = NEUME_OK;
    if (!json_is_array(sequences))
        return nm_fail(error, NEUME_BAD_INPUT, "benchmark: \"%s\": expected a list of sequences",
                       neume_split_name(split));
    const size_t count = json_array_size(sequences);
    list->rolls = nm_alloc(benchmark->context, count, sizeof *list->rolls);
    if (!list->rolls)
        return nm_fail_memory(error, "benchmark");
    list->count = count;
    place at = {.split = split};
    for (; at.sequence < count && !status; at.sequence++)
        status = read_roll(&list->rolls[at.sequence], benchmark->context,
                           json_array_get(sequences, at.sequence), &at, error);
    return status;
}

static neume_status read_head(nm_benchmark *benchmark, const json_t *root, neume_error *error) {
    const char *name = json_string_value(json_object_get(root, "name"));
    const char *time_step = json_string_value(json_object_get(root, "time_step"));
    if (!name || !*name)
        return nm_fail(error, NEUME_BAD_INPUT, "benchmark: \"name\": expected a text");
    benchmark->grid = time_step ? read_grid(time_step) : 0;
    if (!benchmark->grid)
        return nm_fail(error, NEUME_BAD_INPUT,
                       "benchmark: \"time_step\": expected a text that begins with quarter, eighth "
                       "or sixteenth");
    benchmark->name = nm_copy_text(benchmark->context, name, strlen(name));
    return benchmark->name ? NEUME_OK : nm_fail_memory(error, "benchmark");
}

static neume_status read_root(nm_benchmark **out, neume_context *context, const json_t *root,
                              neume_error *error) {
    nm_benchmark *benchmark = nm_alloc(context, 1, sizeof *benchmark);
    if (!benchmark)
        return nm_fail_memory(error, "benchmark");
    benchmark->context = context;
    neume_status status = read_head(benchmark, root, error);
    for (neume_split split = NEUME_SPLIT_TRAIN; split <= NEUME_SPLIT_TEST && !status; split++)
        status = read_split(benchmark, root, split, error);
    if (status)
        nm_benchmark_free(benchmark);
    else
        *out = benchmark;
    return status;
}

neume_status nm_benchmark_read(nm_benchmark **out, neume_context *context, neume_bytes bytes,
                               neume_error *error) {
    json_error_t reason;
    *out = NULL;
    if (bytes.size_bytes > NM_BENCHMARK_MAX_BYTES)
        return nm_fail(error, NEUME_BAD_INPUT, "benchmark: %zu bytes, expected %d at most",
                       bytes.size_bytes, NM_BENCHMARK_MAX_BYTES);
    json_t *root;
    neume_status status =
        nm_json_parse(&root, bytes.data, bytes.size_bytes, JSON_REJECT_DUPLICATES, &reason);
    if (status == NEUME_NO_MEMORY)
        return nm_fail_memory(error, "benchmark");
    if (status)
        return nm_fail_at(error, NEUME_BAD_INPUT, (uint64_t)reason.position,
                          "benchmark: no JSON at line %d, column %d", reason.line, reason.column);
    status = read_root(out, context, root, error);
    json_decref(root);
    return status;
}

neume_status nm_benchmark_load(nm_benchmark **out, neume_context *context, const char *path,
                               neume_error *error) {
    nm_buffer bytes = nm_buffer_on(context);
    *out = NULL;
    neume_status status = nm_file_read(&bytes, path, NM_BENCHMARK_MAX_BYTES, error);
    if (!status)
        status = nm_benchmark_read(out, context, (neume_bytes){bytes.data, bytes.size}, error);
    nm_buffer_clear(&bytes);
    return status;
}

void nm_benchmark_free(nm_benchmark *benchmark) {
    if (!benchmark)
        return;
    for (neume_split split = NEUME_SPLIT_TRAIN; split <= NEUME_SPLIT_TEST; split++) {
        for (size_t i = 0; i < benchmark->splits[split].count; i++)
            nm_roll_clear(benchmark->context, &benchmark->splits[split].rolls[i]);
        nm_free(benchmark->context, benchmark->splits[split].rolls);
    }
    nm_free(benchmark->context, benchmark->name);
    nm_free(benchmark->context, benchmark);
}

const char *nm_benchmark_name(const nm_benchmark *benchmark) {
    return benchmark->name;
}

uint32_t nm_benchmark_grid(const nm_benchmark *benchmark) {
    return benchmark->grid;
}

size_t nm_benchmark_count(const nm_benchmark *benchmark, neume_split split) {
    return benchmark->splits[split].count;
}

const nm_roll *nm_benchmark_roll(const nm_benchmark *benchmark, neume_split split, size_t index) {
    return &benchmark->splits[split].rolls[index];
}

size_t nm_benchmark_transpose(nm_benchmark *benchmark, neume_split split, int semitones) {
    const roll_list *list = &benchmark->splits[split];
    size_t lost = 0;
    for (size_t i = 0; i < list->count; i++)
        lost += nm_roll_transpose(&list->rolls[i], semitones);
    return lost;
}
