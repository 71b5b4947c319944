/* SPDX-License-Identifier: ISC */
#include "base/error.h"
#include "base/mem.h"
#include "learn/metadata.h"
#include "nn/model_file.h"

#include <neume/model.h>

#include <string.h>

neume_status neume_checkpoint_describe(char **out, neume_context *context, const char *path,
                                       neume_error *error) {
    nm_tensor_file file;
    json_t *metadata = NULL;
    *out = NULL;
    neume_status status = nm_tensor_file_load(&file, context, path, error);
    if (status)
        return status;
    status = nm_metadata_read(&metadata, file.metadata, path, "checkpoint", error);
    if (!status) {
        *out = nm_copy_text(context, file.metadata, strlen(file.metadata));
        status = *out ? NEUME_OK : nm_fail_memory(error, path);
    }
    json_decref(metadata);
    nm_tensor_file_clear(&file);
    return status;
}

void neume_description_free(neume_context *context, char *description) {
    nm_free(context, description);
}
