/* SPDX-License-Identifier: ISC */
/* Limits and names of the file format, shared by its reader and its writer. */
#ifndef NM_NN_MODEL_FORMAT_H
#define NM_NN_MODEL_FORMAT_H

#include "nn/model_file.h"

enum {
    NM_HEADER_START = 8,       /* bytes */
    NM_MAX_HEADER = 8 << 20,   /* bytes */
    NM_MAX_METADATA = 1 << 20, /* bytes */
    NM_DATA_ALIGNMENT = 64     /* bytes */
};

#define NM_METADATA_KEY "__metadata__"
#define NM_TEXT_KEY "neume"

/* "F32", ... Borrowed: static. */
const char *nm_dtype_name(nm_dtype dtype);

#endif
