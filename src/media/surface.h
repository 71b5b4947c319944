/* SPDX-License-Identifier: ISC */
/* What cairo draws on: a file's bytes in memory. */
#ifndef NM_MEDIA_SURFACE_H
#define NM_MEDIA_SURFACE_H

#include <neume/chart.h>

#include <cairo.h>

typedef struct nm_surface {
    neume_picture_format format;
    cairo_surface_t *surface;
    cairo_t *cairo; /* in points, the paper white */
    neume_picture bytes;
    size_t capacity;
} nm_surface;

/* A paper of width x height points. The caller clears it, also after failure. */
neume_status nm_surface_open(nm_surface *out, neume_picture_format format, double width,
                             double height);

/* Ends the picture and hands its bytes over. */
neume_status nm_surface_finish(nm_surface *surface, neume_picture *out);
void nm_surface_clear(nm_surface *surface);

#endif
