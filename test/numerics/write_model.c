/* SPDX-License-Identifier: ISC */
/* Writes a model file with an array of each kind, for read_model.py. */
#include "base/context.h"
#include "nn/model_file.h"

#include <stdio.h>

int main(int argc, char **argv) {
    const float f32[6] = {0, 0.5f, -1, 1.5f, -2, 2.5f};
    const double f64[2] = {0.1, -1e300};
    const uint8_t u8[5] = {1, 2, 3, 254, 255};
    const uint64_t u64[3] = {0, 1, UINT64_MAX};
    const nm_tensor tensors[] = {{"bytes", NM_U8, 1, {5}, u8, sizeof u8},
                                 {"matrix", NM_F32, 2, {2, 3}, f32, sizeof f32},
                                 {"long", NM_U64, 2, {1, 3}, u64, sizeof u64},
                                 {"double", NM_F64, 1, {2}, f64, sizeof f64},
                                 {"one", NM_F32, 0, {0}, f32 + 1, sizeof *f32}};
    const neume_context_options options = neume_context_options_default();
    neume_context *context;
    neume_error error = {0};
    if (argc != 2 || neume_context_new(&context, &options, &error))
        return 2;
    const neume_status status = nm_tensor_file_save(
        argv[1], context, tensors, sizeof tensors / sizeof *tensors,
        "{\"format\": 1, \"title\": \"\xc3\xa9t\xc3\xa9 \\\"\\n\\\"\"}", &error);
    neume_context_free(context);
    if (status)
        fprintf(stderr, "%s\n", error.line);
    return status != NEUME_OK;
}
