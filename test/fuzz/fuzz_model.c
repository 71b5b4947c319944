/* SPDX-License-Identifier: ISC */
/* Model files. An input is taken twice: as a whole file, and as the header of one with the right
 * size in front and 64 zeroes of data behind, since no fuzzer guesses those. */
#include "base/context.h"
#include "nn/model_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_buffer(nm_buffer *bytes) {
    nm_tensor_file file;
    neume_error error = {0};
    const neume_status status = nm_tensor_file_read(&file, bytes, "input", &error);
    size_t sum = 0;
    for (size_t i = 0; i < file.count; i++)
        sum += file.tensors[i].size;
    if ((status == NEUME_OK) != (error.line[0] == '\0') || sum > file.bytes.size)
        abort();
    nm_tensor_file_clear(&file);
}

static void read_as_header(neume_context *context, const uint8_t *data, size_t size) {
    static const uint8_t zeroes[64];
    nm_buffer bytes = nm_buffer_on(context);
    nm_write_u64_le(&bytes, size);
    nm_write_bytes(&bytes, data, size);
    nm_write_bytes(&bytes, zeroes, sizeof zeroes);
    read_buffer(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    neume_context_options options = neume_context_options_default();
    options.thread_count = 1;
    neume_context *context;
    if (neume_context_new(&context, &options, NULL))
        abort();
    nm_buffer bytes = nm_buffer_on(context);
    nm_write_bytes(&bytes, data, size);
    read_buffer(&bytes);
    read_as_header(context, data, size);
    neume_context_free(context);
    return 0;
}
