/* SPDX-License-Identifier: ISC */
/* The files below a user's inputs, as the public header offers them. */
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

#include <neume/corpus.h>

#include <string.h>

struct neume_files {
    nm_file_list list;
};

neume_status neume_files_find(neume_files **out, neume_context *context, neume_inputs inputs,
                              neume_error *error) {
    *out = NULL;
    neume_files *files = nm_alloc(context, 1, sizeof *files);
    if (!files)
        return nm_fail_memory(error, "list of files");
    files->list.context = context;
    for (size_t i = 0; i < inputs.count; i++)
        if (nm_file_list_add(&files->list, inputs.paths[i])) {
            neume_files_free(files);
            return nm_fail_memory(error, "list of files");
        }
    *out = files;
    return NEUME_OK;
}

void neume_files_free(neume_files *files) {
    if (!files)
        return;
    neume_context *context = files->list.context;
    nm_file_list_clear(&files->list);
    nm_free(context, files);
}

size_t neume_files_count(const neume_files *files) {
    return files->list.count;
}

const char *neume_files_path(const neume_files *files, size_t index) {
    return files->list.entries[index].path;
}

const char *neume_files_failure(const neume_files *files, size_t index) {
    const int failure = files->list.entries[index].failure;
    return failure ? strerror(failure) : NULL;
}
