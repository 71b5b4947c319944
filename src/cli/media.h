/* SPDX-License-Identifier: ISC */
/* libneume-media, loaded when a picture is asked for: no other command starts slower for it. */
#ifndef NM_CLI_MEDIA_H
#define NM_CLI_MEDIA_H

#include "cli/cli.h"

#include <neume/chart.h>

typedef struct nm_media {
    void *library;
    neume_status (*draw)(neume_picture *out, const neume_chart *chart, neume_picture_format format,
                         neume_error *error);
    void (*clear)(neume_picture *picture);
} nm_media;

/* Loads the library. Fails with NEUME_FAILED where it is not installed. */
neume_status nm_media_open(nm_media *out, neume_error *error);
void nm_media_close(nm_media *media);

/* The format that the end of the path names. Fails with NEUME_BAD_USAGE. */
neume_status nm_media_format(neume_picture_format *out, const char *path, neume_error *error);

/* Draws the chart into the file at `path`. */
neume_status nm_media_save(const nm_media *media, neume_context *context, const neume_chart *chart,
                           const char *path, neume_error *error);

#endif
