/* SPDX-License-Identifier: ISC */
/* The file format of models and checkpoints: safetensors.
 *   u64 little-endian: N, the size of the header (<= 8 MiB)
 *   N bytes of JSON: {"__metadata__": {"neume": TEXT},
 *                     NAME: {"dtype": "F32"|"F64"|"U8"|"U64", "shape": [..],
 *                            "data_offsets": [begin, end]}, ..}
 *   the data
 * TEXT is a JSON text of at most 1 MiB. The header is padded with spaces so that the data start at
 * a multiple of 64. A NAME is of letters, digits, '.', '_' and '-'. Reading trusts nothing: checked
 * products, no overlap, no holes, no duplicates, finite numbers. */
#ifndef NM_NN_MODEL_FILE_H
#define NM_NN_MODEL_FILE_H

#include "base/bytes.h"

typedef enum nm_dtype { NM_F32, NM_F64, NM_U8, NM_U64 } nm_dtype;

/* Bytes of an element. */
size_t nm_dtype_size(nm_dtype dtype);

enum { NM_MAX_DIMENSIONS = 4 };

typedef struct nm_tensor {
    char name[64];
    nm_dtype dtype;
    unsigned dimensions; /* 0..4 */
    size_t shape[NM_MAX_DIMENSIONS];
    const void *data; /* as read: aligned for its elements. Borrowed: as long as the file. */
    size_t size;      /* bytes: the product of the shape and of nm_dtype_size */
} nm_tensor;

typedef struct nm_tensor_file {
    neume_context *context;
    nm_buffer bytes;    /* the whole file */
    char *metadata;     /* the text of the key "neume" */
    nm_tensor *tensors; /* in the order of their data */
    size_t count;
} nm_tensor_file;

/* Fails with NEUME_BAD_MODEL and one line that says what is wrong, and where. */
neume_status nm_tensor_file_load(nm_tensor_file *out, neume_context *context, const char *path,
                                 neume_error *error);

/* The same on bytes in memory, which it takes over (also on failure); `name` stands in errors. */
neume_status nm_tensor_file_read(nm_tensor_file *out, nm_buffer *bytes, const char *name,
                                 neume_error *error);
void nm_tensor_file_clear(nm_tensor_file *file);

/* NULL where there is none of this name. Borrowed: as long as the file. */
const nm_tensor *nm_tensor_file_find(const nm_tensor_file *file, const char *name);

/* Writes tensors and metadata atomically. The data stand in the order of their elements' size, the
 * largest first, so that each is aligned; otherwise in the order given. Fails with
 * NEUME_CANNOT_WRITE, also where header or metadata would be too large to be read. */
neume_status nm_tensor_file_save(const char *path, neume_context *context, const nm_tensor *tensors,
                                 size_t count, const char *metadata, neume_error *error);

/* Whether these first bytes look like such a file. */
bool nm_is_tensor_file(const void *bytes, size_t size);

#endif
