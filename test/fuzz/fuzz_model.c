/* SPDX-License-Identifier: ISC */
/* Model files. Whatever the bytes, a model is made of them or refused in one line; one that was
 * made composes. Bred from small models of all presets (make_model_seeds.py). */
#include "learn/model.h"
#include "tensor_mutator.h"

#include <neume/generate.h>

#include <stdlib.h>

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    return mutate_tensors(data, size, max_size, seed);
}

/* One for all inputs. */
static neume_context *new_context(void) {
    neume_context_options options = neume_context_options_default();
    neume_context *context;
    options.thread_count = 1;
    if (neume_context_new(&context, &options, NULL))
        abort();
    return context;
}

static void check(neume_status status, const neume_error *error) {
    if (status != NEUME_OK && status != NEUME_BAD_MODEL)
        abort();
    if ((status == NEUME_OK) != (error->line[0] == '\0'))
        abort();
}

static void compose(neume_context *context, const neume_model *model) {
    neume_song song = {0};
    neume_generate_options options = neume_generate_options_default();
    options.seed = 1;
    options.length_steps = 3;
    if (neume_generate(&song, context, model, &options, NULL))
        abort();
    neume_song_clear(&song);
}

static bool read_tensors(nm_tensor_file *file, nm_buffer *bytes) {
    neume_error error = {0};
    const neume_status status = nm_tensor_file_read(file, bytes, "input", &error);
    size_t sum = 0;
    check(status, &error);
    for (size_t i = 0; i < file->count; i++)
        sum += file->tensors[i].size;
    if (sum > file->bytes.size)
        abort();
    return status == NEUME_OK;
}

static void read_model(neume_context *context, nm_tensor_file *file) {
    neume_error error = {0};
    neume_model *model;
    const neume_status status = nm_model_read(&model, file, "input", &error);
    check(status, &error);
    if ((status == NEUME_OK) != (model != NULL))
        abort();
    if (model && model->hash % 8 == 0)
        compose(context, model);
    neume_model_free(model);
}

static void read_as_header(neume_context *context, const uint8_t *data, size_t size) {
    static const uint8_t zeroes[64];
    nm_tensor_file file;
    nm_buffer bytes = nm_buffer_on(context);
    nm_write_u64_le(&bytes, size);
    nm_write_bytes(&bytes, data, size);
    nm_write_bytes(&bytes, zeroes, sizeof zeroes);
    if (read_tensors(&file, &bytes))
        nm_tensor_file_clear(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static neume_context *context;
    if (!context)
        context = new_context();
    nm_tensor_file file;
    nm_buffer bytes = nm_buffer_on(context);
    nm_write_bytes(&bytes, data, size);
    if (read_tensors(&file, &bytes))
        read_model(context, &file);
    read_as_header(context, data, size);
    return 0;
}
